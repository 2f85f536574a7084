import {
  endpointsNeeded,
  type Health,
  type HostView,
  type JavaLaunch,
  type ProbeTools,
  type RoleInit,
  type ServiceDefinition,
} from '../../core/cluster/service.js'
import { shellQuote } from '../../core/transport.js'
import { sessionAddress } from '../../engines/hive/address.js'
import { consoleLog4j2, hadoopXml } from '../../render/hadoop-configuration.js'

/** What Hive, Tez and DataNucleus reach into on JDK 17; used as a set (recipe hive-spark, section 2). */
const jvm = [
  'java.base/java.lang',
  'java.base/java.lang.reflect',
  'java.base/java.util',
  'java.base/java.util.concurrent',
  'java.base/java.util.concurrent.atomic',
  'java.base/java.util.regex',
  'java.base/java.net',
  'java.base/java.nio',
  'java.base/sun.nio.ch',
  'java.base/java.io',
  'java.base/java.time',
  'java.base/java.text',
  'java.sql/java.sql',
].map((name) => `--add-opens=${name}=ALL-UNNAMED`)

/** On a site with the role postgres the metastore's tables are there; else in a Derby of its own. */
const onPostgres = ({ cluster }: HostView) => cluster.hostsOf('postgres').length > 0
const passwordVariable = 'SMARTCAR_METASTORE_PASSWORD'
const metastoreUrl = (node: string, port: number) => `jdbc:postgresql://${node}:${port}/metastore`
const derby = (view: HostView) => `${view.data('metastore')}/derby`

function database(view: HostView): Readonly<Record<string, string>> {
  if (!onPostgres(view)) {
    return {
      'javax.jdo.option.ConnectionURL': `jdbc:derby:;databaseName=${derby(view)};create=true`,
      'javax.jdo.option.ConnectionDriverName': 'org.apache.derby.jdbc.EmbeddedDriver',
    }
  }
  const { node, port } = view.cluster.endpoint('postgres', 'client')
  return {
    'javax.jdo.option.ConnectionURL': metastoreUrl(node, port),
    'javax.jdo.option.ConnectionDriverName': 'org.postgresql.Driver',
    'javax.jdo.option.ConnectionUserName': 'metastore',
    // Hadoop's configuration reads it from the environment, where the launch script puts it.
    'javax.jdo.option.ConnectionPassword': `\${env.${passwordVariable}}`,
  }
}

/** The metastore's own settings: nobody else opens its database. */
function metastoreSite(view: HostView): string {
  return hadoopXml({
    ...database(view),
    'datanucleus.schema.autoCreateAll': false,
    'datanucleus.connectionPool.maxPoolSize': 4,
    'hive.metastore.schema.verification': true,
    'hive.metastore.port': view.cluster.port('metastore', 'thrift'),
    'metastore.thrift.bind.host': view.cluster.bindAddress(view.host),
    'metastore.housekeeping.threads.on': false,
    'hive.metastore.event.db.notification.api.auth': false,
    // One blank: else every managed table becomes an external one in a folder of its own.
    'metastore.metadata.transformer.class': ' ',
    ...view.cluster.properties('hive', 'metastore-site.xml'),
  })
}

function hiveSite(view: HostView): string {
  const { cluster, host } = view
  const namenode = cluster.endpoint('namenode', 'rpc')
  const hdfs = `hdfs://${namenode.node}:${namenode.port}`
  const own = view.data('hiveserver2')
  const tez = cluster.port('hiveserver2', 'tez')
  return hadoopXml({
    'fs.defaultFS': hdfs,
    'hive.metastore.uris': endpointsNeeded(cluster, 'metastore', 'thrift')
      .map(({ node, port }) => `thrift://${node}:${port}`)
      .join(','),
    'hive.metastore.warehouse.dir': `${hdfs}/user/hive/warehouse`,
    'hive.server2.thrift.bind.host': cluster.bindAddress(host),
    'hive.server2.thrift.port': cluster.port('hiveserver2', 'thrift'),
    'hive.server2.transport.mode': cluster.settings.hive?.transport ?? 'binary',
    'hive.server2.thrift.http.port': cluster.port('hiveserver2', 'http'),
    'hive.server2.thrift.http.path': 'cliservice',
    'hive.server2.webui.host': cluster.bindAddress(host),
    'hive.server2.webui.port': cluster.port('hiveserver2', 'web'),
    // NONE is Hive's word for a login whose password nobody checks.
    'hive.server2.authentication': cluster.settings.hive?.authentication === 'none' ? 'NOSASL' : 'NONE',
    'hive.server2.enable.doAs': false,
    'hive.server2.materializedviews.registry.impl': 'DUMMY',
    'hive.server2.tez.initialize.default.sessions': false,
    'hive.scheduled.queries.executor.enabled': false,
    'hive.support.concurrency': false,
    'hive.txn.manager': 'org.apache.hadoop.hive.ql.lockmgr.DummyTxnManager',
    'hive.exec.scratchdir': `${hdfs}/tmp/hive`,
    'hive.exec.local.scratchdir': `${own}/scratch`,
    'hive.downloaded.resources.dir': `${own}/resources`,
    'hive.user.install.directory': `${hdfs}/user`,
    'hive.querylog.location': `${own}/queries`,
    'hive.server2.logging.operation.log.location': `${own}/operations`,
    'hive.exec.dynamic.partition.mode': 'nonstrict',
    'hive.execution.engine': 'tez',
    'tez.local.mode': true,
    // With the network: without it a query cannot be cancelled.
    'tez.local.mode.without.network': false,
    'tez.runtime.optimize.local.fetch': true,
    'tez.ignore.lib.uris': true,
    'tez.staging-dir': `${hdfs}/tmp/tez`,
    'tez.history.logging.service.class': 'org.apache.tez.dag.history.logging.impl.SimpleHistoryLoggingService',
    // A statement that reads a dozen tables has more than the 120 that Tez allows.
    'tez.counters.max': 2000,
    'tez.runtime.io.sort.mb': 64,
    'tez.runtime.unordered.output.buffer.size-mb': 16,
    // Tez's application master listens on every address, whatever is said here: doctor tells, docs give the firewall rule.
    'tez.am.client.am.port-range': `${tez}-${tez + 4}`,
    'hive.tez.container.size': 256,
    'hive.auto.convert.join.noconditionaltask.size': 20_000_000,
    'hive.tez.exec.print.summary': false,
    ...cluster.properties('hive', 'hive-site.xml'),
  })
}

function launch(view: HostView, role: 'metastore' | 'hiveserver2', main: string, args: readonly string[]): JavaLaunch {
  const software = view.software('hive')
  return {
    main,
    arguments: args,
    jvm: [...jvm, `-Djava.io.tmpdir=${view.data(role)}/tmp`, `-Dderby.stream.error.file=${view.data(role)}/derby.log`],
    heap: view.cluster.heap(role),
    classPath: [
      view.conf('hive'),
      ...(role === 'metastore' ? [view.conf('hive-metastore')] : []),
      view.conf('hadoop'),
      `${software}/lib/*`,
    ],
    environment: { HADOOP_CONF_DIR: view.conf('hadoop'), METASTORE_HOME: `${software}/metastore` },
    ...(role === 'metastore' && onPostgres(view)
      ? { secrets: { [passwordVariable]: view.secret('postgres-metastore') } }
      : {}),
  }
}

const schematool = (view: HostView, kind: 'derby' | 'postgres') =>
  launch(view, 'metastore', 'org.apache.hadoop.hive.metastore.tools.schematool.MetastoreSchemaTool', [
    '-dbType',
    kind,
    '-initSchema',
  ])

function derbyInit(view: HostView): RoleInit {
  const done = `${view.data('metastore')}/schema`
  return {
    summary: 'make the tables of the metastore in Derby',
    done,
    // A schema that was cut off half-way is made anew: nothing can be in it yet.
    before: `rm -rf ${shellQuote(derby(view))}`,
    launches: [schematool(view, 'derby')],
    after: `echo derby >${shellQuote(done)}`,
  }
}

/**
 * A schema that was cut off half-way is made anew, and no other one: it is dropped only where this host began it and did
 * not finish. The script and the file with the password are read by sqlline, which comes with Hive.
 */
function postgresInit(view: HostView): RoleInit {
  const own = view.data('metastore')
  const { node, port } = view.cluster.endpoint('postgres', 'client')
  const file = (name: string) => shellQuote(`${own}/${name}`)
  const properties = [
    `ConnectionURL=${metastoreUrl(node, port)}`,
    'ConnectionDriverName=org.postgresql.Driver',
    'ConnectionUserName=metastore',
    'ConnectionPassword=%s',
  ].join('\\n')
  return {
    summary: 'make the tables of the metastore in PostgreSQL',
    done: `${own}/schema-postgres`,
    before: `(
umask 077
printf ${shellQuote(`${properties}\\n`)} "$(cat ${shellQuote(view.secret('postgres-metastore'))})" >${file('reset.properties')}
echo ${shellQuote(`!properties ${own}/reset.properties`)} >${file('reset.sql')}
if [ -e ${file('schema-postgres.begun')} ]; then printf 'DROP SCHEMA public CASCADE;\\nCREATE SCHEMA public;\\n' >>${file('reset.sql')}; fi
: >${file('schema-postgres.begun')}
)`,
    launches: [
      launch(view, 'metastore', 'sqlline.SqlLine', [`--run=${own}/reset.sql`, '--historyFile=/dev/null']),
      schematool(view, 'postgres'),
    ],
    after: `rm -f ${file('reset.properties')} ${file('reset.sql')} ${file('schema-postgres.begun')}
echo postgres >${file('schema-postgres')}`,
    replaces: {
      path: `${own}/schema`,
      text: `the metastore in ${derby(view)} is left as it is and read no more: smartcar mart build makes the pilot's tables and marts anew, tables of your own have to be made again (their files stay in HDFS)`,
    },
  }
}

/** Thrift's binary protocol: the call `getStatus` (fb303, which every metastore has), without arguments, sequence 1. */
const getStatus = Uint8Array.of(
  ...[0x80, 0x01, 0x00, 0x01, 0, 0, 0, 9],
  ...new TextEncoder().encode('getStatus'),
  ...[0, 0, 0, 1, 0],
)
/** Version, length and name, sequence, result field (type, id, value), stop. */
const statusLength = 4 + 4 + 9 + 4 + 3 + 4 + 1

async function metastoreHealth({ cluster, host }: HostView, { http, signal }: ProbeTools): Promise<Health> {
  const answer = await http.ask({
    address: host.address,
    port: cluster.port('metastore', 'thrift'),
    data: getStatus,
    enough: (received) => received.byteLength >= statusLength,
    timeoutMs: 10_000,
    signal,
  })
  return new TextDecoder('latin1').decode(answer).includes('getStatus')
    ? { state: 'healthy', summary: 'answers' }
    : { state: 'starting', summary: 'does not answer yet' }
}

async function serverHealth({ cluster, host }: HostView, { signal, secret }: ProbeTools): Promise<Health> {
  const { askHiveServer } = await import('../../engines/hive/connection.js')
  const address = await sessionAddress(cluster, 'hive', host.address, 'smartcar', secret)
  const began = performance.now()
  await askHiveServer(address, signal)
  return { state: 'healthy', summary: `answered a query in ${Math.round(performance.now() - began)} ms` }
}

export const service: ServiceDefinition = {
  name: 'hive',
  files: (view) => ({
    'hive/hive-site.xml': hiveSite(view),
    'hive/hive-log4j2.properties': consoleLog4j2,
    'hive/log4j2.properties': consoleLog4j2,
    'hive-metastore/metastore-site.xml': metastoreSite(view),
  }),
  roles: {
    metastore: {
      products: ['hive'],
      launch: (view) =>
        launch(view, 'metastore', 'org.apache.hadoop.hive.metastore.HiveMetaStore', [
          '-p',
          String(view.cluster.port('metastore', 'thrift')),
        ]),
      reads: () => [
        'hive/hive-site.xml',
        'hive-metastore/metastore-site.xml',
        'hive/log4j2.properties',
        'hadoop/core-site.xml',
        'hadoop/hdfs-site.xml',
      ],
      folders: (view) => [`${view.data('metastore')}/tmp`],
      secrets: (cluster) => (cluster.hostsOf('postgres').length > 0 ? ['postgres-metastore'] : []),
      init: (view) => (onPostgres(view) ? postgresInit(view) : derbyInit(view)),
      health: metastoreHealth,
      startTimeout: 180,
      stopTimeout: 30,
    },
    hiveserver2: {
      products: ['hive'],
      launch: (view) => launch(view, 'hiveserver2', 'org.apache.hive.service.server.HiveServer2', []),
      reads: () => [
        'hive/hive-site.xml',
        'hive/hive-log4j2.properties',
        'hadoop/core-site.xml',
        'hadoop/hdfs-site.xml',
      ],
      folders: (view) => [`${view.data('hiveserver2')}/tmp`],
      health: serverHealth,
      startTimeout: 240,
      // With a task that hangs it ignores SIGTERM.
      stopTimeout: 30,
    },
  },
}
