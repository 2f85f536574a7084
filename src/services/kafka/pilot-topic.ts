/** The topic that Flume fills and Storm reads (pilot.md, sections 3 and 4). */
import type { Cluster } from '../../core/cluster/cluster.js'
import type { ProbeTools, Setup } from '../../core/cluster/service.js'
import type { Clock } from '../../core/ports.js'
import { openKafka } from './client.js'

const partitions = 3

export const topicOf = (cluster: Cluster) => cluster.settings.flume?.topic ?? 'SmartCar-Topic'

/** What kafkajs waits with; a setup has no clock of its own. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

const open = (cluster: Cluster, { signal }: ProbeTools) => openKafka(cluster, { clock, signal })

export const pilotTopic: Setup = {
  name: 'topic',
  title: 'topic of the drive rows',
  reason: 'topics are not made by themselves, so that a misspelt one is an error',
  async find(cluster, _user, tools) {
    await using kafka = open(cluster, tools)
    const topic = topicOf(cluster)
    const there = (await kafka.topics()).some((one) => one.topic === topic)
    return there ? [] : [{ kind: 'create', summary: `make the topic ${topic}`, after: `${partitions} partitions` }]
  },
  async apply(cluster, _user, tools) {
    await using kafka = open(cluster, tools)
    const replication = Math.min(3, cluster.hostsOf('kafka').length)
    await kafka.create({ topic: topicOf(cluster), partitions, replication, config: {} })
  },
}
