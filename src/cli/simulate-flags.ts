import * as Flags from '@oclif/core/flags'
import { daysFrom } from '../core/calendar.js'
import { UsageError } from '../core/errors.js'
import type { Destination } from '../simulator/output.js'
import type { ReplayMap } from '../simulator/replay-map.js'
import type { Context } from './context.js'
import { dayFlag } from './flags.js'

/** Flags of every kind of `smartcar simulate`. */
export const outputFlags = {
  out: Flags.string({
    char: 'o',
    helpValue: 'DIR',
    description: 'folder to write to, - for stdout [default: landing/ of the site]',
  }),
  seed: Flags.integer({
    helpValue: 'N',
    min: 0,
    description: "the same seed gives the same bytes, on every machine [default: the site's, 1]",
  }),
}

export const gzipFlag = Flags.boolean({ char: 'z', description: 'compress, and add .gz to the name' })

export const carsFlag = Flags.integer({
  helpValue: 'N',
  min: 1,
  description: "number of cars [default: the site's, 20]",
})

/** Flags of the logs of whole days. */
export const logFlags = {
  ...outputFlags,
  gzip: gzipFlag,
  cars: carsFlag,
  date: dayFlag({ description: 'first day [default: 20200322]' }),
  days: Flags.integer({ helpValue: 'N', min: 1, max: 366, default: 1, description: 'number of days' }),
  jobs: Flags.integer({
    char: 'j',
    helpValue: 'N',
    min: 1,
    max: 64,
    description: 'threads that make rows; the bytes are the same for any number [default: by the work]',
  }),
  truth: Flags.string({ helpValue: 'FILE', description: 'write what a detector must find in the rows, as JSON' }),
  faults: Flags.string({
    helpValue: 'LIST',
    description:
      'faults as chances per row: malformed=0.001,duplicate=0.001,late=0.01,gap=0.0001; with late-seconds=20 and gap-seconds=60 at most',
  }),
}

/** Columns of a recording, parsed. */
export const mapFlag = Flags.custom<ReplayMap>({
  helpValue: 'FIELD=COLUMN,…',
  description: 'columns of the file [default: those called like a field]',
  parse: async (text) => (await import('../simulator/replay-map.js')).parseMap(text),
})()

/** Flags of a log that grows, see src/simulator/paced-options.ts. */
export const growthFlags = {
  rate: Flags.string({
    helpValue: '1x|60x|max',
    exclusive: ['gzip', 'jobs'],
    description: 'let the log grow at this many times wall time',
  }),
  rotate: Flags.string({
    helpValue: 'SIZE',
    dependsOn: ['rate'],
    description: 'rename the log to <log>.<time of its last row> before it grows over this size, such as 64MB',
  }),
  from: Flags.string({
    helpValue: 'HHMMSS',
    dependsOn: ['rate'],
    description: 'time of the first row on the first day',
  }),
  until: Flags.string({ helpValue: 'HHMMSS', dependsOn: ['rate'], description: 'end on the last day, not included' }),
}

export const localeFlag = Flags.option({
  options: ['ko', 'en'] as const,
  description: "language of the owners' values [default: the site's, ko]",
})()

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** The same object without the members that are undefined: an option that is not given takes its default. */
export function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>
}

/** Folder or stdout. With `--json` stdout is taken by the result. */
export function destination(out: string | undefined, json: boolean, context: Context): Destination | undefined {
  if (out !== '-') return out
  if (json) throw new UsageError('OUT_TAKEN', '--out - and --json both want stdout', { hints: ['give --out a folder'] })
  return context.stdout
}

interface LogFlags {
  readonly out?: string | undefined
  readonly seed?: number | undefined
  readonly cars?: number | undefined
  readonly date?: string | undefined
  readonly days: number
  readonly truth?: string | undefined
  readonly faults?: string | undefined
  readonly json: boolean
}

/** Options of both logs, whole days and paced. */
export async function logOptions(flags: LogFlags, context: Context) {
  const { defaultDay } = await import('../simulator/options.js')
  const { parseFaults } = await import('../simulator/faults.js')
  const first = flags.date ?? defaultDay
  return given({
    cars: flags.cars ?? context.site.simulate.cars,
    seed: flags.seed ?? context.site.simulate.seed,
    days: daysFrom(first, flags.days),
    out: destination(flags.out, flags.json, context),
    truth: flags.truth,
    faults: flags.faults === undefined ? undefined : parseFaults(flags.faults),
  })
}
