import { randomBytes } from 'node:crypto'
import { InterruptedError, SmartcarError, throwIfInterrupted } from '../errors.js'
import { HostKeyError } from '../transport.js'
import { batchScript, parseBatch } from './batch.js'
import { type Failure, isConnectionLoss, toFailure } from './failure.js'
import { buildGraph, type Graph, withNeeds } from './graph.js'
import { type Change, type Finding, isShellCheck, type Step, type World } from './step.js'

/** A host that could not be asked: none of its steps is in the plan. */
export interface LostHost {
  readonly host: string
  readonly failure: Failure
  /** false: it answers, and refuses what has to be done there (sudo, an unsupported system). */
  readonly unreachable: boolean
}

/** What a host's failure means for the plan; undefined: it concerns more than this host, so the command has to stop. */
export function lostHost(host: string, error: unknown): LostHost | undefined {
  if (error instanceof HostKeyError || error instanceof InterruptedError || !(error instanceof SmartcarError))
    return undefined
  return { host, failure: toFailure(error), unreachable: isConnectionLoss(error) }
}

export interface PlannedStep {
  readonly id: string
  readonly title: string
  readonly reason: string
  readonly group: string
  readonly host?: string
  readonly needs: readonly string[]
  /** Secrets are masked. */
  readonly finding: Finding
  /** Runs because another step changes something. */
  readonly handler?: true
  /** Cannot be idempotent: it is in every plan. */
  readonly always?: true
}

interface PlanCounts {
  readonly change: number
  readonly ok: number
  readonly blocked: number
}

/** What would be done: a frozen value, free of secrets, in the order in which it would be done. */
export interface Plan {
  readonly version: 1
  readonly command: string
  readonly site: string
  /** Of the site as it was planned for, see `--apply`. */
  readonly digest: string
  /** ISO 8601 */
  readonly created: string
  readonly hosts: readonly string[]
  readonly lost: readonly LostHost[]
  readonly steps: readonly PlannedStep[]
  readonly counts: PlanCounts
}

/** A plan together with what carries it out. */
export interface Prepared {
  readonly plan: Plan
  readonly graph: Graph
  readonly findings: ReadonlyMap<string, Finding>
  /** Handlers that run also when nothing triggers them now. */
  readonly owed: ReadonlySet<string>
}

const mask = '(secret)'

function maskChange(change: Change): Change {
  if (change.sensitive !== true) return change
  return {
    kind: change.kind,
    summary: change.summary,
    sensitive: true,
    ...(change.before === undefined ? {} : { before: mask }),
    ...(change.after === undefined ? {} : { after: mask }),
  }
}

export function maskFinding(finding: Finding): Finding {
  return finding.state === 'change' ? { state: 'change', changes: finding.changes.map(maskChange) } : finding
}

function countFindings(findings: Iterable<Finding>): PlanCounts {
  const counts = { change: 0, ok: 0, blocked: 0 }
  for (const finding of findings) counts[finding.state]++
  return counts
}

const checksTimeoutMs = 180_000
const answerTimeoutMs = 20_000

/** Does `host` itself answer? A step may ask other hosts too, and a lost connection is not always its own host's. */
export async function answers(host: string, world: World): Promise<boolean> {
  try {
    await world.shell(host, ':', { timeoutMs: answerTimeoutMs })
    return true
  } catch (error) {
    if (isConnectionLoss(error)) return false
    throw error
  }
}

/**
 * Runs all checks of `steps`, which are on one host: the shell checks in one round trip, the others one by one.
 * `planning`: a check that another host does not answer is blocked; else it throws, and the runner waits for that host.
 */
async function checkHost(
  host: string | undefined,
  steps: readonly Step[],
  world: World,
  planning = false,
): Promise<ReadonlyMap<string, Finding>> {
  const findings = new Map<string, Finding>()
  const batched = steps.flatMap(({ id, check }) => (isShellCheck(check) && host !== undefined ? [{ id, check }] : []))
  if (host !== undefined && batched.length > 0) {
    const token = randomBytes(9).toString('hex')
    const checks = batched.map(({ check }) => check)
    const output = await world.shell(host, batchScript(checks, token), { timeoutMs: checksTimeoutMs })
    const outputs = parseBatch(output, checks.length, token, host)
    for (const [number, { id, check }] of batched.entries()) {
      findings.set(id, check.interpret(outputs[number] ?? { code: -1, stdout: '' }))
    }
  }
  for (const { id, check } of steps) {
    throwIfInterrupted(world.signal)
    if (isShellCheck(check)) continue
    try {
      findings.set(id, await check(world))
    } catch (error) {
      const other = planning && isConnectionLoss(error) && host !== undefined && (await answers(host, world))
      if (!other || !(error instanceof SmartcarError)) throw error
      findings.set(id, { state: 'blocked', reason: error.message, hints: error.hints })
    }
  }
  return findings
}

/** Runs one step's check by itself. */
export async function checkStep(step: Step, world: World): Promise<Finding> {
  return (await checkHost(step.host, [step], world)).get(step.id) ?? { state: 'ok' }
}

export interface PrepareInput {
  readonly command: string
  readonly site: string
  readonly digest: string
  readonly hosts: readonly string[]
  /** Hosts that were lost before their steps could be made. */
  readonly lost: readonly LostHost[]
  readonly steps: readonly Step[]
  /** Steps to plan; they bring what they need. All when left out. */
  readonly only?: (step: Step) => boolean
  /** Handlers that earlier runs still owe, given what triggers each handler. */
  readonly owed?: (triggers: Graph['triggers']) => ReadonlySet<string>
}

function hostOf(id: string): string | undefined {
  const at = id.lastIndexOf('@')
  return at === -1 ? undefined : id.slice(at + 1).split('/')[0]
}

/** Runs every check, hosts side by side, and makes the plan. A host that cannot be reached does not stop the others. */
export async function prepare(input: PrepareInput, world: World): Promise<Prepared> {
  const lost = new Map(input.lost.map((one) => [one.host, one]))
  const whole = buildGraph(input.steps, (need) => lost.has(hostOf(need) ?? ''))
  const chosen =
    input.only === undefined
      ? undefined
      : withNeeds(whole, new Set(whole.steps.filter(input.only).map((step) => step.id)))
  const selected = whole.steps.filter((step) => chosen === undefined || chosen.has(step.id))
  const byHost = new Map<string | undefined, Step[]>()
  for (const step of selected) {
    const known = byHost.get(step.host)
    if (known === undefined) byHost.set(step.host, [step])
    else known.push(step)
  }
  const findings = new Map<string, Finding>()
  const checked = await Promise.allSettled(
    [...byHost].map(async ([host, steps]) => {
      try {
        for (const [id, finding] of await checkHost(host, steps, world, true)) findings.set(id, finding)
      } catch (error) {
        const one = host === undefined ? undefined : lostHost(host, error)
        if (one === undefined) throw error
        lost.set(one.host, one)
      }
    }),
  )
  // Only after all hosts have ended, so that nothing runs on behind the error.
  for (const result of checked) if (result.status === 'rejected') throw result.reason
  const steps = selected.filter((step) => step.host === undefined || !lost.has(step.host))
  const graph = buildGraph(
    steps,
    (need) => lost.has(hostOf(need) ?? '') || (chosen !== undefined && whole.needs.has(need)),
  )
  const owed = input.owed?.(graph.triggers) ?? new Set()
  for (const step of graph.steps) {
    const triggers = graph.triggers.get(step.id)
    if (triggers === undefined) continue
    const triggered = owed.has(step.id) || triggers.some((id) => findings.get(id)?.state === 'change')
    if (!triggered) findings.set(step.id, { state: 'ok' })
  }
  const planned = graph.steps.map((step): PlannedStep => {
    return Object.freeze({
      id: step.id,
      title: step.title,
      reason: step.reason,
      group: step.group,
      ...(step.host === undefined ? {} : { host: step.host }),
      needs: graph.needs.get(step.id) ?? [],
      finding: maskFinding(findings.get(step.id) ?? { state: 'ok' }),
      ...(step.when === undefined ? {} : { handler: true as const }),
      ...(step.always === undefined ? {} : { always: true as const }),
    })
  })
  const plan: Plan = Object.freeze({
    version: 1,
    command: input.command,
    site: input.site,
    digest: input.digest,
    created: new Date(world.clock.now()).toISOString(),
    hosts: input.hosts,
    lost: [...lost.values()],
    steps: planned,
    counts: countFindings(planned.map((step) => step.finding)),
  })
  return { plan, graph, findings, owed }
}
