import { secondsPerDay } from '../core/calendar.js'
import { carIndex, carIndexCount, carNumberAt } from '../core/cars.js'
import type { CompiledRule, EngineHost, EngineState } from './compiled-rule.js'
import type { DriveBatch } from './drive-rows.js'

/** A window that was evaluated; one object is used again and again. */
export interface WindowVerdict {
  car: number
  /** days since 1970-01-01 */
  day: number
  /** Number of the window in its day. */
  index: number
  rows: number
  /** Second of the day of the window's last row. */
  lastSecond: number
  /** The condition's answer. */
  holds: boolean
  /** By aggregate of the rule. */
  readonly values: Float64Array
}

export interface EngineSink {
  /** A window with at least one row that counts; `verdict` is valid during the call. */
  window(verdict: WindowVerdict): void
  /** Row `row` of the batch that is being applied came when its window was closed; `by`: seconds behind its car's newest. */
  late(row: number, by: number): void
}

export interface EngineCounts {
  /** Evaluated windows. */
  readonly windows: number
  /** Windows for which the condition holds. */
  readonly alerts: number
  /** Rows for a closed window. */
  readonly late: number
  /** By how many seconds the latest of them was behind the newest row of its car. */
  readonly latest: number
  /** Rows whose car and time stood in the window before: the same row again. */
  readonly duplicates: number
  readonly cars: number
}

/** State of the engine as JSON: what a restart needs to go on as if nothing had happened. */
export interface EngineSnapshot {
  readonly cars: readonly {
    readonly car: string
    readonly newest: number
    readonly windows: readonly {
      readonly day: number
      readonly index: number
      readonly rows: number
      readonly last: number
      readonly mask: readonly number[]
      readonly measures: readonly number[]
    }[]
  }[]
}

export interface RuleEngine {
  readonly rule: CompiledRule
  /** Takes the rows of a batch, all of them or those from `from` (included) to `to` (not included). */
  apply(batch: DriveBatch, from?: number, to?: number): void
  /** Evaluates every open window: the input ends here. With `keepOpen` they go on as if they had not been looked at. */
  finish(keepOpen?: boolean): void
  counts(): EngineCounts
  /** Days of the open windows, since 1970-01-01. */
  openDays(): readonly number[]
  snapshot(): EngineSnapshot
}

const firstCars = 64

function grown<T extends Int32Array | Float64Array>(old: T, length: number, fill: number): T {
  const target = (old instanceof Int32Array ? new Int32Array(length) : new Float64Array(length)) as T
  target.fill(fill)
  target.set(old as never)
  return target
}

/** Number of set bits of a 32-bit integer. */
function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** One rule at work on event time; memory is bounded by cars times open windows. */
export function createEngine(rule: CompiledRule, sink: EngineSink, from?: EngineSnapshot): RuleEngine {
  const { size, ring, maskWords } = rule.layout
  const { aggregates } = rule
  const filtered = rule.definition.where !== undefined
  const empty = rule.measures.map(({ kind }) => (kind === 'sum' ? 0 : kind === 'min' ? Infinity : -Infinity))
  const state: EngineState = {
    slotOf: new Int32Array(carIndexCount).fill(-1),
    cars: 0,
    carOf: new Int32Array(0),
    newest: new Float64Array(0),
    nextClose: new Float64Array(0),
    index: new Int32Array(0),
    windowDay: new Int32Array(0),
    mask: new Int32Array(0),
    count: new Int32Array(0),
    last: new Int32Array(0),
    measures: rule.measures.map(() => new Float64Array(0)),
    duplicates: 0,
  }
  const counts = { windows: 0, alerts: 0, late: 0, latest: 0 }
  const verdict: WindowVerdict = {
    car: 0,
    day: 0,
    index: 0,
    rows: 0,
    lastSecond: 0,
    holds: false,
    values: new Float64Array(rule.aggregates.length),
  }

  const grow = (): void => {
    const cars = Math.max(firstCars, state.carOf.length * 2)
    const places = cars * ring
    state.carOf = grown(state.carOf, cars, -1)
    state.newest = grown(state.newest, cars, -Infinity)
    state.nextClose = grown(state.nextClose, cars, Infinity)
    state.index = grown(state.index, places, -1)
    state.windowDay = grown(state.windowDay, places, 0)
    state.mask = grown(state.mask, places * maskWords, 0)
    state.count = grown(state.count, places, 0)
    state.last = grown(state.last, places, -1)
    state.measures = state.measures.map((measure, position) => grown(measure, places, empty[position] ?? 0))
  }

  const endOf = (place: number): number =>
    (state.windowDay[place] ?? 0) * secondsPerDay + ((state.index[place] ?? 0) + 1) * size

  const rowsOf = (place: number): number => {
    if (filtered) return state.count[place] ?? 0
    let rows = 0
    for (let word = place * maskWords; word < (place + 1) * maskWords; word++) rows += bitCount(state.mask[word] ?? 0)
    return rows
  }
  const lastSecondOf = (place: number): number => {
    if (filtered) return state.last[place] ?? 0
    let word = maskWords - 1
    while (state.mask[place * maskWords + word] === 0) word--
    const bit = 31 - Math.clz32(state.mask[place * maskWords + word] ?? 0)
    return (state.index[place] ?? 0) * size + word * 32 + bit
  }

  const evaluate = (slot: number, place: number): void => {
    const rows = rowsOf(place)
    // Rows came, but `where` let none of them count: there is nothing to say about this window.
    if (rows === 0) return
    verdict.car = state.carOf[slot] ?? 0
    verdict.day = state.windowDay[place] ?? 0
    verdict.index = state.index[place] ?? 0
    verdict.rows = rows
    verdict.lastSecond = lastSecondOf(place)
    for (let i = 0; i < aggregates.length; i++) {
      const aggregate = aggregates[i]
      const measure = state.measures[aggregate?.measure ?? -1]?.[place] ?? rows
      verdict.values[i] = aggregate?.function === 'avg' ? measure / rows : measure
    }
    verdict.holds = rule.holds(verdict.values, rows)
    counts.windows++
    if (verdict.holds) counts.alerts++
    sink.window(verdict)
  }

  const clear = (place: number): void => {
    state.index[place] = -1
    state.count[place] = 0
    state.last[place] = -1
    if (maskWords === 1) state.mask[place] = 0
    else state.mask.fill(0, place * maskWords, (place + 1) * maskWords)
    for (let i = 0; i < empty.length; i++) {
      const measure = state.measures[i]
      if (measure !== undefined) measure[place] = empty[i] ?? 0
    }
  }

  const host: EngineHost = {
    add(car) {
      if (state.cars === state.carOf.length) grow()
      state.carOf[state.cars] = car
      state.slotOf[car] = state.cars++
    },
    close(slot, watermark) {
      let next = Infinity
      for (let place = slot * ring; place < (slot + 1) * ring; place++) {
        if ((state.index[place] ?? -1) < 0) continue
        const ends = endOf(place)
        if (ends <= watermark) {
          evaluate(slot, place)
          clear(place)
        } else if (ends < next) next = ends
      }
      state.nextClose[slot] = next
    },
    late(row, by) {
      counts.late++
      if (by > counts.latest) counts.latest = by
      sink.late(row, by)
    },
  }

  const openPlaces = (slot: number): number[] => {
    const places: number[] = []
    for (let place = slot * ring; place < (slot + 1) * ring; place++) {
      if ((state.index[place] ?? -1) >= 0) places.push(place)
    }
    return places
  }

  for (const known of from?.cars ?? []) {
    const slot = state.cars
    host.add(carIndex(known.car))
    state.newest[slot] = known.newest
    for (const window of known.windows) {
      const place = slot * ring + ((Math.imul(window.day, rule.layout.windowsPerDay) + window.index) & (ring - 1))
      state.index[place] = window.index
      state.windowDay[place] = window.day
      state.count[place] = window.rows
      state.last[place] = window.last
      state.mask.set(window.mask, place * maskWords)
      state.measures.forEach((measure, position) => {
        measure[place] = window.measures[position] ?? 0
      })
      state.nextClose[slot] = Math.min(state.nextClose[slot] ?? Infinity, endOf(place))
    }
  }

  return {
    rule,
    apply: (batch, from = 0, to = batch.rows) => rule.apply(state, batch, from, to, host),
    finish(keepOpen = false) {
      for (let slot = 0; slot < state.cars; slot++) {
        if (keepOpen) for (const place of openPlaces(slot)) evaluate(slot, place)
        else host.close(slot, Infinity)
      }
    },
    counts: () => ({ ...counts, duplicates: state.duplicates, cars: state.cars }),
    openDays: () => {
      const days = new Set<number>()
      state.index.forEach((index, place) => {
        if (index >= 0) days.add(state.windowDay[place] ?? 0)
      })
      return [...days]
    },
    snapshot: () => ({
      cars: Array.from({ length: state.cars }, (_, slot) => ({
        car: carNumberAt(state.carOf[slot] ?? 0),
        newest: state.newest[slot] ?? 0,
        windows: openPlaces(slot).map((place) => ({
          day: state.windowDay[place] ?? 0,
          index: state.index[place] ?? 0,
          rows: state.count[place] ?? 0,
          last: state.last[place] ?? 0,
          mask: [...state.mask.subarray(place * maskWords, (place + 1) * maskWords)],
          measures: state.measures.map((measure) => measure[place] ?? 0),
        })),
      })),
    }),
  }
}
