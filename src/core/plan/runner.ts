import { BugError, FailedError, InterruptedError, throwIfInterrupted } from '../errors.js'
import { type Emit, stage } from '../events.js'
import { HostKeyError } from '../transport.js'
import { type Failure, isConnectionLoss, toFailure } from './failure.js'
import { answers, checkStep, maskFinding, type Prepared } from './planner.js'
import type { RunLine, StepState } from './run-record.js'
import type { Finding, Step, World } from './step.js'

export interface StepResult {
  readonly id: string
  readonly title: string
  readonly host?: string
  readonly state: StepState
  readonly ms: number
  /** What was changed, one fragment each. */
  readonly changes?: readonly string[]
  /** Why it was skipped or is blocked, or what was left behind. */
  readonly reason?: string
  readonly hints?: readonly string[]
  readonly failure?: Failure
}

export interface RunPlanOptions {
  readonly emit: Emit
  /** Written before and after every step, in order, durable when it resolves. */
  readonly record: (line: RunLine) => Promise<void>
  /** How long a host that was lost in the middle is waited for. */
  readonly reconnectMs: number
  /** Called before the first change on a host; what it returns is released after the host's last step. */
  readonly lockHost?: (host: string) => Promise<AsyncDisposable>
}

const probeEveryMs = 500
const reconnectFirstMs = 250
const reconnectMaxMs = 5000

function describe(finding: Finding): readonly string[] {
  return finding.state === 'change' ? maskedSummaries(finding) : []
}

function maskedSummaries(finding: Finding): readonly string[] {
  const masked = maskFinding(finding)
  return masked.state === 'change' ? masked.changes.map((change) => change.summary) : []
}

async function waitUntilReady(step: Step, world: World): Promise<void> {
  if (step.ready === undefined) return
  const began = world.clock.monotonic()
  for (;;) {
    const finding = await step.ready.probe(world)
    if (finding.state === 'ok') return
    if (world.clock.monotonic() - began >= step.ready.timeoutMs) {
      const what = finding.state === 'blocked' ? finding.reason : describe(finding).join(', ')
      throw new FailedError(
        'STEP_NOT_READY',
        `${step.title}: not ready after ${step.ready.timeoutMs / 1000} s: ${what}`,
        {
          hints: finding.state === 'blocked' ? finding.hints : [],
        },
      )
    }
    await world.clock.sleep(probeEveryMs, world.signal)
  }
}

type Attempt = Pick<StepResult, 'state' | 'changes' | 'reason' | 'hints'>

/** Check (unless `known`), apply, wait until ready, check again. */
async function attempt(
  step: Step,
  known: Finding | undefined,
  world: World,
  emitLine: (line: string) => void,
): Promise<Attempt> {
  const finding = known ?? (await checkStep(step, world))
  if (finding.state === 'ok') return { state: 'ok', ...(finding.note === undefined ? {} : { reason: finding.note }) }
  if (finding.state === 'blocked') return { state: 'blocked', reason: finding.reason, hints: finding.hints }
  await step.apply(world, finding, emitLine)
  await waitUntilReady(step, world)
  if (step.when === undefined && step.always === undefined) {
    const after = await checkStep(step, world)
    if (after.state !== 'ok') {
      const left = after.state === 'blocked' ? [after.reason] : describe(after)
      throw new BugError(`${step.id} was applied and is still not in place: ${left.join(', ')}`, {
        data: { step: step.id, left },
      })
    }
  }
  return { state: 'changed', changes: describe(finding) }
}

/** Tries a step again when its host was lost in the middle: steps are checked first, so nothing is done twice. */
async function attemptWithPatience(
  step: Step,
  known: Finding | undefined,
  world: World,
  emitLine: (line: string) => void,
  options: RunPlanOptions & {
    /** Hosts were down from the start: they are not waited for where the step's own host answers. */
    readonly someDown: boolean
  },
): Promise<Attempt> {
  let began: number | undefined
  let wait = reconnectFirstMs
  let finding = known
  let mayHaveChanged = false
  for (;;) {
    try {
      const result = await attempt(step, finding, world, emitLine)
      // The connection broke after the change was made and before it was seen: it is a change of this run.
      if (result.state === 'ok' && mayHaveChanged && known !== undefined)
        return { state: 'changed', changes: describe(known) }
      return result
    } catch (error) {
      throwIfInterrupted(world.signal)
      if (!isConnectionLoss(error)) throw error
      if (options.someDown && step.host !== undefined && (await answers(step.host, world))) throw error
      const now = world.clock.monotonic()
      if (began === undefined) {
        began = now
        options.emit({
          t: 'note',
          level: 'warn',
          text: `${step.host ?? 'a host'} was lost during "${step.title}": waiting up to ${Math.round(options.reconnectMs / 1000)} s for it`,
        })
      }
      if (now - began >= options.reconnectMs) throw error
      mayHaveChanged = true
      // A handler's check always says that it would run: it has to run again.
      finding = step.when === undefined ? undefined : known
      await world.clock.sleep(wait, world.signal)
      wait = Math.min(wait * 2, reconnectMaxMs)
    }
  }
}

const stopping: readonly StepState[] = ['failed', 'blocked', 'skipped', 'unreachable', 'not-run']

/**
 * Carries a plan out: the steps of one host one after the other, hosts side by side, a step only after all that it
 * needs. A failed step stops what depends on it and nothing else. Never throws for a failed step: its result says so.
 * Throws HostKeyError when a host shows another key in the middle; InterruptedError, with the results so far as
 * `data.steps`, when `world.signal` aborts.
 */
export async function runPlan(
  prepared: Prepared,
  world: World,
  options: RunPlanOptions,
): Promise<readonly StepResult[]> {
  const { graph } = prepared
  const results = new Map<string, StepResult>()
  /** Hosts on which nothing more is tried, with the reason. */
  const lostHosts = new Map<string, { readonly state: StepState; readonly reason: string }>()
  const isoNow = () => new Date(world.clock.now()).toISOString()
  let wake = () => {}
  let settled = new Promise<void>((resolve) => {
    wake = resolve
  })
  const wakeAll = () => {
    const awake = wake
    settled = new Promise<void>((resolve) => {
      wake = resolve
    })
    awake()
  }
  // The record could not be written, or a bug: nothing more is begun, on no host.
  let broken: unknown
  const finish = async (result: StepResult) => {
    results.set(result.id, result)
    const { id, title, host, state, ms, changes, reason, failure } = result
    await options.record({
      t: 'step',
      at: isoNow(),
      id,
      title,
      state,
      ms: Math.round(ms),
      ...(host === undefined ? {} : { host }),
      ...(changes === undefined ? {} : { changes }),
      ...(reason === undefined ? {} : { reason }),
      ...(failure === undefined ? {} : { failure }),
    })
    wakeAll()
  }
  const identity = (step: Step) => ({
    id: step.id,
    title: step.title,
    ...(step.host === undefined ? {} : { host: step.host }),
  })

  // Somebody may stand between: what is under way on other hosts ends, and nothing more is begun anywhere.
  const stopAll = async (step: Step, error: HostKeyError, began: number): Promise<never> => {
    await finish({ ...identity(step), ms: world.clock.monotonic() - began, state: 'failed', failure: toFailure(error) })
    throw error
  }

  const runStep = async (step: Step): Promise<void> => {
    const needs = graph.needs.get(step.id) ?? []
    const failedNeed = needs.find((need) => {
      const result = results.get(need)
      // A need without a step is on a host that was lost, unless it was left out on purpose.
      return result === undefined ? !graph.needs.has(need) && isLostNeed(need) : stopping.includes(result.state)
    })
    if (failedNeed !== undefined) {
      await finish({ ...identity(step), state: 'skipped', ms: 0, reason: `needs ${failedNeed}, which did not succeed` })
      return
    }
    const lostHost = lostHosts.get(step.host ?? '')
    if (lostHost !== undefined) {
      await finish({ ...identity(step), ms: 0, ...lostHost })
      return
    }
    const planned = prepared.findings.get(step.id)
    const needChanged = needs.some((need) => results.get(need)?.state === 'changed')
    const triggers = graph.triggers.get(step.id)
    if (triggers !== undefined) {
      const triggered =
        prepared.owed.has(step.id) || triggers.some((trigger) => results.get(trigger)?.state === 'changed')
      if (!triggered) {
        await finish({ ...identity(step), state: 'ok', ms: 0 })
        return
      }
    } else if (planned?.state === 'ok' && !needChanged) {
      await finish({
        ...identity(step),
        state: 'ok',
        ms: 0,
        ...(planned.note === undefined ? {} : { reason: planned.note }),
      })
      return
    }
    const known = triggers === undefined && !needChanged ? planned : undefined
    const began = world.clock.monotonic()
    try {
      await lock(step.host)
    } catch (error) {
      throwIfInterrupted(world.signal)
      if (error instanceof HostKeyError) await stopAll(step, error, began)
      const state = isConnectionLoss(error) ? ('unreachable' as const) : ('failed' as const)
      if (step.host !== undefined) {
        lostHosts.set(step.host, {
          state: state === 'failed' ? 'skipped' : state,
          reason: error instanceof Error ? error.message : String(error),
        })
      }
      await finish({ ...identity(step), ms: world.clock.monotonic() - began, state, failure: toFailure(error) })
      return
    }
    try {
      await options.record({ t: 'start', at: isoNow(), id: step.id })
      const result = await stage(
        options.emit,
        {
          id: step.id,
          title: step.host === undefined ? step.title : `${step.host}: ${step.title}`,
          parent: step.host === undefined ? runStage : hostStage(step.host),
        },
        async () => {
          const attempted = await attemptWithPatience(
            step,
            known,
            world,
            (text) => options.emit({ t: 'note', level: 'info', text: `${step.host ?? ''} ${text}`.trimStart() }),
            { ...options, someDown: prepared.plan.lost.length > 0 },
          )
          // The stage of a step that cannot be done has to end as failed.
          if (attempted.state === 'blocked') throw new BlockedError(attempted)
          return attempted
        },
        (attempted) => ({
          outcome: attempted.state === 'changed' ? 'done' : 'unchanged',
          summary: attempted.changes?.join(', ') ?? attempted.reason ?? 'unchanged',
        }),
      )
      await finish({ ...identity(step), ms: world.clock.monotonic() - began, ...result })
    } catch (error) {
      const ms = world.clock.monotonic() - began
      if (error instanceof BlockedError) {
        await finish({ ...identity(step), ms, ...error.attempted })
        return
      }
      throwIfInterrupted(world.signal)
      if (error instanceof HostKeyError) await stopAll(step, error, began)
      const lost = isConnectionLoss(error) && (step.host === undefined || !(await answers(step.host, world)))
      if (lost && step.host !== undefined)
        lostHosts.set(step.host, { state: 'unreachable', reason: `${step.host} was lost` })
      await finish({ ...identity(step), ms, state: lost ? 'unreachable' : 'failed', failure: toFailure(error) })
    }
  }

  const isLostNeed = (need: string) => prepared.plan.lost.some(({ host }) => need.endsWith(`@${host}`))
  const locks = new Map<string, AsyncDisposable>()
  const lock = async (host: string | undefined) => {
    if (host === undefined || options.lockHost === undefined || locks.has(host)) return
    locks.set(host, await options.lockHost(host))
  }

  const lanes = new Map<string | undefined, Step[]>()
  for (const step of graph.steps) {
    const lane = lanes.get(step.host)
    if (lane === undefined) lanes.set(step.host, [step])
    else lane.push(step)
  }
  const stopped = new Promise<void>((resolve) => {
    world.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const runLane = async (steps: Step[]) => {
    while (steps.length > 0) {
      throwIfInterrupted(world.signal)
      if (broken !== undefined) return
      const ready = steps.findIndex((step) =>
        (graph.needs.get(step.id) ?? []).every((need) => results.has(need) || !graph.needs.has(need)),
      )
      if (ready === -1) {
        await Promise.race([settled, stopped])
        continue
      }
      const [step] = steps.splice(ready, 1)
      if (step !== undefined) await runStep(step)
    }
  }
  const drawLane = async (host: string | undefined, steps: Step[]) => {
    const all = [...steps]
    try {
      if (host === undefined) await runLane(steps)
      else
        await stage(
          options.emit,
          { id: hostStage(host), title: host, parent: runStage },
          () => runLane(steps),
          () => summarise(all.flatMap(({ id }) => results.get(id) ?? [])),
        )
    } catch (error) {
      broken ??= error
      wakeAll()
    } finally {
      await locks.get(host ?? '')?.[Symbol.asyncDispose]()
    }
  }
  // One stage over all hosts: what is drawn on a terminal is the newest line of any of them.
  await stage(
    options.emit,
    { id: runStage, title: prepared.plan.command },
    () => Promise.all([...lanes].map(([host, steps]) => drawLane(host, steps))),
    () => summarise([...results.values()]),
  )
  if (broken !== undefined && !world.signal.aborted) throw broken
  const all = graph.steps.map(
    (step): StepResult => results.get(step.id) ?? { ...identity(step), state: 'not-run', ms: 0 },
  )
  if (world.signal.aborted) {
    const reason = world.signal.reason
    throw new InterruptedError(reason instanceof Error ? reason.message : undefined, {
      hints: ['run with --resume to go on'],
      data: { steps: all },
    })
  }
  return all
}

class BlockedError extends FailedError {
  constructor(readonly attempted: Attempt) {
    super('STEP_BLOCKED', attempted.reason ?? 'blocked', { hints: attempted.hints ?? [] })
  }
}

const runStage = 'run'

function hostStage(host: string): string {
  return `host:${host}`
}

/** `3 changed, 19 already in place, 1 failed` */
function summarise(results: readonly StepResult[]) {
  const count = (...states: StepState[]) => results.filter((result) => states.includes(result.state)).length
  const changed = count('changed')
  const failed = count('failed', 'blocked', 'unreachable')
  const parts = [
    `${changed} changed`,
    `${count('ok')} already in place`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(count('skipped') > 0 ? [`${count('skipped')} skipped`] : []),
  ]
  const outcome = failed > 0 ? ('skipped' as const) : changed === 0 ? ('unchanged' as const) : ('done' as const)
  return { outcome, summary: parts.join(', ') }
}
