import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isDay } from '../../../src/core/calendar.js'
import { carNumberAt } from '../../../src/core/cars.js'
import { packageRoot } from '../../../src/io/package-root.js'
import { compileRule } from '../../../src/rules/compile.js'
import type { CompiledRule } from '../../../src/rules/compiled-rule.js'
import { createDriveDecoder, type DriveBatch, dayText, slack } from '../../../src/rules/drive-rows.js'
import { createEngine, type EngineCounts, type EngineSnapshot } from '../../../src/rules/engine.js'
import { parseRule } from '../../../src/rules/parse.js'

/** Seeded numbers in [0, 1): a failing property can be run again (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const speedingFile = path.join(packageRoot(), 'templates', 'rules', 'speeding.yaml')
export const speedingText = readFileSync(speedingFile, 'utf8')

export function compileText(text: string): CompiledRule {
  const parsed = parseRule(text, 'rule.yaml')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileRule(parsed.value.rule)
}

/** The speeding rule with some lines changed: `size` is `30s`, and so on. */
export function ruleText(changes: Readonly<Record<string, string>> = {}): string {
  const values = {
    name: 'speeding',
    size: '30s',
    aggregates: '{ avg_speed: { avg: speed } }',
    condition: 'avg_speed > 80',
    lateness: '60s',
    table: 'speeding_alerts',
    ...changes,
  }
  return `name: ${values.name}
source: drive
window: { kind: tumbling, size: ${values.size}, alignment: clock }
group: car_number
${'where' in values ? `where: ${JSON.stringify(values.where)}\n` : ''}aggregates: ${values.aggregates}
condition: ${JSON.stringify(values.condition)}
allowed_lateness: ${values.lateness}
output: { table: ${values.table}, expiry: 7d }
`
}

export interface Row {
  readonly time: string
  readonly car: string
  readonly pedal: number
  readonly brake: number
  readonly steer: string
  readonly light: string
  readonly speed: number
  readonly area: string
}

export const lineOf = (row: Row): string =>
  `${row.time},${row.car},${row.pedal},${row.brake},${row.steer},${row.light},${row.speed},${row.area}`

export const textOf = (rows: readonly Row[]): string => rows.map((row) => `${lineOf(row)}\n`).join('')

const two = (value: number): string => String(value).padStart(2, '0')
export const timeText = (day: string, second: number): string =>
  `${day}${two(Math.floor(second / 3600))}${two(Math.floor(second / 60) % 60)}${two(second % 60)}`

/** A row of a car, everything but its time and car drawn. */
export function drawRow(next: () => number, day: string, second: number, car: string): Row {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T
  return {
    time: timeText(day, second),
    car,
    pedal: Math.floor(next() * 6),
    brake: Math.floor(next() * 4),
    steer: pick(['F', 'L1', 'L2', 'L3', 'R1', 'R2', 'R3']),
    light: pick(['N', 'L', 'R']),
    speed: Math.floor(next() * 251),
    area: `${pick(['A', 'B', 'C', 'D', 'E', 'F'])}${two(1 + Math.floor(next() * 10))}`,
  }
}

/** Rows of some cars, every 2 seconds from `from` to `to` of a day (86,400 is written 240000). */
export function drawDay(next: () => number, day: string, cars: readonly string[], from: number, to: number): Row[] {
  const rows: Row[] = []
  for (let second = from; second <= to; second += 2) for (const car of cars) rows.push(drawRow(next, day, second, car))
  return rows
}

export const secondOf = (time: string): number =>
  Number(time.slice(8, 10)) * 3600 + Number(time.slice(10, 12)) * 60 + Number(time.slice(12))

/** Seconds since 1970; the clock 240000 is the next day's midnight here. */
export function instantOf(time: string): number {
  const midnight = Date.UTC(Number(time.slice(0, 4)), Number(time.slice(4, 6)) - 1, Number(time.slice(6, 8))) / 1000
  return midnight + secondOf(time)
}

/** Reorders so that no row comes more than `lateness` seconds behind a row of its car. */
export function shuffleWithin(rows: readonly Row[], lateness: number, next: () => number): Row[] {
  return rows
    .map((row) => ({ row, at: instantOf(row.time) + next() * lateness }))
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row)
}

export interface ReferenceAlert {
  readonly car: string
  readonly start: string
  readonly rows: number
  readonly member: string
  readonly values: readonly number[]
}

export interface ReferenceResult {
  readonly alerts: readonly ReferenceAlert[]
  readonly windows: number
  readonly late: number
  readonly duplicates: number
}

export interface ReferenceRule {
  readonly size: number
  readonly lateness: number
  readonly where?: (row: Row) => boolean
  readonly values: (rows: readonly Row[]) => readonly number[]
  readonly holds: (values: readonly number[], count: number) => boolean
}

export const speedingReference: ReferenceRule = {
  size: 30,
  lateness: 60,
  values: (rows) => [rows.reduce((sum, { speed }) => sum + speed, 0) / rows.length],
  holds: ([average = 0]) => average > 80,
}

/** What a rule must find, by brute force over objects: the specification in the fewest words. */
export function reference(rule: ReferenceRule, rows: readonly Row[]): ReferenceResult {
  const newest = new Map<string, number>()
  const windows = new Map<string, Map<string, Row>>()
  let late = 0
  let duplicates = 0
  for (const row of rows) {
    const at = instantOf(row.time)
    const start = Math.floor(secondOf(row.time) / rule.size) * rule.size
    const ends = at - secondOf(row.time) + start + rule.size
    if (ends <= (newest.get(row.car) ?? -Infinity) - rule.lateness) {
      late++
      continue
    }
    newest.set(row.car, Math.max(at, newest.get(row.car) ?? -Infinity))
    const key = `${timeText(row.time.slice(0, 8), start)},${row.car}`
    const found = windows.get(key) ?? new Map<string, Row>()
    if (found.has(row.time)) duplicates++
    else found.set(row.time, row)
    windows.set(key, found)
  }
  const judged = [...windows].map(([key, all]) => ({
    key,
    counted: [...all.values()].filter(rule.where ?? (() => true)),
  }))
  const evaluated = judged.filter(({ counted }) => counted.length > 0)
  const alerts = evaluated
    .filter(({ counted }) => rule.holds(rule.values(counted), counted.length))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, counted }): ReferenceAlert => {
      const [start = '', car = ''] = key.split(',')
      const last = counted
        .map(({ time }) => time)
        .sort()
        .at(-1)
      return { car, start, rows: counted.length, member: `${car}-${last}`, values: rule.values(counted) }
    })
  return { alerts, windows: evaluated.length, late, duplicates }
}

/** A newline-ended text as the bytes that the decoder wants. */
export function decodable(text: string): { bytes: Uint8Array; end: number } {
  const content = Buffer.from(text)
  const bytes = new Uint8Array(content.byteLength + slack)
  bytes.set(content)
  return { bytes, end: content.byteLength }
}

export interface EngineRun {
  readonly alerts: readonly ReferenceAlert[]
  readonly counts: EngineCounts
  readonly snapshot: EngineSnapshot
}

/** Runs texts one after the other through the decoder and the engine; `from` is a snapshot to go on from. */
export function runEngine(
  rule: CompiledRule,
  texts: readonly string[],
  options: { from?: EngineSnapshot; finish?: boolean; onBatch?: (batch: DriveBatch) => void } = {},
): EngineRun {
  const found: ReferenceAlert[] = []
  const decoder = createDriveDecoder(rule.fields, () => {})
  const engine = createEngine(
    rule,
    {
      window(verdict) {
        if (!verdict.holds) return
        const day = dayText(verdict.day)
        if (!isDay(day)) throw new Error(`no day: ${day}`)
        const car = carNumberAt(verdict.car)
        found.push({
          car,
          start: timeText(day, verdict.index * rule.layout.size),
          rows: verdict.rows,
          member: `${car}-${timeText(day, verdict.lastSecond)}`,
          values: [...verdict.values],
        })
      },
      late() {},
    },
    options.from,
  )
  for (const text of texts) {
    const { bytes, end } = decodable(text)
    for (let position = 0; position < end; ) {
      position = decoder.decode(bytes, position, end)
      options.onBatch?.(decoder.batch)
      engine.apply(decoder.batch)
    }
  }
  const snapshot = engine.snapshot()
  if (options.finish !== false) engine.finish()
  const key = (alert: ReferenceAlert) => `${alert.start},${alert.car}`
  return { alerts: found.sort((a, b) => (key(a) < key(b) ? -1 : 1)), counts: engine.counts(), snapshot }
}
