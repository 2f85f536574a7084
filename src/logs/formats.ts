/** The four kinds of input: their columns, how a row is checked, what a header line looks like. */
import { isUtf8 } from 'node:buffer'
import { carNumberPattern } from '../core/cars.js'
import type { RecordKind } from '../core/layout.js'
import { checkDrive, checkMaster, checkPurchases, checkStatus, clockFault, type RowCheck } from './row-checks.js'

/** A row longer than this, in bytes, is rejected as `too-long`; the longest sound row has less than a kilobyte. */
export const longestRow = 65_536

export interface RowFormat {
  readonly kind: RecordKind
  readonly separator: ',' | '|'
  readonly columns: readonly string[]
  /** `day`: one folder of the lake per day of the rows; `none`: one file. */
  readonly partition: 'day' | 'none'
  /** What makes two rows of one file the same; purchases have no key, buying twice is legal. */
  readonly key: 'time-and-car' | 'car' | 'none'
  readonly check: RowCheck
}

export const rowFormats: Readonly<Record<RecordKind, RowFormat>> = {
  status: {
    kind: 'status',
    separator: ',',
    columns: [
      'reg_date',
      'car_number',
      'tire_fl',
      'tire_fr',
      'tire_bl',
      'tire_br',
      'light_fl',
      'light_fr',
      'light_bl',
      'light_br',
      'engine',
      'break',
      'battery',
    ],
    partition: 'day',
    key: 'time-and-car',
    check: checkStatus,
  },
  drive: {
    kind: 'drive',
    separator: ',',
    columns: [
      'date',
      'car_number',
      'speed_pedal',
      'break_pedal',
      'steer_angle',
      'direct_light',
      'speed',
      'area_number',
    ],
    partition: 'day',
    key: 'time-and-car',
    check: checkDrive,
  },
  master: {
    kind: 'master',
    separator: '|',
    columns: ['car_number', 'sex', 'age', 'marriage', 'region', 'job', 'car_capacity', 'car_year', 'car_model'],
    partition: 'none',
    key: 'car',
    check: checkMaster,
  },
  purchases: {
    kind: 'purchases',
    separator: ',',
    columns: ['car_number', 'item', 'score', 'month'],
    partition: 'none',
    key: 'none',
    check: checkPurchases,
  },
}

/** Why a row is not kept: stable names, written to the rejects file. `value:<column>` names the first wrong field. */
export type RejectReason =
  | 'too-long'
  | 'encoding'
  | 'empty'
  | 'columns'
  | 'date'
  | 'clock'
  | 'car-number'
  | `value:${string}`

const startsWithLetter = /^\p{L}/u
const carColumnNames = new Set(['carnum', 'carnumber', 'carno'])

/** First field of a header as published: `carNum`, `car_number`, Hive's `smartcar_master.car_number`. */
function namesTheCar(field: string): boolean {
  return carColumnNames.has(
    field
      .replace(/^.*\./, '')
      .replace(/[^a-z]/gi, '')
      .toLowerCase(),
  )
}

/**
 * Headers of the logs start with a letter, wherever they stand; but a line with a car number in it is a damaged row.
 * Rows of the other kinds start with a letter themselves: their header names the car, or has all columns and no digit.
 */
export function isHeader(format: RowFormat, line: string): boolean {
  if (!startsWithLetter.test(line)) return false
  const fields = line.split(format.separator)
  if (format.partition === 'day') return !fields.some((field) => carNumberPattern.test(field))
  return namesTheCar(fields[0] ?? '') || (fields.length === format.columns.length && !/\d/.test(line))
}

/** What a line is that the check did not pass: a header, or a reject and why. `fault` is the check's answer. */
export function explainLine(format: RowFormat, line: Uint8Array, fault: number): RejectReason | 'header' {
  if (line.byteLength > longestRow) return 'too-long'
  if (line.byteLength === 0) return 'empty'
  if (!isUtf8(line)) return 'encoding'
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString()
  if (isHeader(format, text)) return 'header'
  if (text.split(format.separator).length !== format.columns.length) return 'columns'
  if (fault === clockFault) return 'clock'
  // A check that reached the end found something behind the last field.
  const column = fault < 0 ? -1 - fault : format.columns.length - 1
  const name = format.columns[column] ?? ''
  if (name === 'car_number') return 'car-number'
  return column === 0 ? 'date' : `value:${name}`
}
