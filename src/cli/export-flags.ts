import * as Flags from '@oclif/core/flags'
import type { ExportSetting } from '../jobs/export/target.js'
import type { Context } from './context.js'
import { dayFlag, fileOutputFlag, monthFlag } from './flags.js'

/** Which partitions go out. */
export const rangeFlags = {
  day: dayFlag({ exclusive: ['from', 'until', 'month'], description: 'this day only [default: everything built]' }),
  from: dayFlag({ description: 'first day' }),
  until: dayFlag({ description: 'last day, included' }),
  month: monthFlag({ exclusive: ['from', 'until'], description: 'this month only' }),
}

interface RangeFlags {
  readonly day?: string | undefined
  readonly from?: string | undefined
  readonly until?: string | undefined
  readonly month?: string | undefined
}

/** The range of src/jobs/export/partitions.ts: a day is a range of one. */
export function partitionRange({ day, from = day, until = day, month }: RangeFlags) {
  return { from, to: until, month }
}

/** Where they go. */
export const targetFlags = {
  to: Flags.string({
    helpValue: 'TARGET',
    description:
      "embedded, postgres (of profile apache), csv, parquet, a target of the site file, or a PostgreSQL URL [default: the site's]",
  }),
  output: fileOutputFlag({
    helpValue: 'PATH',
    description: 'file (one partition) or folder, for csv and parquet',
  }),
  schema: Flags.string({
    helpValue: 'NAME',
    description: 'schema of the tables [default: that of the target, else public]',
  }),
}

export const passwordFlags = {
  'password-file': Flags.string({ helpValue: 'FILE', description: 'read the password from a file' }),
  'password-stdin': Flags.boolean({ exclusive: ['password-file'], description: 'read the password from stdin' }),
}

/** The way to the PostgreSQL that the site's hosts run, where they run one. */
export function siteDatabase(context: Context): Pick<ExportSetting, 'sitePostgres'> {
  if (context.site.profile !== 'apache') return {}
  return {
    sitePostgres: async () => {
      const { openSitePostgres } = await import('../jobs/postgres/site-postgres.js')
      return openSitePostgres(context)
    },
  }
}

interface PasswordFlags {
  readonly 'password-file'?: string | undefined
  readonly 'password-stdin': boolean
}

/** Where the password of a database is taken from. */
export function passwordSources(flags: PasswordFlags, context: Context) {
  return {
    environment: context.environment,
    file: flags['password-file'],
    stdin: flags['password-stdin'] ? () => context.stdin() : undefined,
  }
}
