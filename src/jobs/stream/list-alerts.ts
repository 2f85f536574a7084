/** `smartcar stream alerts`: the alerts of a day, once or as they come. */
import { carNumberPattern } from '../../core/cars.js'
import { systemCode, UsageError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { number, plural } from '../../render/format.js'
import { table } from '../../render/table.js'
import { type CatalogContext, findRule, loadRules } from '../../rules/catalog.js'
import { parseDuration } from '../../rules/definition.js'
import { type Alert, alertDays, readAlerts, removeExpiredAlerts } from './alert-files.js'

export type AlertsContext = Pick<JobContext, 'layout' | 'files' | 'clock' | 'signal' | 'emit'> & CatalogContext

export interface AlertsInput {
  /** yyyyMMdd; the newest day that has alerts when left out. */
  readonly day?: string
  /** `A0001` */
  readonly car?: string
  /** Name of the rule, `speeding` when left out. */
  readonly rule?: string
  readonly ruleFiles: readonly string[]
  readonly limit?: number
}

export interface AlertsResult {
  readonly table: string
  /** null: no rule has run, or everything is expired. */
  readonly day: string | null
  /** The rule has looked at this day. */
  readonly known: boolean
  /** Days that have alerts, oldest first. */
  readonly days: readonly string[]
  readonly alerts: readonly Alert[]
  /** There are more than the limit. */
  readonly more: boolean
}

const ruleDefault = 'speeding'

/** Expired days go with the next stream command; on a site that cannot be written they are only not listed. */
async function removeExpired(context: AlertsContext): Promise<void> {
  try {
    for (const { table: name, day } of await removeExpiredAlerts(context)) {
      context.emit({ t: 'note', level: 'info', text: `removed the expired alerts of ${day} from ${name}` })
    }
  } catch (error) {
    if (!['EROFS', 'EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error
  }
}

/** Throws UsageError for an unknown rule or a car number that is none, FailedError for a damaged file. */
export async function listAlerts(input: AlertsInput, context: AlertsContext): Promise<AlertsResult> {
  if (input.car !== undefined && !carNumberPattern.test(input.car)) {
    throw new UsageError('CAR_INVALID', `"${input.car}" is no car number`, { hints: ['write it as A0001'] })
  }
  const { rule } = findRule(await loadRules(input.ruleFiles, context), input.rule ?? ruleDefault)
  await removeExpired(context)
  const days = (await alertDays(context, rule.output.table)).map(({ day }) => day)
  const day = input.day ?? days.at(-1)
  const found =
    day === undefined
      ? undefined
      : await readAlerts(context, {
          table: rule.output.table,
          day,
          ...(input.car === undefined ? {} : { carNumber: input.car }),
          // One more than is shown tells whether there are more.
          ...(input.limit === undefined ? {} : { limit: input.limit + 1 }),
        })
  const alerts = found?.slice(0, input.limit) ?? []
  return {
    table: rule.output.table,
    day: day ?? null,
    known: found !== undefined,
    days,
    alerts,
    more: (found?.length ?? 0) > alerts.length,
  }
}

/** `20200322000030` as `00:00:30`. */
const clock = (time: string): string => `${time.slice(8, 10)}:${time.slice(10, 12)}:${time.slice(12)}`

const valueText = (value: number): string => String(Number(value.toFixed(3)))

/** One alert as a line, for `--follow`. */
export function alertLine(alert: Alert): string {
  const values = Object.entries(alert.values).map(([name, value]) => `${name} ${valueText(value)}`)
  const window = `${clock(alert.windowStart)}-${clock(alert.windowEnd)}`
  return `${alert.day} ${window} ${alert.carNumber} ${values.join(' ')} rows ${alert.rows}\n`
}

/** What a person reads. */
export function alertsSummary(result: AlertsResult): string {
  if (result.day === null) return `no alerts in ${result.table}: smartcar stream run finds them\n`
  if (!result.known) {
    const others = result.days.length === 0 ? 'none' : result.days.join(', ')
    return `no alerts of ${result.day} in ${result.table}: not run, or expired (days there: ${others})\n`
  }
  const names = Object.keys(result.alerts[0]?.values ?? {})
  const columns = [
    { title: 'car' },
    { title: 'from' },
    { title: 'to' },
    ...names.map((title) => ({ title, align: 'right' as const })),
    { title: 'rows', align: 'right' as const },
    { title: 'member' },
  ]
  const rows = result.alerts.map((alert) => [
    alert.carNumber,
    clock(alert.windowStart),
    clock(alert.windowEnd),
    ...names.map((name) => valueText(alert.values[name] ?? 0)),
    number(alert.rows),
    alert.member,
  ])
  const closing = result.more
    ? `the first ${plural(result.alerts.length, 'alert')} of ${result.day}; --limit shows more`
    : `${plural(result.alerts.length, 'alert')} on ${result.day}`
  return `${rows.length === 0 ? '' : table(columns, rows)}${closing}\n`
}

/** `10s` or `1m` in milliseconds; throws UsageError for anything else. */
export function intervalMs(text: string): number {
  const seconds = parseDuration(text)
  if (seconds !== undefined && seconds > 0) return seconds * 1000
  throw new UsageError('INTERVAL_INVALID', `"${text}" is no interval`, { hints: ['write it as 10s or 1m'] })
}

/** New and changed alerts since the last look, every `intervalMs`, until the signal aborts; the first look gives all. */
export async function* followAlerts(
  input: AlertsInput,
  intervalMs: number,
  context: AlertsContext,
): AsyncGenerator<readonly Alert[]> {
  let seen = new Set<string>()
  while (!context.signal.aborted) {
    const { alerts } = await listAlerts(input, context)
    const lines = alerts.map((alert): [string, Alert] => [`${alert.day}${alertLine(alert)}`, alert])
    const fresh = lines.filter(([line]) => !seen.has(line)).map(([, alert]) => alert)
    seen = new Set(lines.map(([line]) => line))
    if (fresh.length > 0) yield fresh
    try {
      await context.clock.sleep(intervalMs, context.signal)
    } catch (error) {
      if (!context.signal.aborted) throw error
    }
  }
}
