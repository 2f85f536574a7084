import { z } from 'zod'
import {
  type Health,
  type HostView,
  hadoopClassPath,
  hostView,
  type ProbeTools,
  type ServiceDefinition,
} from '../../core/cluster/service.js'
import { UnreachableError } from '../../core/errors.js'
import { hadoopXml } from '../../render/hadoop-configuration.js'

/** Guice's cglib defines classes in java.lang. */
const opens = '--add-opens=java.base/java.lang=ALL-UNNAMED'

/** Memory that the NodeManagers offer to containers, MiB: one Spark executor or a small MapReduce job. */
const containerMemory = 3072

function yarnSite(view: HostView): string {
  const { cluster, host } = view
  const manager = cluster.endpoint('resourcemanager', 'rpc').node
  const at = (name: 'rpc' | 'scheduler' | 'tracker' | 'admin' | 'http') =>
    `${manager}:${cluster.port('resourcemanager', name)}`
  const here = (name: 'rpc' | 'localizer' | 'http' | 'collector') => `${host.node}:${cluster.port('nodemanager', name)}`
  const everywhere = cluster.settings.bind === 'all'
  return hadoopXml({
    'yarn.resourcemanager.hostname': manager,
    'yarn.resourcemanager.address': at('rpc'),
    'yarn.resourcemanager.scheduler.address': at('scheduler'),
    'yarn.resourcemanager.resource-tracker.address': at('tracker'),
    'yarn.resourcemanager.admin.address': at('admin'),
    'yarn.resourcemanager.webapp.address': at('http'),
    'yarn.nodemanager.hostname': host.node,
    'yarn.nodemanager.address': here('rpc'),
    'yarn.nodemanager.localizer.address': here('localizer'),
    'yarn.nodemanager.webapp.address': here('http'),
    'yarn.nodemanager.collector-service.address': here('collector'),
    ...(everywhere ? { 'yarn.resourcemanager.bind-host': '0.0.0.0', 'yarn.nodemanager.bind-host': '0.0.0.0' } : {}),
    'yarn.nodemanager.local-dirs': `${view.data('nodemanager')}/local`,
    'yarn.nodemanager.log-dirs': `${view.data('nodemanager')}/containers`,
    'yarn.nodemanager.aux-services': 'mapreduce_shuffle',
    'yarn.nodemanager.resource.memory-mb': containerMemory,
    'yarn.nodemanager.resource.cpu-vcores': 4,
    'yarn.scheduler.minimum-allocation-mb': 128,
    'yarn.scheduler.maximum-allocation-mb': containerMemory,
    // Java reserves far more virtual memory than it uses.
    'yarn.nodemanager.vmem-check-enabled': false,
    // 90 % by default; a fuller disk makes the node unhealthy and jobs wait in ACCEPTED (doctor warns from 90 % on).
    'yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage': 95,
    'yarn.nodemanager.env-whitelist': 'JAVA_HOME,HADOOP_HOME,HADOOP_CONF_DIR',
    'yarn.application.classpath': hadoopClassPath(view).join(','),
    'yarn.log-aggregation-enable': false,
    ...cluster.properties('yarn', 'yarn-site.xml'),
  })
}

function mapredSite(view: HostView): string {
  const { cluster } = view
  return hadoopXml({
    'mapreduce.framework.name': 'yarn',
    'mapreduce.application.classpath': hadoopClassPath(view).join(','),
    'yarn.app.mapreduce.am.resource.mb': 512,
    'yarn.app.mapreduce.am.command-opts': `-Xmx320m ${opens}`,
    'yarn.app.mapreduce.am.staging-dir': '/user',
    'mapreduce.map.memory.mb': 384,
    'mapreduce.map.java.opts': '-Xmx256m',
    'mapreduce.reduce.memory.mb': 384,
    'mapreduce.reduce.java.opts': '-Xmx256m',
    'mapreduce.task.io.sort.mb': 64,
    'mapreduce.shuffle.port': cluster.port('nodemanager', 'shuffle'),
    ...cluster.properties('yarn', 'mapred-site.xml'),
  })
}

/** In no jar, and the ResourceManager does not start without it. */
function capacityScheduler({ cluster }: HostView): string {
  return hadoopXml({
    'yarn.scheduler.capacity.root.queues': 'default',
    'yarn.scheduler.capacity.root.default.capacity': 100,
    'yarn.scheduler.capacity.maximum-am-resource-percent': 0.6,
    ...cluster.properties('yarn', 'capacity-scheduler.xml'),
  })
}

const metrics = z.object({
  clusterMetrics: z.object({ activeNodes: z.number(), unhealthyNodes: z.number(), lostNodes: z.number() }),
})
const nodeInfo = z.object({ nodeInfo: z.object({ nodeHealthy: z.boolean(), healthReport: z.string().nullish() }) })

async function ask<T>(url: string, shape: z.ZodType<T>, { http, signal }: ProbeTools): Promise<T | undefined> {
  const response = await http.request({ method: 'GET', url, timeoutMs: 10_000, signal })
  const text = await response.text()
  // While it starts, YARN answers with a page that says so.
  if (response.status !== 200) return undefined
  try {
    return shape.parse(JSON.parse(text))
  } catch (cause) {
    throw new UnreachableError('SERVICE_ODD', `${url} answered something that YARN does not say`, { cause })
  }
}

async function managerHealth({ cluster, host }: HostView, tools: ProbeTools): Promise<Health> {
  const base = `http://${host.address}:${cluster.port('resourcemanager', 'http')}`
  const answer = await ask(`${base}/ws/v1/cluster/metrics`, metrics, tools)
  if (answer === undefined) return { state: 'starting', summary: 'starts' }
  const { activeNodes, unhealthyNodes, lostNodes } = answer.clusterMetrics
  const summary = [
    `${activeNodes} of ${cluster.hostsOf('nodemanager').length} NodeManagers active`,
    ...(unhealthyNodes > 0 ? [`${unhealthyNodes} unhealthy`] : []),
    ...(lostNodes > 0 ? [`${lostNodes} lost`] : []),
  ].join(', ')
  if (unhealthyNodes > 0 && activeNodes === 0) {
    return {
      state: 'unhealthy',
      summary,
      hints: ['jobs stay in ACCEPTED: a disk over the threshold makes a node unhealthy, smartcar doctor names it'],
    }
  }
  if (activeNodes < cluster.hostsOf('nodemanager').length) return { state: 'starting', summary }
  return { state: 'healthy', summary }
}

async function managerReady({ cluster, host }: HostView, tools: ProbeTools): Promise<boolean> {
  const base = `http://${host.address}:${cluster.port('resourcemanager', 'http')}`
  return (await ask(`${base}/ws/v1/cluster/metrics`, metrics, tools)) !== undefined
}

async function nodeHealth({ cluster, host }: HostView, tools: ProbeTools): Promise<Health> {
  const base = `http://${host.address}:${cluster.port('nodemanager', 'http')}`
  const answer = await ask(`${base}/ws/v1/node/info`, nodeInfo, tools)
  if (answer === undefined) return { state: 'starting', summary: 'starts' }
  const { nodeHealthy, healthReport } = answer.nodeInfo
  if (nodeHealthy) return { state: 'healthy', summary: 'disks and containers fine' }
  return { state: 'unhealthy', summary: healthReport?.trim() || 'unhealthy' }
}

const conf = [
  'hadoop/core-site.xml',
  // Both are clients of HDFS: of what containers are started with, and of their logs.
  'hadoop/hdfs-site.xml',
  'hadoop/yarn-site.xml',
  'hadoop/mapred-site.xml',
  'hadoop/capacity-scheduler.xml',
  'hadoop/log4j.properties',
] as const

const launch = (role: 'resourcemanager' | 'nodemanager', main: string) => (view: HostView) => ({
  main: `org.apache.hadoop.yarn.server.${main}`,
  jvm: [opens],
  heap: view.cluster.heap(role),
  classPath: hadoopClassPath(view),
  // Containers get the JAVA_HOME of the NodeManager; HADOOP_HOME has to be a folder, whatever is in it.
  environment: { HADOOP_CONF_DIR: view.conf('hadoop'), HADOOP_HOME: view.software('hadoop') },
})

export const service: ServiceDefinition = {
  name: 'yarn',
  serving: (cluster, tools) => {
    const [host] = cluster.hostsOf('resourcemanager')
    return host === undefined
      ? Promise.resolve({ state: 'healthy', summary: 'not here' })
      : managerHealth(hostView(cluster, host), tools)
  },
  files: (view) => ({
    'hadoop/yarn-site.xml': yarnSite(view),
    'hadoop/mapred-site.xml': mapredSite(view),
    'hadoop/capacity-scheduler.xml': capacityScheduler(view),
  }),
  roles: {
    resourcemanager: {
      products: ['hadoop'],
      launch: launch('resourcemanager', 'resourcemanager.ResourceManager'),
      reads: () => conf,
      folders: (view) => [view.data('resourcemanager')],
      health: managerHealth,
      ready: managerReady,
      startTimeout: 180,
      stopTimeout: 30,
    },
    nodemanager: {
      products: ['hadoop'],
      launch: launch('nodemanager', 'nodemanager.NodeManager'),
      reads: () => conf,
      folders: (view) => [`${view.data('nodemanager')}/local`, `${view.data('nodemanager')}/containers`],
      health: nodeHealth,
      startTimeout: 180,
      // 19 s were measured.
      stopTimeout: 60,
    },
  },
}
