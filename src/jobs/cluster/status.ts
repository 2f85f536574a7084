/** What the services of a site do: every one is asked a question that only a working one can answer. */
import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { rolesOfService, type ServiceName, type ServiceRole } from '../../core/cluster/catalog.js'
import { type Cluster, type ClusterHost, clusterOf } from '../../core/cluster/cluster.js'
import { type Health, hostView, type ProbeTools, type ServiceDefinition } from '../../core/cluster/service.js'
import { SmartcarError, UnreachableError } from '../../core/errors.js'
import type { ExitName } from '../../core/exit-codes.js'
import { batchScript, parseBatch } from '../../core/plan/batch.js'
import type { ShellCheck, World } from '../../core/plan/step.js'
import { shellQuote } from '../../core/transport.js'
import { parseState, type RoleState, stateSnippet } from '../../distributions/apache/role-control.js'
import { loadServices } from '../../services/registry.js'
import { type HostsContext, hostsWorld } from '../provision/context.js'

export interface RoleStatus {
  readonly service: ServiceName
  readonly role: ServiceRole
  readonly host: string
  readonly state: 'healthy' | 'starting' | 'unhealthy' | 'stopped' | 'unreachable'
  readonly summary: string
  readonly hints: readonly string[]
  readonly pid?: number
  /** Seconds since its process started. */
  readonly uptime?: number
  /** Resident memory of its process, bytes. */
  readonly memory?: number
  /** Share of one core since its process started, 0 to 1 and more. */
  readonly cpu?: number
}

export interface ClusterStatus {
  readonly healthy: boolean
  readonly roles: readonly RoleStatus[]
  /** Milliseconds that asking took. */
  readonly ms: number
}

/** Longest wait for one answer; status is for people who wait. */
const questionTimeoutMs = 15_000

interface ProcessFacts extends RoleState {
  readonly uptime?: number
  readonly memory?: number
  readonly cpu?: number
}

/** State of a role and, where it runs, `rss <kB>` and `time <seconds of processor> <seconds since start>`. */
function factsCheck(cluster: Cluster, host: ClusterHost, role: ServiceRole): ShellCheck {
  return {
    shell: `${stateSnippet(cluster, host, role)}
p=$(head -n 1 ${shellQuote(`${host.folders.run}/${role}.pid`)} 2>/dev/null)
if [ -n "$p" ] && [ -r "/proc/$p/stat" ]; then
  awk '/^VmRSS:/ { print "rss: " $2 }' "/proc/$p/status"
  hz=$(getconf CLK_TCK)
  sed 's/^.*) //' "/proc/$p/stat" | awk -v hz="$hz" -v up="$(cut -d' ' -f1 /proc/uptime)" '{ print "time: " ($12 + $13) / hz " " up - $20 / hz }'
fi`,
    interpret: () => ({ state: 'ok' }),
  }
}

function parseFacts(stdout: string): ProcessFacts {
  const state = parseState(stdout)
  const rss = /^rss: (\d+)$/m.exec(stdout)?.[1]
  const [, used, up] = /^time: ([\d.e+-]+) ([\d.e+-]+)$/m.exec(stdout) ?? []
  return {
    ...state,
    ...(rss === undefined ? {} : { memory: Number(rss) * 1024 }),
    ...(up === undefined ? {} : { uptime: Math.round(Number(up)), cpu: Number(used) / Math.max(1, Number(up)) }),
  }
}

/** State, memory and age of every role of a host, in one round trip. */
async function hostFacts(
  world: World,
  cluster: Cluster,
  host: ClusterHost,
): Promise<ReadonlyMap<ServiceRole, ProcessFacts>> {
  const checks = host.roles.map((role) => factsCheck(cluster, host, role))
  const token = randomBytes(6).toString('hex')
  const output = await world.shell(host.name, batchScript(checks, token))
  const parts = parseBatch(output, checks.length, token, host.name)
  return new Map(host.roles.map((role, index) => [role, parseFacts(parts[index]?.stdout ?? '')]))
}

function stopped(facts: ProcessFacts): Pick<RoleStatus, 'state' | 'summary' | 'hints'> | undefined {
  if (facts.state === 'running') return undefined
  if (facts.state === 'failed' || facts.state === 'waiting') {
    return {
      state: 'unhealthy',
      summary: facts.lastEnd ?? 'ended by itself',
      hints: [
        facts.state === 'waiting'
          ? 'it is started again and again: see its log'
          : 'given up after several quick ends: see its log',
      ],
    }
  }
  return {
    state: 'stopped',
    summary: facts.state === 'absent' ? 'not installed' : 'stopped',
    hints: [facts.state === 'absent' ? 'smartcar provision' : 'smartcar cluster start'],
  }
}

async function ask(
  work: () => Promise<Health>,
  facts: ProcessFacts,
): Promise<Pick<RoleStatus, 'state' | 'summary' | 'hints'>> {
  try {
    const health = await work()
    return { state: health.state, summary: health.summary, hints: health.hints ?? [] }
  } catch (error) {
    if (!(error instanceof SmartcarError) || error.exit === 'bug' || error.exit === 'interrupted') throw error
    const starting = error instanceof UnreachableError && (facts.uptime ?? Number.POSITIVE_INFINITY) < 60
    return {
      state: starting ? 'starting' : 'unhealthy',
      summary: starting ? `runs since ${facts.uptime ?? 0} s and does not answer yet` : error.message,
      hints: error.hints,
    }
  }
}

async function hostStatus(
  cluster: Cluster,
  definitions: readonly ServiceDefinition[],
  host: ClusterHost,
  wanted: (service: ServiceName) => boolean,
  world: World,
  tools: ProbeTools,
): Promise<readonly RoleStatus[]> {
  const roles = definitions.flatMap((service) =>
    rolesOfService(service.name).flatMap((role) => {
      const definition = service.roles[role]
      return definition !== undefined && host.roles.includes(role) && wanted(service.name)
        ? [{ service: service.name, role, definition }]
        : []
    }),
  )
  let facts: ReadonlyMap<ServiceRole, ProcessFacts>
  try {
    facts = await hostFacts(world, cluster, host)
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error
    return roles.map(({ service, role }) => ({
      service,
      role,
      host: host.name,
      state: 'unreachable',
      summary: error.message,
      hints: error.hints,
    }))
  }
  return Promise.all(
    roles.map(async ({ service, role, definition }): Promise<RoleStatus> => {
      const found = facts.get(role) ?? { state: 'absent', ends: 0 }
      const answer = stopped(found) ?? (await ask(() => definition.health(hostView(cluster, host), tools), found))
      return {
        service,
        role,
        host: host.name,
        ...answer,
        ...(found.pid === undefined ? {} : { pid: found.pid }),
        ...(found.uptime === undefined ? {} : { uptime: found.uptime }),
        ...(found.memory === undefined ? {} : { memory: found.memory }),
        ...(found.cpu === undefined ? {} : { cpu: found.cpu }),
      }
    }),
  )
}

/** Asks every role of the chosen services (all when none is named) on every host, side by side. */
export async function clusterStatus(services: readonly ServiceName[], context: HostsContext): Promise<ClusterStatus> {
  const began = context.clock.monotonic()
  const cluster = clusterOf(context.site)
  const definitions = await loadServices(cluster.services)
  const world = hostsWorld(context)
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(questionTimeoutMs)])
  // Every question under way listens to it.
  setMaxListeners(0, signal)
  const tools: ProbeTools = { http: context.http, signal, secret: context.secret }
  const wanted = (service: ServiceName) => services.length === 0 || services.includes(service)
  const found = await Promise.all(
    cluster.hosts.map((host) => hostStatus(cluster, definitions, host, wanted, world, tools)),
  )
  const roles = found.flat().sort((a, b) => cluster.services.indexOf(a.service) - cluster.services.indexOf(b.service))
  return {
    healthy: roles.every(({ state }) => state === 'healthy'),
    roles,
    ms: Math.round(context.clock.monotonic() - began),
  }
}

/** What `cluster status` ends with; undefined: all is well. */
export function statusExit({ healthy, roles }: ClusterStatus): ExitName | undefined {
  if (healthy) return undefined
  return roles.every(({ state }) => state === 'unreachable') ? 'unreachable' : 'unhealthy'
}
