/** Files of a Flume that was killed: nobody closes them, and HDFS keeps them for their writer for 20 minutes. */
import type { Cluster } from '../../core/cluster/cluster.js'
import { hostView, type ProbeTools } from '../../core/cluster/service.js'
import { UnreachableError } from '../../core/errors.js'
import { runScript } from '../../core/plan/shell/shell-step.js'
import type { World } from '../../core/plan/step.js'
import { javaTool } from '../../distributions/apache/role-control.js'
import { agentParts } from '../../services/flume/agent.js'
import { agentMetrics } from '../../services/flume/service.js'
import type { Hdfs } from '../../services/hdfs/client.js'
import { hadoopTool } from '../../services/hdfs/service.js'

interface Look {
  readonly cluster: Cluster
  readonly tools: ProbeTools
}

/** When the oldest of the running agents started its sink (milliseconds since 1970); undefined: one does not answer. */
async function agentsSince({ cluster, tools }: Look): Promise<number | undefined> {
  try {
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
function begun(path: string): number | undefined {
  const number = /\.(\d{13})\.log\.tmp$/.exec(path)?.[1]
  return number === undefined ? undefined : Number(number)
}

/**
 * Those of `paths` that no running Flume writes to: begun before any agent that runs was started, or open (in `open`)
 * under their final name, which they get behind the close.
 */
export async function abandoned(
  paths: readonly string[],
  open: ReadonlySet<string>,
  look: Look,
): Promise<readonly string[]> {
  const since = await agentsSince(look)
  return paths.filter((path) => {
    if (!path.endsWith('.tmp')) return open.has(path)
    const start = begun(path)
    return since !== undefined && start !== undefined && start < since
  })
}

/** HDFS takes an open file from its writer and settles its length. */
async function recoverLease(path: string, cluster: Cluster, world: World): Promise<void> {
  const [host] = cluster.hostsOf('namenode')
  if (host === undefined) return
  const words = ['recoverLease', '-path', path, '-retries', '20']
  const launch = hadoopTool(hostView(cluster, host), 'org.apache.hadoop.hdfs.tools.DebugAdmin', words)
  await runScript(world, host.name, javaTool(cluster, host, launch), {
    command: `hdfs debug recoverLease -path ${path}`,
    timeoutMs: 180_000,
  })
}

/** Closes a file that its writer has left, and takes `.tmp` off its name. */
export async function closeLeftFile(
  path: string,
  isOpen: boolean,
  hdfs: Hdfs,
  cluster: Cluster,
  world: World,
): Promise<void> {
  if (isOpen) await recoverLease(path, cluster, world)
  if (!path.endsWith('.tmp')) return
  const name = path.replace(/\.tmp$/, '')
  // A file of that name holds other rows: this one goes beside it.
  const taken = (await hdfs.stat(name)) !== undefined
  await hdfs.rename(path, taken ? name.replace(/(\.[^./]*)?$/, '-left$1') : name)
}
