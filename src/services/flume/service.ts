import { z } from 'zod'
import type { Health, HostView, ProbeTools, ServiceDefinition } from '../../core/cluster/service.js'
import { agentFile, agentFolders, agentLog4j, agentName } from './agent.js'

/** Flume's own metrics: one object a component, `SOURCE.name`, every value a text. */
const metricsShape = z.record(z.string(), z.record(z.string(), z.string()))

export type AgentMetrics = z.infer<typeof metricsShape>

/** Counters of the agent of a host; undefined while it starts. Throws UnreachableError when nothing answers. */
export async function agentMetrics(
  { cluster, host }: Pick<HostView, 'cluster' | 'host'>,
  { http, signal }: ProbeTools,
): Promise<AgentMetrics | undefined> {
  const url = `http://${host.address}:${cluster.port('flume', 'metrics')}/metrics`
  const response = await http.request({ method: 'GET', url, timeoutMs: 10_000, signal })
  const text = await response.text()
  try {
    return response.status === 200 ? metricsShape.parse(JSON.parse(text)) : undefined
  } catch {
    return undefined
  }
}

async function health(view: HostView, tools: ProbeTools): Promise<Health> {
  const metrics = await agentMetrics(view, tools)
  const names = Object.keys(metrics ?? {})
  const count = (kind: string) => names.filter((name) => name.startsWith(`${kind}.`)).length
  if (metrics === undefined || count('SOURCE') === 0) return { state: 'starting', summary: 'components start' }
  const drained = names.reduce((sum, name) => sum + Number(metrics[name]?.EventDrainSuccessCount ?? 0), 0)
  const waiting = names.reduce((sum, name) => sum + Number(metrics[name]?.ChannelSize ?? 0), 0)
  const summary = `${count('SOURCE')} sources, ${count('CHANNEL')} channels, ${count('SINK')} sinks; ${drained} rows delivered, ${waiting} waiting`
  const full = names.filter((name) => Number(metrics[name]?.ChannelFillPercentage ?? 0) >= 95)
  // A part that Flume takes for wrong is dropped with a line in the log, and the agent runs on without it.
  if (count('SOURCE') < 2 || count('SINK') < 2) {
    return {
      state: 'unhealthy',
      summary,
      hints: ['a part was dropped at the start: smartcar cluster logs flume, smartcar flume check'],
    }
  }
  if (full.length > 0) {
    return {
      state: 'unhealthy',
      summary: `${summary}; full: ${full.join(', ')}`,
      hints: ['its sink cannot deliver: is HDFS or Kafka down, or the folder not writable? smartcar doctor'],
    }
  }
  return { state: 'healthy', summary }
}

export const service: ServiceDefinition = {
  name: 'flume',
  files: ({ cluster, host }) => ({
    'flume/agent.conf': agentFile(cluster, host),
    'flume/log4j.properties': agentLog4j(cluster),
  }),
  roles: {
    flume: {
      products: ['flume'],
      launch: (view) => ({
        main: 'org.apache.flume.node.Application',
        arguments: ['-n', agentName, '-f', view.conf('flume/agent.conf')],
        jvm: [
          `-Dlog4j.configuration=file:${view.conf('flume/log4j.properties')}`,
          '-Dflume.monitoring.type=http',
          `-Dflume.monitoring.port=${view.cluster.port('flume', 'metrics')}`,
          // The sink's file names and days come from the rows, never from the host's clock.
          '-Duser.timezone=UTC',
        ],
        heap: view.cluster.heap('flume'),
        classPath: [view.conf('flume'), view.conf('hadoop'), `${view.software('flume')}/lib/*`],
        environment: { HADOOP_CONF_DIR: view.conf('hadoop') },
      }),
      reads: () => ['flume/agent.conf', 'flume/log4j.properties', 'hadoop/core-site.xml', 'hadoop/hdfs-site.xml'],
      folders: ({ cluster, host }) => agentFolders(cluster, host),
      health,
      startTimeout: 120,
      stopTimeout: 30,
    },
  },
}
