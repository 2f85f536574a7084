import { jmxBean, numberOf } from '../../core/cluster/jmx.js'
import {
  endpointsNeeded,
  type Health,
  type HostView,
  hostView,
  type JavaLaunch,
  type ProbeTools,
  type RoleDefinition,
  type ServiceDefinition,
} from '../../core/cluster/service.js'
import { consoleLog4j, hadoopXml } from '../../render/hadoop-configuration.js'

/** What bin/hbase of 2.6 gives to JDK 11 and newer. */
const jvm = [
  ...[
    'java.base/java.nio',
    'java.base/java.lang',
    'java.base/java.lang.reflect',
    'java.base/java.util',
    'java.base/java.util.concurrent',
    'java.base/jdk.internal.util.random',
  ].map((name) => `--add-opens=${name}=ALL-UNNAMED`),
  ...[
    'java.base/jdk.internal.misc',
    'java.security.jgss/sun.security.krb5',
    'java.base/sun.net.dns',
    'java.base/sun.net.util',
  ].map((name) => `--add-exports=${name}=ALL-UNNAMED`),
  '-Dorg.apache.hbase.thirdparty.io.netty.tryReflectionSetAccessible=true',
] as const

function hbaseSite(view: HostView): string {
  const { cluster, host } = view
  const bind = cluster.bindAddress(host)
  const namenode = cluster.endpoint('namenode', 'rpc')
  return hadoopXml({
    'hbase.cluster.distributed': true,
    'hbase.rootdir': `hdfs://${namenode.node}:${namenode.port}/hbase`,
    'hbase.tmp.dir': `${host.folders.data}/hbase-tmp`,
    'hbase.zookeeper.quorum': endpointsNeeded(cluster, 'zookeeper', 'client')
      .map(({ node }) => node)
      .join(','),
    'hbase.zookeeper.property.clientPort': cluster.port('zookeeper', 'client'),
    'zookeeper.znode.parent': '/hbase',
    'hbase.master.hostname': host.node,
    'hbase.regionserver.hostname': host.node,
    'hbase.master.ipc.address': bind,
    'hbase.master.port': cluster.port('hmaster', 'rpc'),
    'hbase.master.info.port': cluster.port('hmaster', 'http'),
    'hbase.master.info.bindAddress': bind,
    'hbase.regionserver.ipc.address': bind,
    'hbase.regionserver.port': cluster.port('regionserver', 'rpc'),
    'hbase.regionserver.info.port': cluster.port('regionserver', 'http'),
    'hbase.regionserver.info.bindAddress': bind,
    'hbase.rest.host': bind,
    'hbase.rest.port': cluster.port('hbase-rest', 'http'),
    'hbase.rest.info.port': cluster.port('hbase-rest', 'info'),
    'hbase.rest.info.bindAddress': bind,
    'hbase.regionserver.handler.count': 10,
    'hbase.master.handler.count': 10,
    'dfs.client.use.datanode.hostname': true,
    ...cluster.properties('hbase', 'hbase-site.xml'),
  })
}

/** HBase brings Hadoop's client jars of its own, and reads Hadoop's configuration. */
function hbaseClassPath(view: HostView): readonly string[] {
  return [view.conf('hbase'), view.conf('hadoop'), `${view.software('hbase')}/lib/*`]
}

const conf = ['hbase/hbase-site.xml', 'hbase/log4j.properties', 'hadoop/core-site.xml', 'hadoop/hdfs-site.xml'] as const

/** Any class of HBase with the configuration of a host, as its roles are started. */
export function hbaseTool(view: HostView, main: string, args: readonly string[]): JavaLaunch {
  return {
    main,
    arguments: args,
    jvm,
    heap: 256,
    classPath: hbaseClassPath(view),
    environment: { HADOOP_CONF_DIR: view.conf('hadoop'), HBASE_CONF_DIR: view.conf('hbase') },
  }
}

const launch = (role: 'hmaster' | 'regionserver' | 'hbase-rest', main: string): RoleDefinition['launch'] => {
  return (view) => ({
    main: `org.apache.hadoop.hbase.${main}`,
    arguments: ['start'],
    jvm,
    heap: view.cluster.heap(role),
    classPath: hbaseClassPath(view),
    environment: { HADOOP_CONF_DIR: view.conf('hadoop'), HBASE_CONF_DIR: view.conf('hbase') },
  })
}

async function masterHealth({ cluster, host }: HostView, { http, signal }: ProbeTools): Promise<Health> {
  const base = `http://${host.address}:${cluster.port('hmaster', 'http')}`
  const [server, assignment] = await Promise.all([
    jmxBean(http, base, 'Hadoop:service=HBase,name=Master,sub=Server', signal),
    jmxBean(http, base, 'Hadoop:service=HBase,name=Master,sub=AssignmentManager', signal),
  ])
  if (server === undefined || numberOf(server, 'masterFinishedInitializationTime') === 0)
    return { state: 'starting', summary: 'initialises' }
  const live = numberOf(server, 'numRegionServers')
  const dead = numberOf(server, 'numDeadRegionServers')
  const stuck = assignment === undefined ? 0 : numberOf(assignment, 'ritCountOverThreshold')
  const summary = [
    `${live} of ${cluster.hostsOf('regionserver').length} RegionServers live`,
    ...(dead > 0 ? [`${dead} dead`] : []),
    ...(stuck > 0 ? [`${stuck} regions stuck in transition`] : []),
  ].join(', ')
  if (live === 0 || stuck > 0)
    return { state: 'unhealthy', summary, hints: ['smartcar cluster start hbase starts what does not run'] }
  return { state: 'healthy', summary }
}

/** It initialises only with a RegionServer to put its tables on. */
async function masterReady({ cluster, host }: HostView, { http, signal }: ProbeTools): Promise<boolean> {
  const base = `http://${host.address}:${cluster.port('hmaster', 'http')}`
  return (await jmxBean(http, base, 'Hadoop:service=HBase,name=Master,sub=Server', signal)) !== undefined
}

async function regionHealth({ cluster, host }: HostView, { http, signal }: ProbeTools): Promise<Health> {
  const base = `http://${host.address}:${cluster.port('regionserver', 'http')}`
  const server = await jmxBean(http, base, 'Hadoop:service=HBase,name=RegionServer,sub=Server', signal)
  if (server === undefined) return { state: 'starting', summary: 'not registered at the HMaster yet' }
  return { state: 'healthy', summary: `${numberOf(server, 'regionCount')} regions` }
}

async function restHealth({ cluster, host }: HostView, { http, signal }: ProbeTools): Promise<Health> {
  const url = `http://${host.address}:${cluster.port('hbase-rest', 'http')}/version/cluster`
  const response = await http.request({ method: 'GET', url, timeoutMs: 20_000, signal })
  const version = (await response.text()).trim()
  return response.status === 200
    ? { state: 'healthy', summary: `HBase ${version}` }
    : { state: 'starting', summary: `answers ${response.status}: HBase does not serve yet` }
}

export const service: ServiceDefinition = {
  name: 'hbase',
  serving: (cluster, tools) => {
    const [host] = cluster.hostsOf('hmaster')
    return host === undefined
      ? Promise.resolve({ state: 'healthy', summary: 'not here' })
      : masterHealth(hostView(cluster, host), tools)
  },
  files: (view) => ({ 'hbase/hbase-site.xml': hbaseSite(view), 'hbase/log4j.properties': consoleLog4j }),
  roles: {
    hmaster: {
      products: ['hbase'],
      launch: launch('hmaster', 'master.HMaster'),
      reads: () => conf,
      folders: (view) => [`${view.host.folders.data}/hbase-tmp`],
      health: masterHealth,
      ready: masterReady,
      startTimeout: 240,
      stopTimeout: 60,
    },
    regionserver: {
      products: ['hbase'],
      launch: launch('regionserver', 'regionserver.HRegionServer'),
      reads: () => conf,
      folders: (view) => [`${view.host.folders.data}/hbase-tmp`],
      health: regionHealth,
      startTimeout: 180,
      stopTimeout: 60,
    },
    'hbase-rest': {
      products: ['hbase'],
      launch: launch('hbase-rest', 'rest.RESTServer'),
      reads: () => conf,
      folders: (view) => [`${view.host.folders.data}/hbase-tmp`],
      health: restHealth,
      startTimeout: 120,
      stopTimeout: 30,
    },
  },
}
