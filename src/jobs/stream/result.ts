import path from 'node:path'
import { duration, number, plural, rate } from '../../render/format.js'
import { table } from '../../render/table.js'
import { durationText } from '../../rules/definition.js'
import type { DayChange } from './alert-merge.js'
import type { Detector } from './detector.js'

/** What one rule found. */
export interface RuleResult {
  readonly rule: string
  readonly table: string
  readonly cars: number
  /** Evaluated windows. */
  readonly windows: number
  /** Windows that are alerts. */
  readonly alerts: number
  /** Rows that came when their window was closed. */
  readonly late: number
  /** By how many seconds the latest of them was behind its car. */
  readonly latest: number
  /** Seconds that the rule allows. */
  readonly allowedLateness: number
  /** Files with the late rows, relative to the site folder. */
  readonly lateFiles: readonly string[]
  /** Repeats of a row (same car and time), counted once. */
  readonly duplicates: number
  readonly days: readonly DayChange[]
}

/** What `stream run` did. */
export interface StreamResult {
  readonly source: 'day' | 'files' | 'follow' | 'stdin'
  readonly input: string
  readonly rows: { readonly read: number; readonly rows: number; readonly headers: number; readonly rejected: number }
  /** Files with the rejected rows, relative to the site folder. */
  readonly rejects: readonly string[]
  readonly rules: readonly RuleResult[]
  /** The alerts were there already, all of them and no others. */
  readonly unchanged: boolean
  readonly ms: number
}

export function streamResult(
  source: StreamResult['source'],
  input: string,
  detector: Detector,
  root: string,
  ms: number,
): StreamResult {
  const relative = (file: string) => path.relative(root, file)
  const rules = detector.progress().map(
    ({ rule, counts, lateFiles, days }): RuleResult => ({
      rule: rule.definition.name,
      table: rule.definition.output.table,
      cars: counts.cars,
      windows: counts.windows,
      alerts: counts.alerts,
      late: counts.late,
      latest: counts.latest,
      allowedLateness: rule.layout.allowedLateness,
      lateFiles: lateFiles.map(relative),
      duplicates: counts.duplicates,
      days,
    }),
  )
  return {
    source,
    input,
    rows: detector.lines(),
    rejects: detector.rejectFiles.map(relative),
    rules,
    unchanged: rules.every(({ days }) => days.every(({ outcome }) => outcome === 'unchanged')),
    ms,
  }
}

/** The line of the `stage.end` event, which adds the time. */
export function runSummary(result: StreamResult): string {
  if (result.rows.rows === 0) return 'no rows'
  const alerts = result.rules.reduce((sum, rule) => sum + rule.alerts, 0)
  const windows = result.rules.reduce((sum, rule) => sum + rule.windows, 0)
  return `${result.unchanged ? 'unchanged: ' : ''}${plural(alerts, 'alert')} in ${plural(windows, 'window')}, ${plural(result.rows.rows, 'row')}`
}

/** ` in 1.9 s (2.1 M rows/s)`; a followed log has no rate of its own. */
function timeText(result: StreamResult): string {
  const speed = result.source === 'follow' ? '' : rate(result.rows.rows, result.ms)
  return ` in ${duration(result.ms)}${speed === '' ? '' : ` (${speed})`}`
}

/** Notes on what a reader should know about the rows: nothing is dropped in silence. */
function rowNotes(result: StreamResult): string[] {
  const notes: string[] = []
  if (result.rows.rejected > 0) {
    notes.push(`${plural(result.rows.rejected, 'row')} rejected: ${result.rejects.join(', ')}`)
  }
  for (const rule of result.rules) {
    if (rule.late > 0) {
      const allowed = durationText(rule.allowedLateness)
      notes.push(
        `${plural(rule.late, 'row')} late for ${rule.rule} (up to ${number(rule.latest)} s, allowed ${allowed}), not counted: ${rule.lateFiles.join(', ')}`,
      )
    }
    if (rule.duplicates > 0) notes.push(`${plural(rule.duplicates, 'repeated row')} counted once by ${rule.rule}`)
  }
  return notes
}

/** What a person reads on stdout. */
export function streamSummary(result: StreamResult): string {
  const days = result.rules.flatMap((rule) =>
    rule.days.map((day) => [
      rule.table,
      day.day,
      number(day.alerts),
      number(day.added),
      number(day.changed),
      number(day.removed),
      day.outcome,
    ]),
  )
  const columns = [
    { title: 'table' },
    { title: 'day' },
    { title: 'alerts', align: 'right' },
    { title: 'added', align: 'right' },
    { title: 'changed', align: 'right' },
    { title: 'removed', align: 'right' },
    { title: 'outcome' },
  ] as const
  const body = days.length === 0 ? '' : table(columns, days)
  return [body, ...rowNotes(result).map((note) => `${note}\n`), `${runSummary(result)}${timeText(result)}\n`].join('')
}
