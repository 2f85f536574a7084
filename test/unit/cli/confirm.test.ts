import { expect, test } from 'vitest'
import { confirmName, confirmYes } from '../../../src/cli/confirm.js'

const { signal } = new AbortController()

test('without anybody to ask, a change needs --yes', async () => {
  expect(await confirmYes('do this?', { yes: true, noInput: true, signal })).toBe(true)
  await expect(confirmYes('do this?', { yes: false, noInput: true, signal })).rejects.toMatchObject({
    code: 'CONFIRMATION_NEEDED',
    exitCode: 2,
  })
})

test("a severe action needs the site's own name", async () => {
  expect(await confirmName('pilot', 'pilot', { noInput: true, signal })).toBe(true)
  await expect(confirmName('pilot', 'other', { noInput: true, signal })).rejects.toMatchObject({
    code: 'CONFIRMATION_WRONG',
  })
  await expect(confirmName('pilot', undefined, { noInput: true, signal })).rejects.toThrow('--confirm pilot')
})
