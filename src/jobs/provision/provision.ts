import { UsageError } from '../../core/errors.js'
import type { ExitName } from '../../core/exit-codes.js'
import { assertFresh, parsePlan, serialisePlan } from '../../core/plan/plan-file.js'
import type { Plan, Prepared } from '../../core/plan/planner.js'
import type { RunHead } from '../../core/plan/run-record.js'
import { readRuns, runOutcome } from '../runs/run-store.js'
import { carryOut, lockSite, type RunReport } from './carry-out.js'
import { type HostsContext, hostsWorld, siteDigest } from './context.js'
import { prepareProvision, type Selection } from './prepare.js'

export interface PlanResult {
  readonly plan: Plan
  /** Where it was saved. */
  readonly file?: string
  readonly roundTrips: Readonly<Record<string, number>>
}

/** The plan alone: writes nothing on any host, and on this machine only `out`. */
export async function planProvision(
  selection: Selection,
  out: string | undefined,
  context: HostsContext,
): Promise<PlanResult> {
  const world = hostsWorld(context)
  const { plan } = await prepareProvision(selection, context, world)
  if (out !== undefined) await context.files.writeAtomic(out, serialisePlan(plan), { mode: 0o600 })
  return { plan, roundTrips: Object.fromEntries(world.roundTrips), ...(out === undefined ? {} : { file: out }) }
}

/** What a plan alone ends with; `pending` is asked for by `--exit-code`. undefined: all is well. */
export function planExit({ plan }: Pick<PlanResult, 'plan'>, pending: boolean): ExitName | undefined {
  const { counts, lost } = plan
  if (lost.length > 0) return lost.some((one) => one.unreachable) ? 'unreachable' : 'failed'
  return pending && counts.change + counts.blocked > 0 ? 'pending' : undefined
}

export interface ProvisionInput extends Selection {
  /** A plan file: only it is carried out, and only while it holds. */
  readonly apply?: string | undefined
  /** Go on with the newest run that did not end well. */
  readonly resume: boolean
  /** Shows the plan and asks; false stops before anything is changed. Not called when nothing is to do. */
  readonly confirm: (plan: Plan) => Promise<boolean>
}

export type ProvisionResult = RunReport & { readonly plan: Plan }

/** Was all that `other` was asked for also asked of `head`? */
function covers(head: RunHead, other: RunHead): boolean {
  const within = (all: readonly string[], some: readonly string[]) => some.every((one) => all.includes(one))
  if (!within(head.hosts, other.hosts)) return false
  return head.only.length === 0 || (other.only.length > 0 && within(head.only, other.only))
}

/** The newest run of `command` that did not end well, and that no later run has made good. */
export async function runToResume(command: string, context: HostsContext): Promise<RunHead> {
  const runs = (await readRuns(context)).filter(
    ({ head }) => head.command === command && head.site === context.site.name,
  )
  const done: RunHead[] = []
  const last = runs.findLast((run) => {
    const isDone = runOutcome(run, context) === 'done'
    if (isDone) done.push(run.head)
    return !isDone && !done.some((head) => covers(head, run.head))
  })
  if (last === undefined) {
    throw new UsageError('NOTHING_TO_RESUME', `no run of smartcar ${command} is unfinished`, {
      hints: [`smartcar ${command} starts one; smartcar runs list shows all`],
    })
  }
  if (last.head.digest !== siteDigest(context.site)) {
    throw new UsageError('RESUME_OTHER_SITE', `the site has changed since the run ${last.head.id}`, {
      hints: [`smartcar ${command} makes a new plan; what is in place already is not done again`],
    })
  }
  return last.head
}

/** A saved plan: exactly its steps are planned anew and compared, whatever flags it was made with. */
async function readPlan(file: string, context: HostsContext) {
  const text = await context.files.readText(file)
  if (text !== undefined) return parsePlan(text, file)
  throw new UsageError('PLAN_ABSENT', `there is no plan file ${file}`, {
    hints: ['smartcar provision --plan --out FILE writes one'],
  })
}

function isAgreed(prepared: Prepared, agreed: readonly string[]): boolean {
  return prepared.plan.steps.every(({ id, finding }) => finding.state !== 'change' || agreed.includes(id))
}

/**
 * Plans, asks, carries out. Throws UsageError PLAN_STALE when the plan file does not hold any more, FailedError
 * SITE_LOCKED when somebody else works on the hosts. The result says what failed, see `runError`; undefined:
 * the answer was no.
 */
export async function provision(input: ProvisionInput, context: HostsContext): Promise<ProvisionResult | undefined> {
  await using _ = await lockSite('smartcar provision', context)
  const resumed = input.resume ? await runToResume('provision', context) : undefined
  const saved = input.apply === undefined ? undefined : await readPlan(input.apply, context)
  const selection: Selection =
    saved === undefined ? (resumed ?? input) : { hosts: saved.hosts, only: saved.steps.map(({ id }) => id) }
  const world = hostsWorld(context)
  const prepared = await prepareProvision(selection, context, world)
  if (saved !== undefined) assertFresh(saved, prepared.plan, input.apply ?? '')
  const { plan } = prepared
  const agreed = input.apply !== undefined || (resumed !== undefined && isAgreed(prepared, resumed.changes))
  if (plan.counts.change > 0 && !agreed && !(await input.confirm(plan))) return undefined
  const report = await carryOut(
    prepared,
    { command: 'provision', only: selection.only, ...(resumed === undefined ? {} : { resumes: resumed.id }) },
    context,
    world,
  )
  return { ...report, plan }
}
