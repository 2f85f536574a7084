import { jmxBean, numberOf, textOf } from '../../core/cluster/jmx.js'
import {
  type Health,
  type HostView,
  hadoopClassPath,
  hostView,
  type JavaLaunch,
  type ProbeTools,
  type RoleDefinition,
  type ServiceDefinition,
} from '../../core/cluster/service.js'
import { consoleLog4j, hadoopXml } from '../../render/hadoop-configuration.js'
import { hdfsFolders } from './folders.js'

function coreSite({ cluster, host }: HostView): string {
  const namenode = cluster.endpoint('namenode', 'rpc')
  return hadoopXml({
    'fs.defaultFS': `hdfs://${namenode.node}:${namenode.port}`,
    'hadoop.tmp.dir': `${host.folders.data}/tmp`,
    // hadoop.security.token.service.use_ip stays as it is: false makes daemons look up `server01.`, which no hosts file has.
    ...cluster.properties('hdfs', 'core-site.xml'),
  })
}

const fileUri = (folder: string) => `file://${folder.split('/').map(encodeURIComponent).join('/')}`

function hdfsSite(view: HostView): string {
  const { cluster, host } = view
  const namenode = cluster.endpoint('namenode', 'rpc')
  const everywhere = cluster.settings.bind === 'all'
  const bind = cluster.bindAddress(host)
  const secondary = cluster.endpoints('secondarynamenode', 'http')[0]
  return hadoopXml({
    'dfs.replication': Math.min(3, Math.max(1, cluster.hostsOf('datanode').length)),
    // NameNodes take a URI and decode it, DataNodes take what follows `file://` for the path.
    'dfs.namenode.name.dir': fileUri(view.data('namenode')),
    'dfs.datanode.data.dir': `file://${view.data('datanode')}`,
    'dfs.namenode.checkpoint.dir': fileUri(view.data('secondarynamenode')),
    'dfs.namenode.rpc-address': `${namenode.node}:${namenode.port}`,
    'dfs.namenode.http-address': `${namenode.node}:${cluster.port('namenode', 'http')}`,
    ...(everywhere ? { 'dfs.namenode.rpc-bind-host': bind, 'dfs.namenode.http-bind-host': bind } : {}),
    ...(secondary === undefined
      ? {}
      : { 'dfs.namenode.secondary.http-address': `${secondary.node}:${secondary.port}` }),
    'dfs.datanode.address': `${bind}:${cluster.port('datanode', 'transfer')}`,
    'dfs.datanode.ipc.address': `${bind}:${cluster.port('datanode', 'ipc')}`,
    'dfs.datanode.http.address': `${bind}:${cluster.port('datanode', 'http')}`,
    'dfs.datanode.hostname': host.node,
    'dfs.client.use.datanode.hostname': true,
    'dfs.datanode.use.datanode.hostname': true,
    // DataNodes need no reverse look-up of their addresses.
    'dfs.namenode.datanode.registration.ip-hostname-check': false,
    'dfs.webhdfs.enabled': true,
    'dfs.permissions.enabled': true,
    // 30 s by default, which every start of a small cluster would wait out.
    'dfs.namenode.safemode.extension': 1000,
    // With fewer than three DataNodes there is none to replace a failed one with.
    'dfs.client.block.write.replace-datanode-on-failure.policy': 'NEVER',
    // A dead DataNode is noticed after 2 x recheck + 10 x heartbeat: 70 s instead of 10.5 minutes.
    'dfs.namenode.heartbeat.recheck-interval': 20_000,
    'dfs.heartbeat.interval': 3,
    'dfs.namenode.handler.count': 10,
    'dfs.datanode.handler.count': 5,
    ...cluster.properties('hdfs', 'hdfs-site.xml'),
  })
}

/** One of Hadoop's own tools with the configuration of a host. */
export function hadoopTool(view: HostView, main: string, args: readonly string[]): JavaLaunch {
  return {
    main,
    arguments: args,
    heap: 128,
    classPath: hadoopClassPath(view),
    environment: { HADOOP_CONF_DIR: view.conf('hadoop') },
  }
}

const conf = ['hadoop/core-site.xml', 'hadoop/hdfs-site.xml', 'hadoop/log4j.properties'] as const

function launch(role: 'namenode' | 'datanode' | 'secondarynamenode', main: string): RoleDefinition['launch'] {
  return (view) => ({
    main: `org.apache.hadoop.hdfs.server.${main}`,
    heap: view.cluster.heap(role),
    classPath: hadoopClassPath(view),
    environment: { HADOOP_CONF_DIR: view.conf('hadoop') },
  })
}

const http = (view: HostView, port: number) => `http://${view.host.address}:${port}`

async function namenodeHealth(view: HostView, { http: client, signal }: ProbeTools): Promise<Health> {
  const base = http(view, view.cluster.port('namenode', 'http'))
  const [state, info] = await Promise.all([
    jmxBean(client, base, 'Hadoop:service=NameNode,name=FSNamesystemState', signal),
    jmxBean(client, base, 'Hadoop:service=NameNode,name=NameNodeInfo', signal),
  ])
  if (state === undefined || info === undefined) return { state: 'starting', summary: 'loads the file system' }
  const expected = view.cluster.hostsOf('datanode').length
  const live = numberOf(state, 'NumLiveDataNodes')
  const dead = numberOf(state, 'NumDeadDataNodes')
  const missing = numberOf(info, 'NumberOfMissingBlocks')
  const safeMode = textOf(info, 'Safemode')
  const summary = [
    `${live} of ${expected} DataNodes live`,
    `safe mode ${safeMode === '' ? 'off' : 'on'}`,
    ...(missing > 0 ? [`${missing} blocks missing`] : []),
  ].join(', ')
  if (missing > 0) {
    return {
      state: 'unhealthy',
      summary,
      hints: ['smartcar hdfs fsck names the files', 'start the DataNode that had the blocks, or delete the files'],
    }
  }
  if (safeMode !== '') {
    return { state: 'starting', summary, hints: [safeMode.replace(/\s+/g, ' ').trim(), 'smartcar doctor --fix'] }
  }
  if (live < expected)
    return {
      state: dead > 0 ? 'unhealthy' : 'starting',
      summary,
      hints: ['smartcar cluster start hdfs starts what does not run'],
    }
  return { state: 'healthy', summary }
}

/** Its RPC answers before its safe mode is off, which takes the DataNodes' reports. */
async function namenodeReady(view: HostView, { http: client, signal }: ProbeTools): Promise<boolean> {
  const base = http(view, view.cluster.port('namenode', 'http'))
  const status = await jmxBean(client, base, 'Hadoop:service=NameNode,name=NameNodeStatus', signal)
  return status !== undefined && textOf(status, 'State') === 'active'
}

async function datanodeHealth(view: HostView, { http: client, signal }: ProbeTools): Promise<Health> {
  const base = http(view, view.cluster.port('datanode', 'http'))
  const info = await jmxBean(client, base, 'Hadoop:service=DataNode,name=DataNodeInfo', signal)
  if (info === undefined) return { state: 'starting', summary: 'not registered yet' }
  const actors = textOf(info, 'BPServiceActorInfo')
  if (!actors.includes('RUNNING')) return { state: 'starting', summary: 'not registered at the NameNode yet' }
  const volumes = textOf(info, 'VolumeInfo')
  return { state: 'healthy', summary: `registered, ${volumes.split('"freeSpace"').length - 1} volume` }
}

async function secondaryHealth(view: HostView, { http: client, signal }: ProbeTools): Promise<Health> {
  const base = http(view, view.cluster.port('secondarynamenode', 'http'))
  const info = await jmxBean(client, base, 'Hadoop:service=SecondaryNameNode,name=SecondaryNameNodeInfo', signal)
  return info === undefined
    ? { state: 'starting', summary: 'starts' }
    : { state: 'healthy', summary: `checkpoints every ${numberOf(info, 'CheckpointPeriod') || 3600} s` }
}

export const service: ServiceDefinition = {
  name: 'hdfs',
  setups: [hdfsFolders],
  serving: (cluster, tools) => {
    const [host] = cluster.hostsOf('namenode')
    return host === undefined
      ? Promise.resolve({ state: 'healthy', summary: 'not here' })
      : namenodeHealth(hostView(cluster, host), tools)
  },
  files: (view) => ({
    'hadoop/core-site.xml': coreSite(view),
    'hadoop/hdfs-site.xml': hdfsSite(view),
    'hadoop/log4j.properties': consoleLog4j,
  }),
  roles: {
    namenode: {
      products: ['hadoop'],
      launch: launch('namenode', 'namenode.NameNode'),
      reads: () => conf,
      folders: (view) => [view.data('namenode'), `${view.host.folders.data}/tmp`],
      init: (view) => ({
        summary: 'format the NameNode',
        done: `${view.data('namenode')}/current/VERSION`,
        launches: [
          {
            main: 'org.apache.hadoop.hdfs.server.namenode.NameNode',
            // Ends with an error, and changes nothing, where a file system is.
            arguments: ['-format', '-nonInteractive'],
            heap: 256,
            classPath: hadoopClassPath(view),
            environment: { HADOOP_CONF_DIR: view.conf('hadoop') },
          },
        ],
      }),
      health: namenodeHealth,
      ready: namenodeReady,
      startTimeout: 180,
      stopTimeout: 30,
    },
    datanode: {
      products: ['hadoop'],
      launch: launch('datanode', 'datanode.DataNode'),
      reads: () => conf,
      folders: (view) => [view.data('datanode'), `${view.host.folders.data}/tmp`],
      health: datanodeHealth,
      startTimeout: 120,
      stopTimeout: 30,
    },
    secondarynamenode: {
      products: ['hadoop'],
      launch: launch('secondarynamenode', 'namenode.SecondaryNameNode'),
      reads: () => conf,
      folders: (view) => [view.data('secondarynamenode'), `${view.host.folders.data}/tmp`],
      health: secondaryHealth,
      startTimeout: 120,
      stopTimeout: 30,
    },
  },
}
