import { endpointsNeeded, type Health, type HostView, type ServiceDefinition } from '../../core/cluster/service.js'
import { throwIfInterrupted, UnreachableError } from '../../core/errors.js'
import { consoleLog4j, javaProperties } from '../../render/hadoop-configuration.js'
import { pilotTopic } from './pilot-topic.js'

function brokerId({ cluster, host }: HostView): number {
  return cluster.hostsOf('kafka').findIndex(({ name }) => name === host.name) + 1
}

function serverProperties(view: HostView): string {
  const { cluster, host } = view
  const replicas = Math.min(3, cluster.hostsOf('kafka').length)
  const port = cluster.port('kafka', 'client')
  return javaProperties({
    'broker.id': brokerId(view),
    'zookeeper.connect': `${endpointsNeeded(cluster, 'zookeeper', 'client')
      .map((member) => `${member.address}:${member.port}`)
      .join(',')}/kafka`,
    listeners: `PLAINTEXT://${cluster.bindAddress(host)}:${port}`,
    // The address, not the name: clients outside the cluster need not know its names.
    'advertised.listeners': `PLAINTEXT://${host.address}:${port}`,
    'log.dirs': view.data('kafka'),
    'num.partitions': 1,
    'default.replication.factor': replicas,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': 1,
    'offsets.topic.num.partitions': 5,
    'group.initial.rebalance.delay.ms': 0,
    // A misspelt topic should be an error, not a topic.
    'auto.create.topics.enable': false,
    // A week, Kafka's own default. The pilot's 10 minutes lose rows whenever Storm stands for longer than that.
    'log.retention.hours': 168,
    ...cluster.properties('kafka', 'server.properties'),
  })
}

/** Asks one broker for the cluster and its topics; a broker that has not joined yet answers without itself. */
async function brokerHealth(view: HostView, signal: AbortSignal): Promise<Health> {
  const { cluster, host } = view
  const broker = `${host.address}:${cluster.port('kafka', 'client')}`
  const { default: kafkajs } = await import('kafkajs')
  const { Kafka, logLevel } = kafkajs
  const admin = new Kafka({
    clientId: 'smartcar',
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 5000,
    requestTimeout: 10_000,
    retry: { retries: 0 },
  }).admin()
  try {
    await admin.connect()
    throwIfInterrupted(signal)
    const { brokers } = await admin.describeCluster()
    const { topics } = await admin.fetchTopicMetadata()
    const partitions = topics.flatMap((topic) =>
      topic.partitions.map((partition) => ({ ...partition, topic: topic.name })),
    )
    const leaderless = partitions.filter(({ leader }) => leader < 0)
    const behind = partitions.filter(({ isr, replicas }) => isr.length < replicas.length)
    const summary = [
      `${brokers.length} of ${cluster.hostsOf('kafka').length} brokers`,
      `${topics.filter(({ name }) => !name.startsWith('__')).length} topics`,
      ...(leaderless.length > 0 ? [`${leaderless.length} partitions without a leader`] : []),
      ...(behind.length > 0 ? [`${behind.length} partitions under-replicated`] : []),
    ].join(', ')
    if (!brokers.some(({ nodeId }) => nodeId === brokerId(view))) return { state: 'starting', summary }
    if (leaderless.length > 0) {
      return {
        state: 'unhealthy',
        summary,
        hints: [
          `without a leader: ${leaderless
            .slice(0, 3)
            .map(({ topic, partitionId }) => `${topic}-${partitionId}`)
            .join(', ')}`,
        ],
      }
    }
    return { state: 'healthy', summary }
  } catch (cause) {
    throwIfInterrupted(signal)
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new UnreachableError('SERVICE_UNREACHABLE', `${broker}: ${message}`, { cause, place: { thing: broker } })
  } finally {
    await admin.disconnect().catch(() => {})
  }
}

export const service: ServiceDefinition = {
  name: 'kafka',
  setups: [pilotTopic],
  files: (view) => ({
    'kafka/server.properties': serverProperties(view),
    'kafka/log4j.properties': consoleLog4j,
  }),
  roles: {
    kafka: {
      products: ['kafka'],
      launch: (view) => ({
        main: 'kafka.Kafka',
        arguments: [view.conf('kafka/server.properties')],
        jvm: [`-Dlog4j.configuration=file:${view.conf('kafka/log4j.properties')}`],
        heap: view.cluster.heap('kafka'),
        classPath: [`${view.software('kafka')}/lib/*`],
      }),
      reads: () => ['kafka/server.properties', 'kafka/log4j.properties'],
      folders: (view) => [view.data('kafka')],
      health: (view, { signal }) => brokerHealth(view, signal),
      startTimeout: 120,
      stopTimeout: 60,
    },
  },
}
