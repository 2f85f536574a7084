import path from 'node:path'
import { z } from 'zod'
import type { JobContext } from '../../core/ports.js'

const stageRecord = z.strictObject({
  id: z.string(),
  title: z.string(),
  /** `unchanged`: the stage found nothing to do, so that its time says nothing about the work. */
  outcome: z.enum(['done', 'unchanged', 'skipped']),
  /** null for a stage whose work is not rows. */
  rows: z.number().nonnegative().nullable(),
  ms: z.number().nonnegative(),
})

const runRecord = z.strictObject({
  schemaVersion: z.literal(1),
  /** Order of the runs, whatever the clock says. */
  sequence: z.number().int().positive(),
  /** ISO 8601 */
  startedAt: z.string(),
  days: z.array(z.string()),
  stages: z.array(stageRecord),
})

/** What one run of the pilot did; the report's timings come from it. */
export type RunRecord = z.infer<typeof runRecord>
export type StageRecord = z.infer<typeof stageRecord>

type RunContext = Pick<JobContext, 'files' | 'layout'>

const recordsKept = 50
const namePattern = /^pilot-\d{6,}\.json$/

function folder(context: RunContext): string {
  return path.join(context.layout.state, 'runs')
}

/** Every record that can be read, oldest first. A damaged one is passed over: it only costs its timings. */
export async function readRuns(context: RunContext): Promise<readonly RunRecord[]> {
  const runs: RunRecord[] = []
  for (const entry of await context.files.list(folder(context))) {
    if (!namePattern.test(entry.name)) continue
    const text = (await context.files.readText(entry.path)) ?? ''
    try {
      runs.push(runRecord.parse(JSON.parse(text)))
    } catch {
      // The next run writes a new one.
    }
  }
  return runs.sort((a, b) => a.sequence - b.sequence)
}

/** The next free number; numbers of records that cannot be read are not used again. */
export async function nextRun(context: RunContext): Promise<number> {
  const names = (await context.files.list(folder(context))).map((entry) => entry.name)
  const numbers = names.filter((name) => namePattern.test(name)).map((name) => Number(name.slice(6, -5)))
  return Math.max(0, ...numbers) + 1
}

/** Writes (or writes anew, as the run goes on) the record of one run, and drops the oldest ones. */
export async function writeRun(run: RunRecord, context: RunContext): Promise<void> {
  const name = (sequence: number) => `pilot-${String(sequence).padStart(6, '0')}.json`
  await context.files.mkdir(folder(context))
  await context.files.writeAtomic(
    path.join(folder(context), name(run.sequence)),
    `${JSON.stringify(runRecord.parse(run), null, 1)}\n`,
  )
  const old = (await readRuns(context)).slice(0, -recordsKept)
  for (const { sequence } of old) await context.files.remove(path.join(folder(context), name(sequence)))
}

/** For each stage the newest run over this day in which it had work to do. */
export function lastWork(runs: readonly RunRecord[], day: string): readonly StageRecord[] {
  const stages = new Map<string, StageRecord>()
  for (const run of runs.filter((one) => one.days.includes(day))) {
    for (const stage of run.stages) if (stage.outcome === 'done') stages.set(stage.id, stage)
  }
  return [...stages.values()]
}
