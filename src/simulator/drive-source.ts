import { ByteBuffer } from './bytes.js'
import { addCounts, type Chunk, type ChunkSource, laneRows, noRows, type RowCounts } from './chunks.js'
import { Fleet } from './drive.js'
import { DriveRows, LogClock, secondsPerStep } from './drive-rows.js'
import { driveHeader, longestDriveRow, speedOf } from './drive-tables.js'
import { FaultLane } from './fault-lane.js'
import type { FaultRecord, Faults } from './faults.js'
import { drivers } from './fleet.js'
import { driveRowsPerDay, SpeedingWindows } from './speeding.js'
import { windowSeconds } from './truth-rules.js'

/** Plain data: it also travels to worker threads. */
export interface DrivePlan {
  readonly kind: 'drive'
  readonly seed: number
  readonly cars: number
  /** yyyyMMdd */
  readonly days: readonly string[]
  /** Left out when nothing is to go wrong. */
  readonly faults?: Faults
}

export interface DriveReport {
  /** Steps of the clock in this piece. */
  readonly steps: number
  /** Of the whole day, in its last piece. */
  readonly rows?: RowCounts
  /** Windows over the limit that ended in this piece, see SpeedingWindows.take. */
  readonly windows: Float64Array
  readonly faults: readonly FaultRecord[]
}

/** Steps that are skipped at once. */
const stepsSkipped = 1024

/** The cars `from` to `to` - 1 on one day, in the order of time and then of the cars' ordinals. */
export class DriveDay {
  /** The next step to write: 2 seconds each, from 0. */
  step = 0
  private readonly fleet: Fleet
  private readonly rows: DriveRows
  private readonly windows: SpeedingWindows
  private readonly lanes: readonly FaultLane[]
  private readonly cars: number
  private readonly names: readonly string[]
  private readonly row = new ByteBuffer(new ArrayBuffer(longestDriveRow))
  private start = 0
  private offered = 0
  private headers = 0
  /** Ordinals that an earlier run has written in step `start`. */
  private written: ReadonlySet<string> = new Set()

  constructor(
    plan: Pick<DrivePlan, 'seed' | 'faults'>,
    private readonly day: string,
    from: number,
    to: number,
  ) {
    const fleet = drivers(plan.seed, from, to)
    this.names = fleet.map(({ car }) => car)
    this.cars = fleet.length
    this.rows = new DriveRows(this.names)
    this.fleet = new Fleet(fleet, from, plan.seed, day)
    this.windows = new SpeedingWindows(from, to)
    const { faults } = plan
    this.lanes =
      faults === undefined
        ? []
        : this.names.map(
            (car, index) => new FaultLane({ kind: 'drive', faults, seed: plan.seed, day, ordinal: from + index, car }),
          )
  }

  /**
   * Goes to `step` without writing: the rows before it, and in it those of the cars in `written`, are in the log already.
   * What follows is the same as if one run had written everything.
   */
  startAt(step: number, written: ReadonlySet<string> = new Set()): void {
    const nowhere = new ByteBuffer()
    while (this.step < step) {
      const steps = Math.min(step - this.step, stepsSkipped)
      this.fleet.drive(steps)
      const clock = this.clock()
      for (let index = 0; index < steps && this.lanes.length > 0; index++) {
        for (let car = 0; car < this.cars; car++) this.offer(index, car, clock, nowhere)
        nowhere.length = 0
        clock.set(clock.now + secondsPerStep)
      }
      this.step += steps
    }
    for (const lane of this.lanes) lane.forget(step)
    this.start = step
    this.written = written
  }

  private clock(): LogClock {
    return new LogClock(this.day, this.step * secondsPerStep)
  }

  /** Appends the next `steps` steps; `marks`, if given, takes the length of `target` after each of them. */
  write(steps: number, target: ByteBuffer, marks?: number[]): void {
    const { cars, fleet, windows } = this
    const clock = this.clock()
    fleet.drive(steps)
    // The first step of a day has header lines, that of a later run may lack cars.
    let from = 0
    if (this.step === this.start) {
      this.writeFirst(clock, target)
      marks?.push(target.length)
      clock.set(clock.now + secondsPerStep)
      from = 1
    }
    if (this.lanes.length > 0) {
      for (let index = from; index < steps; index++) {
        for (let car = 0; car < cars; car++) this.count(car, clock, this.offer(index, car, clock, target), index)
        marks?.push(target.length)
        clock.set(clock.now + secondsPerStep)
      }
    } else {
      this.rows.writeSteps(target, fleet.codes, clock, from, steps, marks)
      const second = (this.step + from) * secondsPerStep
      for (let car = 0; car < cars; car++)
        windows.addSteps(car, fleet.codes, from * cars + car, cars, second, steps - from)
      this.offered += cars * (steps - from)
    }
    this.step += steps
    windows.closeBefore(this.step * secondsPerStep)
  }

  /** Every car begins the day with a header line, as the original's threads do. */
  private writeFirst(clock: LogClock, target: ByteBuffer): void {
    for (const [car, name] of this.names.entries()) {
      if (this.written.has(name)) {
        this.offer(0, car, clock, new ByteBuffer())
        continue
      }
      if (this.step === 0) {
        target.append(driveHeader)
        this.headers++
      }
      this.count(car, clock, this.offer(0, car, clock, target), 0)
    }
  }

  /** Writes a row, or what a fault makes of it; returns how often it stands in the log in the end. */
  private offer(index: number, car: number, clock: LogClock, target: ByteBuffer): number {
    const lane = this.lanes[car]
    if (lane === undefined) {
      this.rows.writeCars(target, this.fleet.codes, clock, index, car, car + 1)
      return 1
    }
    this.row.length = 0
    this.rows.writeCars(this.row, this.fleet.codes, clock, index, car, car + 1)
    return lane.offer(clock.now / secondsPerStep, this.row.written(), target)
  }

  private count(car: number, clock: LogClock, copies: number, index: number): void {
    this.offered++
    if (copies > 0) this.windows.add(car, clock.now, speedOf(this.fleet.codes[index * this.cars + car] as number))
  }

  /** Ends the rows at the present step: late rows are written, open windows and gaps are closed. */
  end(target: ByteBuffer): void {
    for (const lane of this.lanes) lane.end(this.step, target)
    this.windows.closeBefore(Number.POSITIVE_INFINITY)
  }

  takeWindows(): Float64Array {
    return this.windows.take()
  }

  takeFaults(): FaultRecord[] {
    return this.lanes.flatMap((lane) => lane.records.splice(0))
  }

  /** What was written of the day so far. */
  counts(): RowCounts {
    const total = noRows()
    const rows = { malformed: 0, duplicates: 0, late: 0, missing: 0 }
    for (const { counts } of this.lanes)
      for (const name of Object.keys(rows) as (keyof typeof rows)[]) rows[name] += counts[name]
    addCounts(total, laneRows(this.offered, rows, this.headers))
    return total
  }
}

/** Rows that are made at once: enough to spend no time between pieces, few enough to stay in the cache. */
const rowsAtOnce = 24_000

const stepsPerWindow = windowSeconds / secondsPerStep

/** Whole days of the drive log. The cars `from` to `to` - 1, for one of several workers. */
export class DriveSource implements ChunkSource<DriveReport> {
  private dayIndex = 0
  private current: DriveDay | undefined
  private readonly stepsAtOnce: number

  constructor(
    private readonly plan: DrivePlan,
    private readonly from = 0,
    private readonly to = plan.cars,
  ) {
    // By the cars of the plan, not of this part, so that pieces of several workers cover the same steps.
    this.stepsAtOnce = stepsPerWindow * Math.max(1, Math.floor(rowsAtOnce / plan.cars / stepsPerWindow))
  }

  next(target: ByteBuffer): Chunk<DriveReport> | undefined {
    const day = this.plan.days[this.dayIndex]
    if (day === undefined) return undefined
    this.current ??= new DriveDay(this.plan, day, this.from, this.to)
    const current = this.current
    const steps = Math.min(this.stepsAtOnce, driveRowsPerDay - current.step)
    const marks: number[] = []
    target.length = 0
    current.write(steps, target, marks)
    const chunk = { day: this.dayIndex, marks: Uint32Array.from(marks) }
    if (current.step < driveRowsPerDay)
      return { ...chunk, report: { steps, windows: current.takeWindows(), faults: current.takeFaults() } }
    // Rows that were held back to the end stand behind the last step's rows of all cars.
    current.end(target)
    marks.push(target.length)
    this.dayIndex++
    this.current = undefined
    const report = { steps, windows: current.takeWindows(), faults: current.takeFaults(), rows: current.counts() }
    return { ...chunk, marks: Uint32Array.from(marks), report }
  }
}
