import { type ByteBuffer, minuteTexts, newline, pack4 } from './bytes.js'
import {
  areaBit,
  areaTexts,
  longestDriveRow,
  pedalTexts,
  secondTexts,
  speedBit,
  speedLength,
  speedTexts,
  steeringBit,
  steeringFifth,
  steeringLength,
  steeringTexts,
} from './drive-tables.js'
import { rowSeconds } from './fault-lane.js'

/** Seconds of one step of the drive log's clock. */
export const secondsPerStep = rowSeconds.drive

/** The time in the rows of one step of the clock, packed for stores. */
export class LogClock {
  readonly year: number
  readonly monthDay: number
  minute = 0
  second = 0

  constructor(
    day: string,
    /** Second of the day. */
    public now: number,
  ) {
    this.year = pack4(day.slice(0, 4))
    this.monthDay = pack4(day.slice(4))
    this.set(now)
  }

  /** Sets the clock to a second of the day. */
  set(second: number): void {
    this.now = second
    this.minute = minuteTexts[Math.floor(second / 60)] ?? 0
    this.second = secondTexts[second % 60] ?? 0
  }
}

/** Steps of a table of codes, and cars of a fleet. */
interface RowBlock {
  readonly step: number
  readonly steps: number
  readonly car: number
  readonly cars: number
}

/** Turns codes (see drive-tables.ts) of a fleet into rows. Code of car c in step s: `codes[s * cars + c]`. */
export class DriveRows {
  private readonly letters: Int32Array
  private readonly digits: Int32Array

  constructor(private readonly cars: readonly string[]) {
    this.letters = Int32Array.from(cars, (car) => car.charCodeAt(0) << 24)
    this.digits = Int32Array.from(cars, (car) => pack4(car.slice(1)))
  }

  /**
   * Appends the steps `from` to `to` - 1 in the order of time and then of the cars; `clock` is that of step `from` and
   * moves on. `marks`, if given, takes the length of `target` after each step.
   */
  writeSteps(target: ByteBuffer, codes: Int32Array, clock: LogClock, from: number, to: number, marks?: number[]): void {
    this.writeRows(target, codes, clock, { step: from, steps: to - from, car: 0, cars: this.cars.length }, marks)
  }

  /** Appends the rows of the cars `from` to `to` - 1 in step `step`, whose clock this is. */
  writeCars(target: ByteBuffer, codes: Int32Array, clock: LogClock, step: number, from: number, to: number): void {
    this.writeRows(target, codes, clock, { step, steps: 1, car: from, cars: to - from })
    clock.set(clock.now - secondsPerStep)
  }

  /**
   * The hot loop: every field one lookup and one unaligned store, which the next field may overwrite. Tables of other
   * modules go into local variables first: V8 looks an imported binding up again at every use (3 times the time here).
   */
  private writeRows(target: ByteBuffer, codes: Int32Array, clock: LogClock, block: RowBlock, marks?: number[]): void {
    const { letters, digits } = this
    const [pedals, turns, fifths, turnLengths] = [pedalTexts, steeringTexts, steeringFifth, steeringLength]
    const [speeds, speedLengths, areas, stride] = [speedTexts, speedLength, areaTexts, this.cars.length]
    const [shiftTurn, shiftArea, shiftSpeed, lineEnd] = [steeringBit, areaBit, speedBit, newline]
    target.reserve(block.steps * block.cars * longestDriveRow)
    const view = target.view
    const { year, monthDay } = clock
    let at = target.length
    for (let step = block.step; step < block.step + block.steps; step++) {
      const { minute, second } = clock
      const end = block.car + block.cars
      for (let car = block.car, index = step * stride + car; car < end; car++, index++) {
        const code = codes[index] as number
        const turn = (code >>> shiftTurn) & 31
        const speed = code >>> shiftSpeed
        view.setInt32(at, year, true)
        view.setInt32(at + 4, monthDay, true)
        view.setInt32(at + 8, minute, true)
        view.setInt32(at + 12, second | (letters[car] as number), true)
        view.setInt32(at + 16, digits[car] as number, true)
        view.setInt32(at + 20, pedals[code & 31] as number, true)
        view.setInt32(at + 24, turns[turn] as number, true)
        view.setUint8(at + 28, fifths[turn] as number)
        at += 24 + (turnLengths[turn] as number)
        view.setInt32(at, speeds[speed] as number, true)
        at += speedLengths[speed] as number
        view.setInt32(at, areas[(code >>> shiftArea) & 127] as number, true)
        view.setUint8(at + 4, lineEnd)
        at += 5
      }
      marks?.push(at)
      clock.set(clock.now + secondsPerStep)
    }
    target.length = at
  }
}
