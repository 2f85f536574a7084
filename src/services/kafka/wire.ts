import type { Kafka } from 'kafkajs'
import { BugError } from '../../core/errors.js'

/**
 * Produce and Fetch requests as bytes, over kafkajs's connections. Version 3 and 4: every broker from 0.11 to 4.x takes
 * them. kafkajs has its cluster behind a symbol; its version is pinned, and what is used of it is named here.
 */
interface Encoded {
  readonly buf: Buffer
  readonly buffer: Buffer
}
interface WireRequest {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    encode(): Promise<Encoded>
  }
  readonly response: { decode(raw: Buffer): Promise<unknown>; parse(data: unknown): Promise<unknown> }
  readonly requestTimeout?: number
  readonly logResponseError?: boolean
}
interface WireBroker {
  readonly connectionPool: { send(request: WireRequest): Promise<unknown> }
  initProducerId(of: {
    readonly transactionalId: string | null
    readonly transactionTimeout: number
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>
  offsetCommit(of: {
    readonly groupId: string
    readonly groupGenerationId: number
    readonly memberId: string
    readonly retentionTime?: number
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
    }[]
  }): Promise<unknown>
}
export interface WireCluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  refreshMetadata(): Promise<void>
  findBroker(of: { readonly nodeId: string }): Promise<WireBroker>
  findControllerBroker(): Promise<WireBroker>
  findGroupCoordinator(of: { readonly groupId: string }): Promise<WireBroker>
  findTopicPartitionMetadata(
    topic: string,
  ): readonly { readonly partitionId: number; readonly leader: number; readonly partitionErrorCode: number }[]
}

export function clusterOfKafkajs(kafka: Kafka): WireCluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) =>
    description?.endsWith('Kafka:createCluster'),
  )
  const create: unknown = symbol === undefined ? undefined : Reflect.get(kafka, symbol)
  if (typeof create !== 'function') throw new BugError('this version of kafkajs makes its cluster in another way')
  return create.call(kafka, { metadataMaxAge: 300_000, allowAutoTopicCreation: false }) as WireCluster
}

/** The broker that leads a partition; undefined while there is none. */
export async function leaderOf(
  cluster: WireCluster,
  topic: string,
  partition: number,
): Promise<{ readonly node: string; readonly broker: WireBroker } | undefined> {
  const found = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)
  if (found === undefined || found.leader < 0) return undefined
  const node = String(found.leader)
  return { node, broker: await cluster.findBroker({ nodeId: node }) }
}

class Reader {
  private position = 0
  constructor(private readonly bytes: Buffer) {}

  int16(): number {
    this.position += 2
    return this.bytes.readInt16BE(this.position - 2)
  }
  int32(): number {
    this.position += 4
    return this.bytes.readInt32BE(this.position - 4)
  }
  int64(): number {
    this.position += 8
    return Number(this.bytes.readBigInt64BE(this.position - 8))
  }
  skip(count: number): void {
    this.position += count
  }
  text(): string {
    const length = this.int16()
    this.position += length
    return this.bytes.toString('utf8', this.position - length, this.position)
  }
  block(): Buffer {
    const length = Math.max(0, this.int32())
    this.position += length
    return this.bytes.subarray(this.position - length, this.position)
  }
  array<T>(read: () => T): readonly T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read)
  }
}

const encoded = (buffer: Buffer): Encoded => ({ buf: buffer, buffer })

function call<T>(broker: WireBroker, wire: Omit<WireRequest, 'response'> & { decode(reader: Reader): T }): Promise<T> {
  return broker.connectionPool.send({
    request: wire.request,
    response: { decode: async (raw) => wire.decode(new Reader(raw)), parse: async (data) => data },
    logResponseError: false,
    ...(wire.requestTimeout === undefined ? {} : { requestTimeout: wire.requestTimeout }),
  }) as Promise<T>
}

export interface Produced {
  /** Kafka's number of the error, 0 for none. */
  readonly error: number
  /** Offset of the batch's first row. */
  readonly offset: number
}

/** Sends one batch, confirmed by every replica in sync. */
export async function sendBatch(
  broker: WireBroker,
  topic: string,
  partition: number,
  batch: Buffer,
  timeoutMs: number,
): Promise<Produced> {
  const name = Buffer.from(topic)
  const head = Buffer.alloc(2 + 2 + 4 + 4 + 2 + name.length + 4 + 4 + 4)
  let at = head.writeInt16BE(-1, 0)
  at = head.writeInt16BE(-1, at)
  at = head.writeInt32BE(timeoutMs, at)
  at = head.writeInt32BE(1, at)
  at = head.writeInt16BE(name.length, at)
  at += name.copy(head, at)
  at = head.writeInt32BE(1, at)
  at = head.writeInt32BE(partition, at)
  head.writeInt32BE(batch.length, at)
  const answers = await call(broker, {
    request: {
      apiKey: 0,
      apiVersion: 3,
      apiName: 'Produce',
      encode: async () => encoded(Buffer.concat([head, batch])),
    },
    decode: (reader) =>
      reader.array(() => {
        reader.text()
        return reader.array(() => {
          reader.skip(4)
          const answer = { error: reader.int16(), offset: reader.int64() }
          reader.skip(8)
          return answer
        })
      }),
  })
  return answers[0]?.[0] ?? { error: -1, offset: -1 }
}

export interface FetchPosition {
  readonly partition: number
  readonly offset: number
}

export interface Fetched {
  readonly partition: number
  readonly error: number
  readonly highWatermark: number
  /** Record batches, the last one perhaps cut. */
  readonly batches: Buffer
}

/** Rows of several partitions of a topic from one broker; waits up to `waitMs` for the first. */
export function fetchBatches(
  broker: WireBroker,
  topic: string,
  positions: readonly FetchPosition[],
  limits: { readonly waitMs: number; readonly bytes: number; readonly bytesEach: number },
): Promise<readonly Fetched[]> {
  const name = Buffer.from(topic)
  const body = Buffer.alloc(4 * 4 + 1 + 4 + 2 + name.length + 4 + positions.length * 16)
  let at = body.writeInt32BE(-1, 0)
  at = body.writeInt32BE(limits.waitMs, at)
  at = body.writeInt32BE(1, at)
  at = body.writeInt32BE(limits.bytes, at)
  // Rows of transactions that were not committed are left out.
  at = body.writeInt8(1, at)
  at = body.writeInt32BE(1, at)
  at = body.writeInt16BE(name.length, at)
  at += name.copy(body, at)
  at = body.writeInt32BE(positions.length, at)
  for (const { partition, offset } of positions) {
    at = body.writeInt32BE(partition, at)
    at = body.writeBigInt64BE(BigInt(offset), at)
    at = body.writeInt32BE(limits.bytesEach, at)
  }
  return call(broker, {
    request: { apiKey: 1, apiVersion: 4, apiName: 'Fetch', encode: async () => encoded(body) },
    requestTimeout: limits.waitMs + 30_000,
    decode: (reader) => {
      reader.skip(4)
      return reader
        .array(() => {
          reader.text()
          return reader.array(() => {
            const head = { partition: reader.int32(), error: reader.int16(), highWatermark: reader.int64() }
            reader.skip(8)
            reader.array(() => reader.skip(16))
            return { ...head, batches: reader.block() }
          })
        })
        .flat()
    },
  })
}
