import { FailedError, throwIfInterrupted } from '../../core/errors.js'
import type { Clock } from '../../core/ports.js'
import { brokerErrorType } from './errors.js'
import { partitionOf } from './partitioner.js'
import { BatchBuilder, type ProducerIdentity } from './record-batch.js'
import type { Produced } from './wire.js'

/** Sends one batch to the partition's leader; throws for a broken connection. */
export type SendBatch = (partition: number, batch: Buffer) => Promise<Produced>

export interface RowWriterOptions {
  readonly topic: string
  readonly partitions: number
  readonly identity: ProducerIdentity
  readonly send: SendBatch
  /** Looks the leaders up anew. */
  readonly refresh: () => Promise<void>
  readonly gzip: boolean
  /** Largest batch that the topic takes. */
  readonly maxBatchBytes: number
  /** How long one batch may be tried. */
  readonly deliveryMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

export interface PartitionDelivery {
  readonly partition: number
  readonly rows: number
  /** Offset of the first row that was sent; -1 when none was. */
  readonly first: number
  /** Offset of the last one. */
  readonly last: number
}

/** Kafka's errors that pass: no leader for the moment, replicas not in sync, time-outs. */
const passing = new Set([3, 5, 6, 7, 8, 9, 13, 14, 19, 20, 56, 74, 75, 89])
const tooLarge = 10
const alreadyTaken = 46
const errorNames: Readonly<Record<number, string>> = {
  3: 'the topic or partition is not there',
  5: 'the partition has no leader',
  6: 'the broker does not lead the partition',
  7: 'the replicas did not answer in time',
  19: 'too few replicas are in sync',
  20: 'too few replicas are in sync',
  29: 'the broker does not allow it',
  45: 'the broker has not got the rows before these',
  56: "the broker's disk failed",
  59: 'the broker has forgotten this producer',
  87: 'the broker finds the rows invalid',
}

const largestBatch = 512 * 1024
/** All partitions' batches together. */
const memory = 64 * 1024 * 1024

/** One partition: a batch that is filled while the one before it is under way. */
class Lane {
  current: BatchBuilder
  spare: BatchBuilder | undefined
  sending: Promise<void> = Promise.resolve()
  sequence = 0
  rows = 0
  first = -1
  last = -1

  constructor(private readonly capacity: number) {
    this.current = new BatchBuilder(capacity)
  }

  swap(): BatchBuilder {
    const full = this.current
    this.current = this.spare ?? new BatchBuilder(this.capacity)
    this.current.clear()
    this.spare = undefined
    return full
  }
}

/**
 * Rows into the partitions of a topic. Every batch carries this producer's number and a sequence, so that one that is
 * sent again after a cut connection is in the topic once.
 */
export class RowWriter {
  private readonly lanes: (Lane | undefined)[] = []
  private readonly capacity: number
  private failure: unknown
  private sticky: number
  /** Batches that had to be sent more than once. */
  resent = 0
  delivered = 0
  deliveredBytes = 0

  constructor(private readonly options: RowWriterOptions) {
    const share = Math.floor(memory / (2 * options.partitions))
    this.capacity = Math.max(16 * 1024, Math.min(largestBatch, options.maxBatchBytes, share))
    this.sticky = Math.floor(options.clock.now()) % options.partitions
  }

  private lane(partition: number): Lane {
    let lane = this.lanes[partition]
    if (lane === undefined) {
      lane = new Lane(this.capacity)
      this.lanes[partition] = lane
    }
    return lane
  }

  /**
   * Adds a row; a promise is returned only where its partition's batch is full and has to wait for its turn. Rows
   * without a key fill the batch of one partition, then that of the next.
   */
  add(
    source: Uint8Array,
    start: number,
    end: number,
    keySource: Uint8Array,
    keyStart: number,
    keyEnd: number,
    now: number,
  ): Promise<void> | undefined {
    const { partitions } = this.options
    const partition = keyStart < 0 ? this.sticky : partitionOf(keySource, keyStart, keyEnd, partitions)
    const lane = this.lanes[partition] ?? this.lane(partition)
    if (lane.current.add(source, start, end, keySource, keyStart, keyEnd, now)) return undefined
    if (lane.current.rows === 0) this.refuse(end - start)
    if (keyStart < 0) this.sticky = (partition + 1) % partitions
    // The buffers are read again after the wait: the caller leaves them alone until then.
    return this.ship(partition).then(() => this.add(source, start, end, keySource, keyStart, keyEnd, now))
  }

  private refuse(bytes: number): never {
    throw new FailedError(
      'KAFKA_TOO_LARGE',
      `a row of ${bytes} bytes is larger than a batch of ${this.options.topic}`,
      {
        hints: [
          `smartcar kafka topic alter ${this.options.topic} --config max.message.bytes=… raises it, up to ${largestBatch}`,
        ],
      },
    )
  }

  /** Sends what a partition has, after what is under way for it. */
  private async ship(partition: number): Promise<void> {
    const lane = this.lane(partition)
    await lane.sending
    this.check()
    if (lane.current.rows === 0) return
    const builder = lane.swap()
    lane.sending = this.deliver(partition, lane, builder).then(
      () => {
        lane.spare = builder
      },
      (error) => {
        this.failure ??= error
      },
    )
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure
    throwIfInterrupted(this.options.signal)
  }

  private async deliver(partition: number, lane: Lane, builder: BatchBuilder): Promise<void> {
    const { identity, gzip, clock, topic } = this.options
    const { rows } = builder
    const batch = await builder.finish(identity, lane.sequence, gzip, clock.now())
    lane.sequence = (lane.sequence + rows) & 0x7fffffff
    const offset = await this.attempt(partition, batch, `${topic}, partition ${partition}`)
    lane.rows += rows
    if (offset >= 0) {
      if (lane.first < 0) lane.first = offset
      lane.last = offset + rows - 1
    }
    this.delivered += rows
    this.deliveredBytes += batch.length
  }

  private async attempt(partition: number, batch: Buffer, what: string): Promise<number> {
    const { clock, send, refresh, deliveryMs, signal } = this.options
    const started = clock.monotonic()
    for (let tries = 0; ; tries++) {
      let problem: string
      let cause: unknown
      try {
        const { error, offset } = await send(partition, batch)
        if (error === 0) return offset
        if (error === alreadyTaken) return -1
        if (error === tooLarge) this.refuse(batch.length)
        problem = errorNames[error] ?? `Kafka's error ${error}`
        if (!passing.has(error)) throw new FailedError('KAFKA_REFUSED', `${what}: ${problem}`, { data: { error } })
      } catch (thrown) {
        if (thrown instanceof FailedError) throw thrown
        throwIfInterrupted(signal)
        cause = thrown
        problem = brokerErrorType(thrown) ?? (thrown instanceof Error ? thrown.message : String(thrown))
      }
      if (tries === 0) this.resent++
      if (clock.monotonic() - started > deliveryMs) {
        throw new FailedError(
          'KAFKA_NOT_DELIVERED',
          `${what}: not delivered within ${deliveryMs / 1000} s: ${problem}`,
          {
            cause,
            hints: [
              'smartcar cluster status shows whether Kafka runs',
              'smartcar kafka topic describe shows the leaders',
            ],
          },
        )
      }
      await clock.sleep(Math.min(2000, 100 * 2 ** tries), signal)
      await refresh().catch(() => undefined)
    }
  }

  /** Sends everything that waits, and waits until all is confirmed. */
  async flush(): Promise<void> {
    await Promise.all(this.lanes.map((_, partition) => this.ship(partition)))
    await this.settle()
    this.check()
  }

  /** Waits for what is under way, whatever comes of it. */
  async settle(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane?.sending))
  }

  get partitions(): readonly PartitionDelivery[] {
    return this.lanes.flatMap((lane, partition) =>
      lane === undefined || lane.rows === 0 ? [] : [{ partition, rows: lane.rows, first: lane.first, last: lane.last }],
    )
  }
}
