/** How a site's HiveServer2 or Spark Thrift Server is reached, from the site alone. */
import type { Cluster } from '../../core/cluster/cluster.js'
import type { ProbeTools } from '../../core/cluster/service.js'
import type { SecretSource } from '../../core/site/hosts.js'
import type { HiveAddress } from './session.js'

/** Engines that are reached by HiveServer2's protocol on a site. */
export const clusterEngines = ['hive', 'spark'] as const
export type ClusterEngine = (typeof clusterEngines)[number]

export const roleOfEngine = { hive: 'hiveserver2', spark: 'spark-thriftserver' } as const

/** The settings of one session; `all` of HiveServer2 means binary. */
function transportOf(cluster: Cluster, engine: ClusterEngine): 'binary' | 'http' {
  return cluster.settings[engine]?.transport === 'http' ? 'http' : 'binary'
}

/** The port that sessions use: HiveServer2 has one a transport, Spark's server one for the transport that it has. */
export function sessionPort(cluster: Cluster, engine: ClusterEngine): number {
  if (engine === 'spark') return cluster.port('spark-thriftserver', 'thrift')
  return cluster.port('hiveserver2', transportOf(cluster, engine) === 'http' ? 'http' : 'thrift')
}

function passwordSource(cluster: Cluster, engine: ClusterEngine): SecretSource | undefined {
  const { password_file: file, password_env: env } = cluster.settings[engine] ?? {}
  if (file !== undefined) return { file }
  return env === undefined ? undefined : { env }
}

/**
 * Address, transport and login of the engine on a host. `user` is the one where the site names none. Throws FailedError
 * SECRET_ABSENT when the password cannot be read.
 */
export async function sessionAddress(
  cluster: Cluster,
  engine: ClusterEngine,
  host: string,
  user: string,
  secret: ProbeTools['secret'],
): Promise<HiveAddress> {
  const settings = cluster.settings[engine]
  const source = passwordSource(cluster, engine)
  return {
    host,
    port: sessionPort(cluster, engine),
    user: settings?.user ?? user,
    authentication: settings?.authentication ?? 'plain',
    transport: transportOf(cluster, engine),
    ...(source === undefined ? {} : { password: await secret(source, `password for ${engine}`) }),
  }
}
