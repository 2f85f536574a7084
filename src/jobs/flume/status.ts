/** The Flume agents of a site: whether they run, and what their parts have counted. */
import { clusterOf } from '../../core/cluster/cluster.js'
import { UnreachableError } from '../../core/errors.js'
import type { ExitName } from '../../core/exit-codes.js'
import { agentParts } from '../../services/flume/agent.js'
import { type AgentMetrics, agentMetrics } from '../../services/flume/service.js'
import { clusterStatus, type RoleStatus, statusExit } from '../cluster/status.js'
import type { HostsContext } from '../provision/context.js'

export interface FlumeComponent {
  readonly kind: 'source' | 'channel' | 'sink'
  readonly name: string
  /** The site's agent has it, and Flume does not: it was dropped at the start. */
  readonly missing: boolean
  /** Rows that a source took in, that a channel took from its source, that a sink delivered. */
  readonly rows: number
  /** Rows that wait in a channel. */
  readonly waiting?: number
  /** Of a channel, in per cent. */
  readonly fill?: number
}

export interface FlumeAgent extends Pick<RoleStatus, 'state' | 'summary' | 'hints' | 'pid' | 'uptime' | 'memory'> {
  readonly host: string
  readonly components: readonly FlumeComponent[]
}

export interface FlumeStatus {
  readonly healthy: boolean
  readonly agents: readonly FlumeAgent[]
}

const counters = {
  source: 'EventAcceptedCount',
  channel: 'EventPutSuccessCount',
  sink: 'EventDrainSuccessCount',
} as const
const kinds = ['source', 'channel', 'sink'] as const

/** Sources, channels and sinks with their counters, those of the site's agent first and in its order. */
export function componentsOf(metrics: AgentMetrics): readonly FlumeComponent[] {
  return kinds.flatMap((kind) => {
    const prefix = `${kind.toUpperCase()}.`
    const expected: readonly string[] = Object.values(agentParts).map((part) => part[kind])
    const there = Object.keys(metrics)
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
    const names = [...expected, ...there.filter((name) => !expected.includes(name)).sort()]
    return names.map((name): FlumeComponent => {
      const values = metrics[`${prefix}${name}`]
      const value = (counter: string) => Number(values?.[counter] ?? 0)
      return {
        kind,
        name,
        missing: values === undefined,
        rows: value(counters[kind]),
        ...(kind === 'channel' && values !== undefined
          ? { waiting: value('ChannelSize'), fill: value('ChannelFillPercentage') }
          : {}),
      }
    })
  })
}

export async function flumeStatus(context: HostsContext): Promise<FlumeStatus & { readonly exit?: ExitName }> {
  const cluster = clusterOf(context.site)
  // Throws the error that names the missing role.
  cluster.endpoint('flume', 'metrics')
  const status = await clusterStatus(['flume'], context)
  const agents = await Promise.all(
    status.roles.map(async (role): Promise<FlumeAgent> => {
      const { host: name, state, summary, hints, pid, uptime, memory } = role
      const host = cluster.hosts.find((one) => one.name === name)
      const asked = host !== undefined && state !== 'stopped' && state !== 'unreachable'
      const metrics = asked ? await askedMetrics(() => agentMetrics({ cluster, host }, context)) : undefined
      return {
        host: name,
        state,
        summary,
        hints,
        ...(pid === undefined ? {} : { pid }),
        ...(uptime === undefined ? {} : { uptime }),
        ...(memory === undefined ? {} : { memory }),
        components: metrics === undefined ? [] : componentsOf(metrics),
      }
    }),
  )
  const exit = statusExit(status)
  return { healthy: status.healthy, agents, ...(exit === undefined ? {} : { exit }) }
}

async function askedMetrics(ask: () => Promise<AgentMetrics | undefined>): Promise<AgentMetrics | undefined> {
  try {
    return await ask()
  } catch (error) {
    // The state says it already.
    if (error instanceof UnreachableError) return undefined
    throw error
  }
}
