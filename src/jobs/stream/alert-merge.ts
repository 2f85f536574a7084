/** The alert file of one day and the verdicts of a run become the new alert file: two sorted lists are merged. */
import path from 'node:path'
import { carIndex } from '../../core/cars.js'
import { FailedError } from '../../core/errors.js'
import type { CompiledRule } from '../../rules/compiled-rule.js'
import { dayText } from '../../rules/drive-rows.js'
import {
  type AlertContext,
  type AlertMeta,
  alertColumns,
  alertDayFolder,
  alertFileName,
  alertFormatter,
  readAlertMeta,
  readLines,
  writeAlertMeta,
} from './alert-files.js'
import { removeLeftovers } from './leftovers.js'
import { type DayVerdicts, verdictKey } from './verdicts.js'

/**
 * `replace`: the input is all there is of its day (`--day`), so the day's alerts become exactly what was found: an alert
 * that a corrected input no longer gives disappears.
 * `merge`: the input may be a part of the day (a file, stdin, a log that grows), so alerts of windows that it does not
 * touch stay. For a window that was judged before, the verdict over more rows wins, of two over as many the newer: a
 * window that was cut off by the end of a part is put right when the whole is seen, also when it then is no alert.
 */
export type AlertMode = 'replace' | 'merge'

export interface DayChange {
  /** yyyyMMdd */
  readonly day: string
  readonly outcome: 'written' | 'unchanged'
  /** Alerts in the file now. */
  readonly alerts: number
  readonly added: number
  readonly changed: number
  readonly removed: number
}

export interface MergedDay {
  readonly change: DayChange
  /** Keys of the alerts in the file, ascending. */
  readonly keys: Float64Array
  /** Another version of the rule had written the file. */
  readonly foreign: boolean
}

/** A line of the file that is there. */
interface OldAlert {
  readonly key: number
  readonly rows: number
  readonly text: string
}

/** Characters that are gathered before they are written. */
const chunkSize = 256 * 1024
const hour = 3_600_000

/** Another version of the rule wrote it; a lost side file is taken for ours. */
const isForeign = (meta: AlertMeta | undefined, rule: CompiledRule): boolean =>
  meta !== undefined && meta.digest !== rule.digest

function parseLine(text: string, size: number): OldAlert {
  const fields = text.split(',')
  const [hours = 0, minutes = 0, seconds = 0] = [8, 10, 12].map((at) => Number(fields[1]?.slice(at, at + 2)))
  const start = hours * 3600 + minutes * 60 + seconds
  return { key: verdictKey(start / size, carIndex(fields[0] ?? '')), rows: Number(fields.at(-2)), text }
}

/**
 * The alerts of the day's file, as far as this version of the rule wrote them, some at a time. At a damaged place it
 * returns `damaged` when the file is to be replaced anyway, else it throws FailedError.
 */
async function* oldAlerts(
  rule: CompiledRule,
  day: number,
  meta: AlertMeta | undefined,
  mode: AlertMode,
  context: AlertContext,
): AsyncGenerator<readonly OldAlert[], 'sound' | 'damaged'> {
  const { files, layout } = context
  const file = path.join(alertDayFolder(layout, rule.definition.output.table, dayText(day)), alertFileName)
  if (isForeign(meta, rule) || (await files.stat(file)) === undefined) return 'sound'
  const header = alertColumns(rule.definition).join(',')
  let last = -1
  let lineNumber = 0
  for await (const lines of readLines(files, file)) {
    const alerts: OldAlert[] = []
    for (const text of lines) {
      lineNumber++
      const alert = parseLine(text, rule.layout.size)
      const sound = lineNumber === 1 ? text === header : Number.isSafeInteger(alert.rows) && alert.key > last
      if (!sound && mode === 'replace') return 'damaged'
      if (!sound) {
        throw new FailedError('ALERTS_UNREADABLE', `${file} is not a file of alerts`, {
          place: { file, line: lineNumber },
          hints: [`smartcar stream run --day ${dayText(day)} writes it anew from the collected logs`, 'or delete it'],
        })
      }
      if (lineNumber === 1) continue
      last = alert.key
      alerts.push(alert)
    }
    yield alerts
  }
  return lineNumber === 0 ? 'damaged' : 'sound'
}

/** Keys of the alerts in the day's file, ascending. */
export async function oldKeys(rule: CompiledRule, day: number, context: AlertContext): Promise<Float64Array> {
  const meta = await readAlertMeta(
    context.files,
    alertDayFolder(context.layout, rule.definition.output.table, dayText(day)),
  )
  const keys: number[] = []
  for await (const alerts of oldAlerts(rule, day, meta, 'merge', context)) for (const { key } of alerts) keys.push(key)
  return Float64Array.from(keys)
}

/** Lines of the verdicts of a day. */
function lineMaker(rule: CompiledRule, day: number, verdicts: DayVerdicts): (position: number) => string {
  const { size } = rule.layout
  const { aggregates, output } = rule.definition
  const columns = output.columns.map(({ aggregate }) => aggregates.findIndex(({ name }) => name === aggregate))
  const format = alertFormatter(day, size)
  return (position) => {
    let values = ''
    for (const column of columns) values += `${verdicts.value(position, column)},`
    const start = verdicts.index(position) * size
    return format(verdicts.car(position), start, values, verdicts.rows(position), verdicts.lastSecond(position))
  }
}

/** The two sorted lists as one: what stays, what comes, what goes. Pure; text is taken away by `takeText`. */
function merger(mode: AlertMode, verdicts: DayVerdicts, lineOf: (position: number) => string) {
  const order = verdicts.sorted()
  const keys: number[] = []
  const change = { added: 0, changed: 0, removed: 0 }
  let text = ''
  let next = 0
  const keep = (key: number, line: string): void => {
    keys.push(key)
    text += `${line}\n`
  }
  return {
    keys,
    change,
    /** New alerts in front of `key`, as many as make a piece to write; false when there are more. */
    insertUpTo(key: number): boolean {
      for (; next < order.length; next++) {
        const position = order[next] ?? 0
        if (verdicts.key(position) >= key) return true
        if (!verdicts.holds(position)) continue
        change.added++
        keep(verdicts.key(position), lineOf(position))
        if (text.length > chunkSize && key === Number.POSITIVE_INFINITY) {
          next++
          return false
        }
      }
      return true
    },
    takeOld(old: OldAlert): void {
      this.insertUpTo(old.key)
      const position = order[next]
      if (position === undefined || verdicts.key(position) !== old.key) {
        if (mode === 'merge') keep(old.key, old.text)
        else change.removed++
        return
      }
      next++
      if (mode === 'merge' && verdicts.rows(position) < old.rows) keep(old.key, old.text)
      else if (!verdicts.holds(position)) change.removed++
      else {
        const line = lineOf(position)
        if (line !== old.text) change.changed++
        keep(old.key, line)
      }
    },
    takeText(): string {
      const taken = text
      text = ''
      return taken
    },
  }
}

/** The expiry counts from the last write, also one that found nothing new; but not more often than once an hour. */
async function stampMeta(
  rule: CompiledRule,
  folder: string,
  meta: AlertMeta | undefined,
  context: AlertContext,
): Promise<void> {
  const now = context.clock.now()
  const { expiry } = rule.definition.output
  const fresh = meta?.digest === rule.digest && meta.expiry === expiry && meta.writtenAt <= now
  if (fresh && now - meta.writtenAt < hour) return
  await writeAlertMeta(context.files, folder, {
    schemaVersion: 1,
    rule: rule.definition.name,
    digest: rule.digest,
    writtenAt: now,
    expiry,
  })
}

/**
 * Brings verdicts on a day (days since 1970-01-01) into its file, which is written wholly or not at all. The caller holds
 * the lock of the table.
 */
export async function mergeDay(
  rule: CompiledRule,
  day: number,
  verdicts: DayVerdicts,
  mode: AlertMode,
  context: AlertContext,
): Promise<MergedDay> {
  const { files, layout } = context
  const folder = alertDayFolder(layout, rule.definition.output.table, dayText(day))
  const file = path.join(folder, alertFileName)
  const meta = await readAlertMeta(files, folder)
  const there = (await files.stat(file)) !== undefined
  const merging = merger(mode, verdicts, lineMaker(rule, day, verdicts))
  await removeLeftovers(files, file)
  await using target = await files.createAtomic(file)
  await target.write(`${alertColumns(rule.definition).join(',')}\n`)
  const old = oldAlerts(rule, day, meta, mode, context)
  let state = await old.next()
  try {
    for (; !state.done; state = await old.next()) {
      for (const alert of state.value) merging.takeOld(alert)
      await target.write(merging.takeText())
    }
  } finally {
    // Closes the file when writing failed.
    await old.return('sound')
  }
  for (let done = false; !done; ) {
    done = merging.insertUpTo(Number.POSITIVE_INFINITY)
    await target.write(merging.takeText())
  }
  const { added, changed, removed } = merging.change
  const foreign = there && isForeign(meta, rule)
  const unchanged = there && !foreign && state.value === 'sound' && added + changed + removed === 0
  // First, so that a crash between the two can only make alerts live longer.
  await stampMeta(rule, folder, meta, context)
  if (!unchanged) await target.commit()
  return {
    keys: Float64Array.from(merging.keys),
    foreign,
    change: {
      day: dayText(day),
      outcome: unchanged ? 'unchanged' : 'written',
      alerts: merging.keys.length,
      added,
      changed,
      removed,
    },
  }
}
