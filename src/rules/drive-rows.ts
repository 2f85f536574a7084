/**
 * Drive rows as columns of numbers: bytes go in, a batch of typed arrays comes out, no object or text is made of a row.
 * Which rows are sound is decided by the same checks as in `collect`, so that a raw file and the lake give the same rows.
 */

import { secondsPerDay } from '../core/calendar.js'
import { explainLine, type RejectReason, rowFormats } from '../logs/formats.js'
import { checkDrive, lookAhead, newFacts } from '../logs/row-checks.js'
import type { DriveField } from './definition.js'

/** Days since 1970-01-01 of yyyymmdd. */
export function dayNumber(yyyymmdd: number): number {
  const year = Math.floor(yyyymmdd / 10_000)
  const month = Math.floor(yyyymmdd / 100) % 100
  return Date.UTC(year, month - 1, yyyymmdd % 100) / 86_400_000
}

/** `yyyyMMdd` of a number of days since 1970-01-01. */
export function dayText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
}

/** Rows side by side; only the first `rows` entries of each column count. */
export interface DriveBatch {
  rows: number
  /** Index of the car, see core/cars.ts */
  readonly car: Int32Array
  /** Days since 1970-01-01 */
  readonly day: Int32Array
  /** Second of the day, 0 to 86,400 (the clock 240000) */
  readonly second: Int32Array
  readonly speed_pedal: Uint8Array
  readonly break_pedal: Uint8Array
  /** Position among the field's values in definition.ts; the same for the light and the area. */
  readonly steer_angle: Uint8Array
  readonly direct_light: Uint8Array
  readonly speed: Uint8Array
  readonly area_number: Uint8Array
  /** Where the row starts in the bytes that were decoded. */
  readonly start: Int32Array
  /** Lines of the file in front of this batch. */
  linesBefore: number
  /** Line of the row, from 1, counted from `linesBefore`. */
  readonly line: Int32Array
}

/** Seconds since 1970 of a row; the clock 240000 is the next midnight. */
export function rowTime(batch: DriveBatch, row: number): number {
  return (batch.day[row] ?? 0) * secondsPerDay + (batch.second[row] ?? 0)
}

export interface DecodeCounts {
  /** Lines, of whatever kind. */
  read: number
  /** Sound rows. */
  rows: number
  headers: number
  rejected: number
}

/** Told of every line that is no sound row and no header; the bytes are only valid during the call. */
export type OnReject = (line: number, reason: RejectReason | 'day', bytes: Uint8Array) => void

export interface DriveDecoder {
  readonly batch: DriveBatch
  readonly counts: DecodeCounts
  /** Days since 1970-01-01 of the rows seen so far, as far as they were not taken by `takeNewDays`. */
  takeNewDays(): readonly number[]
  /**
   * Fills the batch from `bytes`, from `start` on; returns the position behind the last line that was used: less than
   * `end` when the batch is full. The byte before `end` is a newline, and `slack` bytes behind `end` belong to the array.
   */
  decode(bytes: Uint8Array, start: number, end: number): number
  /** A line that is too long for a buffer was skipped; `head` is how it begins. */
  skipLongLine(head: Uint8Array): void
  /** Line numbers count from here: the number of lines in front of what is decoded next. */
  startFile(linesBefore: number): void
  /** Lines of the present file so far. */
  lines(): number
}

/** Bytes that must be allocated behind the last newline, so that no check reads outside the array. */
export const slack = lookAhead
/** Rows in a batch: its columns and their text fit into the second-level cache. */
const batchRows = 2048

const newline = 0x0a
const carriageReturn = 0x0d
const letterF = 0x46
const letterL = 0x4c
const letterN = 0x4e

function newBatch(): DriveBatch {
  return {
    rows: 0,
    car: new Int32Array(batchRows),
    day: new Int32Array(batchRows),
    second: new Int32Array(batchRows),
    speed_pedal: new Uint8Array(batchRows),
    break_pedal: new Uint8Array(batchRows),
    steer_angle: new Uint8Array(batchRows),
    direct_light: new Uint8Array(batchRows),
    speed: new Uint8Array(batchRows),
    area_number: new Uint8Array(batchRows),
    start: new Int32Array(batchRows),
    linesBefore: 0,
    line: new Int32Array(batchRows),
  }
}

// Inside the checked part of the buffer, so never undefined.
const at = (bytes: Uint8Array, position: number): number => bytes[position] as number

/**
 * `fields`: the columns that somebody reads; the others may be left unfilled.
 * `onlyDay` (yyyymmdd): rows of other days are rejected with the reason `day`.
 */
export function createDriveDecoder(
  fields: ReadonlySet<DriveField>,
  onReject: OnReject,
  onlyDay?: number,
): DriveDecoder {
  const batch = newBatch()
  const counts: DecodeCounts = { read: 0, rows: 0, headers: 0, rejected: 0 }
  const facts = newFacts()
  const seenDays = new Set<number>()
  let newDays: number[] = []
  const { car, day: days, second, start: starts, line: lineNumbers } = batch
  const { speed_pedal: speedPedal, break_pedal: breakPedal, steer_angle: steerAngle } = batch
  const { direct_light: directLight, speed, area_number: areaNumber } = batch
  const pedals = fields.has('speed_pedal') || fields.has('break_pedal')
  const turns = fields.has('steer_angle') || fields.has('direct_light') || fields.has('area_number')
  let group = -1
  let day = 0
  let line = 0

  const reject = (reason: RejectReason | 'day', bytes: Uint8Array): void => {
    counts.rejected++
    onReject(line, reason, bytes)
  }

  /** A line that is no sound row, or a sound row behind a byte order mark. Returns where to go on. */
  const oddLine = (bytes: Uint8Array, position: number, fault: number): number => {
    if (at(bytes, position) === 0xef && at(bytes, position + 1) === 0xbb && at(bytes, position + 2) === 0xbf)
      return position + 3
    line++
    counts.read++
    const lineEnd = bytes.indexOf(newline, position)
    const textEnd = lineEnd > position && at(bytes, lineEnd - 1) === carriageReturn ? lineEnd - 1 : lineEnd
    const text = bytes.subarray(position, textEnd)
    const reason = explainLine(rowFormats.drive, text, fault)
    if (reason === 'header') counts.headers++
    else reject(reason, text)
    return lineEnd + 1
  }

  /** The row's day is not that of the row before; false when rows of this day are not wanted. */
  const switchDay = (): boolean => {
    if (onlyDay !== undefined && facts.group !== onlyDay) return false
    group = facts.group
    day = dayNumber(group)
    if (!seenDays.has(day)) {
      seenDays.add(day)
      newDays.push(day)
    }
    return true
  }

  return {
    batch,
    counts,
    takeNewDays() {
      const taken = newDays
      newDays = []
      return taken
    },
    startFile(linesBefore) {
      line = linesBefore
    },
    lines: () => line,
    skipLongLine(head) {
      line++
      counts.read++
      reject('too-long', head)
    },
    decode(bytes, start, end) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      let position = start
      let row = 0
      let odd = 0
      batch.linesBefore = line
      while (position < end && row < batchRows) {
        const behind = checkDrive(view, position, facts)
        if (
          behind < 0 ||
          (at(bytes, behind) !== newline && (at(bytes, behind) !== carriageReturn || at(bytes, behind + 1) !== newline))
        ) {
          line = batch.linesBefore + row + odd
          position = oddLine(bytes, position, behind)
          odd = line - batch.linesBefore - row
          continue
        }
        const next = at(bytes, behind) === newline ? behind + 1 : behind + 2
        if (facts.group !== group && !switchDay()) {
          odd++
          line = batch.linesBefore + row + odd
          counts.read++
          reject('day', bytes.subarray(position, behind))
          position = next
          continue
        }
        car[row] = facts.car
        days[row] = day
        second[row] = facts.second
        starts[row] = position
        lineNumbers[row] = row + odd + 1
        // The checked row: time 14, car 5, pedal and brake 1 each, every one with its comma; then the steering.
        if (pedals) {
          speedPedal[row] = at(bytes, position + 21) - 48
          breakPedal[row] = at(bytes, position + 23) - 48
        }
        if (turns) {
          const steer = at(bytes, position + 25)
          steerAngle[row] = steer === letterF ? 0 : at(bytes, position + 26) - 48 + (steer === letterL ? 0 : 3)
          const light = at(bytes, steer === letterF ? position + 27 : position + 28)
          directLight[row] = light === letterN ? 0 : light === letterL ? 1 : 2
          const area = at(bytes, behind - 1) - 48
          areaNumber[row] = (at(bytes, behind - 3) - 65) * 10 + (area === 0 ? 9 : area - 1)
        }
        // The four characters in front of the last comma end in the one to three digits of the speed. A digit has the
        // bit 16, a comma has not: so no branch is needed, which the processor would guess wrong half of the time.
        const word = view.getInt32(behind - 8)
        const tens = -((word >> 12) & 1)
        const hundreds = tens & -((word >> 20) & 1)
        speed[row] = (word & 15) + ((((word >> 8) & 15) * 10) & tens) + ((((word >> 16) & 15) * 100) & hundreds)
        row++
        position = next
      }
      line = batch.linesBefore + row + odd
      batch.rows = row
      counts.rows += row
      counts.read += row
      return position
    },
  }
}
