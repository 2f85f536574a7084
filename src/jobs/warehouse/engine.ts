/** A warehouse on a cluster: Hive or Spark over the files in HDFS. */
import { type Cluster, clusterOf } from '../../core/cluster/cluster.js'
import { UsageError } from '../../core/errors.js'
import type { TableSet } from '../../core/mart.js'
import type { Dialect } from '../../core/sql.js'
import { connectHive, type HiveConnection } from '../../engines/hive/connection.js'
import { loadDialect } from '../../engines/registry.js'
import { loadTables } from '../../marts/registry.js'
import { loadTemplates, type MartTemplates } from '../../marts/templates.js'
import { clusterUser } from '../cluster/user.js'
import type { HostsContext } from '../provision/context.js'

export const clusterEngines = ['hive', 'spark'] as const
export type ClusterEngine = (typeof clusterEngines)[number]

/** The database that holds the tables of the pilot. */
export const database = 'smartcar'

export interface Warehouse extends AsyncDisposable {
  readonly engine: ClusterEngine
  readonly cluster: Cluster
  readonly connection: HiveConnection
  readonly dialect: Dialect
  readonly tables: TableSet
  readonly templates: MartTemplates
  /** The account that files are read as. */
  readonly user: string
}

/**
 * A session with the database `smartcar` in use, which is made when it is not there. Throws UsageError when the site
 * does not run the engine, UnreachableError when it does not answer.
 */
export async function openWarehouse(engine: ClusterEngine, context: HostsContext): Promise<Warehouse> {
  const cluster = clusterOf(context.site)
  const role = engine === 'hive' ? 'hiveserver2' : 'spark-thriftserver'
  if (cluster.hostsOf(role).length === 0) {
    throw new UsageError(
      'ENGINE_ABSENT',
      `the site ${cluster.name} does not run ${role}, which engine ${engine} needs`,
      {
        hints: [`name the role ${role} for a host in the site file, or choose another --engine`],
      },
    )
  }
  const { address: host, port } = cluster.endpoint(role, 'thrift')
  const user = clusterUser(cluster)
  const [tables, dialect] = await Promise.all([loadTables(), loadDialect(engine)])
  const templates = await loadTemplates(context, tables)
  const connection = await connectHive({ host, port, user }, context.signal)
  await connection.execute(`CREATE DATABASE IF NOT EXISTS ${dialect.identifier(database)}`, { signal: context.signal })
  await connection.execute(`USE ${dialect.identifier(database)}`, { signal: context.signal })
  return {
    engine,
    cluster,
    connection,
    dialect,
    tables,
    templates,
    user,
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}
