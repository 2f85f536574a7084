import { describe, expect, test } from 'vitest'
import { createScanner, type Scanner } from '../../../../src/jobs/collect/scan.js'
import { type SeenKeys, seenKeys } from '../../../../src/jobs/collect/seen-keys.js'
import { rowFormats } from '../../../../src/logs/formats.js'
import { lookAhead } from '../../../../src/logs/row-checks.js'
import { driveRow, goodRows } from './rows.js'

interface Scanned {
  readonly scanner: Scanner
  readonly rejected: { line: number; reason: string; row: string }[]
  /** Kept text by part. */
  readonly kept: Record<number, string>
  readonly ranges: number
}

function scanText(kind: keyof typeof rowFormats, text: string, options: { linesBefore?: number } = {}): Scanned {
  const rejected: Scanned['rejected'] = []
  const scanner = createScanner(rowFormats[kind], {
    ...options,
    onReject: (line, reason, row) => rejected.push({ line, reason, row: Buffer.from(row).toString() }),
  })
  const content = Buffer.from(text)
  const bytes = Buffer.concat([content, Buffer.alloc(lookAhead)])
  const ranges = scanner.scan(bytes, 0, content.byteLength)
  const kept: Record<number, string> = {}
  for (let i = 0; i < ranges.length; i += 3) {
    const [start = 0, end = 0, part = 0] = ranges.slice(i, i + 3)
    kept[part] = (kept[part] ?? '') + bytes.toString('utf8', start, end)
  }
  return { scanner, rejected, kept, ranges: ranges.length / 3 }
}

const [first = '', second = ''] = goodRows.drive
const header = 'Driver Status Infomation,CarNum'

describe('scan', () => {
  test('sound rows that follow each other are one range', () => {
    const text = `${first}\n${second}\n`
    const { kept, ranges, scanner } = scanText('drive', text)
    expect(kept).toEqual({ 0: text })
    expect(ranges).toBe(1)
    expect(scanner.counts).toEqual({ kept: 2, headers: 0, rejected: 0, duplicates: 0 })
  })

  test('headers, rejects and empty lines are left out wherever they stand, with their line numbers', () => {
    const text = `${header}\n${first}\n\n${header}\n${second}\nbad,"row"\n${header}\r\n1,2\r\n`
    const { kept, rejected, scanner } = scanText('drive', text, { linesBefore: 100 })
    expect(kept).toEqual({ 0: `${first}\n${second}\n` })
    expect(rejected).toEqual([
      { line: 103, reason: 'empty', row: '' },
      { line: 108, reason: 'columns', row: '1,2' },
    ])
    // `bad,"row"` starts with a letter
    expect(scanner.counts).toEqual({ kept: 2, headers: 4, rejected: 2, duplicates: 0 })
    expect([...scanner.reasons]).toEqual([
      ['empty', 1],
      ['columns', 1],
    ])
  })

  test('CRLF rows are kept with LF; a CR elsewhere is a wrong value', () => {
    const { kept, rejected } = scanText('drive', `${first}\r\n${second}\r\n${first}\r\r\n`)
    expect(kept).toEqual({ 0: `${first}\n${second}\n` })
    expect(rejected).toEqual([{ line: 3, reason: 'value:area_number', row: `${first}\r` }])
  })

  test('a byte order mark is left out in front of any line, a header and a reject included', () => {
    const mark = '\ufeff'
    const { kept, rejected, scanner } = scanText('drive', `${mark}${header}\n${mark}${first}\n${mark}1,2\n${mark}\n`)
    expect(kept).toEqual({ 0: `${first}\n` })
    expect(rejected).toEqual([
      { line: 3, reason: 'columns', row: '1,2' },
      { line: 4, reason: 'empty', row: '' },
    ])
    expect(scanner.counts.headers).toBe(1)
  })

  test('a row belongs to its own day, 240000 to the day in front of it', () => {
    const rows = ['20200322', '20200323', '20200322'].map((day) => driveRow(day, 5, 'A0001'))
    const midnight = driveRow('20200322', 86_400, 'A0001')
    const { kept, scanner } = scanText('drive', `${[...rows, midnight].join('\n')}\n`)
    expect(kept).toEqual({ 0: `${rows[0]}\n${rows[2]}\n${midnight}\n`, 1: `${rows[1]}\n` })
    expect(scanner.groups.map(({ group, rows: count }) => [group, count])).toEqual([
      [20200322, 3],
      [20200323, 1],
    ])
    expect(scanner.counts.duplicates).toBe(1)
  })

  test('purchases count their months and stay in one part', () => {
    const { kept, scanner } = scanText(
      'purchases',
      'A0001,Item-001,1,202003\nA0001,Item-001,1,202004\nA0001,Item-001,1,202003\n',
    )
    expect(Object.keys(kept)).toEqual(['0'])
    expect(scanner.groups.map(({ group, rows }) => [group, rows])).toEqual([
      [202003, 2],
      [202004, 1],
    ])
    expect(scanner.counts.duplicates).toBe(0)
  })

  test('duplicates: time and car of logs, the car of masters', () => {
    expect(
      scanText('drive', `${first}\n${second}\n${first}\n${first.replace(/E06$/, 'E07')}\n`).scanner.counts.duplicates,
    ).toBe(2)
    const [owner = ''] = goodRows.master
    expect(
      scanText('master', `${owner}\n${owner.replace('A0001', 'A0002')}\n${owner}\n`).scanner.counts.duplicates,
    ).toBe(1)
  })

  test('a second block goes on where the first ended', () => {
    const rejected: number[] = []
    const scanner = createScanner(rowFormats.drive, { onReject: (line) => rejected.push(line) })
    const bytes = Buffer.concat([Buffer.from(`${first}\n1,2\n`), Buffer.alloc(lookAhead)])
    const end = bytes.byteLength - lookAhead
    scanner.scan(bytes, 0, end)
    expect(scanner.countLongLine()).toBe(3)
    scanner.scan(bytes, 0, end)
    expect(rejected).toEqual([2, 5])
    expect(scanner.counts).toEqual({ kept: 2, headers: 0, rejected: 3, duplicates: 1 })
  })
})

describe('seen keys', () => {
  /** Marks a bit; was it marked before? */
  function mark(seen: SeenKeys, high: number, low: number, bit: number): boolean {
    const word = seen.find(high, low) + (bit >>> 5)
    const before = seen.words[word] ?? 0
    seen.words[word] = before | (1 << (bit & 31))
    return (before & (1 << (bit & 31))) !== 0
  }

  test('agree with a set while memory suffices', () => {
    const seen = seenKeys(1024 * 1024)
    const set = new Set<string>()
    for (let i = 0; i < 20_000; i++) {
      const [high, low, bit] = [(i * 7919) % 13, (i * 104_729) % 17, (i * 1_299_709) % 97]
      const key = `${high} ${low} ${bit}`
      expect(mark(seen, high, low, bit)).toBe(set.has(key))
      set.add(key)
    }
  })

  test('in less memory, pages that are used stay; others are forgotten and never invented', () => {
    // Two halves of four pages.
    const seen = seenKeys(8 * 512)
    expect(mark(seen, 1, 1, 1)).toBe(false)
    for (let page = 0; page < 100; page++) {
      expect(mark(seen, 2, page, 3)).toBe(false)
      expect(mark(seen, 1, 1, 1)).toBe(true)
    }
    expect(mark(seen, 2, 0, 3)).toBe(false)
    expect(mark(seen, 2, 99, 3)).toBe(true)
  })
})
