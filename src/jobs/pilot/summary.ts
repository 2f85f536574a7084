import { duration, number, plural, rate } from '../../render/format.js'
import { table } from '../../render/table.js'
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

/** What a person reads on stdout; the last line is the report to open. */
export function pilotSummary(result: PilotResult): string {
  const wrong = result.checks.filter(({ ok }) => !ok).length
  const verdict =
    wrong === 0 ? `${plural(result.checks.length, 'check')} ok` : `${wrong} of ${result.checks.length} checks differ`
  const done = result.changed
    ? `done in ${duration(result.ms)}`
    : `unchanged: everything was there already (${duration(result.ms)})`
  const report = result.report === null ? 'no report: no day was built' : result.report.file
  return [stageTable(result), checkTable(result), `${done}, ${verdict}\n${report}\n`].join('\n')
}
