/** Doctor on profile `apache`: what the services themselves say, and how it is mended. */
import { randomBytes } from 'node:crypto'
import type { ServiceName, ServiceRole } from '../../core/cluster/catalog.js'
import { type Cluster, type ClusterHost, clusterOf } from '../../core/cluster/cluster.js'
import { InterruptedError, SmartcarError, UnreachableError } from '../../core/errors.js'
import { batchScript, parseBatch } from '../../core/plan/batch.js'
import { type Plan, prepare } from '../../core/plan/planner.js'
import type { Step } from '../../core/plan/step.js'
import { parseState, type RoleState, stateSnippet } from '../../distributions/apache/role-control.js'
import { openHdfs } from '../../services/hdfs/client.js'
import { stepsToStart } from '../cluster/life-cycle.js'
import { clusterSteps } from '../cluster/site-steps.js'
import { clusterUser } from '../cluster/user.js'
import { withKafka } from '../kafka/open.js'
import { carryOut, lockSite, type RunReport } from '../provision/carry-out.js'
import { type CountedWorld, type HostsContext, siteDigest } from '../provision/context.js'
import type { DoctorResult, ServiceCheck, ServiceDiagnosis, ServicesLook } from './check.js'
import { flumeChecks } from './services/flume.js'
import { hdfsChecks } from './services/hdfs.js'
import { kafkaChecks } from './services/kafka.js'
import { yarnChecks } from './services/yarn.js'

const serviceChecks: readonly ServiceCheck[] = [...hdfsChecks, ...yarnChecks, ...kafkaChecks, ...flumeChecks]

/** What the checks of the services found, and what mends it. */
export interface ServicesFound {
  readonly results: readonly DoctorResult[]
  readonly repairs: readonly Step[]
  readonly starts: readonly ServiceName[]
}

/** States of the roles of a host in one round trip; undefined when it cannot be reached. */
async function roleStates(cluster: Cluster, host: ClusterHost, world: CountedWorld) {
  const token = randomBytes(6).toString('hex')
  const checks = host.roles.map((role) => ({
    shell: stateSnippet(cluster, host, role),
    interpret: () => ({ state: 'ok' as const }),
  }))
  try {
    const parts = parseBatch(await world.shell(host.name, batchScript(checks, token)), checks.length, token, host.name)
    return new Map(host.roles.map((role, index) => [role, parseState(parts[index]?.stdout ?? '')]))
  } catch (error) {
    if (error instanceof UnreachableError) return undefined
    throw error
  }
}

type States = ReadonlyMap<string, ReadonlyMap<ServiceRole, RoleState> | undefined>

/** Whether the processes of a host run: without that no other question makes sense. */
function processes(host: ClusterHost, states: ReadonlyMap<ServiceRole, RoleState>): ServiceDiagnosis {
  const of = (...wanted: RoleState['state'][]) =>
    host.roles.filter((role) => wanted.includes(states.get(role)?.state ?? 'absent'))
  const failed = of('failed', 'waiting')
  if (failed.length > 0) {
    return {
      state: 'bad',
      evidence: failed.map((role) => states.get(role)?.lastEnd ?? `${role} ended by itself`).join('; '),
      cause: 'it ends by itself again and again',
      remedy: `smartcar cluster logs ${failed[0]} says why`,
    }
  }
  if (of('absent').length === host.roles.length) {
    return { state: 'warning', evidence: 'no service is installed', remedy: 'smartcar provision' }
  }
  const stopped = of('stopped', 'absent')
  if (stopped.length === 0) return { state: 'ok', evidence: `${host.roles.length} run` }
  return { state: 'warning', evidence: `stopped: ${stopped.join(', ')}`, remedy: 'smartcar cluster start' }
}

async function lookAt(check: ServiceCheck, look: ServicesLook, host: ClusterHost): Promise<ServiceDiagnosis> {
  try {
    return await check.look(look, host)
  } catch (error) {
    if (!(error instanceof SmartcarError) || error instanceof InterruptedError || error.exit === 'bug') throw error
    return { state: 'unknown', evidence: error.message }
  }
}

function result(
  check: Pick<ServiceCheck, 'id' | 'title'>,
  host: ClusterHost,
  found: ServiceDiagnosis,
  willRepair: boolean,
): DoctorResult {
  const { state, evidence, cause, remedy, repair, start } = found
  const fix = [
    ...(repair !== undefined && willRepair ? [repair.id] : []),
    ...(start === undefined || (repair !== undefined && !willRepair) ? [] : [`start ${start}`]),
  ]
  return {
    id: check.id,
    title: check.title,
    host: host.name,
    state,
    evidence,
    ...(cause === undefined ? {} : { cause }),
    ...(remedy === undefined ? {} : { remedy }),
    ...(fix.length === 0 ? {} : { fix }),
  }
}

/**
 * Asks the services of the chosen hosts, side by side. What a check needs of a role that does not run is not asked.
 * Severe repairs are part of what mends only when `confirmed`.
 */
export async function checkServices(
  hosts: readonly string[],
  confirmed: boolean,
  context: HostsContext,
  world: CountedWorld,
): Promise<ServicesFound> {
  const cluster = clusterOf(context.site)
  const states: States = new Map(
    await Promise.all(cluster.hosts.map(async (host) => [host.name, await roleStates(cluster, host, world)] as const)),
  )
  const runs = (role: ServiceRole, host: string) => states.get(host)?.get(role)?.state === 'running'
  const tools = { http: context.http, signal: context.signal, secret: context.secret }
  const user = clusterUser(cluster)
  const look: ServicesLook = {
    cluster,
    world,
    tools,
    user,
    // A site without HDFS has no checks that ask it.
    get hdfs() {
      return openHdfs(cluster, { ...tools, user })
    },
    kafka: (work) => withKafka(context, work),
    runs,
  }
  const chosen = (host: ClusterHost) => hosts.length === 0 || hosts.includes(host.name)
  const running = cluster.hosts.filter(chosen).flatMap((host) => {
    const known = states.get(host.name)
    return known === undefined || host.roles.length === 0
      ? []
      : [{ check: { id: 'services', title: 'services' }, host, found: processes(host, known) }]
  })
  const asked = await Promise.all(
    serviceChecks.flatMap((check) => {
      const places = cluster.hostsOf(check.role)
      return (check.each === 'site' ? places.slice(0, 1) : places)
        .filter((host) => chosen(host) && states.get(host.name) !== undefined)
        .filter(({ name }) => check.offline === true || runs(check.role, name))
        .map(async (host) => ({ check, host, found: await lookAt(check, look, host) }))
    }),
  )
  const all = [...running, ...asked]
  const willRepair = ({ severe }: ServiceDiagnosis) => severe !== true || confirmed
  const mended = asked.filter(({ found }) => willRepair(found) && found.state === 'bad')
  return {
    results: all.map(({ check, host, found }) => result(check, host, found, willRepair(found))),
    repairs: mended.flatMap(({ found }) => (found.repair === undefined ? [] : [found.repair])),
    starts: [...new Set(mended.flatMap(({ found }) => (found.start === undefined ? [] : [found.start])))],
  }
}

/** Shows the repairs as a plan, asks, and does them; starts come after them. undefined: the answer was no. */
export async function mendServices(
  found: ServicesFound,
  confirm: (plan: Plan) => Promise<boolean>,
  context: HostsContext,
  world: CountedWorld,
): Promise<RunReport | undefined> {
  await using _ = await lockSite('smartcar doctor --fix', context)
  const { cluster, steps } = await clusterSteps(context)
  const startsAlone = found.starts.length === 0 ? [] : stepsToStart(found.starts, { cluster, steps }).steps
  const starts = startsAlone.map((step) => ({
    ...step,
    needs: [...step.needs, ...found.repairs.flatMap(({ id, host }) => (host === step.host ? [id] : []))],
  }))
  const prepared = await prepare(
    {
      command: 'doctor',
      site: context.site.name,
      digest: siteDigest(context.site),
      hosts: context.site.hosts.map(({ name }) => name),
      lost: [],
      steps: [...found.repairs, ...starts],
    },
    world,
  )
  if (prepared.plan.counts.change === 0) return undefined
  if (!(await confirm(prepared.plan))) return undefined
  return carryOut(prepared, { command: 'doctor', only: [] }, context, world)
}
