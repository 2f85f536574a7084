import { type ByteBuffer, minuteTexts, newline, pack4 } from './bytes.js'
import {
  areaTexts,
  type DriverTables,
  driverTables,
  longestDriveRow,
  pedalTexts,
  secondTexts,
  speedBit,
  speedLength,
  speedTexts,
  steeringFifth,
  steeringLength,
  steeringTexts,
} from './drive-tables.js'
import { rowSeconds } from './fault-lane.js'
import type { Driver } from './fleet.js'
import { streamState } from './random.js'
import { calmDriver, congested, congestedTenths, maxSpeed, percentTable, wildDriver, wildLight } from './weights.js'

const calmTables = driverTables(calmDriver)
const wildTables = driverTables(wildDriver)
const wildLights = percentTable(wildLight)

/** Bits of a row's code: pedal 3, brake 2, steering 3, light 2, area number - 1 4, speed. */
const steeringBit = 5
const areaBit = 10

/**
 * The cars of one day, driven step by step (2 s of log time). `drive` works out rows as codes, one car after the other
 * so that its random stream stays in registers; `writeRow` turns a code into bytes, in any order.
 */
export class Fleet {
  /** Code of car c in step s of the last `drive`: `codes[s * cars + c]`. */
  codes = new Int32Array(0)
  private readonly states: Int32Array
  private readonly speeds: Int32Array
  private readonly letters: Int32Array
  private readonly digits: Int32Array
  private readonly areas: Uint8Array

  /** `first`: ordinal of the first driver. Every car starts the day standing still. */
  constructor(
    private readonly fleet: readonly Driver[],
    first: number,
    seed: number,
    day: string,
  ) {
    this.states = new Int32Array(4 * fleet.length)
    this.speeds = new Int32Array(fleet.length)
    for (const index of fleet.keys())
      this.states.set(streamState({ seed, purpose: 'drive', car: first + index, day: Number(day) }), 4 * index)
    this.letters = Int32Array.from(fleet, ({ car }) => car.charCodeAt(0) << 24)
    this.digits = Int32Array.from(fleet, ({ car }) => pack4(car.slice(1)))
    this.areas = Uint8Array.from(fleet, ({ area }) => area * 16)
  }

  /** Works out the next `steps` rows of every car. */
  drive(steps: number): void {
    const cars = this.fleet.length
    if (this.codes.length < cars * steps) this.codes = new Int32Array(cars * steps)
    for (const [index, driver] of this.fleet.entries()) this.driveCar(index, driver, steps)
  }

  /**
   * The rules of pilot.md, section 2. Order within a step as in the original's files: gain, limit, congestion, brake.
   * Draws of 16 bits: pedal and brake, steering and area, and for a wild driver the light.
   */
  private driveCar(index: number, driver: Driver, steps: number): void {
    const cars = this.fleet.length
    const codes = this.codes
    const state = this.states.subarray(4 * index, 4 * index + 4)
    const {
      pedal: pedals,
      gain,
      brake: brakes,
      loss,
      steering: angles,
    }: DriverTables = driver.wild ? wildTables : calmTables
    const congestedArea = (congested[driver.area] ?? 0) - 1
    const wild = driver.wild
    const [limit, tenths] = [maxSpeed, congestedTenths]
    let [a, b, c, counter] = state as unknown as [number, number, number, number]
    let speed = this.speeds[index] as number
    for (let step = 0, at = index; step < steps; step++, at += cars) {
      const first = (((a + b) | 0) + counter) | 0
      counter = (counter + 1) | 0
      a = b ^ (b >>> 9)
      b = (c + (c << 3)) | 0
      c = (((c << 21) | (c >>> 11)) + first) | 0
      const second = (((a + b) | 0) + counter) | 0
      counter = (counter + 1) | 0
      a = b ^ (b >>> 9)
      b = (c + (c << 3)) | 0
      c = (((c << 21) | (c >>> 11)) + second) | 0

      const pedal = pedals[((first & 0xffff) * 100) >>> 16] as number
      const brake = pedal === 0 ? (brakes[((first >>> 16) * 100) >>> 16] as number) : 0
      const steering = angles[((second & 0xffff) * 100) >>> 16] as number
      const area = ((second >>> 16) * 10) >>> 16
      let light = steering > 3 ? 2 : steering > 0 ? 1 : 0
      if (wild) {
        const third = (((a + b) | 0) + counter) | 0
        counter = (counter + 1) | 0
        a = b ^ (b >>> 9)
        b = (c + (c << 3)) | 0
        c = (((c << 21) | (c >>> 11)) + third) | 0
        light = wildLights[((third & 0xffff) * 100) >>> 16] as number
      }
      speed += gain[pedal] as number
      if (speed > limit) speed = limit
      if (area === congestedArea) speed = ((speed * tenths) / 10) | 0
      speed -= loss[brake] as number
      if (speed < 0) speed = 0
      codes[at] =
        pedal |
        (brake << 3) |
        (steering << steeringBit) |
        (light << (steeringBit + 3)) |
        (area << areaBit) |
        (speed << speedBit)
    }
    state.set([a, b, c, counter])
    this.speeds[index] = speed
  }

  /**
   * Appends the steps `from` to `to` - 1 of the last `drive` in the order of time and then of the cars; `clock` is that of
   * step `from` and moves on. `marks`, if given, takes the length of `target` after each step.
   */
  writeSteps(target: ByteBuffer, clock: LogClock, from: number, to: number, marks?: number[]): void {
    this.writeRows(target, clock, { step: from, steps: to - from, car: 0, cars: this.fleet.length }, marks)
  }

  /** Appends the row of one car in step `step` of the last `drive`, whose clock this is. */
  writeRow(target: ByteBuffer, clock: LogClock, step: number, car: number): void {
    this.writeRows(target, clock, { step, steps: 1, car, cars: 1 })
    clock.set(clock.now - secondsPerStep)
  }

  /**
   * The hot loop: every field one lookup and one unaligned store, which the next field may overwrite. Tables of other
   * modules go into local variables first: V8 looks an imported binding up again at every use (3 times the time here).
   */
  private writeRows(target: ByteBuffer, clock: LogClock, block: RowBlock, marks?: number[]): void {
    const { codes, letters, digits, areas } = this
    const [pedals, turns, fifths, turnLengths] = [pedalTexts, steeringTexts, steeringFifth, steeringLength]
    const [speeds, speedLengths, areaWords, stride] = [speedTexts, speedLength, areaTexts, this.fleet.length]
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
        view.setInt32(at, areaWords[(areas[car] as number) + ((code >>> shiftArea) & 15)] as number, true)
        view.setUint8(at + 4, lineEnd)
        at += 5
      }
      marks?.push(at)
      clock.set(clock.now + secondsPerStep)
    }
    target.length = at
  }
}

/** Steps of the last `drive`, and cars of the fleet. */
interface RowBlock {
  readonly step: number
  readonly steps: number
  readonly car: number
  readonly cars: number
}

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

export const secondsPerStep = rowSeconds.drive
