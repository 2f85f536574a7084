/** Goes over whole lines in a buffer and says which byte ranges are kept, for which part of the lake, and which are not. */
import { explainLine, type RejectReason, type RowFormat } from '../../logs/formats.js'
import { newFacts } from '../../logs/row-checks.js'
import { bitsPerPage, type SeenKeys, seenKeys } from './seen-keys.js'

const newline = 0x0a
const carriageReturn = 0x0d
/** Pages of a day of 86,401 seconds. */
const pagesPerDay = Math.floor(86_400 / bitsPerPage) + 1
const pageShift = 12

/** Rows of one day (status, drive), of one month (purchases), or all of them (master). */
export interface RowGroup {
  /** yyyymmdd, yyyymm, or 0 */
  readonly group: number
  readonly index: number
  rows: number
}

/** Triples of start, end, part: consecutive kept rows in the buffer, each ended with a newline. */
export type KeptRanges = readonly number[]

/** Hears of a rejected line: its number from 1, and its bytes without the line's end, which the next scan overwrites. */
export type OnReject = (line: number, reason: RejectReason, row: Uint8Array) => void

export interface Scanner {
  /**
   * Checks the lines in `bytes` from `start` to `end`, the last of which ends with a newline; behind it `lookAhead` bytes of `bytes` are free. The CR of a CRLF is
   * overwritten in place with the newline. `part` of a kept range is an index of `groups`, 0 for unpartitioned kinds.
   */
  scan(bytes: Uint8Array, start: number, end: number): KeptRanges
  /** A line that is too long to stand in a buffer was read by somebody else. Returns its number. */
  countLongLine(): number
  readonly groups: readonly RowGroup[]
  readonly counts: {
    readonly kept: number
    readonly headers: number
    readonly rejected: number
    readonly duplicates: number
  }
  readonly reasons: ReadonlyMap<RejectReason, number>
}

export interface ScannerOptions {
  readonly onReject: OnReject
  /** How many lines of the file stand in front of what is scanned. */
  readonly linesBefore?: number
  readonly seen?: SeenKeys
}

export function createScanner(format: RowFormat, options: ScannerOptions): Scanner {
  const { onReject, linesBefore = 0, seen = seenKeys() } = options
  const { check } = format
  const partitioned = format.partition === 'day'
  const byTime = format.key === 'time-and-car'
  const keyed = format.key !== 'none'
  const facts = newFacts()
  const groups: RowGroup[] = []
  const groupIndex = new Map<number, RowGroup>()
  const counts = { kept: 0, headers: 0, rejected: 0, duplicates: 0 }
  const reasons = new Map<RejectReason, number>()
  let current: RowGroup = { group: -1, index: -1, rows: 0 }

  const groupOf = (group: number): RowGroup => {
    let found = groupIndex.get(group)
    if (found === undefined) {
      found = { group, index: groups.length, rows: 0 }
      groupIndex.set(group, found)
      groups.push(found)
    }
    return found
  }

  const reject = (reason: RejectReason) => {
    counts.rejected++
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }

  /** Deals with a line that is no sound row. Returns where to go on: behind it, or behind its byte order mark. */
  const dropLine = (bytes: Uint8Array, position: number, fault: number, keptRows: number): number => {
    if (bytes[position] === 0xef && bytes[position + 1] === 0xbb && bytes[position + 2] === 0xbf) return position + 3
    const lineEnd = bytes.indexOf(newline, position)
    const end = lineEnd > position && bytes[lineEnd - 1] === carriageReturn ? lineEnd - 1 : lineEnd
    const row = bytes.subarray(position, end)
    const reason = explainLine(format, row, fault)
    if (reason === 'header') counts.headers++
    else {
      reject(reason)
      onReject(linesBefore + keptRows + counts.headers + counts.rejected, reason, row)
    }
    return lineEnd + 1
  }

  return {
    groups,
    counts,
    reasons,
    countLongLine() {
      reject('too-long')
      return linesBefore + counts.kept + counts.headers + counts.rejected
    },
    scan(bytes, start, end) {
      const kept: number[] = []
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      let rangeStart = -1
      let rangeEnd = -1
      let rangePart = -1
      // Local copies: this loop runs millions of times a second.
      let { group, index } = current
      let part = partitioned ? index : 0
      let rows = 0
      let groupBegin = 0
      let duplicates = 0
      let seenHigh = -1
      let seenLow = -1
      let seenPage = 0
      let seenWords = seen.words
      let position = start
      while (position < end) {
        const behind = check(view, position, facts)
        let next = behind + 1
        if (behind < 0 || view.getUint8(behind) !== newline) {
          if (behind >= 0 && view.getUint8(behind) === carriageReturn && view.getUint8(next) === newline) {
            bytes[behind] = newline
            next++
          } else {
            position = dropLine(bytes, position, behind, counts.kept + rows)
            continue
          }
        }
        if (facts.group !== group) {
          current.rows += rows - groupBegin
          groupBegin = rows
          current = groupOf(facts.group)
          group = current.group
          index = current.index
          part = partitioned ? index : 0
        }
        rows++
        if (keyed) {
          const key = byTime ? facts.second : facts.car
          const high = byTime ? facts.car : 0
          const low = byTime ? index * pagesPerDay + (key >>> pageShift) : key >>> pageShift
          if (high !== seenHigh || low !== seenLow) {
            seenPage = seen.find(high, low)
            seenWords = seen.words
            seenHigh = high
            seenLow = low
          }
          const word = seenPage + ((key & (bitsPerPage - 1)) >>> 5)
          const bits = seenWords[word] as number
          const bit = 1 << (key & 31)
          if ((bits & bit) !== 0) duplicates++
          else seenWords[word] = bits | bit
        }
        if (position !== rangeEnd || part !== rangePart) {
          if (rangeStart >= 0) kept.push(rangeStart, rangeEnd, rangePart)
          rangeStart = position
          rangePart = part
        }
        rangeEnd = behind + 1
        position = next
      }
      if (rangeStart >= 0) kept.push(rangeStart, rangeEnd, rangePart)
      current.rows += rows - groupBegin
      counts.kept += rows
      counts.duplicates += duplicates
      return kept
    },
  }
}
