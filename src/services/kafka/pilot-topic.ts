/** The topic that Flume fills and Storm reads (pilot.md, sections 3 and 4). */
import type { Cluster } from '../../core/cluster/cluster.js'
import type { ProbeTools, Setup } from '../../core/cluster/service.js'
import { throwIfInterrupted } from '../../core/errors.js'
import type { Clock } from '../../core/ports.js'
import { type EventLog, openKafka } from './client.js'

const partitions = 3

export const topicOf = (cluster: Cluster) => cluster.settings.flume?.topic ?? 'SmartCar-Topic'

/** What kafkajs waits with; a setup has no clock of its own. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

const open = (cluster: Cluster, { signal }: ProbeTools) => openKafka(cluster, { clock, signal })

const lookEveryMs = 500

/**
 * Whether the topic is there. A broker that has just started answers before its controller has told it of the topics, so
 * that "no" is asked again.
 */
async function isThere(kafka: EventLog, topic: string, looks: number, signal: AbortSignal): Promise<boolean> {
  for (let look = 1; ; look++) {
    if ((await kafka.topics()).some((one) => one.topic === topic)) return true
    throwIfInterrupted(signal)
    if (look === looks) return false
    await clock.sleep(lookEveryMs)
  }
}

export const pilotTopic: Setup = {
  name: 'topic',
  title: 'topic of the drive rows',
  reason: 'topics are not made by themselves, so that a misspelt one is an error',
  async find(cluster, _user, tools) {
    await using kafka = open(cluster, tools)
    const topic = topicOf(cluster)
    return (await isThere(kafka, topic, 5, tools.signal))
      ? []
      : [{ kind: 'create', summary: `make the topic ${topic}`, after: `${partitions} partitions` }]
  },
  async apply(cluster, _user, tools) {
    await using kafka = open(cluster, tools)
    const replication = Math.min(3, cluster.hostsOf('kafka').length)
    const topic = topicOf(cluster)
    await kafka.create({ topic, partitions, replication, config: {} })
    await isThere(kafka, topic, 60, tools.signal)
  },
}
