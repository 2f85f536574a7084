import { z } from 'zod'
import { didYouMean } from '../core/did-you-mean.js'
import type { Expression, NameType } from './expression.js'

/**
 * What a stream rule says, as data: the in-process engine is compiled from it, and so is any other engine's statement,
 * so that they cannot drift apart (pilot.md, section 4).
 */
export interface RuleDefinition {
  readonly name: string
  readonly description?: string
  readonly source: 'drive'
  readonly window: {
    readonly kind: 'tumbling'
    /** Seconds; divides a day. */
    readonly size: number
    /** Windows start at multiples of `size` of the clock in the row, anew each day. */
    readonly alignment: 'clock'
  }
  readonly group: 'car_number'
  /** Only rows for which this holds count; all rows when left out. */
  readonly where?: Expression
  readonly aggregates: readonly Aggregate[]
  /** Over the aggregates' names and `count`, the number of rows in the window. */
  readonly condition: Expression
  /** Seconds by which a row may be older than the newest row of its car. */
  readonly allowedLateness: number
  readonly output: {
    readonly table: string
    /** Seconds that a day's alerts are kept after they were last written, like Redis EXPIRE. */
    readonly expiry: number
    readonly columns: readonly OutputColumn[]
  }
  /** The file that it was read from. */
  readonly file: string
  /** The expressions as written, for people. */
  readonly text: { readonly where?: string; readonly condition: string }
}

export type AggregateFunction = 'avg' | 'min' | 'max' | 'sum' | 'count'
export interface Aggregate {
  readonly name: string
  readonly function: AggregateFunction
  readonly field: NumericField
}
export interface OutputColumn {
  readonly column: string
  /** Name of an aggregate. */
  readonly aggregate: string
}

const numbered = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${letter}${String(index + 1).padStart(2, '0')}`)

/** Fields of a drive row that rules can use; a text's position in `values` is how rows hold it (pilot.md, section 2). */
export const driveFields = {
  speed_pedal: { type: 'number' },
  break_pedal: { type: 'number' },
  steer_angle: { type: 'text', values: ['F', 'L1', 'L2', 'L3', 'R1', 'R2', 'R3'] },
  direct_light: { type: 'text', values: ['N', 'L', 'R'] },
  speed: { type: 'number' },
  area_number: { type: 'text', values: [...'ABCDEF'].flatMap((letter) => numbered(letter, 10)) },
} as const satisfies Readonly<Record<string, NameType>>

export type DriveField = keyof typeof driveFields
export type NumericField = 'speed_pedal' | 'break_pedal' | 'speed'

export const driveFieldNames = Object.keys(driveFields) as DriveField[]
const numericFields: readonly NumericField[] = ['speed_pedal', 'break_pedal', 'speed']
const functions: readonly AggregateFunction[] = ['avg', 'min', 'max', 'sum', 'count']

/** Columns that every alerts table has; a rule's own stand between window_end and rows. */
export const fixedColumns = ['day', 'car_number', 'window_start', 'window_end', 'rows', 'member'] as const

const reserved = new Set<string>([...fixedColumns, ...driveFieldNames, 'count', 'and', 'or', 'not', 'in'])
const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `30s`, `5m`, `1h`, `7d` in seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})\s*([smhd])$/.exec(text)
  if (match === null) return undefined
  return Number(match[1]) * units[match[2] as keyof typeof units]
}

/** The shortest text that `parseDuration` reads as `seconds`. */
export function durationText(seconds: number): string {
  const unit = (['d', 'h', 'm'] as const).find((name) => seconds > 0 && seconds % units[name] === 0) ?? 's'
  return `${seconds / units[unit]}${unit}`
}

/** A key that is not there is called missing, whatever its value must be. */
const unlessMissing = (text: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? 'is missing' : text

/** What zod says about something that is no mapping, in our words. */
function mappingError(text: string) {
  return {
    error: (issue: { readonly code?: string; readonly input?: unknown }) =>
      issue.code === 'invalid_type' ? unlessMissing(text)(issue) : undefined,
  }
}

const mapping = mappingError('must be a mapping of keys to values')
const textOf = z.string({ error: unlessMissing('must be a text') })

const duration = z
  .string({ error: unlessMissing('must be a duration such as 30s, 5m, 1h or 7d') })
  .refine((text) => parseDuration(text) !== undefined, 'must be a duration such as 30s, 5m, 1h or 7d')
  .transform((text) => parseDuration(text) ?? 0)

const lowerName = textOf.regex(
  /^[a-z][a-z0-9_]{0,62}$/,
  'must be lower-case letters, digits and underscores, starting with a letter',
)

const ownName = lowerName.refine((name) => !reserved.has(name), 'is a name that smartcar uses itself: choose another')

/** One of a few words; a mistyped one gets a "did you mean". */
function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, {
    error: (issue) =>
      unlessMissing(
        `must be ${words.join(', ')}${typeof issue.input === 'string' ? didYouMean(issue.input, words) : ''}`,
      )(issue),
  })
}

const oneAggregate = `must be one of ${functions.join(', ')} with its field, such as { avg: speed }`

const aggregate = z
  .partialRecord(
    oneOf(functions as [AggregateFunction, ...AggregateFunction[]]),
    oneOf(numericFields as [NumericField, ...NumericField[]]),
    mappingError(oneAggregate),
  )
  .refine((value) => Object.keys(value).length === 1, oneAggregate)

/** The file's shape; expressions are texts here and are parsed behind it (parse.ts). */
export const ruleSchema = z.strictObject({
  name: textOf
    .regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens, starting with a letter')
    .describe('name of the rule'),
  description: textOf.optional().describe('what it finds, in one sentence'),
  source: oneOf(['drive']).describe('drive: the drive log'),
  window: z
    .strictObject(
      {
        kind: oneOf(['tumbling']).describe('tumbling: windows side by side, every row in exactly one'),
        size: duration.describe('length, such as 30s; must divide a day'),
        alignment: oneOf(['clock']).describe('clock: windows start at multiples of the size of the clock in the row'),
      },
      mapping,
    )
    .describe('which rows are looked at together'),
  group: oneOf(['car_number']).describe('car_number: each car on its own'),
  where: textOf
    .optional()
    .describe('only rows for which this holds, such as: speed_pedal >= 3 and area_number in ("A10")'),
  aggregates: z
    .record(ownName, aggregate, mapping)
    .refine((value) => Object.keys(value).length > 0, 'needs at least one, such as avg_speed: { avg: speed }')
    .describe('name: { avg | min | max | sum | count: field }'),
  condition: textOf.describe('when a window is an alert, over the aggregates and count: avg_speed > 80'),
  allowed_lateness: duration.describe('how much older than the newest row of its car a row may be'),
  output: z
    .strictObject(
      {
        table: lowerName.describe('table of the alerts in the warehouse'),
        expiry: duration
          .refine((seconds) => seconds > 0, 'must be longer than 0s')
          .describe('how long the alerts of a day are kept after they were last written'),
        columns: z
          .record(ownName, textOf, mapping)
          .optional()
          .describe('column: aggregate; all aggregates by their own names when left out'),
      },
      mapping,
    )
    .describe('where alerts go'),
  cases: z.unknown().optional().describe('tests of this rule, see smartcar stream test'),
})

export type RuleFile = z.infer<typeof ruleSchema>

/** JSON schema of a rule file, for editors and for the "did you mean" of unknown keys. */
export function ruleJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(ruleSchema, { io: 'input', unrepresentable: 'any' })
  return { $schema, title: 'smartcar stream rule', ...schema }
}
