/** Files of a Flume that was killed: nobody closes them, and HDFS keeps them for their writer for 20 minutes. */
import { type Cluster, clusterOf } from '../../core/cluster/cluster.js'
import { hostView } from '../../core/cluster/service.js'
import { UnreachableError } from '../../core/errors.js'
import { runScript } from '../../core/plan/shell/shell-step.js'
import { javaTool } from '../../distributions/apache/role-control.js'
import { agentParts } from '../../services/flume/agent.js'
import { agentMetrics } from '../../services/flume/service.js'
import type { Hdfs, HdfsEntry } from '../../services/hdfs/client.js'
import { openFiles } from '../../services/hdfs/health.js'
import { hadoopTool } from '../../services/hdfs/service.js'
import { type HostsContext, hostsWorld } from '../provision/context.js'

/** When the oldest of the running agents started its sink (milliseconds since 1970); undefined: one does not answer. */
async function agentsSince(cluster: Cluster, context: HostsContext): Promise<number | undefined> {
  try {
    const tools = { http: context.http, signal: context.signal, secret: context.secret }
    const starts = await Promise.all(
      cluster.hostsOf('flume').map(async (host) => {
        const metrics = await agentMetrics({ cluster, host }, tools)
        return Number(metrics?.[`SINK.${agentParts.batch.sink}`]?.StartTime)
      }),
    )
    // 0 and NaN: a sink that has not started.
    return starts.every((start) => start > 0) ? Math.min(...starts) : undefined
  } catch (error) {
    if (error instanceof UnreachableError) return undefined
    throw error
  }
}

/** Flume numbers its files by the clock at which it began to write: `car-batch-log.1584835200000.log.tmp`. */
function begun(name: string): number | undefined {
  const number = /\.(\d{13})\.log\.tmp$/.exec(name)?.[1]
  return number === undefined ? undefined : Number(number)
}

/**
 * Those of `entries` that no running Flume writes to: begun before any agent that runs was started, or open although
 * they have their final name, which they get behind the close.
 */
async function leftFiles(
  entries: readonly HdfsEntry[],
  folder: string,
  hdfs: Hdfs,
  context: HostsContext,
): Promise<readonly { readonly entry: HdfsEntry; readonly open: boolean }[]> {
  const since = await agentsSince(clusterOf(context.site), context)
  const open = await openFiles(hdfs, folder)
  return entries.flatMap((entry) => {
    const start = begun(entry.name)
    const isOpen = open.has(entry.path)
    const left = entry.name.endsWith('.tmp')
      ? since !== undefined && start !== undefined && start < since
      : isOpen && !entry.name.startsWith('.')
    return left ? [{ entry, open: isOpen }] : []
  })
}

/** HDFS takes an open file from its writer and settles its length. */
async function recoverLease(path: string, context: HostsContext): Promise<void> {
  const cluster = clusterOf(context.site)
  const [host] = cluster.hostsOf('namenode')
  if (host === undefined) return
  const words = ['recoverLease', '-path', path, '-retries', '20']
  const launch = hadoopTool(hostView(cluster, host), 'org.apache.hadoop.hdfs.tools.DebugAdmin', words)
  await runScript(hostsWorld(context), host.name, javaTool(cluster, host, launch), {
    command: `hdfs debug recoverLease -path ${path}`,
    timeoutMs: 180_000,
  })
}

/** Closes what a killed Flume left open in a folder, under its final name. Returns how many files that were. */
export async function finishLeftFiles(folder: string, hdfs: Hdfs, context: HostsContext): Promise<number> {
  const entries = (await hdfs.list(folder)).filter(({ kind }) => kind === 'file')
  const left = await leftFiles(entries, folder, hdfs, context)
  for (const { entry, open } of left) {
    if (open) await recoverLease(entry.path, context)
    if (!entry.name.endsWith('.tmp')) continue
    const name = entry.path.replace(/\.tmp$/, '')
    const taken = entries.some(({ path }) => path === name)
    await hdfs.rename(entry.path, taken ? name.replace(/\.log$/, '-left.log') : name)
  }
  if (left.length > 0) {
    const text = `${folder}: closed ${left.length} that a killed Flume had left open`
    context.emit({ t: 'note', level: 'info', text })
  }
  return left.length
}
