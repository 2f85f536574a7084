import type { StepResult } from '../../core/plan/runner.js'
import type { JobContext } from '../../core/ports.js'
import { resultsText } from '../../render/plan.js'
import { findRun, type RunOutcome, runOutcome } from './run-store.js'

export interface ShownRun {
  readonly id: string
  readonly command: string
  readonly site: string
  readonly started: string
  readonly outcome: RunOutcome
  readonly steps: readonly StepResult[]
  readonly unfinished: readonly string[]
}

export async function showRun(id: string | undefined, context: JobContext): Promise<ShownRun> {
  const run = await findRun(id, context)
  return {
    id: run.head.id,
    command: run.head.command,
    site: run.head.site,
    started: run.head.at,
    outcome: runOutcome(run, context),
    steps: run.steps.map(({ t: _, at: __, ...step }) => step),
    unfinished: run.unfinished,
  }
}

export function runText(run: ShownRun): string {
  const head = `run ${run.id}: ${run.command} of ${run.site}, ${run.started}: ${run.outcome}\n`
  const died = run.unfinished.map((step) => `in the middle of ${step}\n`).join('')
  return `${head}${died}${run.steps.length === 0 ? '' : resultsText(run)}`
}
