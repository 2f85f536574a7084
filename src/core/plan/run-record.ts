import { z } from 'zod'
import { FailedError } from '../errors.js'

const stepStates = ['ok', 'changed', 'failed', 'blocked', 'skipped', 'unreachable', 'not-run'] as const
export type StepState = (typeof stepStates)[number]

const failure = z.object({
  code: z.string(),
  message: z.string(),
  command: z.string().exactOptional(),
  exitCode: z.number().exactOptional(),
  lastLines: z.array(z.string()).readonly().exactOptional(),
  cause: z.string().exactOptional(),
  hints: z.array(z.string()).readonly(),
})

const line = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('run'),
    version: z.literal(1),
    id: z.string(),
    command: z.string(),
    site: z.string(),
    digest: z.string(),
    at: z.string(),
    pid: z.number(),
    resumes: z.string().exactOptional(),
    hosts: z.array(z.string()).readonly(),
    only: z.array(z.string()).readonly(),
    /** What was agreed to: the steps that the plan would change. */
    changes: z.array(z.string()).readonly(),
  }),
  z.object({ t: z.literal('start'), at: z.string(), id: z.string() }),
  z.object({
    t: z.literal('step'),
    at: z.string(),
    id: z.string(),
    title: z.string(),
    host: z.string().exactOptional(),
    state: z.enum(stepStates),
    ms: z.number(),
    changes: z.array(z.string()).readonly().exactOptional(),
    reason: z.string().exactOptional(),
    failure: failure.exactOptional(),
  }),
  z.object({
    t: z.literal('end'),
    at: z.string(),
    outcome: z.enum(['done', 'failed', 'unreachable', 'interrupted']),
  }),
])

/** One line of a run record, `.smartcar/runs/<id>.jsonl`. */
export type RunLine = z.infer<typeof line>
export type RunHead = Extract<RunLine, { t: 'run' }>
type RunStep = Extract<RunLine, { t: 'step' }>

export interface RunRecord {
  readonly head: RunHead
  readonly steps: readonly RunStep[]
  /** Steps that began and never ended: the toolkit died there. */
  readonly unfinished: readonly string[]
  /** undefined: the toolkit is running, or it died. */
  readonly end?: Extract<RunLine, { t: 'end' }>
  /** Every line, in order. */
  readonly lines: readonly RunLine[]
}

/** Reads a run record. The last line may be half-written, by a toolkit that was killed; any other damage throws. */
export function parseRunRecord(text: string, file: string): RunRecord | undefined {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const lines = whole
    .split('\n')
    .filter((one) => one !== '')
    .map((one, number): RunLine => {
      try {
        return line.parse(JSON.parse(one))
      } catch (error) {
        throw new FailedError('RUN_RECORD_DAMAGED', `line ${number + 1} of the run record ${file} cannot be read`, {
          hints: ['remove the file: it is only a record, no host depends on it'],
          cause: error,
        })
      }
    })
  const [head] = lines
  // Killed before the first line was on the disk.
  if (head === undefined || head.t !== 'run') return undefined
  const steps = lines.filter((one) => one.t === 'step')
  const started = new Set<string>()
  for (const one of lines) {
    if (one.t === 'start') started.add(one.id)
    if (one.t === 'step') started.delete(one.id)
  }
  const end = lines.findLast((one) => one.t === 'end')
  return { head, steps, unfinished: [...started], lines, ...(end === undefined ? {} : { end }) }
}

/**
 * Handlers that are still owed: something that triggers them changed, or may have (the toolkit died in the middle),
 * and they have not run since. `runs`: oldest first; `triggers`: by handler.
 */
export function owedHandlers(
  runs: readonly RunRecord[],
  triggers: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const owed = new Set<string>()
  const byTrigger = new Map<string, string[]>()
  for (const [handler, ids] of triggers) {
    for (const id of ids) byTrigger.set(id, [...(byTrigger.get(id) ?? []), handler])
  }
  for (const run of runs) {
    for (const step of run.steps) {
      // `ok`: its turn came, and there was nothing to restart.
      if (step.state === 'changed' || step.state === 'ok') owed.delete(step.id)
      if (step.state === 'changed' || step.state === 'failed' || step.state === 'unreachable')
        for (const handler of byTrigger.get(step.id) ?? []) owed.add(handler)
    }
    for (const id of run.unfinished) for (const handler of byTrigger.get(id) ?? []) owed.add(handler)
  }
  return owed
}
