import type { RunLine } from '../../core/plan/run-record.js'
import type { JobContext } from '../../core/ports.js'
import { duration } from '../../render/format.js'
import { findRun, type RunOutcome, runOutcome } from './run-store.js'

const pollMs = 300

/** Hands out the lines of a run, those that are there and those that come, until it ends or its toolkit is gone. */
export async function tailRun(
  id: string | undefined,
  write: (line: RunLine) => Promise<void>,
  context: JobContext,
): Promise<{ readonly id: string; readonly outcome: RunOutcome }> {
  let run = await findRun(id, context)
  for (let shown = 0; ; run = await findRun(run.head.id, context)) {
    const outcome = runOutcome(run, context)
    for (const line of run.lines.slice(shown)) await write(line)
    shown = run.lines.length
    if (outcome !== 'running') return { id: run.head.id, outcome }
    await context.clock.sleep(pollMs, context.signal)
  }
}

/** One line of a run for people. */
export function runLineText(line: RunLine): string {
  const time = line.at.slice(11, 19)
  if (line.t === 'run') return `${time} ${line.command} of ${line.site} on ${line.hosts.join(', ')}\n`
  if (line.t === 'start') return `${time} ${line.id} …\n`
  if (line.t === 'end') return `${time} ${line.outcome}\n`
  const what = line.changes?.join(', ') ?? line.failure?.message ?? line.reason ?? ''
  return `${time} ${line.id} ${line.state}${what === '' ? '' : `: ${what}`}${line.ms > 0 ? ` (${duration(line.ms)})` : ''}\n`
}
