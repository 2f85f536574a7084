/** Verdicts of one day in columns of numbers: 30 bytes each instead of an object, for a day may have millions. */
import type { WindowVerdict } from '../../rules/engine.js'

const carCount = 260_000
const firstCapacity = 1024

/** Orders by window and then by car: the order of the alert file. Exact below 2^53. */
export const verdictKey = (index: number, car: number): number => index * carCount + car
export const keyIndex = (key: number): number => Math.floor(key / carCount)
export const keyCar = (key: number): number => key % carCount

export interface DayVerdicts {
  readonly length: number
  add(verdict: WindowVerdict): void
  /** Positions in order of key; of two verdicts on one window only the later. */
  sorted(): Uint32Array
  key(position: number): number
  rows(position: number): number
  lastSecond(position: number): number
  holds(position: number): boolean
  /** By aggregate of the rule. */
  values(position: number): Float64Array
}

export function dayVerdicts(aggregates: number): DayVerdicts {
  let length = 0
  let keys = new Float64Array(firstCapacity)
  let rows = new Int32Array(firstCapacity)
  let last = new Int32Array(firstCapacity)
  let holds = new Uint8Array(firstCapacity)
  let values = new Float64Array(firstCapacity * aggregates)
  const longer = <T extends Float64Array | Int32Array | Uint8Array>(old: T): T => {
    const target = new (old.constructor as new (size: number) => T)(old.length * 2)
    target.set(old)
    return target
  }
  return {
    get length() {
      return length
    },
    add(verdict) {
      if (length === keys.length) {
        keys = longer(keys)
        rows = longer(rows)
        last = longer(last)
        holds = longer(holds)
        values = longer(values)
      }
      keys[length] = verdictKey(verdict.index, verdict.car)
      rows[length] = verdict.rows
      last[length] = verdict.lastSecond
      holds[length] = verdict.holds ? 1 : 0
      values.set(verdict.values, length * aggregates)
      length++
    },
    sorted() {
      const order = Uint32Array.from({ length }, (_, position) => position)
      order.sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || a - b)
      return order.filter((position, place) => keys[position] !== keys[order[place + 1] ?? -1])
    },
    key: (position) => keys[position] ?? 0,
    rows: (position) => rows[position] ?? 0,
    lastSecond: (position) => last[position] ?? 0,
    holds: (position) => holds[position] === 1,
    values: (position) => values.subarray(position * aggregates, (position + 1) * aggregates),
  }
}
