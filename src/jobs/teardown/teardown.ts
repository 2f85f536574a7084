import { buildGraph, type Graph } from '../../core/plan/graph.js'
import { type Plan, type Prepared, prepare } from '../../core/plan/planner.js'
import { type Step, undoStep } from '../../core/plan/step.js'
import { carryOut, lockSite, type RunReport } from '../provision/carry-out.js'
import { type CountedWorld, type HostsContext, hostsWorld, siteDigest } from '../provision/context.js'
import { chosenHosts, siteSteps, whileLooking } from '../provision/prepare.js'

/** Steps that need `id` and can be taken back; where one cannot, those that need it. */
function undoableDependants(id: string, graph: Graph, byId: ReadonlyMap<string, Step>): readonly string[] {
  return (graph.dependants.get(id) ?? []).flatMap((dependant) =>
    byId.get(dependant)?.undo === undefined ? undoableDependants(dependant, graph, byId) : [dependant],
  )
}

/** The steps that take `steps` back, in reverse. */
function undoSteps(steps: readonly Step[]): readonly Step[] {
  const graph = buildGraph(steps)
  const byId = new Map(steps.map((step) => [step.id, step]))
  return graph.steps
    .toReversed()
    .flatMap((step) => undoStep(step, [...new Set(undoableDependants(step.id, graph, byId))]) ?? [])
}

export interface TeardownInput {
  readonly hosts: readonly string[]
  /** Shows the plan and asks; false stops before anything is changed. Not called when nothing is to do. */
  readonly confirm: (plan: Plan) => Promise<boolean>
}

export type TeardownResult = RunReport & {
  readonly plan: Plan
  /** What smartcar had made and leaves behind, and why. */
  readonly left: readonly { readonly host: string; readonly what: string }[]
}

async function prepareTeardown(
  hosts: readonly string[],
  context: HostsContext,
  world: CountedWorld,
): Promise<Prepared> {
  const chosen = chosenHosts({ hosts, only: [] }, context)
  return whileLooking(context, async () => {
    // Taking back needs no bundle: its archive may be gone by now.
    const { steps, lost } = await siteSteps(chosen, context, world, 'repositories')
    return prepare(
      {
        command: 'teardown',
        site: context.site.name,
        digest: siteDigest(context.site),
        hosts: chosen.map(({ name }) => name),
        lost,
        steps: undoSteps(steps),
      },
      world,
    )
  })
}

/** What teardown would take back, and what it would leave. Writes nothing on any host. */
export async function planTeardown(hosts: readonly string[], context: HostsContext): Promise<{ readonly plan: Plan }> {
  return { plan: (await prepareTeardown(hosts, context, hostsWorld(context))).plan }
}

/**
 * Takes back what provisioning did, in reverse, from what each host kept about its state before; so it needs no record
 * on this machine. Undefined: the answer was no.
 */
export async function teardown(input: TeardownInput, context: HostsContext): Promise<TeardownResult | undefined> {
  await using _ = await lockSite('smartcar teardown', context)
  const world = hostsWorld(context)
  const prepared = await prepareTeardown(input.hosts, context, world)
  if (prepared.plan.counts.change > 0 && !(await input.confirm(prepared.plan))) return undefined
  const report = await carryOut(prepared, { command: 'teardown', only: [] }, context, world)
  const left = report.steps.flatMap(({ host, state, reason }) =>
    host !== undefined && state === 'ok' && reason !== undefined ? [{ host, what: reason.replace(/^left: /, '') }] : [],
  )
  return { ...report, plan: prepared.plan, left }
}
