import { clockText, secondsPerDay } from '../core/calendar.js'
import { speedBit } from './drive-tables.js'
import { rowSeconds } from './fault-lane.js'
import { speedLimit, windowSeconds } from './truth-rules.js'

/** Numbers of one window in `SpeedingWindows.take`: ordinal of the car, window of the day, sum of speeds, rows, last row's second. */
export const windowFields = 5

/** One speeding window as the truth file tells it. */
export interface SpeedingWindow {
  readonly car: string
  /** yyyyMMddHHmmss, included */
  readonly start: string
  /** yyyyMMddHHmmss, excluded; 240000 ends the last window of a day */
  readonly end: string
  readonly avg: number
  readonly rows: number
  /** `<car>-<time of the window's last row>`, the member of the pilot's Redis set */
  readonly member: string
}

/**
 * Sums up one day's speeds by car and window. Rows of a car come in the order of their time (a late row is added when
 * its time is reached, not when it is written), so one open window a car is enough.
 */
export class SpeedingWindows {
  private readonly window: Int32Array
  private readonly sum: Int32Array
  private readonly rows: Int32Array
  private readonly last: Int32Array
  private found: number[] = []

  /** For the cars `from` to `to` - 1. */
  constructor(
    private readonly from: number,
    to: number,
  ) {
    const cars = to - from
    this.window = new Int32Array(cars).fill(-1)
    this.sum = new Int32Array(cars)
    this.rows = new Int32Array(cars)
    this.last = new Int32Array(cars)
  }

  /** `index`: place of the car among these cars; `second` of the day; speed in km/h. */
  add(index: number, second: number, speed: number): void {
    const window = (second / windowSeconds) | 0
    if (this.window[index] !== window) {
      this.close(index)
      this.window[index] = window
    }
    this.sum[index] = (this.sum[index] as number) + speed
    this.rows[index] = (this.rows[index] as number) + 1
    this.last[index] = second
  }

  /** Adds `steps` rows of one car in a row, from `second` on; its codes begin at `start` and stand `stride` apart. */
  addSteps(index: number, codes: Int32Array, start: number, stride: number, second: number, steps: number): void {
    const [width, shift, pause, limit] = [windowSeconds, speedBit, rowSeconds.drive, speedLimit]
    let window = this.window[index] as number
    let sum = this.sum[index] as number
    let rows = this.rows[index] as number
    for (let step = 0, at = start, now = second; step < steps; step++, at += stride, now += pause) {
      const present = (now / width) | 0
      if (present !== window) {
        if (sum > limit * rows) this.found.push(this.from + index, window, sum, rows, now - pause)
        window = present
        sum = 0
        rows = 0
      }
      sum += (codes[at] as number) >>> shift
      rows++
    }
    this.window[index] = window
    this.sum[index] = sum
    this.rows[index] = rows
    this.last[index] = second + (steps - 1) * rowSeconds.drive
  }

  private close(index: number): void {
    const sum = this.sum[index] as number
    const rows = this.rows[index] as number
    if (sum > speedLimit * rows)
      this.found.push(this.from + index, this.window[index] as number, sum, rows, this.last[index] as number)
    this.sum[index] = 0
    this.rows[index] = 0
  }

  /** Closes the windows of all cars that end at or before `second`. */
  closeBefore(second: number): void {
    const window = Math.floor(second / windowSeconds)
    for (const [index, open] of this.window.entries()) if (open < window) this.close(index)
  }

  /** The windows found since the last call, `windowFields` numbers each. */
  take(): Float64Array {
    const taken = Float64Array.from(this.found)
    this.found = []
    return taken
  }
}

/** Windows from `SpeedingWindows.take` of any number of workers, by window and then by car. */
export function speedingWindows(
  day: string,
  found: readonly Float64Array[],
  carOf: (ordinal: number) => string,
): SpeedingWindow[] {
  const windows: { readonly ordinal: number; readonly window: number; readonly truth: SpeedingWindow }[] = []
  for (const numbers of found) {
    for (let at = 0; at < numbers.length; at += windowFields) {
      const [ordinal = 0, window = 0, sum = 0, rows = 0, last = 0] = numbers.subarray(at, at + windowFields)
      const car = carOf(ordinal)
      const start = day + clockText(window * windowSeconds)
      const end = day + clockText((window + 1) * windowSeconds)
      const truth = { car, start, end, avg: sum / rows, rows, member: `${car}-${day}${clockText(last)}` }
      windows.push({ ordinal, window, truth })
    }
  }
  return windows.sort((a, b) => a.window - b.window || a.ordinal - b.ordinal).map(({ truth }) => truth)
}

/** Rows of one car on one day: every 2 seconds, 000000 to 235958. */
export const driveRowsPerDay = secondsPerDay / rowSeconds.drive
