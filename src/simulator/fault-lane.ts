import { clockText } from '../core/calendar.js'
import { type ByteBuffer, newline } from './bytes.js'
import { damage, type LogKind } from './damage.js'
import type { FaultRecord, Faults } from './faults.js'
import { Random } from './random.js'

/** Seconds between two rows of a car (pilot.md, section 2). */
export const rowSeconds = { status: 4, drive: 2 } as const

export interface LaneOptions {
  readonly kind: LogKind
  readonly faults: Faults
  readonly seed: number
  readonly day: string
  /** Ordinal and number of the car. */
  readonly ordinal: number
  readonly car: string
}

/** Counts of one car's day (or of the part of it that was written). */
export interface LaneCounts {
  malformed: number
  duplicates: number
  late: number
  /** Good rows that are not in the file: in a gap, or replaced by a damaged row. */
  missing: number
}

/**
 * What becomes of the rows of one car on one day. Rows must be offered in the order of their time, each once; the lane
 * writes them, or what stands in their place, and later those that it held back.
 */
export class FaultLane {
  readonly counts: LaneCounts = { malformed: 0, duplicates: 0, late: 0, missing: 0 }
  readonly records: FaultRecord[] = []
  private readonly random: Random
  private readonly step: number
  private held: { readonly due: number; readonly bytes: Uint8Array }[] = []
  private gapStart = 0
  private gapEnd = 0

  constructor(private readonly options: LaneOptions) {
    const { seed, ordinal, day, kind } = options
    this.step = rowSeconds[kind]
    this.random = Random.of({ seed, purpose: `${kind}-faults`, car: ordinal, day: Number(day) })
  }

  private time(index: number): string {
    return this.options.day + clockText(index * this.step)
  }

  /**
   * Takes the good row with this index in the day (with its newline) and writes what is due. Returns how often the good
   * row stands in the file in the end: 0 (missing), 1 (now or later) or 2 (a duplicate).
   */
  offer(index: number, row: Uint8Array, target: ByteBuffer): number {
    const copies = this.place(index, row, target)
    if (this.held.length > 0) this.release(index, target)
    return copies
  }

  private place(index: number, row: Uint8Array, target: ByteBuffer): number {
    const { faults, car } = this.options
    if (index < this.gapEnd) {
      this.counts.missing++
      return 0
    }
    this.closeGap(index)
    let draw = this.random.fraction()
    if (draw < faults.malformed) {
      const replaced = this.random.below(2) === 0
      const { form, bytes } = damage(row.subarray(0, -1), this.random, this.options.kind)
      if (!replaced) target.append(row)
      target.append(bytes)
      target.append(Uint8Array.of(newline))
      this.counts.malformed++
      if (replaced) this.counts.missing++
      this.records.push({ fault: 'malformed', car, time: this.time(index), form, replaced })
      return replaced ? 0 : 1
    }
    draw -= faults.malformed
    if (draw < faults.duplicate) {
      target.append(row)
      target.append(row)
      this.counts.duplicates++
      this.records.push({ fault: 'duplicate', car, time: this.time(index) })
      return 2
    }
    draw -= faults.duplicate
    if (draw < faults.late) {
      const delay = this.random.between(1, Math.floor(faults.lateSeconds / this.step))
      this.held.push({ due: index + delay, bytes: row.slice() })
      this.counts.late++
      this.records.push({ fault: 'late', car, time: this.time(index), seconds: delay * this.step })
      return 1
    }
    draw -= faults.late
    if (draw < faults.gap) {
      this.gapStart = index
      this.gapEnd = index + this.random.between(1, Math.floor(faults.gapSeconds / this.step))
      this.counts.missing++
      return 0
    }
    target.append(row)
    return 1
  }

  private release(index: number, target: ByteBuffer): void {
    const waiting = this.held
    this.held = []
    for (const row of waiting) {
      if (row.due <= index) target.append(row.bytes)
      else this.held.push(row)
    }
  }

  /** A gap is recorded when it is over, with the rows that are really missing. */
  private closeGap(index: number): void {
    if (this.gapEnd === 0) return
    const rows = Math.min(this.gapEnd, index) - this.gapStart
    this.records.push({ fault: 'gap', car: this.options.car, time: this.time(this.gapStart), rows })
    this.gapEnd = 0
  }

  /** Ends the day before the row `index`: rows still held back are written, an open gap is recorded. */
  end(index: number, target: ByteBuffer): void {
    this.release(Number.POSITIVE_INFINITY, target)
    this.closeGap(index)
  }

  /** Starts at the row `index`: what was held back and recorded before it was written by an earlier run. */
  forget(index: number): void {
    this.held = []
    this.records.length = 0
    Object.assign(this.counts, { malformed: 0, duplicates: 0, late: 0, missing: 0 })
    if (this.gapEnd > index) this.gapStart = index
    else this.gapEnd = 0
  }
}
