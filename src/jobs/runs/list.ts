import type { JobContext } from '../../core/ports.js'
import { duration } from '../../render/format.js'
import { table } from '../../render/table.js'
import { type RunOutcome, readRuns, runOutcome } from './run-store.js'

export interface RunSummary {
  readonly id: string
  readonly command: string
  readonly site: string
  /** ISO 8601 */
  readonly started: string
  /** ISO 8601; undefined while it runs, and when the toolkit died */
  readonly ended?: string
  readonly outcome: RunOutcome
  readonly changed: number
  readonly failed: number
  /** Steps in which the toolkit died. */
  readonly unfinished: readonly string[]
  readonly resumes?: string
}

/** Every run of the site's folder, oldest first. */
export async function listRuns(context: JobContext): Promise<readonly RunSummary[]> {
  const runs = await readRuns(context)
  return runs.map((run) => ({
    id: run.head.id,
    command: run.head.command,
    site: run.head.site,
    started: run.head.at,
    ...(run.end === undefined ? {} : { ended: run.end.at }),
    outcome: runOutcome(run, context),
    changed: run.steps.filter(({ state }) => state === 'changed').length,
    failed: run.steps.filter(({ state }) => ['failed', 'blocked', 'unreachable'].includes(state)).length,
    unfinished: run.unfinished,
    ...(run.head.resumes === undefined ? {} : { resumes: run.head.resumes }),
  }))
}

export function runsTable(runs: readonly RunSummary[]): string {
  if (runs.length === 0) return 'no runs yet: smartcar provision makes one\n'
  return table(
    [
      { title: 'run' },
      { title: 'command' },
      { title: 'outcome' },
      { title: 'changed', align: 'right' },
      { title: 'failed', align: 'right' },
      { title: 'took', align: 'right' },
      { title: 'resumes' },
    ],
    runs.map((run) => [
      run.id,
      run.command,
      run.outcome,
      String(run.changed),
      String(run.failed),
      run.ended === undefined ? '' : duration(Date.parse(run.ended) - Date.parse(run.started)),
      run.resumes ?? '',
    ]),
  )
}
