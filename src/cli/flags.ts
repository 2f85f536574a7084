import * as Flags from '@oclif/core/flags'
import { isDay, isMonth } from '../core/calendar.js'
import { UsageError } from '../core/errors.js'

/** `20200322` or `2020-03-22` to `20200322`; throws UsageError for anything that is no day. */
export function parseDay(text: string): string {
  const day = text.replace(/^(\d{4})-(\d{2})-(\d{2})$/, '$1$2$3')
  if (isDay(day)) return day
  throw new UsageError('DAY_INVALID', `"${text}" is not a day`, { hints: ['write it as 20200322 or 2020-03-22'] })
}

/** `202003` or `2020-03` to `202003`. */
export function parseMonth(text: string): string {
  const month = text.replace(/^(\d{4})-(\d{2})$/, '$1$2')
  if (isMonth(month)) return month
  throw new UsageError('MONTH_INVALID', `"${text}" is not a month`, { hints: ['write it as 202003 or 2020-03'] })
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `500ms`, `30s`, `5m`, `1h` in milliseconds; throws UsageError for anything else. */
export function parseDuration(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  if (amount !== undefined) return Math.round(Number(amount) * (durationUnits[unit] ?? 1))
  throw new UsageError('DURATION_INVALID', `"${text}" is no duration`, { hints: ['write it as 500ms, 30s, 5m or 1h'] })
}

export const dayFlag = Flags.custom<string>({ helpValue: 'yyyyMMdd', parse: async (text) => parseDay(text) })
export const monthFlag = Flags.custom<string>({ helpValue: 'yyyyMM', parse: async (text) => parseMonth(text) })
/** A duration in milliseconds; give its default as a number. */
export const durationFlag = Flags.custom<number>({ helpValue: 'TIME', parse: async (text) => parseDuration(text) })

/** Where a command writes files; `-`, which elsewhere is stdout, would make a file of that name. */
export const fileOutputFlag = (about: { readonly helpValue: string; readonly description: string }) =>
  Flags.string({
    char: 'o',
    parse: async (text) => {
      if (text !== '-') return text
      throw new UsageError('OUTPUT_NO_FILE', 'this writes a file, not to stdout', {
        hints: ['give a path', 'smartcar query "FROM <mart>" --format csv writes rows to stdout'],
      })
    },
    ...about,
  })

/** One value each time that it is given: `--param a=1 --param b=2`. */
export const repeatedFlag = (about: { readonly helpValue: string; readonly description: string }) =>
  Flags.string({ multiple: true, multipleNonGreedy: true, ...about })

/** For commands that ask before they change something. */
export const noInputFlag = Flags.boolean({ description: 'never ask: fail instead' })

/** `--host server01 --host server02`; none means all. */
export const hostFlag = () =>
  Flags.string({
    multiple: true,
    default: [],
    defaultHelp: async () => '',
    helpValue: 'NAME',
    description: 'this host alone; may be repeated [default: all]',
  })

/** Permission bits as chmod takes them: `0644`. */
export const modeFlag = Flags.custom<number>({
  helpValue: '0644',
  parse: async (text) => {
    if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8)
    throw new UsageError('MODE_INVALID', `"${text}" is no file mode`, { hints: ['write it as 0644'] })
  },
})

/** Whom HDFS sees as asking. */
export const hdfsUserFlag = Flags.string({
  env: 'HADOOP_USER_NAME',
  helpValue: 'NAME',
  description: 'the account that HDFS sees [default: the one that the services run as]',
})
