/** Starting and stopping the services of a site, as plans that the runner of `provision` carries out. */
import { rolesOfService, type ServiceName } from '../../core/cluster/catalog.js'
import { type Cluster, clusterOf } from '../../core/cluster/cluster.js'
import { buildGraph } from '../../core/plan/graph.js'
import { type Plan, type Prepared, prepare } from '../../core/plan/planner.js'
import { type Step, undoStep } from '../../core/plan/step.js'
import { stepIds } from '../../distributions/apache/steps-input.js'
import { carryOut, lockSite, type RunReport } from '../provision/carry-out.js'
import { type CountedWorld, type HostsContext, hostsWorld, siteDigest } from '../provision/context.js'
import { servicesNamed, withDependants, withNeeds } from './names.js'
import { type ClusterSteps, clusterSteps } from './site-steps.js'

export type LifeCycleResult = RunReport & { readonly plan: Plan; readonly services: readonly ServiceName[] }

interface LifeCycleInput {
  /** Services or roles; all when empty. */
  readonly services: readonly string[]
}

function idsOf(services: readonly ServiceName[], cluster: Cluster): ReadonlySet<string> {
  return new Set(
    services.flatMap((service) => [
      stepIds.serving(service),
      ...rolesOfService(service).flatMap((role) => cluster.hostsOf(role).map(({ name }) => stepIds.start(role, name))),
    ]),
  )
}

/** The given steps alone; what they need beside each other stays, the rest is taken as it is. */
export function alone(steps: readonly Step[], ids: ReadonlySet<string>): readonly Step[] {
  const chosen = steps.filter(({ id }) => ids.has(id))
  const named = new Set(chosen.flatMap(({ id, tags }) => [id, ...(tags ?? [])]))
  return chosen.map((step) => ({ ...step, needs: step.needs.filter((need) => named.has(need)) }))
}

export interface Chosen {
  readonly services: readonly ServiceName[]
  readonly steps: readonly Step[]
}

type All = Pick<ClusterSteps, 'cluster' | 'steps'>

/** What starts the named services and those that they need; all when none is named. */
export function stepsToStart(words: readonly string[], { cluster, steps }: All): Chosen {
  const named = servicesNamed(words, cluster)
  const services = named.length === 0 ? cluster.services : withNeeds(named, cluster)
  return { services, steps: alone(steps, idsOf(services, cluster)) }
}

/** What stops the named services and those that need them; all when none is named. */
export function stepsToStop(words: readonly string[], { cluster, steps }: All): Chosen {
  const named = servicesNamed(words, cluster)
  const services = named.length === 0 ? cluster.services : withDependants(named, cluster)
  return { services, steps: stopSteps(alone(steps, idsOf(services, cluster))) }
}

/** The steps that stop what `steps` start, those that need others first. */
function stopSteps(steps: readonly Step[]): readonly Step[] {
  const graph = buildGraph(steps)
  const stoppable = (id: string): readonly string[] =>
    (graph.dependants.get(id) ?? []).flatMap((dependant) =>
      graph.steps.find((step) => step.id === dependant)?.undo === undefined ? stoppable(dependant) : [dependant],
    )
  return graph.steps.toReversed().flatMap((step) => {
    const undo = undoStep(step, [...new Set(stoppable(step.id))])
    return undo === undefined ? [] : [{ ...undo, title: step.title.replace(/^start /, 'stop '), reason: 'asked for' }]
  })
}

async function carry(
  command: string,
  steps: readonly Step[],
  services: readonly ServiceName[],
  context: HostsContext,
  world: CountedWorld,
): Promise<LifeCycleResult> {
  const prepared: Prepared = await prepare(
    {
      command,
      site: context.site.name,
      digest: siteDigest(context.site),
      hosts: context.site.hosts.map(({ name }) => name),
      lost: [],
      steps,
    },
    world,
  )
  const report = await carryOut(prepared, { command, only: [] }, context, world)
  return { ...report, plan: prepared.plan, services }
}

/** Starts the named services and what they need, all when none is named; what runs as it should is left alone. */
export async function startCluster(input: LifeCycleInput, context: HostsContext): Promise<LifeCycleResult> {
  await using _ = await lockSite('smartcar cluster start', context)
  const { services, steps } = stepsToStart(input.services, await clusterSteps(context))
  return await carry('cluster start', steps, services, context, hostsWorld(context))
}

/**
 * Stops the named services and what needs them, all when none is named: in reverse order of their needs, so that
 * nothing loses what it writes to.
 */
export async function stopCluster(input: LifeCycleInput, context: HostsContext): Promise<LifeCycleResult> {
  await using _ = await lockSite('smartcar cluster stop', context)
  const { services, steps } = stepsToStop(input.services, await clusterSteps(context))
  return await carry('cluster stop', steps, services, context, hostsWorld(context))
}

/** Stops the named services and what needs them, then starts the same again. */
export async function restartCluster(input: LifeCycleInput, context: HostsContext): Promise<LifeCycleResult> {
  const stopped = await stopCluster(input, context)
  if (stopped.outcome === 'failed' || stopped.outcome === 'unreachable') return stopped
  await using _ = await lockSite('smartcar cluster restart', context)
  const { cluster, steps } = await clusterSteps(context)
  const chosen = alone(steps, idsOf(stopped.services, cluster))
  return await carry('cluster restart', chosen, stopped.services, context, hostsWorld(context))
}

/** The services of a site by name, for commands that take some of them. */
export function chooseServices(words: readonly string[], context: HostsContext): readonly ServiceName[] {
  return servicesNamed(words, clusterOf(context.site))
}
