import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { UsageError } from '../../core/errors.js'
import { parseRunRecord, type RunLine, type RunRecord } from '../../core/plan/run-record.js'
import type { JobContext } from '../../core/ports.js'

/** `20261122-160907-1f3c`: sorts by time. */
export function newRunId(now: number): string {
  const time = new Date(now).toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${time}-${randomBytes(2).toString('hex')}`
}

const ending = '.jsonl'

export interface RunWriter extends AsyncDisposable {
  /** Durable when it resolves; lines keep the order of the calls. */
  write(line: RunLine): Promise<void>
}

export async function openRunRecord(id: string, context: JobContext): Promise<RunWriter> {
  await context.files.mkdir(context.layout.runs)
  const file = await context.files.append(path.join(context.layout.runs, `${id}${ending}`), { mode: 0o600 })
  let last: Promise<void> = Promise.resolve()
  return {
    write(line) {
      const next = last.then(async () => {
        await file.write(`${JSON.stringify(line)}\n`)
        await file.sync()
      })
      // The caller sees the failure; the lines behind it are still tried.
      last = next.catch(() => {})
      return next
    },
    async [Symbol.asyncDispose]() {
      await last
      await file[Symbol.asyncDispose]()
    },
  }
}

/** The records of this site's folder, oldest first; `limit`: the newest so many. */
export async function readRuns(context: JobContext, limit = 100): Promise<readonly RunRecord[]> {
  const files = (await context.files.list(context.layout.runs)).filter(({ name }) => name.endsWith(ending))
  const records: RunRecord[] = []
  for (const { path: file } of files.slice(-limit)) {
    const text = await context.files.readText(file)
    const record = text === undefined ? undefined : parseRunRecord(text, file)
    if (record !== undefined) records.push(record)
  }
  return records
}

/** The run `id` or, without one, the newest. Throws UsageError when there is none. */
export async function findRun(id: string | undefined, context: JobContext): Promise<RunRecord> {
  const runs = await readRuns(context, id === undefined ? 1 : Number.POSITIVE_INFINITY)
  const matching = id === undefined ? runs : runs.filter(({ head }) => head.id.startsWith(id))
  const found = matching.at(-1)
  if (found !== undefined && (id === undefined || matching.length === 1 || found.head.id === id)) return found
  if (matching.length > 1) {
    throw new UsageError('RUN_AMBIGUOUS', `${matching.length} runs begin with ${id}`, {
      hints: ['give the whole id: smartcar runs list shows it'],
    })
  }
  throw new UsageError('RUN_UNKNOWN', id === undefined ? 'there is no run yet' : `there is no run ${id}`, {
    hints: [id === undefined ? 'smartcar provision makes one' : 'smartcar runs list shows them'],
  })
}

export type RunOutcome = 'done' | 'failed' | 'unreachable' | 'interrupted' | 'running' | 'died'

/** How a run ended; a record without an end belongs to a toolkit that runs, or that was killed. */
export function runOutcome(run: RunRecord, context: JobContext): RunOutcome {
  if (run.end !== undefined) return run.end.outcome
  return context.processes.isAlive(run.head.pid) ? 'running' : 'died'
}
