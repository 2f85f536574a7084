import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { produce } from '../../../../src/jobs/kafka/produce.js'
import { keyOfColumn, keyOfPattern } from '../../../../src/jobs/kafka/rows.js'
import { parseSettings, settingValue } from '../../../../src/jobs/kafka/topics.js'
import type { EventLog } from '../../../../src/services/kafka/client.js'
import { RowWriter } from '../../../../src/services/kafka/producer.js'
import { readBatches } from '../../../../src/services/kafka/record-batch.js'
import type { Produced } from '../../../../src/services/kafka/wire.js'
import { type TestContext, testContext } from '../../../support/context.js'

/** A broker in memory that knows a producer's sequences, as Kafka does, and fails as it is told. */
class FakeBroker {
  readonly rows: string[][]
  private readonly next: number[]
  calls = 0

  constructor(
    partitions: number,
    private readonly fault: (call: number) => 'cut before' | 'cut after' | number | undefined = () => undefined,
  ) {
    this.rows = Array.from({ length: partitions }, () => [])
    this.next = this.rows.map(() => 0)
  }

  async send(partition: number, batch: Buffer): Promise<Produced> {
    const fault = this.fault(this.calls++)
    if (fault === 'cut before') throw new Error('Connection closed')
    if (typeof fault === 'number') return { error: fault, offset: -1 }
    const sequence = batch.readInt32BE(53)
    const count = batch.readInt32BE(57)
    const rows = this.rows[partition] as string[]
    let offset = rows.length
    if (sequence < (this.next[partition] as number)) offset = sequence
    else {
      expect(sequence).toBe(this.next[partition])
      this.next[partition] = sequence + count
      await readBatches(batch, 0, 'fake', (record) =>
        rows.push(record.bytes.toString('utf8', record.valueStart, record.valueEnd)),
      )
    }
    if (fault === 'cut after') throw new Error('Connection closed')
    return { error: 0, offset }
  }
}

function logOf(broker: FakeBroker, context: TestContext, maxBatchBytes = 16 * 1024): EventLog {
  const writer = async (topic: string, { gzip, deliveryMs }: { gzip: boolean; deliveryMs: number }) =>
    new RowWriter({
      topic,
      partitions: broker.rows.length,
      identity: { id: 1n, epoch: 0 },
      send: (partition, batch) => broker.send(partition, batch),
      refresh: async () => {},
      maxBatchBytes,
      gzip,
      deliveryMs,
      clock: context.clock,
      signal: context.signal,
    })
  return { writer } as unknown as EventLog
}

let context: TestContext
afterEach(() => context[Symbol.asyncDispose]())

const input = { topic: 'T', files: [], gzip: false, deliveryMs: 5000 }
const from = (...chunks: readonly string[]) => ({
  stdin: () => Readable.from(chunks.map((chunk) => Buffer.from(chunk))),
})
const rows = Array.from({ length: 5000 }, (_, index) => `2016010100${index},A${String(index % 50).padStart(4, '0')},x`)

describe('delivery', () => {
  test.each([false, true])('every row once, over chunks that cut rows (gzip %s)', async (gzip) => {
    context = await testContext()
    const broker = new FakeBroker(3)
    const text = rows.join('\n')
    const pieces: string[] = []
    for (let at = 0; at < text.length; at += 997) pieces.push(text.slice(at, at + 997))
    const result = await produce(logOf(broker, context), { ...input, ...from(...pieces), gzip }, context)
    expect(result.rows).toBe(rows.length)
    expect(broker.rows.flat().sort()).toEqual([...rows].sort())
    expect(broker.rows.every((partition) => partition.length > 0)).toBe(true)
  })

  test('rows of one key keep their order in one partition', async () => {
    context = await testContext()
    const broker = new FakeBroker(4)
    await produce(logOf(broker, context), { ...input, ...from(rows.join('\n')), keyColumn: 2 }, context)
    for (const car of ['A0000', 'A0017', 'A0049']) {
      const mine = (list: readonly string[]) => list.filter((row) => row.includes(car))
      expect(broker.rows.filter((partition) => mine(partition).length > 0)).toHaveLength(1)
      expect(mine(broker.rows.flat())).toEqual(mine(rows))
    }
  })

  test.each(['cut before', 'cut after', 6, 7] as const)(
    'a passing fault (%s) loses nothing and doubles nothing',
    async (fault) => {
      context = await testContext()
      const broker = new FakeBroker(2, (call) => (call % 4 === 1 ? fault : undefined))
      const result = await produce(logOf(broker, context), { ...input, ...from(rows.join('\n')) }, context)
      expect(result.resent).toBeGreaterThan(0)
      expect(broker.rows.flat().sort()).toEqual([...rows].sort())
    },
  )

  test('a broker that stays away ends it with what was and was not delivered', async () => {
    context = await testContext()
    const broker = new FakeBroker(1, () => 'cut before')
    await expect(
      produce(logOf(broker, context), { ...input, ...from('a\n'), deliveryMs: 200 }, context),
    ).rejects.toMatchObject({ code: 'KAFKA_NOT_DELIVERED', exit: 'failed' })
  })

  test('a refusal is not tried again', async () => {
    context = await testContext()
    const broker = new FakeBroker(1, () => 29)
    await expect(produce(logOf(broker, context), { ...input, ...from('a\n') }, context)).rejects.toMatchObject({
      code: 'KAFKA_REFUSED',
    })
    expect(broker.calls).toBe(1)
  })

  test('a row that is too large is named by its line', async () => {
    context = await testContext()
    const log = logOf(new FakeBroker(1), context)
    const text = `a\nb\n${'x'.repeat(20_000)}\nc\n`
    await expect(produce(log, { ...input, ...from(text) }, context)).rejects.toMatchObject({
      code: 'KAFKA_TOO_LARGE',
      message: expect.stringContaining('line 3'),
    })
  })

  test('rows of a slow source are sent without waiting for more, and Ctrl-C does not wait for it', async () => {
    const stop = new AbortController()
    context = await testContext(undefined, { signal: stop.signal })
    const broker = new FakeBroker(1)
    async function* slow() {
      yield Buffer.from('one\ntwo\nthr')
      await new Promise(() => {})
    }
    const running = produce(logOf(broker, context), { ...input, stdin: slow }, context)
    while (broker.rows[0]?.length !== 2) await context.clock.sleep(10)
    stop.abort()
    await expect(running).rejects.toMatchObject({ exit: 'interrupted', data: { rows: 2 } })
  })

  test('files one after the other; a last line without an end is a row, an empty line too', async () => {
    context = await testContext()
    const broker = new FakeBroker(1)
    const names = ['a.log', 'b.log'].map((name) => path.join(context.layout.root, name))
    await writeFile(names[0] as string, 'a1\n\na2')
    await writeFile(names[1] as string, 'b1\n')
    const result = await produce(logOf(broker, context), { ...input, ...from(), files: names }, context)
    expect(broker.rows[0]).toEqual(['a1', '', 'a2', 'b1'])
    expect(result).toMatchObject({ rows: 4, bytes: 6, partitions: [{ partition: 0, rows: 4, first: 0, last: 3 }] })
  })
})

describe('keys and settings', () => {
  const keyIn = (find: ReturnType<typeof keyOfColumn>, row: string) => {
    const bytes = Buffer.from(`before\n${row}`)
    const found = { start: -1, end: -1 }
    find(bytes, 7, bytes.length, found)
    return found.start < 0 ? undefined : bytes.toString('utf8', found.start, found.end)
  }

  test('a field by its number, a pattern by its group', async () => {
    context = await testContext()
    expect(keyIn(keyOfColumn(2), '20160101,A0001,5')).toBe('A0001')
    expect(keyIn(keyOfColumn(1), '20160101,A0001,5')).toBe('20160101')
    expect(keyIn(keyOfColumn(3), '20160101,A0001,')).toBe('')
    expect(keyIn(keyOfColumn(4), '20160101,A0001,5')).toBeUndefined()
    expect(keyIn(keyOfPattern(',([A-Z]\\d{4}),'), '한글,A0001,5')).toBe('A0001')
    expect(keyIn(keyOfPattern('^한글'), '한글,A0001,5')).toBe('한글')
    expect(keyIn(keyOfPattern('nothing'), 'A0001')).toBeUndefined()
    expect(() => keyOfPattern('(')).toThrow(/no regular expression/)
  })

  test('durations and sizes as people write them', async () => {
    context = await testContext()
    expect(parseSettings(['max.message.bytes=4MiB', 'cleanup.policy=compact', 'segment.ms=7d'], '10m')).toEqual({
      'max.message.bytes': '4194304',
      'cleanup.policy': 'compact',
      'segment.ms': '604800000',
      'retention.ms': '600000',
    })
    expect(settingValue('retention.ms', 'forever')).toBe('-1')
    expect(() => settingValue('retention.ms', '5 parsecs')).toThrow(/no duration/)
    expect(() => parseSettings(['oops'], undefined)).toThrow(/no value/)
  })
})
