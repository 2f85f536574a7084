import { describe, expect, test } from 'vitest'
import { partitionOf } from '../../../../src/services/kafka/partitioner.js'
import { BatchBuilder, type RecordView, readBatches } from '../../../../src/services/kafka/record-batch.js'

const nobody = { id: 7n, epoch: 3 }
const now = 1_600_000_000_000

function filled(rows: readonly (readonly [key: string | null, value: string])[], capacity = 100_000): BatchBuilder {
  const builder = new BatchBuilder(capacity)
  for (const [index, [key, value]] of rows.entries()) {
    const source = Buffer.from(value)
    const keys = Buffer.from(key ?? '')
    const start = key === null ? -1 : 0
    if (!builder.add(source, 0, source.length, keys, start, keys.length, now + index)) throw new Error('full')
  }
  return builder
}

const copyOf = (record: RecordView) => ({
  offset: record.offset,
  timestamp: record.timestamp,
  key: record.keyStart < 0 ? null : record.bytes.toString('utf8', record.keyStart, record.keyEnd),
  value: record.bytes.toString('utf8', record.valueStart, record.valueEnd),
})

async function read(bytes: Buffer, from = 0) {
  const records: ReturnType<typeof copyOf>[] = []
  const next = await readBatches(bytes, from, 'T, partition 0', (record) => records.push(copyOf(record)))
  return { records, next }
}

/** As a broker keeps it: with the offset that it gave. */
function placed(batch: Buffer, offset: number): Buffer {
  const copy = Buffer.from(batch)
  copy.writeBigInt64BE(BigInt(offset), 0)
  return copy
}

const rows = Array.from({ length: 300 }, (_, index): [string | null, string] => [
  index % 3 === 0 ? null : `A${String(index).padStart(4, '0')}`,
  index === 5 ? '' : '가'.repeat(index % 70),
])

describe('batches', () => {
  test.each([false, true])('what is written is read again (gzip %s)', async (gzip) => {
    const batch = placed(await filled(rows).finish(nobody, 42, gzip, now + 299), 1000)
    const { records, next } = await read(batch)
    expect(next).toBe(1300)
    expect(records).toEqual(
      rows.map(([key, value], index) => ({ offset: 1000 + index, timestamp: now + index, key, value })),
    )
    // producerId, epoch, sequence where a broker looks for them
    expect([batch.readBigInt64BE(43), batch.readInt16BE(51), batch.readInt32BE(53)]).toEqual([7n, 3, 42])
  })

  test('a cut last batch is left for the next fetch, and rows before the asked one are passed over', async () => {
    const one = placed(await filled(rows.slice(0, 10)).finish(nobody, 0, false, now), 0)
    const two = placed(await filled(rows.slice(10, 20)).finish(nobody, 10, false, now), 10)
    const { records, next } = await read(Buffer.concat([one, two.subarray(0, two.length - 1)]), 4)
    expect(records.map(({ offset }) => offset)).toEqual([4, 5, 6, 7, 8, 9])
    expect(next).toBe(10)
  })

  test('a flipped bit is found', async () => {
    const batch = await filled(rows).finish(nobody, 0, false, now)
    batch[200] = (batch[200] as number) ^ 1
    await expect(read(batch)).rejects.toMatchObject({ code: 'KAFKA_BATCH_DAMAGED' })
  })

  test('a full batch refuses a row and is good as it is', async () => {
    const builder = new BatchBuilder(200)
    const row = Buffer.alloc(50, 'x')
    let count = 0
    while (builder.add(row, 0, 50, row, -1, 0, now)) count++
    expect(count).toBe(2)
    const batch = await builder.finish(nobody, 0, false, now)
    expect(batch.length).toBeLessThanOrEqual(200)
    expect((await read(batch)).records).toHaveLength(2)
  })
})

test("keys lie where Kafka's own producer puts them", () => {
  // From Kafka's Utils.murmur2 tests: hash of "21" is -973932308, of "foobar" -790332482, of "a-little-bit-long-string" -985981536.
  const toPositive = (hash: number) => hash & 0x7fffffff
  for (const [key, hash] of [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
  ] as const) {
    const bytes = Buffer.from(key)
    expect(partitionOf(bytes, 0, bytes.length, 1000)).toBe(toPositive(hash) % 1000)
  }
})
