import { z } from 'zod'
import { FailedError, systemCode, UsageError } from '../core/errors.js'
import type { Files } from '../core/ports.js'
import { emergencyCheckNames } from './truth-rules.js'
import { parts } from './weights.js'

const count = z.number().int().nonnegative()
const carNumber = z.string().regex(/^[A-Z]\d{4}$/)
const time = z.string().regex(/^\d{14}$/)
const day = z.string().regex(/^\d{8}$/)

const rowCounts = z.strictObject({
  /** Good rows that stand in the files, repeats included. */
  valid: count,
  /** Good rows by (time, car): a repeat is the same row. */
  distinct: count,
  malformed: count,
  duplicates: count,
  late: count,
  /** Rows that should be there and are not: in a gap, or replaced by a damaged row. */
  missing: count,
  headers: count,
})

const fault = z.discriminatedUnion('fault', [
  z.strictObject({
    fault: z.literal('malformed'),
    car: carNumber,
    time,
    /** How the row was damaged. */
    form: z.string(),
    /** False when the good row stands in the file as well. */
    replaced: z.boolean(),
  }),
  z.strictObject({ fault: z.literal('duplicate'), car: carNumber, time }),
  /** `seconds`: how much later in log time the row stands than it should. */
  z.strictObject({ fault: z.literal('late'), car: carNumber, time, seconds: count }),
  /** `rows` rows are missing from `time` on. */
  z.strictObject({ fault: z.literal('gap'), car: carNumber, time, rows: count }),
])

const common = {
  schemaVersion: z.literal(1),
  /** null for replayed telemetry. */
  seed: count.nullable(),
  cars: z.array(carNumber),
  days: z.array(day),
  /** Of all files together. */
  rows: rowCounts,
  files: z.array(z.strictObject({ name: z.string(), day, rows: rowCounts })),
  faults: z.array(fault),
}

const speedingWindow = z.strictObject({
  car: carNumber,
  start: time,
  /** Start plus 30 s, not included. */
  end: time,
  avg: z.number(),
  /** Distinct rows of the car in the window. */
  rows: count,
  /** `<car>-<time of the window's last row>` */
  member: z.string(),
})

const driveTruth = z.strictObject({
  ...common,
  kind: z.literal('drive'),
  wildCars: z.array(carNumber),
  /** Windows of 30 s with an average speed over 80 (pilot.md, section 4), by start and then by car. */
  speeding: z.array(speedingWindow),
})

const statusTruth = z.strictObject({
  ...common,
  kind: z.literal('status'),
  /** Parts in their worst class, from the first row of the day that shows it. */
  broken: z.array(z.strictObject({ car: carNumber, day, part: z.enum(parts), since: time, value: z.string() })),
  /** Rows of managed_smartcar_emergency_check_info, as if every car's owner were 18 or older. */
  emergencies: z.array(z.strictObject({ car: carNumber, day, checks: z.array(z.enum(emergencyCheckNames)) })),
})

/** What a detector must find in simulated or replayed logs, worked out while the rows were made. */
export const truth = z.discriminatedUnion('kind', [driveTruth, statusTruth])

export type Truth = z.infer<typeof truth>
export type DriveTruth = z.infer<typeof driveTruth>
export type StatusTruth = z.infer<typeof statusTruth>

const hints = ['write it with smartcar simulate drive --truth FILE, or status, or replay']

/** Reads a truth file. Throws UsageError when there is none, FailedError naming the file and the place when it is not one. */
export async function readTruth(files: Files, path: string): Promise<Truth> {
  const text = await readText(files, path)
  if (text === undefined) throw new UsageError('TRUTH_MISSING', `there is no truth file ${path}`, { hints })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new FailedError('TRUTH_UNREADABLE', `${path} is not JSON`, { cause, place: { file: path }, hints })
  }
  const parsed = truth.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue === undefined || issue.path.length === 0 ? 'the whole' : issue.path.join('.')
  throw new FailedError('TRUTH_UNREADABLE', `${path} is no truth file: ${where}: ${issue?.message ?? 'unknown'}`, {
    place: { file: path },
    hints,
  })
}

async function readText(files: Files, path: string): Promise<string | undefined> {
  try {
    return await files.readText(path)
  } catch (cause) {
    if (systemCode(cause) !== 'ERR_STRING_TOO_LONG' && systemCode(cause) !== 'ERR_FS_FILE_TOO_LARGE') throw cause
    throw new FailedError('TRUTH_TOO_LARGE', `${path} is too large to be read at once`, {
      cause,
      place: { file: path },
      hints: ['write the truth of fewer cars or days in one file'],
    })
  }
}
