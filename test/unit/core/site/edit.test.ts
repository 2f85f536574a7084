import { expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { editSiteText } from '../../../../src/core/site/edit.js'

const set = (text: string, value = 'b.tar') => editSiteText(text, 'provision', 'bundle', value)
const remove = (text: string) => editSiteText(text, 'provision', 'bundle', undefined)

test.each([
  ['an empty file', '', 'provision:\n  bundle: b.tar\n'],
  ['a file without the section', 'name: x   # me\n', 'name: x   # me\n\nprovision:\n  bundle: b.tar\n'],
  [
    'a section',
    'provision:   # hosts\n    # which\n    jdk:   { package: none }  # no Java\nname: x\n',
    'provision:   # hosts\n    # which\n    bundle: b.tar\n    jdk:   { package: none }  # no Java\nname: x\n',
  ],
  ['another value', 'provision:\n  bundle: "old.tar"   # here\n', 'provision:\n  bundle: b.tar   # here\n'],
  ['a section in braces', 'provision: { locale:  keep } # c\n', 'provision: { bundle: b.tar, locale:  keep } # c\n'],
])('it is put into %s, and nothing else changes', (_, before, after) => {
  expect(set(before)).toBe(after)
  expect(set(after)).toBe(after)
})

test.each([
  ['an empty section', 'name: x # c\nprovision:\n'],
  ['a section in empty braces', 'name: x # c\nprovision: {}\n'],
  ['a file in braces', '{ name: x }\n'],
])('%s is written anew, comments kept', (_, before) => {
  const after = set(before)
  expect(parseDocument(after).toJS()).toEqual({ name: 'x', provision: { bundle: 'b.tar' } })
  if (before.includes('# c')) expect(after).toContain('# c')
})

test('a path that YAML would read otherwise is quoted', () => {
  for (const name of ['a b.tar', '- x', "it's # one.tar", '../한글.tar', 'true'])
    expect(parseDocument(set('name: x\n', name)).toJS()).toEqual({ name: 'x', provision: { bundle: name } })
})

test('taken out, the file is as it was before', () => {
  for (const before of [
    'name: x   # me\n',
    'provision:\n  # which\n  locale: keep  # c\nname: x\n',
    '# only this\nname: x\n',
  ])
    expect(remove(set(before))).toBe(before)
  expect(remove('name: x\n')).toBe('name: x\n')
  expect(parseDocument(remove('provision: { bundle: a, locale: keep }\n')).toJS()).toEqual({
    provision: { locale: 'keep' },
  })
})
