import { expect, it } from 'vitest'
import { didYouMean, editDistance, nearest } from '../../../src/core/did-you-mean.js'

it('counts edits', () => {
  expect(editDistance('', 'abc')).toBe(3)
  expect(editDistance('status', 'staus')).toBe(1)
  expect(editDistance('status', 'statsu')).toBe(1)
  expect(editDistance('speed', 'steer')).toBe(2)
})

it('finds what was meant and keeps quiet when nothing is near', () => {
  expect(nearest('pasword_file', ['password_file', 'url'])).toBe('password_file')
  expect(nearest('zebra', ['password_file', 'url'])).toBeUndefined()
  expect(didYouMean('carz', ['cars', 'seed'])).toBe(' (did you mean "cars"?)')
  expect(didYouMean('zebra', ['cars'])).toBe('')
})
