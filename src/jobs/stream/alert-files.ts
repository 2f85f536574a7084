/**
 * The alerts of one rule and day: `alerts/<table>/day=yyyyMMdd/alerts.csv`, sorted by window and car, never half
 * written. Beside it `_alerts.json` says which rule wrote it and when it expires (pilot.md, section 4: a week, as by
 * Redis EXPIRE, counted from the last write).
 */
import path from 'node:path'
import { z } from 'zod'
import { clockText, isDay, secondsPerDay } from '../../core/calendar.js'
import { carIndexCount, carNumberAt } from '../../core/cars.js'
import { FailedError } from '../../core/errors.js'
import type { Files, JobContext } from '../../core/ports.js'
import type { RuleDefinition } from '../../rules/definition.js'
import { dayText } from '../../rules/drive-rows.js'

export type AlertContext = Pick<JobContext, 'layout' | 'files' | 'clock'>

/** One alert as it is read back. */
export interface Alert {
  /** yyyyMMdd */
  readonly day: string
  readonly carNumber: string
  /** yyyyMMddHHmmss */
  readonly windowStart: string
  /** Start plus size, not included: 240000 ends the day's last window, 240030 the window of the clock 240000. */
  readonly windowEnd: string
  /** The rule's own columns, such as avg_speed. */
  readonly values: Readonly<Record<string, number>>
  /** Rows of the car in the window. */
  readonly rows: number
  /** `<car>-<yyyyMMddHHmmss>`, the time of the window's last row; the pilot's member of the Redis set. */
  readonly member: string
}

/** A day of alerts that is there and not expired. */
export interface AlertDay {
  readonly day: string
  readonly file: string
  /** Name of the rule, undefined when the side file is lost. */
  readonly rule: string | undefined
  /** milliseconds since 1970 */
  readonly expiresAt: number
}

const leading = ['car_number', 'window_start', 'window_end'] as const
const trailing = ['rows', 'member'] as const
/** Of a day whose side file is lost: seven days (pilot.md, section 4). */
const defaultExpirySeconds = 604_800
const second = 1000

const alertMeta = z.object({
  schemaVersion: z.literal(1),
  rule: z.string(),
  /** See CompiledRule.digest. */
  digest: z.string(),
  /** Milliseconds since 1970. */
  writtenAt: z.number(),
  /** Seconds. */
  expiry: z.number(),
})
export type AlertMeta = z.infer<typeof alertMeta>

/** Columns of a rule's alert file, in order. */
export function alertColumns(rule: Pick<RuleDefinition, 'output'>): readonly string[] {
  return [...leading, ...rule.output.columns.map(({ column }) => column), ...trailing]
}

export const alertDayFolder = (layout: JobContext['layout'], table: string, day: string): string =>
  path.join(layout.alerts, table, `day=${day}`)
export const alertFileName = 'alerts.csv'
const metaFileName = '_alerts.json'

/** Calls `compute` once for each whole number below `count`. */
function remembered(count: number, compute: (value: number) => string): (value: number) => string {
  const known = new Array<string | undefined>(count)
  return (value) => {
    known[value] ??= compute(value)
    return known[value] ?? ''
  }
}

/** A window may start with the clock 240000 and last a day. */
const clock = remembered(2 * secondsPerDay + 1, clockText)
const carNumber = remembered(carIndexCount, carNumberAt)

/** The last answer is kept: many alerts in a row are of one window. */
function lastRemembered(compute: (value: number) => string): (value: number) => string {
  let last = Number.NaN
  let text = ''
  return (value) => {
    if (value !== last) {
      last = value
      text = compute(value)
    }
    return text
  }
}

/**
 * Lines of the alert file of one day (days since 1970-01-01), without their newlines; `size`: the window's, in seconds.
 * `start` and `lastSecond` are seconds of the day. Numbers as JavaScript prints them: shortest exact form, a point.
 */
export function alertFormatter(
  day: number,
  size: number,
): (car: number, start: number, values: string, rows: number, lastSecond: number) => string {
  const date = dayText(day)
  const window = lastRemembered((start) => `,${date}${clock(start)},${date}${clock(start + size)},`)
  const time = lastRemembered((second) => `-${date}${clock(second)}`)
  return (car, start, values, rows, lastSecond) => {
    const number = carNumber(car)
    return `${number}${window(start)}${values}${rows},${number}${time(lastSecond)}`
  }
}

/** The lines of a text file, without their ends, some at a time. */
export async function* readLines(files: Files, file: string): AsyncGenerator<readonly string[]> {
  await using reader = await files.open(file)
  const chunk = Buffer.allocUnsafe(256 * 1024)
  let rest = ''
  for (let position = 0; ; ) {
    const count = await reader.read(chunk, position)
    if (count === 0) break
    position += count
    const lines = (rest + chunk.toString('latin1', 0, count)).split('\n')
    rest = lines.pop() ?? ''
    yield lines
  }
  if (rest !== '') yield [rest]
}

function unreadable(file: string, line: number): FailedError {
  return new FailedError('ALERTS_UNREADABLE', `${file} is not a file of alerts`, {
    place: { file, line },
    hints: ['smartcar stream run --day writes it anew from the collected logs', 'or delete it'],
  })
}

/** The alerts of a file, some at a time; throws FailedError at a line that is none. */
async function* readAlertFile(files: Files, file: string, day: string): AsyncGenerator<readonly Alert[]> {
  let columns: string[] | undefined
  let lineNumber = 0
  for await (const lines of readLines(files, file)) {
    const alerts: Alert[] = []
    for (const line of lines) {
      lineNumber++
      const fields = line.split(',')
      if (columns === undefined) {
        if (fields[0] !== 'car_number' || fields.at(-1) !== 'member') throw unreadable(file, lineNumber)
        columns = fields.slice(leading.length, -trailing.length)
        continue
      }
      if (fields.length !== columns.length + leading.length + trailing.length) throw unreadable(file, lineNumber)
      const [carNumber = '', windowStart = '', windowEnd = ''] = fields
      alerts.push({
        day,
        carNumber,
        windowStart,
        windowEnd,
        values: Object.fromEntries(columns.map((column, index) => [column, Number(fields[leading.length + index])])),
        rows: Number(fields.at(-2)),
        member: fields.at(-1) ?? '',
      })
    }
    yield alerts
  }
}

/** The side file of a day; undefined when there is none that can be read. */
export async function readAlertMeta(files: Files, folder: string): Promise<AlertMeta | undefined> {
  const text = await files.readText(path.join(folder, metaFileName))
  if (text === undefined) return undefined
  try {
    return alertMeta.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

export async function writeAlertMeta(files: Files, folder: string, meta: AlertMeta): Promise<void> {
  await files.writeAtomic(path.join(folder, metaFileName), `${JSON.stringify(meta)}\n`)
}

/**
 * When a day expires. A write time in the future means that the clock was set back since: the time then counts from
 * now on, so that the alerts neither live for months nor go at once.
 */
function expiresAt(writtenAt: number, expiry: number, now: number): number {
  return Math.min(writtenAt, now) + expiry * second
}

/** Every day of a table, expired or not, oldest first. */
async function allDays(context: AlertContext, table: string): Promise<(AlertDay & { meta: AlertMeta | undefined })[]> {
  const { files, layout, clock } = context
  const days: (AlertDay & { meta: AlertMeta | undefined })[] = []
  for (const entry of await files.list(path.join(layout.alerts, table))) {
    const day = /^day=(\d{8})$/.exec(entry.name)?.[1]
    if (day === undefined || !isDay(day) || entry.kind !== 'directory') continue
    const info = await files.stat(path.join(entry.path, alertFileName))
    if (info === undefined) continue
    const meta = await readAlertMeta(files, entry.path)
    days.push({
      day,
      file: info.path,
      rule: meta?.rule,
      expiresAt: expiresAt(meta?.writtenAt ?? info.modified, meta?.expiry ?? defaultExpirySeconds, clock.now()),
      meta,
    })
  }
  return days
}

/** The days of an alerts table that are not expired, oldest first. */
export async function alertDays(context: AlertContext, table: string): Promise<readonly AlertDay[]> {
  const days = await allDays(context, table)
  return days.filter((day) => day.expiresAt > context.clock.now()).map(({ meta: _, ...day }) => day)
}

/** Names of the alerts tables that have files. */
export async function alertTableNames(context: AlertContext): Promise<readonly string[]> {
  const entries = await context.files.list(context.layout.alerts)
  return entries.filter(({ kind, name }) => kind === 'directory' && !name.startsWith('.')).map(({ name }) => name)
}

export interface AlertQuery {
  readonly table: string
  /** yyyyMMdd */
  readonly day: string
  readonly carNumber?: string
  readonly limit?: number
}

/** The alerts of a day in order of window and car; undefined when no rule has looked at this day, or it is expired. */
export async function readAlerts(context: AlertContext, query: AlertQuery): Promise<readonly Alert[] | undefined> {
  const found = (await alertDays(context, query.table)).find(({ day }) => day === query.day)
  if (found === undefined) return undefined
  const alerts: Alert[] = []
  const limit = query.limit ?? Number.POSITIVE_INFINITY
  for await (const some of readAlertFile(context.files, found.file, query.day)) {
    for (const alert of some) {
      if (alerts.length >= limit) return alerts
      if (query.carNumber === undefined || query.carNumber === alert.carNumber) alerts.push(alert)
    }
  }
  return alerts
}

/** Exclusive use of one alerts table between processes. */
export async function lockAlerts(
  context: AlertContext & Pick<JobContext, 'signal' | 'emit'>,
  table: string,
  purpose: string,
): Promise<AsyncDisposable> {
  return context.files.lock(path.join(context.layout.locks, `alerts-${table}.lock`), purpose, {
    signal: context.signal,
    onWait: (holder) =>
      context.emit({
        t: 'note',
        level: 'info',
        text: `waiting for process ${holder.pid} (${holder.purpose}), which writes ${table} since ${holder.since}`,
      }),
  })
}

/** Removes every expired day of every table and says which; days written in a future that is no more start anew. */
export async function removeExpiredAlerts(
  context: AlertContext & Pick<JobContext, 'signal' | 'emit'>,
): Promise<readonly { readonly table: string; readonly day: string }[]> {
  const removed: { table: string; day: string }[] = []
  const now = context.clock.now()
  const concerned = ({ expiresAt, meta }: { expiresAt: number; meta: AlertMeta | undefined }) =>
    expiresAt <= now || (meta !== undefined && meta.writtenAt > now)
  for (const table of await alertTableNames(context)) {
    if (!(await allDays(context, table)).some(concerned)) continue
    await using _ = await lockAlerts(context, table, 'stream: remove expired alerts')
    for (const entry of (await allDays(context, table)).filter(concerned)) {
      const folder = path.dirname(entry.file)
      if (entry.expiresAt <= now) {
        await context.files.removeTree(folder)
        removed.push({ table, day: entry.day })
      } else if (entry.meta !== undefined)
        await writeAlertMeta(context.files, folder, { ...entry.meta, writtenAt: now })
    }
  }
  return removed
}
