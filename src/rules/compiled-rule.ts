/** What compile.ts makes of a rule and engine.ts runs. */
import type { AggregateFunction, DriveField, NumericField, RuleDefinition } from './definition.js'
import type { DriveBatch } from './drive-rows.js'

/**
 * The windows that are open, in arrays: cars in the order in which they came (slots), `ring` window places for each.
 * A place is found from the window's number, so nothing is searched and nothing is allocated for a row.
 */
export interface EngineState {
  /** By car index; -1: not seen yet. */
  readonly slotOf: Int32Array
  cars: number
  carOf: Int32Array
  /** By slot: newest time, seconds since 1970. */
  newest: Float64Array
  /** By slot: the earliest end of its open windows, seconds since 1970. */
  nextClose: Float64Array
  /** By place: number of the window in its day, -1 when the place is free. */
  index: Int32Array
  /** By place: days since 1970-01-01. */
  windowDay: Int32Array
  /** By place: one bit for each second that had a row. */
  mask: Int32Array
  /** By place, only for a rule with `where` (else the mask tells): rows that count. */
  count: Int32Array
  /** By place, likewise: second of the day of the last row that counts. */
  last: Int32Array
  /** By measure, then by place. */
  measures: Float64Array[]
  duplicates: number
}

/** A number that is kept for each open window: what the aggregates are made of. */
export interface Measure {
  readonly kind: 'sum' | 'min' | 'max'
  readonly field: NumericField
}

/** How an aggregate is read from a window's measures when it closes. */
export interface AggregatePlan {
  readonly function: AggregateFunction
  /** Position among the measures; -1 for `count`, which needs none. */
  readonly measure: number
}

/** What the generated loop calls outside the common path. */
export interface EngineHost {
  /** Gives a slot to a car that was not seen before; arrays of the state may be replaced. */
  add(car: number): void
  /** Closes the windows of a slot that end at or before the watermark (seconds since 1970). */
  close(slot: number, watermark: number): void
  /** Row `row` of the batch belongs to a window that is closed; `by`: seconds behind the newest row of its car. */
  late(row: number, by: number): void
}

/** The sizes that both the generated loop and the engine's state go by. */
export interface WindowLayout {
  /** seconds */
  readonly size: number
  readonly allowedLateness: number
  /** Windows of a day: 240000 has one of its own behind the last (pilot.md, section 2). */
  readonly windowsPerDay: number
  /** Window places of a car, a power of two: more than can be open at once. */
  readonly ring: number
  /** 32-bit words that hold one bit for each second of a window. */
  readonly maskWords: number
}

export interface CompiledRule {
  readonly definition: RuleDefinition
  /** Changes when the rule finds something else; not with its description or file. */
  readonly digest: string
  readonly layout: WindowLayout
  readonly measures: readonly Measure[]
  readonly aggregates: readonly AggregatePlan[]
  /** Fields that the rule reads. */
  readonly fields: ReadonlySet<DriveField>
  /** Takes the rows of a batch, `from` included, `to` not, into the windows. */
  readonly apply: (state: EngineState, batch: DriveBatch, from: number, to: number, host: EngineHost) => void
  /** The condition, over the aggregates' values and the number of rows. */
  readonly holds: (values: Float64Array, count: number) => boolean
}
