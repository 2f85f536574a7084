import { secondsPerDay } from '../core/calendar.js'
import { ByteBuffer } from './bytes.js'
import { DriveRows, LogClock, secondsPerStep } from './drive-rows.js'
import { areaBit, driveHeader, speedOf } from './drive-tables.js'
import { carNumberOf, drivers } from './fleet.js'
import { Random } from './random.js'
import { type SpeedingWindow, SpeedingWindows, speedingWindows } from './speeding.js'
import { drawnArea } from './telemetry.js'

/** Steps since 1970: two seconds each. */
export type Step = number

const stepsPerDay = secondsPerDay / secondsPerStep
const nothing = -1

/** yyyyMMdd of a day counted from 1970-01-01. */
export function dayOfNumber(day: number): string {
  return new Date(day * secondsPerDay * 1000).toISOString().slice(0, 10).replaceAll('-', '')
}

/** Days since 1970-01-01 of yyyyMMdd. */
export function numberOfDay(day: string): number {
  return Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8))) / 1000 / secondsPerDay
}

/** Receives the rows of a day, in the order of time and then of the cars. */
export interface ReplaySink {
  rows(day: string, bytes: Uint8Array, rows: number): Promise<void>
  speeding(windows: readonly SpeedingWindow[]): Promise<void>
}

const flushBytes = 512 * 1024

/**
 * One recording driven by many cars, each a fixed time behind the one before it. Only the stretch between the first and
 * the last car is kept, so memory grows with cars x shift and not with the recording.
 */
export class ReplayFleet {
  private readonly ring: Int32Array
  private readonly codes: Int32Array
  private readonly rows: DriveRows
  private readonly letters: readonly number[]
  private readonly areas: readonly Random[]
  private readonly target = new ByteBuffer()
  private windows: SpeedingWindows
  private pending = 0
  private day = -1
  private first: Step = -1
  private now: Step = -1

  /** `shift`: steps between the clocks of two cars. */
  constructor(
    private readonly cars: number,
    private readonly shift: number,
    seed: number,
    private readonly sink: ReplaySink,
  ) {
    this.ring = new Int32Array((cars - 1) * shift + 1).fill(nothing)
    this.codes = new Int32Array(cars)
    const fleet = drivers(seed, 0, cars)
    this.rows = new DriveRows(fleet.map(({ car }) => car))
    this.letters = fleet.map(({ area }) => area * 16)
    this.areas = fleet.map((_, ordinal) => Random.of({ seed, purpose: 'replay', car: ordinal, day: 0 }))
    this.windows = new SpeedingWindows(0, cars)
  }

  /** The recording's moment at `step`; steps must grow. */
  async add(step: Step, code: number): Promise<void> {
    if (this.first === -1) {
      this.first = step
      this.now = step
    } else {
      await this.driveTo(Math.min(step, this.now + this.ring.length))
      if (step > this.now) {
        // Longer than all the cars' shifts together: nobody drives any more.
        this.ring.fill(nothing)
        this.first = step
        this.now = step
      }
    }
    this.ring[step % this.ring.length] = code
    await this.drive()
    this.now = step + 1
  }

  /** Lets the last car reach the end of the recording. */
  async end(): Promise<void> {
    await this.driveTo(this.now + this.ring.length)
    await this.endDay()
  }

  /** Steps up to (not including) `until` in which the recording has nothing. */
  private async driveTo(until: Step): Promise<void> {
    for (; this.now < until; this.now++) {
      this.ring[this.now % this.ring.length] = nothing
      await this.drive()
    }
  }

  /** One step of the clock: each car is where the recording was `shift` steps per car ago. */
  private async drive(): Promise<void> {
    const { now, ring, codes, target } = this
    const day = Math.floor(now / stepsPerDay)
    const second = (now - day * stepsPerDay) * secondsPerStep
    let clock: LogClock | undefined
    // Cars side by side that drive are written at once.
    let run = 0
    for (let car = 0, step = now; car <= this.cars; car++, step -= this.shift) {
      const recorded = car < this.cars && step >= this.first ? (ring[step % ring.length] ?? nothing) : nothing
      if (recorded === nothing) {
        if (car > run && clock !== undefined) this.rows.writeCars(target, codes, clock, 0, run, car)
        run = car + 1
        if (step < this.first) break
        continue
      }
      if (day !== this.day) await this.beginDay(day)
      clock ??= new LogClock(dayOfNumber(day), second)
      const code = this.placed(recorded, car)
      codes[car] = code
      this.windows.add(car, second, speedOf(code))
      this.pending++
    }
    if (target.length >= flushBytes) await this.flush()
  }

  private placed(code: number, car: number): number {
    if (((code >>> areaBit) & 127) !== drawnArea) return code
    const area = (this.letters[car] ?? 0) + (this.areas[car]?.below(10) ?? 0)
    return (code & ~(127 << areaBit)) | (area << areaBit)
  }

  private async flush(): Promise<void> {
    if (this.target.length === 0) return
    const day = dayOfNumber(this.day)
    await this.sink.rows(day, this.target.written(), this.pending)
    this.target.length = 0
    this.pending = 0
    await this.sink.speeding(speedingWindows(day, [this.windows.take()], carNumberOf))
  }

  private async beginDay(day: number): Promise<void> {
    await this.endDay()
    this.day = day
    this.target.append(driveHeader)
  }

  private async endDay(): Promise<void> {
    if (this.day === -1) return
    this.windows.closeBefore(Number.POSITIVE_INFINITY)
    await this.flush()
    await this.sink.speeding(speedingWindows(dayOfNumber(this.day), [this.windows.take()], carNumberOf))
    this.windows = new SpeedingWindows(0, this.cars)
  }
}
