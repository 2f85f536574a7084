/** Brings the verdicts of one rule into its alert files, idempotently. */
import path from 'node:path'
import { carIndex } from '../../core/cars.js'
import { FailedError } from '../../core/errors.js'
import type { AtomicFile, JobContext } from '../../core/ports.js'
import type { CompiledRule } from '../../rules/compile.js'
import { dayText } from '../../rules/drive-rows.js'
import type { WindowVerdict } from '../../rules/engine.js'
import {
  type AlertContext,
  type AlertMeta,
  alertColumns,
  alertDayFolder,
  alertFileName,
  formatAlert,
  lockAlerts,
  readAlertMeta,
  readLines,
  writeAlertMeta,
} from './alert-files.js'
import { type DayVerdicts, dayVerdicts, keyCar, keyIndex, verdictKey } from './verdicts.js'

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

export interface AlertStore {
  /** Must be called for a day before verdicts on it are added. Days since 1970-01-01. */
  openDay(day: number): Promise<void>
  add(verdict: WindowVerdict): void
  /** Alerts that are not in the files yet. */
  readonly pending: number
  /** Writes the days that were opened or changed since the last flush; each wholly or not at all. */
  flush(): Promise<readonly DayChange[]>
}

export type StoreContext = AlertContext & Pick<JobContext, 'signal' | 'emit'>

interface OpenDay {
  readonly verdicts: DayVerdicts
  /** Keys of the alerts in the file, ascending. */
  known: Float64Array
  dirty: boolean
}

const chunkSize = 64 * 1024
const hour = 3_600_000

function includes(sorted: Float64Array, key: number): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) < key) low = middle + 1
    else high = middle
  }
  return sorted[low] === key
}

interface ExistingLine {
  readonly key: number
  readonly rows: number
  readonly text: string
}

/** Collects lines and writes them in pieces. */
function lineWriter(target: AtomicFile): { add(line: string): Promise<void> | undefined; end(): Promise<void> } {
  let text = ''
  const write = async (): Promise<void> => {
    const piece = text
    text = ''
    await target.write(piece)
  }
  return {
    add(line) {
      text += `${line}\n`
      return text.length >= chunkSize ? write() : undefined
    },
    end: write,
  }
}

export function createAlertStore(rule: CompiledRule, mode: AlertMode, context: StoreContext): AlertStore {
  const { files, layout, clock } = context
  const { output } = rule.definition
  const { size } = rule.layout
  const header = alertColumns(rule.definition).join(',')
  const columns = output.columns.map(({ aggregate }) =>
    rule.definition.aggregates.findIndex(({ name }) => name === aggregate),
  )
  const days = new Map<number, OpenDay>()
  let pending = 0

  const folderOf = (day: number): string => alertDayFolder(layout, output.table, dayText(day))

  /** Another version of the rule wrote it; a lost side file is taken for ours. */
  const isForeign = (meta: AlertMeta | undefined): boolean => meta !== undefined && meta.digest !== rule.digest

  const parseLine = (text: string): ExistingLine => {
    const fields = text.split(',')
    const [hour, minute, second] = [8, 10, 12].map((at) => Number(fields[1]?.slice(at, at + 2)))
    const start = (hour ?? 0) * 3600 + (minute ?? 0) * 60 + (second ?? 0)
    return { key: verdictKey(start / size, carIndex(fields[0] ?? '')), rows: Number(fields.at(-2)), text }
  }

  /** Lines of the day's file, as far as this version of the rule wrote them; undefined: the file is damaged or empty. */
  async function* existingLines(day: number, meta: AlertMeta | undefined): AsyncGenerator<ExistingLine | undefined> {
    const file = path.join(folderOf(day), alertFileName)
    if (isForeign(meta) || (await files.stat(file)) === undefined) return
    let last = -1
    let lineNumber = 0
    for await (const text of readLines(files, file)) {
      lineNumber++
      const line = parseLine(text)
      const sound = lineNumber === 1 ? text === header : Number.isSafeInteger(line.rows) && line.key > last
      if (!sound && mode === 'replace') {
        yield undefined
        return
      }
      if (!sound) {
        throw new FailedError('ALERTS_UNREADABLE', `${file} is not a file of alerts`, {
          place: { file, line: lineNumber },
          hints: [`smartcar stream run --day ${dayText(day)} writes it anew from the collected logs`, 'or delete it'],
        })
      }
      if (lineNumber === 1) continue
      last = line.key
      yield line
    }
    if (lineNumber === 0) yield undefined
  }

  const lineOf = (day: number, verdicts: DayVerdicts, position: number): string => {
    const values = verdicts.values(position)
    const key = verdicts.key(position)
    return formatAlert({
      car: keyCar(key),
      day,
      start: keyIndex(key) * size,
      size,
      values: columns.map((column) => values[column] ?? 0),
      rows: verdicts.rows(position),
      lastSecond: verdicts.lastSecond(position),
    })
  }

  /** The expiry counts from the last write, also one that found nothing new; but not more often than once an hour. */
  const stampMeta = async (day: number, meta: AlertMeta | undefined): Promise<void> => {
    const now = clock.now()
    const fresh = meta?.digest === rule.digest && meta.expiry === output.expiry && meta.writtenAt <= now
    if (fresh && now - meta.writtenAt < hour) return
    await writeAlertMeta(files, folderOf(day), {
      schemaVersion: 1,
      rule: rule.definition.name,
      digest: rule.digest,
      writtenAt: now,
      expiry: output.expiry,
    })
  }

  const flushDay = async (day: number, open: OpenDay): Promise<DayChange> => {
    const folder = folderOf(day)
    const file = path.join(folder, alertFileName)
    const meta = await readAlertMeta(files, folder)
    const there = (await files.stat(file)) !== undefined
    const foreign = there && isForeign(meta)
    const { verdicts } = open
    const order = verdicts.sorted()
    const keys: number[] = []
    const change = { added: 0, changed: 0, removed: 0 }
    await using target = await files.createAtomic(file)
    const writer = lineWriter(target)
    let next = 0
    const keep = async (key: number, line: string): Promise<void> => {
      keys.push(key)
      const waiting = writer.add(line)
      if (waiting !== undefined) await waiting
    }
    /** New alerts in front of `key`. */
    const insertUpTo = async (key: number): Promise<void> => {
      for (; next < order.length; next++) {
        const position = order[next] ?? 0
        if (verdicts.key(position) >= key) break
        if (!verdicts.holds(position)) continue
        change.added++
        await keep(verdicts.key(position), lineOf(day, verdicts, position))
      }
    }

    await writer.add(header)
    let damaged = false
    for await (const old of existingLines(day, meta)) {
      if (old === undefined) {
        damaged = true
        continue
      }
      await insertUpTo(old.key)
      const position = order[next]
      if (position === undefined || verdicts.key(position) !== old.key) {
        if (mode === 'merge') await keep(old.key, old.text)
        else change.removed++
        continue
      }
      next++
      if (mode === 'merge' && verdicts.rows(position) < old.rows) await keep(old.key, old.text)
      else if (!verdicts.holds(position)) change.removed++
      else {
        const line = lineOf(day, verdicts, position)
        if (line !== old.text) change.changed++
        await keep(old.key, line)
      }
    }
    await insertUpTo(Number.POSITIVE_INFINITY)
    await writer.end()
    const unchanged = there && !foreign && !damaged && change.added + change.changed + change.removed === 0
    // First, so that a crash between the two can only make alerts live longer.
    await stampMeta(day, meta)
    if (!unchanged) await target.commit()
    if (foreign) {
      context.emit({
        t: 'note',
        level: 'warn',
        text: `${output.table} ${dayText(day)}: its alerts were written by another version of the rule and are replaced`,
      })
    }
    open.known = Float64Array.from(keys)
    open.dirty = false
    return { day: dayText(day), outcome: unchanged ? 'unchanged' : 'written', alerts: keys.length, ...change }
  }

  return {
    get pending() {
      return pending
    },
    async openDay(day) {
      if (days.has(day)) return
      const known: number[] = []
      if (mode === 'merge') {
        const meta = await readAlertMeta(files, folderOf(day))
        for await (const line of existingLines(day, meta)) if (line !== undefined) known.push(line.key)
      }
      days.set(day, { verdicts: dayVerdicts(rule.aggregates.length), known: Float64Array.from(known), dirty: true })
    },
    add(verdict) {
      const open = days.get(verdict.day)
      // A verdict "no alert" only matters where an alert stands.
      if (open === undefined || (!verdict.holds && !includes(open.known, verdictKey(verdict.index, verdict.car))))
        return
      open.verdicts.add(verdict)
      open.dirty = true
      pending++
    },
    async flush() {
      const changes: DayChange[] = []
      const dirty = [...days].filter(([, open]) => open.dirty)
      if (dirty.length === 0) return changes
      await using _ = await lockAlerts(context, output.table, `stream rule ${rule.definition.name}`)
      for (const [day, open] of dirty.sort(([a], [b]) => a - b)) {
        changes.push(await flushDay(day, open))
        days.set(day, { ...open, verdicts: dayVerdicts(rule.aggregates.length) })
      }
      pending = 0
      return changes
    },
  }
}
