/** Tests of a rule as data: given these rows, expect these alerts. They run on the engine that runs in production. */
import { z } from 'zod'
import { clockText } from '../core/calendar.js'
import { carNumberAt } from '../core/cars.js'
import type { Diagnostic } from '../core/errors.js'
import { type Parsed, validateYaml, type YamlFile } from '../core/site/document.js'
import type { CompiledRule } from './compiled-rule.js'
import { createDriveDecoder, dayText, slack } from './drive-rows.js'
import { createEngine, type WindowVerdict } from './engine.js'

const text = z.union([z.string(), z.number()]).transform(String)

/** A row as a line of the log, or by its fields, the others taking a calm car's values. */
const givenRow = z.union([
  z.string(),
  z.strictObject({
    date: text,
    car_number: z.string(),
    speed_pedal: z.number().default(0),
    break_pedal: z.number().default(0),
    steer_angle: z.string().default('F'),
    direct_light: z.string().default('N'),
    speed: z.number().default(0),
    area_number: z.string().default('A01'),
  }),
])

const expectedValue = z.union([z.string(), z.number()])

const ruleCase = z.strictObject({
  name: z.string().min(1).describe('what the case shows'),
  given: z
    .union([z.string(), z.array(givenRow)])
    .describe('rows in the order in which they come: lines of the log, or fields by name'),
  expect: z
    .array(z.record(z.string(), expectedValue))
    .describe('all alerts, in order of window and car; only the columns that are written here are compared'),
  late: z.int().min(0).default(0).describe('rows that come when their window is closed'),
  duplicates: z.int().min(0).default(0).describe('rows whose car and time came before'),
  rejected: z.int().min(0).default(0).describe('lines that are no row and no header'),
})
export type RuleCase = z.infer<typeof ruleCase>

const caseList = z.array(ruleCase).min(1)
const casesFile = z.strictObject({ rule: z.string().min(1), cases: caseList })

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return rest
}

/** Columns that an alert has in a case: those of the alert file. */
export type CaseAlert = Readonly<Record<string, string | number>>

export interface CaseDifference {
  /** `alert 2`, `late`, … */
  readonly what: string
  readonly expected: string
  readonly found: string
}

export interface CaseOutcome {
  readonly name: string
  readonly passed: boolean
  readonly differences: readonly CaseDifference[]
  /** What the engine found. */
  readonly alerts: readonly CaseAlert[]
}

/** The `cases:` of a rule file. */
export function parseInlineCases(yaml: YamlFile, cases: unknown): Parsed<readonly RuleCase[]> {
  const schema = z.looseObject({ cases: caseList })
  const checked = validateYaml({ ...yaml, value: { cases } }, schema, jsonSchema(schema))
  return checked.ok ? { ok: true, value: checked.value.cases } : checked
}

/** A `<rule>.cases.yaml` file; it names its rule, so that a copied file cannot test the wrong one. */
export function parseCasesFile(yaml: YamlFile, ruleName: string): Parsed<readonly RuleCase[]> {
  const checked = validateYaml(yaml, casesFile, jsonSchema(casesFile))
  if (!checked.ok) return checked
  if (checked.value.rule === ruleName) return { ok: true, value: checked.value.cases }
  const problem: Diagnostic = {
    message: `rule: these cases are for "${checked.value.rule}", the rule beside them is "${ruleName}"`,
    place: yaml.place(['rule']),
  }
  return { ok: false, problems: [problem] }
}

function linesOf(given: RuleCase['given']): string {
  if (typeof given === 'string') return given.endsWith('\n') ? given : `${given}\n`
  const lines = given.map((row) => {
    if (typeof row === 'string') return row
    const { date, car_number, speed_pedal, break_pedal, steer_angle, direct_light, speed, area_number } = row
    return [date, car_number, speed_pedal, break_pedal, steer_angle, direct_light, speed, area_number].join(',')
  })
  return lines.map((line) => `${line}\n`).join('')
}

/** A window that holds, as columns of the alert file. */
function caseAlert(rule: CompiledRule, verdict: WindowVerdict): CaseAlert {
  const { size } = rule.layout
  const day = dayText(verdict.day)
  const car = carNumberAt(verdict.car)
  const values = rule.definition.output.columns.map(({ column, aggregate }): [string, number] => [
    column,
    verdict.values[rule.definition.aggregates.findIndex(({ name }) => name === aggregate)] ?? 0,
  ])
  return {
    car_number: car,
    window_start: day + clockText(verdict.index * size),
    window_end: day + clockText((verdict.index + 1) * size),
    ...Object.fromEntries(values),
    rows: verdict.rows,
    member: `${car}-${day}${clockText(verdict.lastSecond)}`,
  }
}

interface Found {
  readonly alerts: readonly CaseAlert[]
  readonly late: number
  readonly duplicates: number
  readonly rejected: number
}

function runRows(rule: CompiledRule, lines: string): Found {
  const content = Buffer.from(lines)
  const bytes = new Uint8Array(content.byteLength + slack)
  bytes.set(content)
  const alerts: CaseAlert[] = []
  const decoder = createDriveDecoder(rule.fields, () => {})
  const engine = createEngine(rule, {
    window(verdict) {
      if (verdict.holds) alerts.push(caseAlert(rule, verdict))
    },
    late() {},
  })
  for (let position = 0; position < content.byteLength; ) {
    position = decoder.decode(bytes, position, content.byteLength)
    engine.apply(decoder.batch)
  }
  engine.finish()
  const order = (alert: CaseAlert) => `${alert.window_start}${alert.car_number}`
  alerts.sort((a, b) => (order(a) < order(b) ? -1 : 1))
  const { late, duplicates } = engine.counts()
  return { alerts, late, duplicates, rejected: decoder.counts.rejected }
}

const show = (alert: CaseAlert | undefined): string =>
  alert === undefined
    ? 'none'
    : Object.entries(alert)
        .map(([column, value]) => `${column} ${value}`)
        .join(', ')

/** Numbers of averages are written rounded: equal to as many places as the case gives. */
function fits(expected: string | number, found: string | number | undefined): boolean {
  if (typeof expected !== 'number' || typeof found !== 'number') return String(expected) === String(found)
  const places = String(expected).split('.')[1]?.length ?? 0
  return expected === found || (places > 0 && Number(found.toFixed(places)) === expected)
}

function compareAlerts(expected: readonly CaseAlert[], found: readonly CaseAlert[]): CaseDifference[] {
  const differences: CaseDifference[] = []
  for (let place = 0; place < Math.max(expected.length, found.length); place++) {
    const wanted = expected[place]
    const got = found[place]
    const same =
      wanted !== undefined && got !== undefined && Object.entries(wanted).every(([key, value]) => fits(value, got[key]))
    if (!same) differences.push({ what: `alert ${place + 1}`, expected: show(wanted), found: show(got) })
  }
  return differences
}

/** Runs one case on the engine. */
export function runCase(rule: CompiledRule, given: RuleCase): CaseOutcome {
  const found = runRows(rule, linesOf(given.given))
  const differences = compareAlerts(given.expect, found.alerts)
  for (const what of ['late', 'duplicates', 'rejected'] as const) {
    if (given[what] !== found[what]) {
      differences.push({ what, expected: String(given[what]), found: String(found[what]) })
    }
  }
  return { name: given.name, passed: differences.length === 0, differences, alerts: found.alerts }
}
