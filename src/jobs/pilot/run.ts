import { throwIfInterrupted } from '../../core/errors.js'
import { type StageEnd, stage } from '../../core/events.js'
import type { JobContext } from '../../core/ports.js'
import { nextRun, type StageRecord, writeRun } from '../report/runs.js'

/** What a stage says when it has ended. */
export interface StageOutcome<T> {
  readonly outcome: StageEnd['outcome']
  readonly summary: string
  /** Rows that it worked through; left out for a stage whose work is not rows. */
  readonly rows?: number
  /** It changes nothing, whatever it does. */
  readonly looksOnly?: true
  readonly value: T
}

/** One run of the pilot: its stages one after the other, and what they did. */
export interface PilotRun {
  readonly stages: readonly StageRecord[]
  /** True as soon as a stage had something to do. */
  readonly changed: boolean
  /** Stages of the work inside appear below this one. */
  stage<T>(id: string, title: string, work: (inside: JobContext) => Promise<StageOutcome<T>>): Promise<T>
  /** Keeps what the run did so far, once it did anything: the report's timings come from it. */
  record(days: readonly string[]): Promise<void>
}

/** The same context, with every stage that has no parent put below `parent`. */
function below(parent: string, context: JobContext): JobContext {
  return {
    ...context,
    emit: (event) =>
      context.emit(event.t === 'stage.start' && event.parent === undefined ? { ...event, parent } : event),
  }
}

export function startRun(context: JobContext): PilotRun {
  const startedAt = new Date(context.clock.now()).toISOString()
  // Taken late: another run at the same time must not get the same number.
  let sequence: number | undefined
  const stages: StageRecord[] = []
  let changed = false
  return {
    stages,
    get changed() {
      return changed
    },
    async stage(id, title, work) {
      throwIfInterrupted(context.signal)
      const started = context.clock.monotonic()
      const done = await stage(
        context.emit,
        { id, title },
        () => work(below(id, context)),
        ({ outcome, summary }) => ({ outcome, summary }),
      )
      const ms = Math.round(context.clock.monotonic() - started)
      changed ||= done.outcome === 'done' && done.looksOnly !== true
      stages.push({ id, title, outcome: done.outcome, rows: done.rows ?? null, ms })
      return done.value
    },
    async record(days) {
      if (!changed) return
      sequence ??= await nextRun(context)
      await writeRun({ schemaVersion: 1, sequence, startedAt, days: [...days], stages }, context)
    },
  }
}
