/** A warehouse on a cluster: Hive or Spark over the files in HDFS. */
import { type Cluster, clusterOf } from '../../core/cluster/cluster.js'
import { FailedError, UsageError } from '../../core/errors.js'
import type { TableSet } from '../../core/mart.js'
import type { Dialect } from '../../core/sql.js'
import { type ClusterEngine, roleOfEngine, sessionAddress } from '../../engines/hive/address.js'
import { connectHive, type HiveConnection } from '../../engines/hive/connection.js'
import { loadDialect } from '../../engines/registry.js'
import { loadTables } from '../../marts/registry.js'
import { loadTemplates, type MartTemplates } from '../../marts/templates.js'
import { clusterUser } from '../cluster/user.js'
import type { HostsContext } from '../provision/context.js'

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

/** Settings of every session. Variables would be put into texts too: what stands in a parameter stays what it is. */
const sessionSettings: Readonly<Record<ClusterEngine, Readonly<Record<string, string>>>> = {
  hive: {
    'hive.variable.substitute': 'false',
    // The connection is free again soon when a statement is cancelled or its log is asked for.
    'hive.server2.long.polling.timeout': '500ms',
    'hive.resultset.use.unique.column.names': 'false',
  },
  spark: {
    'set:hiveconf:spark.sql.variable.substitute': 'false',
    // Else a file stands for a table: csv.`/path`, any that the service may read.
    'set:hiveconf:spark.sql.runSQLOnFiles': 'false',
  },
}

/**
 * A session with the database `smartcar` in use, opened anew when it is lost. Throws UsageError when the site does not
 * run the engine, UnreachableError when it does not answer, FailedError DATABASE_ABSENT.
 */
export async function openEngine(
  engine: ClusterEngine,
  context: HostsContext,
  options: { readonly makeDatabase: boolean },
): Promise<Pick<Warehouse, 'cluster' | 'connection' | 'user'>> {
  const cluster = clusterOf(context.site)
  const role = roleOfEngine[engine]
  const [host] = cluster.hostsOf(role)
  if (host === undefined) {
    throw new UsageError(
      'ENGINE_ABSENT',
      `the site ${cluster.name} does not run ${role}, which engine ${engine} needs`,
      {
        hints: [`name the role ${role} for a host in the site file, or choose another --engine`],
      },
    )
  }
  const user = clusterUser(cluster)
  const address = {
    ...(await sessionAddress(cluster, engine, host.address, user, context.secret)),
    configuration: sessionSettings[engine],
  }
  const { emit, signal } = context
  const connection = await connectHive(address, {
    signal,
    onReconnect: (text) => emit({ t: 'note', level: 'warn', text: `${engine}: ${text}` }),
  })
  try {
    if ((await connection.rows(`SHOW DATABASES LIKE '${database}'`, { signal })).length === 0) {
      if (!options.makeDatabase) {
        throw new FailedError('DATABASE_ABSENT', `${engine} has no database ${database} yet`, {
          hints: [`smartcar mart build --engine ${engine} makes it and its tables`],
        })
      }
      await connection.execute(`CREATE DATABASE IF NOT EXISTS \`${database}\``, { signal })
    }
    await connection.use(database, signal)
    return { cluster, connection, user }
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
}

/** The same with the definitions of its tables; the database is made when it is not there. */
export async function openWarehouse(engine: ClusterEngine, context: HostsContext): Promise<Warehouse> {
  const [tables, dialect] = await Promise.all([loadTables(), loadDialect(engine)])
  const templates = await loadTemplates(context, tables)
  const { cluster, connection, user } = await openEngine(engine, context, { makeDatabase: true })
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
