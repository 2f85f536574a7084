import { expect, it } from 'vitest'
import { bytes, duration, number, plural, rate } from '../../../src/render/format.js'
import { displayWidth, table } from '../../../src/render/table.js'
import { renderTemplate } from '../../../src/render/template.js'

it('aligns columns, Korean included', () => {
  expect(
    table(
      [{ title: 'region' }, { title: 'cars', align: 'right' }],
      [
        ['서울', '1,200'],
        ['busan', '7'],
      ],
    ),
  ).toBe('region   cars\n------  -----\n서울    1,200\nbusan       7\n')
})

it('measures what a terminal shows', () => {
  expect(displayWidth('서울')).toBe(4)
  expect(displayWidth('e\u0301')).toBe(1)
})

it('lets no value from a file steer the terminal', () => {
  const text = table([{ title: 'a' }], [['\u001b[31mred\nnext']])
  expect(text).not.toContain('\u001b')
  expect(text.trimEnd().split('\n')).toHaveLength(3)
})

it('writes numbers for people', () => {
  expect([number(0), number(999), number(2_160_000), number(1234.5678, 2), number(12345678901234567890n)]).toEqual([
    '0',
    '999',
    '2,160,000',
    '1,234.57',
    '12,345,678,901,234,567,890',
  ])
  expect([duration(12.4), duration(1900), duration(59_949), duration(125_000), duration(3_720_000)]).toEqual([
    '12 ms',
    '1.9 s',
    '59.9 s',
    '2 min 05 s',
    '1 h 02 min',
  ])
  expect([bytes(0), bytes(999), bytes(1500), bytes(64e6), bytes(2.5e12)]).toEqual([
    '0 B',
    '999 B',
    '1.5 kB',
    '64 MB',
    '2.5 TB',
  ])
  expect([rate(500, 1000), rate(5000, 1000), rate(5e6, 2000), rate(1, 0)]).toEqual([
    '500 rows/s',
    '5 k rows/s',
    '2.5 M rows/s',
    '',
  ])
  expect([plural(1, 'file'), plural(2, 'file'), plural(0, 'entry', 'entries')]).toEqual([
    '1 file',
    '2 files',
    '0 entries',
  ])
})

it('refuses a template value that is not set', () => {
  expect(renderTemplate('port=<%= it.a.port %>\n', { a: { port: 1 } })).toBe('port=1\n')
  expect(() => renderTemplate('port=<%= it.a.port %>', { a: {} })).toThrow(/"port" is not set/)
})
