import { endpointsNeeded, type HostView, type ServiceDefinition } from '../../core/cluster/service.js'
import { sessionAddress } from '../../engines/hive/address.js'
import { consoleLog4j2, hadoopXml } from '../../render/hadoop-configuration.js'

/** What Spark 4 gives to JDK 17 (JavaModuleOptions of its launcher). */
const jvm = [
  '-XX:+IgnoreUnrecognizedVMOptions',
  ...[
    'java.base/java.lang',
    'java.base/java.lang.invoke',
    'java.base/java.lang.reflect',
    'java.base/java.io',
    'java.base/java.net',
    'java.base/java.nio',
    'java.base/java.util',
    'java.base/java.util.concurrent',
    'java.base/java.util.concurrent.atomic',
    'java.base/jdk.internal.ref',
    'java.base/sun.nio.ch',
    'java.base/sun.nio.cs',
    'java.base/sun.security.action',
    'java.base/sun.util.calendar',
    'java.security.jgss/sun.security.krb5',
  ].map((name) => `--add-opens=${name}=ALL-UNNAMED`),
  '-Djdk.reflect.useDirectMethodHandle=false',
  '-Dio.netty.tryReflectionSetAccessible=true',
]

function hiveSite({ cluster }: HostView): string {
  return hadoopXml({
    'hive.metastore.uris': endpointsNeeded(cluster, 'metastore', 'thrift')
      .map(({ node, port }) => `thrift://${node}:${port}`)
      .join(','),
    'hive.metastore.schema.verification': false,
    // NONE is Hive's word for a login whose password nobody checks.
    'hive.server2.authentication': cluster.settings.spark?.authentication === 'none' ? 'NOSASL' : 'NONE',
    'hive.server2.enable.doAs': false,
    'hive.exec.dynamic.partition.mode': 'nonstrict',
    ...cluster.properties('spark', 'hive-site.xml'),
  })
}

/** `spark-defaults.conf`: the driver runs as long as the service, with two threads of this process as executors. */
function sparkDefaults(view: HostView): string {
  const { cluster, host } = view
  const namenode = cluster.endpoint('namenode', 'rpc')
  const settings: Readonly<Record<string, string | number | boolean>> = {
    'spark.master': 'local[2]',
    'spark.driver.host': host.address,
    'spark.driver.bindAddress': cluster.bindAddress(host),
    'spark.driver.port': cluster.port('spark-thriftserver', 'driver'),
    'spark.blockManager.port': cluster.port('spark-thriftserver', 'blocks'),
    'spark.port.maxRetries': 4,
    'spark.ui.port': cluster.port('spark-thriftserver', 'web'),
    'spark.local.dir': `${view.data('spark-thriftserver')}/tmp`,
    'spark.sql.warehouse.dir': `hdfs://${namenode.node}:${namenode.port}/user/hive/warehouse`,
    'spark.sql.hive.metastore.version': '4.0.1',
    'spark.sql.hive.metastore.jars': 'path',
    'spark.sql.hive.metastore.jars.path': `file://${view.software('hive')}/lib/*.jar`,
    // As Hive does: a division by zero and a text that is no number are NULL.
    'spark.sql.ansi.enabled': false,
    'spark.sql.shuffle.partitions': 4,
    'spark.sql.sources.partitionOverwriteMode': 'dynamic',
    // Readers of both engines then agree on the types of the files.
    'spark.sql.parquet.writeLegacyFormat': true,
    ...cluster.properties('spark', 'spark-defaults.conf'),
  }
  return `${Object.entries(settings)
    .map(([key, value]) => `${key} ${value}`)
    .join('\n')}\n`
}

/** One port for either transport: Spark's server has one at a time. */
function httpTransport(cluster: HostView['cluster']): readonly string[] {
  if (cluster.settings.spark?.transport !== 'http') return []
  const settings = {
    'hive.server2.transport.mode': 'http',
    'hive.server2.thrift.http.port': cluster.port('spark-thriftserver', 'thrift'),
    'hive.server2.thrift.http.path': 'cliservice',
  }
  return Object.entries(settings).flatMap(([key, value]) => ['--hiveconf', `${key}=${value}`])
}

export const service: ServiceDefinition = {
  name: 'spark',
  files: (view) => ({
    'spark/hive-site.xml': hiveSite(view),
    'spark/spark-defaults.conf': sparkDefaults(view),
    'spark/log4j2.properties': consoleLog4j2,
  }),
  roles: {
    'spark-thriftserver': {
      products: ['spark', 'hive'],
      launch: (view) => {
        const { cluster, host } = view
        return {
          main: 'org.apache.spark.deploy.SparkSubmit',
          arguments: [
            '--class',
            'org.apache.spark.sql.hive.thriftserver.HiveThriftServer2',
            '--name',
            'smartcar-thriftserver',
            '--properties-file',
            view.conf('spark/spark-defaults.conf'),
            'spark-internal',
            '--hiveconf',
            `hive.server2.thrift.port=${cluster.port('spark-thriftserver', 'thrift')}`,
            '--hiveconf',
            `hive.server2.thrift.bind.host=${cluster.bindAddress(host)}`,
            ...httpTransport(cluster),
          ],
          jvm,
          heap: cluster.heap('spark-thriftserver'),
          classPath: [view.conf('spark'), view.conf('hadoop'), `${view.software('spark')}/lib/*`],
          environment: {
            HADOOP_CONF_DIR: view.conf('hadoop'),
            SPARK_CONF_DIR: view.conf('spark'),
            SPARK_LOCAL_IP: host.address,
            SPARK_HOME: view.software('spark'),
          },
        }
      },
      reads: () => [
        'spark/hive-site.xml',
        'spark/spark-defaults.conf',
        'spark/log4j2.properties',
        'hadoop/core-site.xml',
        'hadoop/hdfs-site.xml',
      ],
      folders: (view) => [`${view.data('spark-thriftserver')}/tmp`],
      async health({ cluster, host }, { signal, secret }) {
        const { askHiveServer } = await import('../../engines/hive/connection.js')
        const address = await sessionAddress(cluster, 'spark', host.address, 'smartcar', secret)
        const began = performance.now()
        await askHiveServer(address, signal)
        return { state: 'healthy', summary: `answered a query in ${Math.round(performance.now() - began)} ms` }
      },
      startTimeout: 240,
      stopTimeout: 30,
    },
  },
}
