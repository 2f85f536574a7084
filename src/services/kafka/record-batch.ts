import { promisify } from 'node:util'
import { gunzip as gunzipWithCallback, gzip as gzipWithCallback } from 'node:zlib'
import { crc32c } from '../../core/crc32c.js'
import { FailedError } from '../../core/errors.js'

/**
 * Kafka's record batches, format 2 (brokers since 0.11), straight from and to bytes: kafkajs makes an object of every
 * row, which costs it four fifths of a broker's speed.
 */
const gzip = promisify(gzipWithCallback)
const gunzip = promisify(gunzipWithCallback)

const headerBytes = 61
const at = {
  length: 8,
  epoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  firstTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  sequence: 53,
  count: 57,
} as const
const controlFlag = 0x20
const codecMask = 0x07
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
/** Below this, a loop copies faster than a call into the runtime. */
const shortCopy = 80

const zigzag = (value: number) => ((value << 1) ^ (value >> 31)) >>> 0

function varintBytes(value: number): number {
  const coded = zigzag(value)
  if (coded < 1 << 7) return 1
  if (coded < 1 << 14) return 2
  if (coded < 1 << 21) return 3
  return coded < 1 << 28 ? 4 : 5
}

function writeVarint(target: Uint8Array, position: number, value: number): number {
  let coded = zigzag(value)
  let next = position
  while (coded > 127) {
    target[next++] = (coded & 127) | 128
    coded >>>= 7
  }
  target[next++] = coded
  return next
}

function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, position: number): number {
  if (end - start > shortCopy) {
    target.set(source.subarray(start, end), position)
    return position + end - start
  }
  let next = position
  for (let from = start; from < end; from++) target[next++] = source[from] as number
  return next
}

/** Who sends: the broker drops a batch whose sequence number it has taken already. */
export interface ProducerIdentity {
  readonly id: bigint
  readonly epoch: number
}

/** One batch being filled; `clear` makes it a new one in the same memory. */
export class BatchBuilder {
  private readonly bytes: Buffer
  private end = headerBytes
  private firstTimestamp = 0
  rows = 0

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity)
  }

  get capacity(): number {
    return this.bytes.length
  }

  /** Adds a record; false when it does not fit. A negative `keyStart` means no key. */
  add(
    source: Uint8Array,
    start: number,
    end: number,
    keySource: Uint8Array,
    keyStart: number,
    keyEnd: number,
    now: number,
  ): boolean {
    if (this.rows === 0) this.firstTimestamp = now
    const elapsed = now - this.firstTimestamp
    const keyLength = keyStart < 0 ? -1 : keyEnd - keyStart
    const length = end - start
    const body =
      2 +
      varintBytes(elapsed) +
      varintBytes(this.rows) +
      varintBytes(keyLength) +
      Math.max(0, keyLength) +
      varintBytes(length) +
      length
    if (this.end + varintBytes(body) + body > this.bytes.length) return false
    const { bytes } = this
    let next = writeVarint(bytes, this.end, body)
    bytes[next++] = 0
    next = writeVarint(bytes, next, elapsed)
    next = writeVarint(bytes, next, this.rows)
    next = writeVarint(bytes, next, keyLength)
    if (keyLength > 0) next = copy(keySource, keyStart, keyEnd, bytes, next)
    next = writeVarint(bytes, next, length)
    next = copy(source, start, end, bytes, next)
    bytes[next++] = 0
    this.end = next
    this.rows++
    return true
  }

  clear(): void {
    this.end = headerBytes
    this.rows = 0
  }

  /** The finished batch; without compression it is this builder's own memory, good until `clear`. */
  async finish(producer: ProducerIdentity, sequence: number, compress: boolean, now: number): Promise<Buffer> {
    let batch = this.bytes.subarray(0, this.end)
    if (compress) {
      // The fastest level: rows of a log shrink to a fifth by it, and the slower ones would hold up a broker.
      const records = await gzip(this.bytes.subarray(headerBytes, this.end), { level: 1 })
      batch = Buffer.allocUnsafe(headerBytes + records.length)
      records.copy(batch, headerBytes)
    }
    batch.writeBigInt64BE(0n, 0)
    batch.writeInt32BE(batch.length - at.epoch, at.length)
    batch.writeInt32BE(-1, at.epoch)
    batch.writeInt8(2, at.magic)
    batch.writeInt16BE(compress ? 1 : 0, at.attributes)
    batch.writeInt32BE(this.rows - 1, at.lastOffsetDelta)
    batch.writeBigInt64BE(BigInt(this.firstTimestamp), at.firstTimestamp)
    batch.writeBigInt64BE(BigInt(Math.max(now, this.firstTimestamp)), at.maxTimestamp)
    batch.writeBigInt64BE(producer.id, at.producerId)
    batch.writeInt16BE(producer.epoch, at.producerEpoch)
    batch.writeInt32BE(sequence, at.sequence)
    batch.writeInt32BE(this.rows, at.count)
    batch.writeUInt32BE(crc32c(batch, at.attributes), at.crc)
    return batch
  }
}

/** A record as it lies in `bytes`; a new value is made for none of them: read it before the next one comes. */
export interface RecordView {
  bytes: Buffer
  offset: number
  timestamp: number
  /** -1: no key */
  keyStart: number
  keyEnd: number
  /** -1: no value (a tombstone) */
  valueStart: number
  valueEnd: number
}

class Varints {
  position = 0
  constructor(readonly bytes: Buffer) {}

  next(): number {
    let value = 0
    let shift = 1
    for (;;) {
      const byte = this.bytes[this.position++] as number
      value += (byte & 127) * shift
      if (byte < 128) break
      shift *= 128
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

function eachRecord(
  records: Buffer,
  count: number,
  firstOffset: number,
  firstTimestamp: number,
  visit: (record: RecordView) => void,
): void {
  const view: RecordView = {
    bytes: records,
    offset: 0,
    timestamp: 0,
    keyStart: -1,
    keyEnd: -1,
    valueStart: -1,
    valueEnd: -1,
  }
  const reader = new Varints(records)
  for (let index = 0; index < count; index++) {
    const length = reader.next()
    const end = reader.position + length
    reader.position++
    view.timestamp = firstTimestamp + reader.next()
    view.offset = firstOffset + reader.next()
    const keyLength = reader.next()
    view.keyStart = keyLength < 0 ? -1 : reader.position
    reader.position += Math.max(0, keyLength)
    view.keyEnd = reader.position
    const valueLength = reader.next()
    view.valueStart = valueLength < 0 ? -1 : reader.position
    view.valueEnd = reader.position + Math.max(0, valueLength)
    reader.position = end
    visit(view)
  }
}

/**
 * Visits every record at or behind `from` in what a fetch brought; returns the offset to fetch next. The last batch may
 * be cut, and the first may begin before `from`.
 */
export async function readBatches(
  bytes: Buffer,
  from: number,
  where: string,
  visit: (record: RecordView) => void,
): Promise<number> {
  let next = from
  for (let start = 0; start + headerBytes <= bytes.length; ) {
    const end = start + at.epoch + bytes.readInt32BE(start + at.length)
    if (end > bytes.length) break
    const batch = bytes.subarray(start, end)
    const first = Number(batch.readBigInt64BE(0))
    if (batch.readInt8(at.magic) !== 2) {
      throw new FailedError(
        'KAFKA_FORMAT_OLD',
        `${where}: rows at offset ${first} are in a format from before Kafka 0.11`,
      )
    }
    if (batch.readUInt32BE(at.crc) !== crc32c(batch, at.attributes)) {
      throw new FailedError('KAFKA_BATCH_DAMAGED', `${where}: the batch at offset ${first} does not match its checksum`)
    }
    const attributes = batch.readInt16BE(at.attributes)
    const codec = codecs[attributes & codecMask]
    if (codec !== 'none' && codec !== 'gzip') {
      throw new FailedError('KAFKA_CODEC', `${where}: rows at offset ${first} are compressed by ${codec}`, {
        hints: ['smartcar reads gzip and what is not compressed'],
      })
    }
    if ((attributes & controlFlag) === 0) {
      const packed = batch.subarray(headerBytes)
      const records = codec === 'gzip' ? await gunzip(packed) : packed
      const timestamp = Number(batch.readBigInt64BE(at.firstTimestamp))
      eachRecord(records, batch.readInt32BE(at.count), first, timestamp, (record) => {
        if (record.offset >= from) visit(record)
      })
    }
    next = Math.max(next, first + batch.readInt32BE(at.lastOffsetDelta) + 1)
    start = end
  }
  return next
}
