import { describe, expect, it } from 'vitest'
import { carNumberAt } from '../../../src/core/cars.js'
import { createScanner } from '../../../src/jobs/collect/scan.js'
import { rowFormats } from '../../../src/logs/formats.js'
import { driveFieldNames, driveFields } from '../../../src/rules/definition.js'
import { createDriveDecoder, dayNumber, dayText } from '../../../src/rules/drive-rows.js'
import { decodable, drawDay, lineOf, type Row, random, textOf, timeText } from './support.js'

interface Decoded {
  readonly rows: readonly Row[]
  readonly lines: readonly number[]
  /** The 14 characters at the start of each row. */
  readonly starts: readonly string[]
  readonly rejects: readonly string[]
  readonly counts: { readonly read: number; readonly rows: number; readonly headers: number; readonly rejected: number }
}

function decode(text: string, onlyDay?: number): Decoded {
  const rejects: string[] = []
  const decoder = createDriveDecoder(
    new Set(driveFieldNames),
    (line, reason, bytes) => rejects.push(`${line} ${reason} ${Buffer.from(bytes).toString()}`),
    onlyDay,
  )
  const { bytes, end } = decodable(text)
  const rows: Row[] = []
  const lines: number[] = []
  const starts: string[] = []
  const { batch } = decoder
  for (let position = 0; position < end; ) {
    position = decoder.decode(bytes, position, end)
    for (let i = 0; i < batch.rows; i++) {
      const value = (column: Uint8Array) => column[i] ?? -1
      rows.push({
        time: timeText(dayText(batch.day[i] ?? 0), batch.second[i] ?? 0),
        car: carNumberAt(batch.car[i] ?? 0),
        pedal: value(batch.speed_pedal),
        brake: value(batch.break_pedal),
        steer: driveFields.steer_angle.values[value(batch.steer_angle)] ?? '',
        light: driveFields.direct_light.values[value(batch.direct_light)] ?? '',
        speed: value(batch.speed),
        area: driveFields.area_number.values[value(batch.area_number)] ?? '',
      })
      lines.push(batch.linesBefore + (batch.line[i] ?? 0))
      starts.push(text.slice(batch.start[i], (batch.start[i] ?? 0) + 14))
    }
  }
  return { rows, lines, starts, rejects, counts: { ...decoder.counts } }
}

const header = 'Driver Status Infomation,CarNum,AccStep,BrkStep,WheelStep,DirLightStep,Speed,AreaNum'
const sound = '20200322000000,A0001,3,0,F,N,45,B01'

describe('decoding', () => {
  it('gives back every field of every row, over many batches', () => {
    const rows = drawDay(random(3), '20200322', ['A0000', 'Z9999', 'M0500'], 82_000, 86_400)
    const found = decode(textOf(rows))
    expect(rows.length).toBeGreaterThan(6000)
    expect(found.rows).toEqual(rows)
    expect(found.lines).toEqual(rows.map((_, i) => i + 1))
    expect(found.starts).toEqual(rows.map(({ time }) => time))
    expect(found.counts).toEqual({ read: rows.length, rows: rows.length, headers: 0, rejected: 0 })
  })

  it('headers, damaged rows, CRLF and a byte order mark keep the line numbers right', () => {
    const text = `\ufeff${header}\r\n${sound}\r\n\nx\n${sound.replace('45', '251')}\n${header}\n${sound.replace('A0001', 'A1')}\n${sound.replace('000000', '240000')}\n`
    const found = decode(text)
    expect(found.lines).toEqual([2, 8])
    expect(found.rejects).toEqual([
      '3 empty ',
      `5 value:speed ${sound.replace('45', '251')}`,
      `7 car-number ${sound.replace('A0001', 'A1')}`,
    ])
    expect(found.counts).toEqual({ read: 8, rows: 2, headers: 3, rejected: 3 })
    expect(found.rows.at(-1)?.time).toBe('20200322240000')
  })

  it('rows of another day are rejected where one day is asked for', () => {
    const found = decode(
      `${sound}\n${sound.replace('20200322', '20200323')}\n${sound.replace('000000', '000002')}\n`,
      20_200_322,
    )
    expect(found.lines).toEqual([1, 3])
    expect(found.rejects).toEqual([`2 day ${sound.replace('20200322', '20200323')}`])
  })

  it('new days are told once', () => {
    const decoder = createDriveDecoder(new Set(), () => {})
    const days = ['20200322', '20200323', '20200322', '20191231']
    const { bytes, end } = decodable(days.map((day) => `${sound.replace('20200322', day)}\n`).join(''))
    decoder.decode(bytes, 0, end)
    expect(decoder.takeNewDays().map(dayText)).toEqual(['20200322', '20200323', '20191231'])
    expect(decoder.takeNewDays()).toEqual([])
  })

  it('days are numbered from 1970 on', () => {
    expect(dayNumber(19_700_101)).toBe(0)
    expect(dayNumber(20_200_322)).toBe(18_343)
    for (const day of ['19000101', '19691231', '20000229', '20200322', '99991231']) {
      expect(dayText(dayNumber(Number(day)))).toBe(day)
    }
  })
})

it('takes and rejects what collect takes and rejects, whatever is done to a row', () => {
  const next = random(77)
  const alphabet = '0123456789,ABFLRNXaz.- |\r"가'
  const rows = drawDay(next, '20200322', ['A0001', 'Q4711'], 0, 3000).map(lineOf)
  const mutated = rows.map((line) => {
    const place = Math.floor(next() * line.length)
    const letter = alphabet[Math.floor(next() * alphabet.length)] ?? ''
    const kind = next()
    if (kind < 0.3) return line
    if (kind < 0.6) return line.slice(0, place) + letter + line.slice(place + 1)
    return kind < 0.8 ? line.slice(0, place) + line.slice(place + 1) : line.slice(0, place) + letter + line.slice(place)
  })
  const text = mutated.map((line) => `${line}\n`).join('')
  const found = decode(text)
  const rejected: string[] = []
  const scanner = createScanner(rowFormats.drive, { onReject: (line, reason) => rejected.push(`${line} ${reason}`) })
  const { bytes, end } = decodable(text)
  scanner.scan(Buffer.from(bytes), 0, end)
  expect(rejected.length).toBeGreaterThan(500)
  expect(found.counts).toMatchObject({ rows: scanner.counts.kept, headers: scanner.counts.headers })
  expect(found.rejects.map((reject) => reject.split(' ').slice(0, 2).join(' '))).toEqual(rejected)
})
