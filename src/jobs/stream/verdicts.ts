/** Verdicts of one day in columns of numbers: 30 bytes each instead of an object, for a day may have millions. */
import { secondsPerDay } from '../../core/calendar.js'
import { carIndexCount } from '../../core/cars.js'
import type { WindowVerdict } from '../../rules/engine.js'

const firstCapacity = 1024
/** From so many on, counting is quicker than comparing. */
const many = 20_000

/** Orders by window and then by car: the order of the alert file. Exact below 2^53. */
export const verdictKey = (index: number, car: number): number => index * carIndexCount + car

/** Orders positions by their number, which is below `limit`; equal ones keep their order. */
function countingSort(order: Uint32Array<ArrayBuffer>, numbers: Int32Array, limit: number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(limit + 1)
  for (let i = 0; i < order.length; i++) {
    const after = (numbers[order[i] ?? 0] ?? 0) + 1
    starts[after] = (starts[after] ?? 0) + 1
  }
  for (let i = 1; i <= limit; i++) starts[i] = (starts[i] ?? 0) + (starts[i - 1] ?? 0)
  const sorted = new Uint32Array(order.length)
  for (let i = 0; i < order.length; i++) {
    const position = order[i] ?? 0
    const number = numbers[position] ?? 0
    const place = starts[number] ?? 0
    starts[number] = place + 1
    sorted[place] = position
  }
  return sorted
}

export interface DayVerdicts {
  readonly length: number
  add(verdict: WindowVerdict): void
  /** Positions in order of key; of two verdicts on one window only the later. */
  sorted(): Uint32Array
  key(position: number): number
  /** Number of the window in its day. */
  index(position: number): number
  car(position: number): number
  rows(position: number): number
  lastSecond(position: number): number
  holds(position: number): boolean
  /** `aggregate`: its position in the rule. */
  value(position: number, aggregate: number): number
}

export function dayVerdicts(aggregates: number): DayVerdicts {
  let length = 0
  let indexes = new Int32Array(firstCapacity)
  let cars = new Int32Array(firstCapacity)
  let rows = new Int32Array(firstCapacity)
  let last = new Int32Array(firstCapacity)
  let holds = new Uint8Array(firstCapacity)
  let values = new Float64Array(firstCapacity * aggregates)
  const longer = <T extends Float64Array | Int32Array | Uint8Array>(old: T): T => {
    const target = new (old.constructor as new (size: number) => T)(old.length * 2)
    target.set(old)
    return target
  }
  const key = (position: number): number => verdictKey(indexes[position] ?? 0, cars[position] ?? 0)
  return {
    get length() {
      return length
    },
    add(verdict) {
      if (length === cars.length) {
        indexes = longer(indexes)
        cars = longer(cars)
        rows = longer(rows)
        last = longer(last)
        holds = longer(holds)
        values = longer(values)
      }
      indexes[length] = verdict.index
      cars[length] = verdict.car
      rows[length] = verdict.rows
      last[length] = verdict.lastSecond
      holds[length] = verdict.holds ? 1 : 0
      for (let i = 0; i < aggregates; i++) values[length * aggregates + i] = verdict.values[i] ?? 0
      length++
    },
    sorted() {
      let order = new Uint32Array(length)
      for (let i = 0; i < length; i++) order[i] = i
      if (length < many) order.sort((a, b) => key(a) - key(b) || a - b)
      else order = countingSort(countingSort(order, cars, carIndexCount), indexes, secondsPerDay + 1)
      let kept = 0
      for (let i = 0; i < length; i++) {
        const position = order[i] ?? 0
        if (i + 1 === length || key(position) !== key(order[i + 1] ?? 0)) order[kept++] = position
      }
      return order.subarray(0, kept)
    },
    key,
    index: (position) => indexes[position] ?? 0,
    car: (position) => cars[position] ?? 0,
    rows: (position) => rows[position] ?? 0,
    lastSecond: (position) => last[position] ?? 0,
    holds: (position) => holds[position] === 1,
    value: (position, aggregate) => values[position * aggregates + aggregate] ?? 0,
  }
}
