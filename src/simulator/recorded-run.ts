import { createHash } from 'node:crypto'
import path from 'node:path'
import { BugError, InterruptedError } from '../core/errors.js'
import { type StageEnd, stage } from '../core/events.js'
import type { JobContext, LockHolder } from '../core/ports.js'
import { bytes, number, plural } from '../render/format.js'
import type { SimulateOptions, SimulateResult } from './options.js'
import { recorded, writeRecord } from './record.js'

export interface RunHead {
  /** `status`, `drive`, … */
  readonly kind: string
  /** What a reader sees: `simulate status: 100 cars, 1 day` */
  readonly title: string
  /** Files that will be made; none for a stream, which is never remembered. */
  readonly paths: readonly string[]
  /** Everything that the bytes depend on; plain data. */
  readonly arguments: unknown
}

export type Progress = (rows: number, total?: number) => void

export function describeResult(result: SimulateResult): StageEnd {
  const size = `${plural(result.files.length, 'file')}, ${number(result.rows)} rows, ${bytes(result.bytes)}`
  return {
    outcome: result.status,
    summary: result.status === 'unchanged' ? `unchanged: ${size}` : size,
    counts: { rows: result.rows, files: result.files.length },
  }
}

/** Held while files are made, so that a second run of the same command finds them made. */
export async function lockOutput(
  file: string,
  purpose: string,
  context: Pick<JobContext, 'files' | 'layout' | 'signal' | 'emit'>,
): Promise<AsyncDisposable> {
  const digest = createHash('sha256').update(file).digest('hex').slice(0, 20)
  const onWait = (holder: LockHolder) => {
    const text = `waiting for process ${holder.pid} (${holder.purpose}, since ${holder.since}), which writes ${file}`
    context.emit({ t: 'note', level: 'info', text })
  }
  return context.files.lock(path.join(context.layout.locks, `simulate-${digest}`), purpose, {
    signal: context.signal,
    onWait,
  })
}

/**
 * Runs `make` as a stage, unless an earlier run with the same arguments made the same files. Two runs on the same files
 * wait for each other.
 */
export async function recordedRun<Result extends SimulateResult>(
  head: RunHead,
  options: SimulateOptions,
  context: JobContext,
  make: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  const id = `simulate/${head.kind}`
  const start = { id, title: head.title, ...(options.parent === undefined ? {} : { parent: options.parent }) }
  const key = { paths: head.paths, arguments: head.arguments }
  let interrupted: InterruptedError | undefined
  const result = await stage(
    context.emit,
    start,
    async (progress) => {
      const report: Progress = (rows, total) => progress(rows, 'rows', total)
      const [first] = head.paths
      if (first === undefined) {
        try {
          return await make(report)
        } catch (error) {
          // A stream that nobody reads any more (`| head`) is no failure of the stage.
          if (!(error instanceof InterruptedError)) throw error
          interrupted = error
          return undefined
        }
      }
      await using _lock = await lockOutput(first, `simulate ${head.kind}`, context)
      const earlier = (await recorded(context, key)) as Result | undefined
      if (earlier !== undefined) return { ...earlier, status: 'unchanged' as const }
      const made = await make(report)
      await writeRecord(context, key, [...made.files, ...(made.truth === undefined ? [] : [made.truth])], made)
      return made
    },
    (made): StageEnd =>
      made === undefined ? { outcome: 'skipped', summary: interrupted?.message ?? '' } : describeResult(made),
  )
  if (result === undefined) throw interrupted ?? new BugError('a run ended without a result')
  return result
}
