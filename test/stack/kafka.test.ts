import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StackWorld, stackWorld } from './clients.js'

const rows = Array.from(
  { length: 200_000 },
  (_, index) => `2016010100${index},A${String(index % 100).padStart(4, '0')},${index % 6}`,
)

describe('kafka', () => {
  let on: StackWorld
  const topic = `stack-test-${process.pid}`
  beforeAll(async () => {
    on = await stackWorld()
    await writeFile(path.join(on.folder, 'rows.log'), `${rows.join('\n')}\n`)
  })
  afterAll(async () => {
    await on.run(['kafka', 'topic', 'delete', topic, '--confirm', topic])
    await on[Symbol.asyncDispose]()
  })

  test('a topic is made, described, altered', async () => {
    const create = ['kafka', 'topic', 'create', topic, '--partitions', '3', '--retention', '1h']
    expect(await on.json(create)).toMatchObject({ outcome: 'created', config: { 'retention.ms': '3600000' } })
    expect((await on.run(create)).code).toBe(1)
    expect(await on.json([...create, '--if-absent'])).toMatchObject({ outcome: 'unchanged' })
    const alter = ['kafka', 'topic', 'alter', topic, '--config', 'max.message.bytes=2MiB']
    // AlterConfigs of itself would have put retention.ms back.
    expect(await on.json(alter)).toMatchObject({
      config: { 'retention.ms': '3600000', 'max.message.bytes': '2097152' },
    })
    expect(await on.json(alter)).toMatchObject({ changed: [] })
    const absent = await on.run(['kafka', 'topic', 'describe', `${topic}x`])
    expect([absent.code, absent.stderr]).toEqual([1, expect.stringContaining(`did you mean "${topic}"?`)])
  })

  test.each([[], ['--gzip']])('every row is there once, a car in order in one partition (%s)', async (...flags) => {
    const before = await on.json<{ partitions: { to: number }[] }>(['kafka', 'consume', topic, '--from', 'latest'])
    const produced = await on.json<{ rows: number; resent: number }>([
      ...['kafka', 'produce', topic, 'rows.log', '--key-column', '2', ...flags],
    ])
    expect(produced).toMatchObject({ rows: rows.length, resent: 0 })
    const group = `g${flags.length}-${process.pid}`
    const all = (await on.run(['kafka', 'consume', topic])).stdout.trim().split('\n')
    const news = all.length - rows.length
    expect(news).toBe(before.partitions.reduce((sum, { to }) => sum + to, 0))
    const lines = (await on.run(['kafka', 'consume', topic, '--format', 'json'])).stdout.trim().split('\n')
    const records = lines.map(
      (line) => JSON.parse(line) as { partition: number; offset: number; key: string; value: string },
    )
    const mine = records.filter(({ key }) => key === 'A0042')
    expect(new Set(mine.map(({ partition }) => partition)).size).toBe(1)
    expect(mine.slice(-2000).map(({ value }) => value)).toEqual(rows.filter((row) => row.includes(',A0042,')))
    const latest = new Map<string, number>()
    for (const { value } of records) latest.set(value, (latest.get(value) ?? 0) + 1)
    expect(latest.size).toBe(rows.length)
    expect([...new Set(latest.values())]).toEqual([records.length / rows.length])
    expect(await on.json(['kafka', 'consume', topic, '--group', group])).toMatchObject({ committed: true })
    expect(await on.json(['kafka', 'lag', '--group', group])).toMatchObject({ lag: 0 })
    expect(await on.json(['kafka', 'consume', topic, '--group', group])).toMatchObject({ rows: 0 })
  })

  test('a limit, a place, a group that stopped half-way', async () => {
    const group = `half-${process.pid}`
    expect(await on.json(['kafka', 'consume', topic, '--group', group, '--limit', '1000'])).toMatchObject({
      rows: 1000,
    })
    const { lag } = await on.json<{ lag: number }>(['kafka', 'lag', '--group', group])
    const rest = await on.json<{ rows: number }>(['kafka', 'consume', topic, '--group', group])
    expect(rest.rows).toBe(lag)
    const one = await on.run([
      'kafka',
      'consume',
      topic,
      '--partition',
      '1',
      '--from',
      '5',
      '--limit',
      '1',
      '--format',
      'json',
    ])
    expect(JSON.parse(one.stdout)).toMatchObject({ partition: 1, offset: 5 })
    const { groups } = await on.json<{ groups: { group: string; lag: number }[] }>(['kafka', 'groups'])
    expect(groups.find((found) => found.group === group)).toMatchObject({ lag: 0, state: 'empty' })
  })
})
