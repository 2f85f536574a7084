import { UsageError } from '../../core/errors.js'

/** Where the key of a row begins and ends; `start` -1 for a row without one. */
export interface KeyRange {
  start: number
  end: number
}
export type FindKey = (bytes: Uint8Array, start: number, end: number, found: KeyRange) => void

const comma = 0x2c

/** The n-th field (from 1) of a comma separated row. */
export function keyOfColumn(column: number): FindKey {
  return (bytes, start, end, found) => {
    let from = start
    for (let skip = 1; skip < column; skip++) {
      while (from < end && bytes[from] !== comma) from++
      if (from >= end) {
        found.start = -1
        return
      }
      from++
    }
    let to = from
    while (to < end && bytes[to] !== comma) to++
    found.start = from
    found.end = to
  }
}

/** The first group of a regular expression, or all that it matched. It is read as Latin-1, so that bytes keep their places. */
export function keyOfPattern(text: string): FindKey {
  let pattern: RegExp
  try {
    pattern = new RegExp(Buffer.from(text, 'utf8').toString('latin1'), 'd')
  } catch (error) {
    throw new UsageError('KEY_PATTERN', `--key ${text} is no regular expression`, { cause: error })
  }
  return (bytes, start, end, found) => {
    const row = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
    const indices = pattern.exec(row)?.indices
    const place = indices?.[1] ?? indices?.[0]
    found.start = place === undefined ? -1 : start + place[0]
    found.end = place === undefined ? -1 : start + place[1]
  }
}
