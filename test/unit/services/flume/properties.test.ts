import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { packageRoot } from '../../../../src/io/package-root.js'
import { javaPropertiesText, readProperties } from '../../../../src/services/flume/properties.js'

const fixture = (name: string) => readFileSync(path.join(packageRoot(), 'test/fixtures/flume', name), 'utf8')
const values = (text: string) =>
  Object.fromEntries([...readProperties(text).entries].map(([key, { value }]) => [key, value.text]))

it('reads what java.util.Properties of JDK 17 read from the same file', () => {
  expect(values(fixture('nasty.properties'))).toEqual(JSON.parse(fixture('nasty.java.json')))
})

it.each([
  ['', {}],
  ['# only\n! comments\n\n', {}],
  ['a', { a: '' }],
  ['a=\\', { a: '' }],
  ['a=1\\\n\\\n  2', { a: '12' }],
  ['a=1\\\r\n\r\nb=2', { a: '1', b: '2' }],
  ['a\\ b = c', { 'a b': 'c' }],
  ['a = b = c', { a: 'b = c' }],
  ['a==b', { a: '=b' }],
  ['a:=b', { a: '=b' }],
])('%j', (text, expected) => {
  expect(values(text)).toEqual(expected)
})

it('knows where every character of a key and a value stands, across continued lines and escapes', () => {
  const [property] = readProperties('# one\n\n  ab\\:c = d\\u0041e\\\n     f\\dg').all
  expect(property?.key.text).toBe('ab:c')
  expect(property?.key.at(0)).toEqual({ line: 3, column: 3 })
  expect(property?.key.at(3)).toEqual({ line: 3, column: 7 })
  expect(property?.value.text).toBe('dAefdg')
  expect([0, 1, 2, 3, 4, 5].map((index) => property?.value.at(index))).toEqual([
    { line: 3, column: 11 },
    { line: 3, column: 12 },
    { line: 3, column: 18 },
    { line: 4, column: 6 },
    { line: 4, column: 7 },
    { line: 4, column: 9 },
  ])
  expect(property?.value.at(6)).toEqual({ line: 4, column: 10 })
  expect(property?.eaten).toEqual([{ index: 4, character: 'd' }])
})

it('counts lines of all three kinds of line ends', () => {
  const lines = readProperties('a=1\r\nb=2\rc=3\nd=4').all.map(({ key }) => key.at(0))
  expect(lines).toEqual([1, 2, 3, 4].map((line) => ({ line, column: 1 })))
})

it('reports repeated keys, escapes that Java refuses, and a continuation that is none', () => {
  expect(readProperties('a=1\nb=2\na=3\nb=2\nc=\\u12x\nd=e\\ \nf=g').problems).toEqual([
    expect.objectContaining({ kind: 'escape', place: { line: 5, column: 3 } }),
    expect.objectContaining({ kind: 'continuation', place: { line: 6, column: 4 } }),
    expect.objectContaining({
      kind: 'duplicate',
      place: { line: 3, column: 1 },
      message: expect.stringContaining('line 1'),
    }),
    expect.objectContaining({ kind: 'repeated', place: { line: 4, column: 1 } }),
  ])
})

it('writes what it reads back, in ASCII', () => {
  const entries: [string, string][] = [
    ['a:b =c', '^\\d{14}\t #x'],
    ['#k', ' leading'],
    ['한글', '값 😀\n'],
    ['plain', 'a=b:c'],
  ]
  const text = javaPropertiesText(entries)
  expect(text).toMatch(/^[\x20-\x7e\n]*$/)
  expect(values(text)).toEqual(Object.fromEntries(entries))
})
