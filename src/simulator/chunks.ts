import type { ByteBuffer } from './bytes.js'
import type { LaneCounts } from './fault-lane.js'

/** What stands in a file, or in a part of it. */
export interface RowCounts {
  /** Good rows, repeats included: what a collector keeps. */
  valid: number
  /** Good rows by (time, car): what is left when repeats are dropped. */
  distinct: number
  malformed: number
  duplicates: number
  late: number
  /** Rows that the day should have and the file has not. */
  missing: number
  headers: number
}

export const noRows = (): RowCounts => ({
  valid: 0,
  distinct: 0,
  malformed: 0,
  duplicates: 0,
  late: 0,
  missing: 0,
  headers: 0,
})

export function addCounts(total: RowCounts, more: RowCounts): void {
  for (const name of Object.keys(total) as (keyof RowCounts)[]) total[name] += more[name]
}

/** Counts of `offered` good rows of which some met a fault. */
export function laneRows(offered: number, counts: LaneCounts, headers: number): RowCounts {
  const distinct = offered - counts.missing
  return { ...counts, valid: distinct + counts.duplicates, distinct, headers }
}

/** Lines that are not headers. */
export function dataLines(counts: RowCounts): number {
  return counts.valid + counts.malformed
}

/** A piece of a day's file, generated at once; pieces of a day come in the order in which they stand in the file. */
export interface Chunk<Report> {
  /** Index into the days of the plan. */
  readonly day: number
  /** Where each of several interleaved parts ends (drive: one entry a step of the clock); absent when there is one part. */
  readonly marks?: Uint32Array
  readonly report: Report
}

/** Makes the pieces of a plan one after the other; state is kept between them, so memory does not grow. */
export interface ChunkSource<Report> {
  /** Fills `target` from its start; undefined when everything was made. */
  next(target: ByteBuffer): Chunk<Report> | undefined
}
