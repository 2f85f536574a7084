import { duration, number, plural, rate } from '../../render/format.js'
import { table } from '../../render/table.js'
import type { Answer } from './ask.js'
import type { PilotResult } from './pilot.js'

/** The rate of a handful of rows says nothing. */
const fewestForRate = 1000

function stageTable({ stages }: PilotResult): string {
  const columns = [
    { title: 'stage' },
    { title: 'rows', align: 'right' },
    { title: 'rate', align: 'right' },
    { title: 'time', align: 'right' },
    { title: 'outcome' },
  ] as const
  return table(
    columns,
    stages.map(({ title, rows, ms, outcome }) => [
      title,
      rows === null ? '' : number(rows),
      rows === null || rows < fewestForRate || outcome !== 'done' ? '' : rate(rows, ms),
      duration(ms),
      outcome,
    ]),
  )
}

function checkTable({ checks }: PilotResult): string {
  const columns = [
    { title: 'check' },
    { title: 'against' },
    { title: 'expected', align: 'right' },
    { title: 'found', align: 'right' },
    { title: 'result' },
  ] as const
  return table(
    columns,
    checks.map(({ what, against, expected, found, ok, detail }) => [
      what,
      against,
      number(expected),
      number(found),
      ok ? 'ok' : `differs${detail === undefined ? '' : `: ${detail}`}`,
    ]),
  )
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toFixed(4))) : String(value)
}

function answerTable({ name, title, columns, rows }: Answer): string {
  const head = columns.map((column) => ({
    title: column,
    ...(rows.some((row) => typeof row[column] === 'number') ? { align: 'right' as const } : {}),
  }))
  const body =
    rows.length === 0
      ? 'no rows\n'
      : table(
          head,
          rows.map((row) => columns.map((column) => cellText(row[column]))),
        )
  return `${title} (smartcar query --saved ${name})\n${body}`
}

/** What a person reads on stdout; the last line is the report to open. */
export function pilotSummary(result: PilotResult): string {
  const wrong = result.checks.filter(({ ok }) => !ok).length
  const verdict =
    wrong === 0 ? `${plural(result.checks.length, 'check')} ok` : `${wrong} of ${result.checks.length} checks differ`
  const done = result.changed
    ? `done in ${duration(result.ms)}`
    : `unchanged: everything was there already (${duration(result.ms)})`
  const report = result.report === null ? 'no report: no day was built' : result.report.file
  return [
    ...result.answers.map(answerTable),
    stageTable(result),
    checkTable(result),
    `${done}, ${verdict}\n${report}\n`,
  ].join('\n')
}
