import path from 'node:path'
import { FailedError, InterruptedError, type SmartcarError, UnreachableError } from '../../core/errors.js'
import type { LostHost, Prepared } from '../../core/plan/planner.js'
import type { RunLine } from '../../core/plan/run-record.js'
import { runPlan, type StepResult } from '../../core/plan/runner.js'
import { HostKeyError } from '../../core/transport.js'
import { newRunId, openRunRecord } from '../runs/run-store.js'
import { type CountedWorld, type HostsContext, siteDigest } from './context.js'
import { lockHost } from './host-lock.js'

interface RunCounts {
  readonly changed: number
  readonly ok: number
  readonly failed: number
  readonly skipped: number
}

/** What a run did. */
export interface RunReport {
  readonly run: string
  readonly outcome: 'done' | 'unchanged' | 'failed' | 'unreachable'
  readonly steps: readonly StepResult[]
  readonly lost: readonly LostHost[]
  readonly counts: RunCounts
  /** Scripts that were sent to each host, planning included. */
  readonly roundTrips: Readonly<Record<string, number>>
}

export interface CarryOutOptions {
  readonly command: string
  readonly only: readonly string[]
  readonly resumes?: string
}

function countResults(steps: readonly StepResult[]): RunCounts {
  const count = (...states: StepResult['state'][]) => steps.filter(({ state }) => states.includes(state)).length
  return {
    changed: count('changed'),
    ok: count('ok'),
    failed: count('failed', 'blocked', 'unreachable'),
    skipped: count('skipped', 'not-run'),
  }
}

function outcomeOf(steps: readonly StepResult[], lost: readonly LostHost[]): RunReport['outcome'] {
  if (lost.some(({ unreachable }) => unreachable) || steps.some(({ state }) => state === 'unreachable'))
    return 'unreachable'
  if (lost.length > 0 || steps.some(({ state }) => state !== 'ok' && state !== 'changed')) return 'failed'
  return steps.some(({ state }) => state === 'changed') ? 'done' : 'unchanged'
}

/** Takes the lock of the site's hosts on this machine; throws FailedError SITE_LOCKED, naming the holder, when it is taken. */
export async function lockSite(purpose: string, context: HostsContext): Promise<AsyncDisposable> {
  const held = new AbortController()
  return context.files.lock(path.join(context.layout.locks, 'hosts'), purpose, {
    signal: AbortSignal.any([held.signal, context.signal]),
    onWait: (holder) =>
      held.abort(
        new FailedError(
          'SITE_LOCKED',
          `the hosts of the site ${context.site.name} are being worked on by ${holder.purpose}, pid ${holder.pid}, since ${holder.since}`,
          { hints: ['wait until it has ended, or stop it'], data: { holder } },
        ),
      ),
  })
}

const unlocked: AsyncDisposable = { [Symbol.asyncDispose]: async () => {} }

function isOwnMachine(name: string, { site }: HostsContext): boolean {
  return site.profile === 'apache' && site.hosts.some((host) => host.name === name && host.connection === 'local')
}

/** Carries a plan out and records it. Throws HostKeyError, never for a step that failed otherwise, see `runError`. */
export async function carryOut(
  prepared: Prepared,
  options: CarryOutOptions,
  context: HostsContext,
  world: CountedWorld,
): Promise<RunReport> {
  const id = newRunId(context.clock.now())
  const at = () => new Date(context.clock.now()).toISOString()
  await using record = await openRunRecord(id, context)
  const { plan } = prepared
  const head: RunLine = {
    t: 'run',
    version: 1,
    id,
    command: options.command,
    site: plan.site,
    digest: siteDigest(context.site),
    at: at(),
    pid: process.pid,
    hosts: plan.hosts,
    only: options.only,
    changes: plan.steps.filter(({ finding }) => finding.state === 'change').map((step) => step.id),
    ...(options.resumes === undefined ? {} : { resumes: options.resumes }),
  }
  await record.write(head)
  let steps: readonly StepResult[]
  try {
    steps = await runPlan(prepared, world, {
      emit: context.emit,
      record: (line) => record.write(line),
      reconnectMs: context.site.provision.reconnectMs,
      // What `apache` does on this machine stays in the site's folder, which the site's own lock protects.
      lockHost: async (host) =>
        isOwnMachine(host, context)
          ? unlocked
          : lockHost(host, `smartcar ${options.command}`, world, context, process.pid),
    })
  } catch (error) {
    if (error instanceof InterruptedError) await record.write({ t: 'end', at: at(), outcome: 'interrupted' })
    if (error instanceof HostKeyError) await record.write({ t: 'end', at: at(), outcome: 'failed' })
    throw error
  }
  const outcome = outcomeOf(steps, plan.lost)
  await record.write({ t: 'end', at: at(), outcome: outcome === 'unchanged' ? 'done' : outcome })
  return {
    run: id,
    outcome,
    steps,
    lost: plan.lost,
    counts: countResults(steps),
    roundTrips: Object.fromEntries(world.roundTrips),
  }
}

/** What a run that did not end well means: UnreachableError before FailedError, with the report as data. */
export function runError(report: RunReport, command: string): SmartcarError | undefined {
  const hosts = [
    ...new Set([
      ...report.lost.map(({ host }) => host),
      ...report.steps.flatMap(({ host, state }) => (host !== undefined && state === 'unreachable' ? [host] : [])),
    ]),
  ]
  const data = { report }
  const again = `smartcar ${command}${command === 'provision' ? ' --resume' : ''} goes on with what is left`
  if (report.outcome === 'unreachable') {
    return new UnreachableError('HOST_LOST', `${hosts.join(', ')} could not be reached; the other hosts are finished`, {
      hints: [...report.lost.flatMap(({ failure }) => failure.hints), again],
      data,
    })
  }
  if (report.outcome === 'failed') {
    const failed = report.steps.filter(({ state }) => state === 'failed' || state === 'blocked')
    const names = [...report.lost.map(({ host }) => host), ...failed.map(({ id }) => id)]
    return new FailedError('STEPS_FAILED', `${command} is not complete: ${names.slice(0, 5).join(', ')} failed`, {
      hints: [again, `smartcar runs show ${report.run}`],
      data,
    })
  }
  return undefined
}
