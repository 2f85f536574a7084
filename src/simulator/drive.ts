import { areaBit, type DriverTables, driverTables, lightBit, speedBit, steeringBit } from './drive-tables.js'
import type { Driver } from './fleet.js'
import { streamState } from './random.js'
import { calmDriver, congested, congestedTenths, maxSpeed, percentTable, wildDriver, wildLight } from './weights.js'

const calmTables = driverTables(calmDriver)
const wildTables = driverTables(wildDriver)
const wildLights = percentTable(wildLight)

/**
 * The cars of one day, driven step by step (2 s of log time). `drive` works out rows as codes, one car after the other
 * so that its random stream stays in registers; DriveRows (drive-rows.ts) turns codes into bytes.
 */
export class Fleet {
  /** Code of car c in step s of the last `drive`: `codes[s * cars + c]`. */
  codes = new Int32Array(0)
  private readonly states: Int32Array
  private readonly speeds: Int32Array

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
    const letter = driver.area * 16
    const wild = driver.wild
    const [limit, tenths] = [maxSpeed, congestedTenths]
    const [shiftSteering, shiftLight, shiftArea, shiftSpeed] = [steeringBit, lightBit, areaBit, speedBit]
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
        (steering << shiftSteering) |
        (light << shiftLight) |
        ((letter + area) << shiftArea) |
        (speed << shiftSpeed)
    }
    state.set([a, b, c, counter])
    this.speeds[index] = speed
  }
}
