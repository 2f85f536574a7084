import { clusterOf } from '../../core/cluster/cluster.js'
import { UsageError } from '../../core/errors.js'
import type { Http } from '../../core/ports.js'
import type { Site } from '../../core/site/resolve.js'
import type { Transports } from '../../core/transport.js'
import { type HBase, openHBase } from '../../services/hbase/client.js'
import type { JavaCommand, RunOnHost } from '../../services/hbase/split.js'

export interface HBaseContext {
  readonly site: Site
  readonly http: Http
  readonly signal: AbortSignal
  readonly transports: Transports
  /** How the site's distribution starts a Java class; a table with several regions needs it. */
  readonly javaCommand?: JavaCommand
}

export const hbaseOf = (context: HBaseContext): HBase => openHBase(clusterOf(context.site), context)

/** What runs on the HMaster's host. */
export function masterHost(context: HBaseContext): {
  readonly javaCommand: JavaCommand
  readonly runOnHost: RunOnHost
} {
  const cluster = clusterOf(context.site)
  const { host } = cluster.endpoint('hmaster', 'rpc')
  const { javaCommand, signal, transports } = context
  if (javaCommand === undefined) {
    throw new UsageError('HBASE_SPLIT_UNAVAILABLE', 'a table with several regions cannot be made from here', {
      hints: ['leave out --regions: HBase splits a table by itself as it grows'],
    })
  }
  return {
    javaCommand,
    runOnHost: async (argv) => {
      const transport = await transports.open(host)
      const [program, ...rest] = argv
      return transport.run([program, ...rest], { signal, timeoutMs: 180_000 })
    },
  }
}
