import { clusterOf } from '../../core/cluster/cluster.js'
import { hostView } from '../../core/cluster/service.js'
import type { Http } from '../../core/ports.js'
import type { Site } from '../../core/site/resolve.js'
import type { Transports } from '../../core/transport.js'
import { javaTool } from '../../distributions/apache/role-control.js'
import { type HBase, openHBase } from '../../services/hbase/client.js'
import { hbaseTool } from '../../services/hbase/service.js'
import type { JavaCommand, RunOnHost } from '../../services/hbase/split.js'

export interface HBaseContext {
  readonly site: Site
  readonly http: Http
  readonly signal: AbortSignal
  readonly transports: Transports
}

export const hbaseOf = (context: HBaseContext): HBase => openHBase(clusterOf(context.site), context)

/** How HBase's own tools are run: on the HMaster's host, with its jars and configuration, as the services' account. */
export function masterHost(context: HBaseContext): {
  readonly javaCommand: JavaCommand
  readonly runOnHost: RunOnHost
} {
  const cluster = clusterOf(context.site)
  // Throws the error that names the missing role.
  const { host: name } = cluster.endpoint('hmaster', 'rpc')
  const { signal, transports } = context
  return {
    javaCommand(role, main, args) {
      const [host] = cluster.hostsOf(role)
      return [
        'sh',
        '-c',
        host === undefined ? 'exit 1' : javaTool(cluster, host, hbaseTool(hostView(cluster, host), main, args)),
      ]
    },
    runOnHost: async (argv) => {
      const transport = await transports.open(name)
      return transport.run(argv, { signal, timeoutMs: 180_000, sudo: transport.kind !== 'local' })
    },
  }
}
