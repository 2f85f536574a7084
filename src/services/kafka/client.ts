import kafkajs, { type Kafka } from 'kafkajs'
import kafkajsSockets from 'kafkajs/src/network/socketFactory.js'
import type { Cluster } from '../../core/cluster/cluster.js'
import { didYouMean } from '../../core/did-you-mean.js'
import { FailedError, UsageError } from '../../core/errors.js'
import type { Clock } from '../../core/ports.js'
import { brokerErrorType, kafkaError } from './errors.js'
import { type PartitionDelivery, RowWriter } from './producer.js'
import { type RecordView, readBatches } from './record-batch.js'
import { clusterOfKafkajs, type Fetched, fetchBatches, leaderOf, sendBatch, type WireCluster } from './wire.js'

export interface TopicSummary {
  readonly topic: string
  readonly partitions: number
  readonly replication: number
  /** Kafka's own, such as __consumer_offsets. */
  readonly internal: boolean
}

export interface PartitionState {
  readonly partition: number
  readonly leader: number
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
  readonly low: number
  readonly high: number
}

export interface TopicDescription {
  readonly topic: string
  readonly rows: number
  readonly partitions: readonly PartitionState[]
  /** Settings of the topic that differ from the broker's. */
  readonly config: Readonly<Record<string, string>>
}

export interface TopicSpec {
  readonly topic: string
  readonly partitions: number
  readonly replication: number
  readonly config: Readonly<Record<string, string>>
}

export interface TopicChange {
  readonly topic: string
  /** New number of partitions. */
  readonly partitions?: number
  readonly set: Readonly<Record<string, string>>
  /** Settings that go back to the broker's. */
  readonly reset: readonly string[]
}

export interface PartitionOffsets {
  readonly partition: number
  readonly low: number
  /** Behind the last row. */
  readonly high: number
}

export interface GroupMember {
  readonly id: string
  readonly client: string
  readonly host: string
}

export interface GroupState {
  readonly group: string
  readonly state: string
  readonly members: readonly GroupMember[]
}

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** undefined: the group has committed nothing here. */
  readonly committed?: number
  readonly end: number
  /** Rows that the group has not taken; all that are there when it committed nothing. */
  readonly lag: number
}

export interface FetchOptions {
  /** How long to wait for a row when there is none. */
  readonly waitMs: number
  /** Called for each record of each partition, in the order of its offsets; the record is valid during the call. */
  readonly visit: (partition: number, record: RecordView) => void
}

/** Topics with rows in partitions, and groups that remember how far they have read. */
export interface EventLog extends AsyncDisposable {
  /** Host and port of the first broker. */
  readonly where: string
  topics(): Promise<readonly TopicSummary[]>
  describe(topic: string): Promise<TopicDescription>
  /** false when it is there already. */
  create(topic: TopicSpec): Promise<boolean>
  alter(change: TopicChange): Promise<void>
  remove(topic: string): Promise<void>
  /** By partition, in order. */
  offsets(topic: string): Promise<readonly PartitionOffsets[]>
  /** First offset at or after a time; the end where nothing is as new. */
  offsetsAt(topic: string, time: number): Promise<readonly PartitionOffsets[]>
  groups(): Promise<readonly GroupState[]>
  /** How far a group is behind, in one topic or in all that it has committed in. */
  lag(group: string, topic?: string): Promise<readonly PartitionLag[]>
  /** Offset to go on at by partition, where the group has committed one. */
  committed(group: string, topic: string): Promise<ReadonlyMap<number, number>>
  commit(group: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void>
  writer(topic: string, options: { readonly gzip: boolean; readonly deliveryMs: number }): Promise<RowWriter>
  /** One round of fetches at `positions`, which it moves on. */
  fetch(topic: string, positions: Map<number, number>, options: FetchOptions): Promise<void>
}

// CommonJS whose names Node does not see by itself.
const { ConfigResourceTypes, logLevel } = kafkajs

export type { PartitionDelivery, RecordView, RowWriter }

/** Kafka's number for settings of the topic itself. */
const dynamicTopicSetting = 1
const offsetOutOfRange = 1
const staleLeader = new Set([3, 5, 6, 74, 75])
const defaultBatchBytes = 1_000_000
const fetchLimits = { bytes: 16 * 1024 * 1024, bytesEach: 4 * 1024 * 1024 }
/** Errors of a broker that has only just started. */
const loading = /COORDINATOR|LOAD_IN_PROGRESS|LEADER_NOT_AVAILABLE/
const loadingTries = 20

export interface EventLogContext {
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Kafka of a site; connects with the first call. */
export function openKafka(cluster: Cluster, context: EventLogContext): EventLog {
  const brokers = cluster.endpoints('kafka', 'client')
  const [firstBroker] = brokers.length > 0 ? brokers : [cluster.endpoint('kafka', 'client')]
  const where = `${firstBroker?.host} ${firstBroker?.address}:${firstBroker?.port}`
  const sockets = kafkajsSockets()
  const kafka = new kafkajs.Kafka({
    clientId: 'smartcar',
    brokers: brokers.map(({ address, port }) => `${address}:${port}`),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 5000,
    retry: { retries: 3, initialRetryTime: 200 },
    // Brokers call themselves by names that this machine need not know.
    socketFactory: (target) => sockets({ ...target, host: cluster.addressOf(target.host) ?? target.host }),
  })
  return new KafkaLog(kafka, where, context)
}

class KafkaLog implements EventLog {
  private readonly admin
  private readonly wire: WireCluster
  private adminReady: Promise<void> | undefined
  private wireReady: Promise<void> | undefined

  constructor(
    kafka: Kafka,
    readonly where: string,
    private readonly context: EventLogContext,
  ) {
    this.admin = kafka.admin()
    this.wire = clusterOfKafkajs(kafka)
  }

  /** Ends a call at once on Ctrl-C, and gives its errors their meaning. */
  private async ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { signal } = this.context
    let onAbort = () => {}
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason)
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
    })
    aborted.catch(() => undefined)
    try {
      return await Promise.race([work(), aborted])
    } catch (error) {
      throw kafkaError(error, what, this.where, signal)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  private administer<T>(what: string, work: (admin: KafkaLog['admin']) => Promise<T>): Promise<T> {
    return this.ask(what, async () => {
      this.adminReady ??= this.admin.connect()
      await this.adminReady
      return this.patiently(() => work(this.admin))
    })
  }

  /** Tries again while a broker that has only just started looks for its coordinators. */
  private async patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await work()
      } catch (error) {
        const type = brokerErrorType(error)
        if (type === undefined || !loading.test(type) || tries >= loadingTries) throw error
        await this.context.clock.sleep(250, this.context.signal)
      }
    }
  }

  private connected<T>(what: string, work: (wire: WireCluster) => Promise<T>): Promise<T> {
    return this.ask(what, async () => {
      this.wireReady ??= this.wire.connect()
      await this.wireReady
      return this.patiently(() => work(this.wire))
    })
  }

  async topics(): Promise<readonly TopicSummary[]> {
    const { topics } = await this.administer('the list of topics', (admin) => admin.fetchTopicMetadata())
    return topics
      .map(({ name, partitions }) => ({
        topic: name,
        partitions: partitions.length,
        replication: Math.max(0, ...partitions.map(({ replicas }) => replicas.length)),
        internal: name.startsWith('__'),
      }))
      .sort((a, b) => (a.topic < b.topic ? -1 : 1))
  }

  /** Throws TOPIC_ABSENT with the nearest name when there is no such topic. */
  private async existing(topic: string): Promise<void> {
    const names = await this.administer('the list of topics', (admin) => admin.listTopics())
    if (names.includes(topic)) return
    const own = names.filter((name) => !name.startsWith('__'))
    throw new FailedError('TOPIC_ABSENT', `there is no topic ${topic}${didYouMean(topic, own)}`, {
      hints: [
        own.length === 0 ? 'there are none' : `there are ${own.slice(0, 10).join(', ')}`,
        `smartcar kafka topic create ${topic} makes it`,
      ],
    })
  }

  private async settings(topic: string): Promise<Readonly<Record<string, string>>> {
    const { resources } = await this.administer(topic, (admin) =>
      admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] }),
    )
    const entries = resources[0]?.configEntries ?? []
    const own = entries.filter((entry) => entry.configSource === dynamicTopicSetting)
    return Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]))
  }

  async describe(topic: string): Promise<TopicDescription> {
    await this.existing(topic)
    const [{ topics }, offsets, config] = await Promise.all([
      this.administer(topic, (admin) => admin.fetchTopicMetadata({ topics: [topic] })),
      this.offsets(topic),
      this.settings(topic),
    ])
    const partitions = (topics[0]?.partitions ?? []).map(({ partitionId, leader, replicas, isr }) => {
      const found = offsets.find(({ partition }) => partition === partitionId)
      const low = found?.low ?? 0
      return { partition: partitionId, leader, replicas, inSync: isr, low, high: found?.high ?? low }
    })
    partitions.sort((a, b) => a.partition - b.partition)
    const rows = partitions.reduce((sum, { low, high }) => sum + high - low, 0)
    return { topic, rows, partitions, config }
  }

  create({ topic, partitions, replication, config }: TopicSpec): Promise<boolean> {
    return this.administer(topic, (admin) =>
      admin.createTopics({
        waitForLeaders: true,
        topics: [
          {
            topic,
            // Left out, both become -1, which brokers before 2.4 refuse.
            numPartitions: partitions,
            replicationFactor: replication,
            configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
          },
        ],
      }),
    )
  }

  async alter({ topic, partitions, set, reset }: TopicChange): Promise<void> {
    await this.existing(topic)
    if (partitions !== undefined) {
      await this.administer(topic, (admin) =>
        admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] }),
      )
    }
    if (Object.keys(set).length === 0 && reset.length === 0) return
    // AlterConfigs replaces all of a topic's settings: those that stay have to be said again.
    const all = { ...(await this.settings(topic)), ...set }
    for (const name of reset) delete all[name]
    const configEntries = Object.entries(all).map(([name, value]) => ({ name, value }))
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }]
    await this.administer(topic, (admin) => admin.alterConfigs({ validateOnly: false, resources }))
  }

  async remove(topic: string): Promise<void> {
    await this.existing(topic)
    await this.administer(topic, (admin) => admin.deleteTopics({ topics: [topic] }))
  }

  async offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    await this.existing(topic)
    const found = await this.administer(topic, (admin) => admin.fetchTopicOffsets(topic))
    return found
      .map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
      .sort((a, b) => a.partition - b.partition)
  }

  async offsetsAt(topic: string, time: number): Promise<readonly PartitionOffsets[]> {
    const [ends, found] = await Promise.all([
      this.offsets(topic),
      this.administer(topic, (admin) => admin.fetchTopicOffsetsByTimestamp(topic, time)),
    ])
    return ends.map(({ partition, high }) => {
      const offset = Number(found.find((one) => one.partition === partition)?.offset ?? -1)
      return { partition, low: offset < 0 ? high : offset, high }
    })
  }

  async groups(): Promise<readonly GroupState[]> {
    const { groups } = await this.administer('the list of groups', (admin) => admin.listGroups())
    const names = groups.map(({ groupId }) => groupId).sort()
    if (names.length === 0) return []
    const described = await this.administer('the groups', (admin) => admin.describeGroups(names))
    return described.groups.map(({ groupId, state, members }) => ({
      group: groupId,
      state: state.toLowerCase(),
      members: members.map(({ memberId, clientId, clientHost }) => ({
        id: memberId,
        client: clientId,
        host: clientHost.replace(/^\//, ''),
      })),
    }))
  }

  async lag(group: string, topic?: string): Promise<readonly PartitionLag[]> {
    if (topic !== undefined) await this.existing(topic)
    const found = await this.administer(`group ${group}`, (admin) =>
      admin.fetchOffsets({ groupId: group, ...(topic === undefined ? {} : { topics: [topic] }) }),
    )
    const rows: PartitionLag[] = []
    for (const { topic: name, partitions } of found) {
      for (const { partition, low, high } of await this.offsets(name)) {
        const offset = Number(partitions.find((one) => one.partition === partition)?.offset ?? -1)
        // -1: no commit yet, an unknown group included.
        if (offset < 0) rows.push({ topic: name, partition, end: high, lag: high - low })
        else rows.push({ topic: name, partition, committed: offset, end: high, lag: Math.max(0, high - offset) })
      }
    }
    return rows
  }

  async committed(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    const found = await this.administer(`group ${group}`, (admin) =>
      admin.fetchOffsets({ groupId: group, topics: [topic] }),
    )
    const partitions = found[0]?.partitions ?? []
    return new Map(
      partitions.flatMap(({ partition, offset }): [number, number][] =>
        Number(offset) < 0 ? [] : [[partition, Number(offset)]],
      ),
    )
  }

  async commit(group: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void> {
    if (offsets.size === 0) return
    const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset: String(offset) }))
    try {
      // Not given up on Ctrl-C: what was read would be read again.
      this.wireReady ??= this.wire.connect()
      await this.wireReady
      const { wire } = this
      const coordinator = await this.patiently(() => wire.findGroupCoordinator({ groupId: group }))
      // As no member of the group: the broker takes it while the group has none.
      await coordinator.offsetCommit({
        groupId: group,
        groupGenerationId: -1,
        memberId: '',
        topics: [{ topic, partitions }],
      })
    } catch (error) {
      throw kafkaError(error, `group ${group}`, this.where, new AbortController().signal)
    }
  }

  async writer(
    topic: string,
    { gzip, deliveryMs }: { readonly gzip: boolean; readonly deliveryMs: number },
  ): Promise<RowWriter> {
    await this.existing(topic)
    const { resources } = await this.administer(topic, (admin) =>
      admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['max.message.bytes'] }],
      }),
    )
    const limit = Number(resources[0]?.configEntries[0]?.configValue ?? defaultBatchBytes)
    return this.connected(topic, async (wire) => {
      await wire.addTargetTopic(topic)
      const broker = await wire.findControllerBroker()
      const { producerId, producerEpoch } = await broker.initProducerId({
        transactionalId: null,
        transactionTimeout: 60_000,
      })
      return new RowWriter({
        topic,
        partitions: wire.findTopicPartitionMetadata(topic).length,
        identity: { id: BigInt(producerId), epoch: producerEpoch },
        gzip,
        maxBatchBytes: limit,
        deliveryMs,
        clock: this.context.clock,
        signal: this.context.signal,
        send: async (partition, batch) => {
          const leader = await leaderOf(wire, topic, partition)
          if (leader === undefined) return { error: 5, offset: -1 }
          return sendBatch(leader.broker, topic, partition, batch, 30_000)
        },
        refresh: () => wire.refreshMetadata(),
      })
    })
  }

  async fetch(topic: string, positions: Map<number, number>, { waitMs, visit }: FetchOptions): Promise<void> {
    const answers = await this.connected(topic, async (wire): Promise<readonly Fetched[]> => {
      await wire.addTargetTopic(topic)
      const leaders = await Promise.all(
        [...positions].map(async ([partition, offset]) => ({
          partition,
          offset,
          leader: await leaderOf(wire, topic, partition),
        })),
      )
      const nodes = new Set(leaders.map(({ leader }) => leader?.node))
      const limits = { waitMs, ...fetchLimits }
      const all = await Promise.all(
        [...nodes].map(async (node) => {
          const mine = leaders.filter(({ leader }) => leader?.node === node)
          const broker = mine[0]?.leader?.broker
          return broker === undefined ? [] : fetchBatches(broker, topic, mine, limits)
        }),
      )
      if (nodes.has(undefined)) await wire.refreshMetadata()
      return all.flat()
    })
    let stale = false
    for (const { partition, error, batches } of answers) {
      const from = positions.get(partition) ?? 0
      const what = `${topic}, partition ${partition}`
      if (error === offsetOutOfRange) {
        throw new UsageError('KAFKA_OFFSET_GONE', `${what}: offset ${from} is not there any more, or not yet`, {
          hints: ['smartcar kafka topic describe shows which are there', 'read --from beginning'],
        })
      }
      if (staleLeader.has(error)) stale = true
      else if (error !== 0) throw new FailedError('KAFKA_FAILED', `${what}: Kafka's error ${error}`)
      else positions.set(partition, await readBatches(batches, from, what, (record) => visit(partition, record)))
    }
    if (stale) {
      await this.context.clock.sleep(200, this.context.signal)
      await this.connected(topic, (wire) => wire.refreshMetadata())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A broker that has gone would keep the process for its time-outs.
    const closing = [
      this.adminReady?.then(() => this.admin.disconnect()),
      this.wireReady?.then(() => this.wire.disconnect()),
    ]
    await Promise.allSettled(closing.filter((one) => one !== undefined))
  }
}
