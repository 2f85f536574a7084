import { clockText } from '../core/calendar.js'
import { ByteBuffer } from './bytes.js'
import { type Chunk, type ChunkSource, laneRows, type RowCounts } from './chunks.js'
import { FaultLane, rowSeconds } from './fault-lane.js'
import type { FaultRecord, Faults } from './faults.js'
import { carNumberOf } from './fleet.js'
import { longestStatusRow, StatusDay, statusHeader } from './status.js'
import { statusRowsPerDay } from './status-parts.js'
import { type EmergencyCheck, emergencyChecks } from './truth-rules.js'
import type { Part } from './weights.js'

/** Plain data: it also travels to worker threads. */
export interface StatusPlan {
  readonly kind: 'status'
  readonly seed: number
  readonly cars: number
  /** yyyyMMdd */
  readonly days: readonly string[]
  /** Left out when nothing is to go wrong. */
  readonly faults?: Faults
}

/** A part in its worst class, from the first row of the file that shows it. */
export interface BrokenPart {
  readonly part: Part
  /** yyyyMMddHHmmss */
  readonly since: string
  readonly value: string
}

/** What a detector must find in the rows of one car on one day. */
export interface StatusReport {
  readonly car: string
  readonly rows: RowCounts
  readonly broken: readonly BrokenPart[]
  readonly checks: readonly EmergencyCheck[]
  readonly faults: readonly FaultRecord[]
}

/**
 * The status log, one car after the other as the original writes it, each with its header line. `part` of `parts`
 * makes every `parts`-th car of the sequence, for one of several workers.
 */
export class StatusSource implements ChunkSource<StatusReport> {
  private index: number
  private readonly row = new ByteBuffer(new ArrayBuffer(longestStatusRow + 1))

  constructor(
    private readonly plan: StatusPlan,
    part = 0,
    private readonly parts = 1,
  ) {
    this.index = part
  }

  next(target: ByteBuffer): Chunk<StatusReport> | undefined {
    const { plan, index } = this
    const day = plan.days[Math.floor(index / plan.cars)]
    if (day === undefined) return undefined
    this.index += this.parts
    const ordinal = index % plan.cars
    target.length = 0
    target.append(statusHeader)
    const report = plan.faults === undefined ? this.clean(day, ordinal, target) : this.faulty(day, ordinal, target)
    return { day: Math.floor(index / plan.cars), report }
  }

  private clean(day: string, ordinal: number, target: ByteBuffer): StatusReport {
    const car = carNumberOf(ordinal)
    const status = new StatusDay(this.plan.seed, day, ordinal, car)
    status.write(statusRowsPerDay, target)
    const rows = laneRows(statusRowsPerDay, { malformed: 0, duplicates: 0, late: 0, missing: 0 }, 1)
    const broken = status.worn.map(({ part, row, value }) => ({ part, value, since: timeOf(day, row) }))
    return { car, rows, broken, checks: emergencyChecks(statusRowsPerDay, status.sums, broken), faults: [] }
  }

  /** Row by row, since each may meet a fault; a repeated row counts once, as in the marts. */
  private faulty(day: string, ordinal: number, target: ByteBuffer): StatusReport {
    const { plan, row } = this
    const car = carNumberOf(ordinal)
    const status = new StatusDay(plan.seed, day, ordinal, car)
    const lane = new FaultLane({
      kind: 'status',
      faults: plan.faults as Faults,
      seed: plan.seed,
      day,
      ordinal,
      car,
    })
    const sums = new Float64Array(5)
    const since = new Map<Part, number>()
    for (let index = 0; index < statusRowsPerDay; index++) {
      row.length = 0
      status.sums.fill(0)
      status.write(index + 1, row)
      if (lane.offer(index, row.written(), target) === 0) continue
      for (const [column, value] of status.sums.entries()) sums[column] = (sums[column] ?? 0) + value
      for (const worn of status.worn) if (worn.row <= index && !since.has(worn.part)) since.set(worn.part, index)
    }
    lane.end(statusRowsPerDay, target)
    const rows = laneRows(statusRowsPerDay, lane.counts, 1)
    const broken = status.worn.flatMap(({ part, value }) => {
      const first = since.get(part)
      return first === undefined ? [] : [{ part, value, since: timeOf(day, first) }]
    })
    return { car, rows, broken, checks: emergencyChecks(rows.distinct, sums, broken), faults: lane.records }
  }
}

function timeOf(day: string, row: number): string {
  return day + clockText(row * rowSeconds.status)
}
