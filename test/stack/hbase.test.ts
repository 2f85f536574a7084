import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StackWorld, stackWorld } from './clients.js'

describe('hbase', () => {
  let on: StackWorld
  const table = `StackTest${process.pid}`
  beforeAll(async () => {
    on = await stackWorld()
  })
  afterAll(async () => {
    for (const name of [table, `${table}Split`]) await on.run(['hbase', 'drop', name, '--confirm', name])
    await on[Symbol.asyncDispose]()
  })

  test('rows of a file, one row, a scan', async () => {
    await on.json(['hbase', 'create', table, '--family', 'cf1'])
    const lines = Array.from({ length: 3500 }, (_, n) => `k${String(n).padStart(5, '0')},${n},"a, ""b"" 한글"`)
    await writeFile(path.join(on.folder, 'rows.csv'), `key,cf1:n,cf1:text\n${lines.join('\n')}\n`)
    expect(await on.json(['hbase', 'put', table, '--file', 'rows.csv'])).toMatchObject({ rows: 3500 })
    expect((await on.run(['hbase', 'count', table])).stdout).toBe('3,500\n')
    expect(await on.json(['hbase', 'count', table, '--prefix', 'k001'])).toMatchObject({ rows: 100 })
    const all = (await on.run(['hbase', 'scan', table, '--format', 'json'])).stdout.trim().split('\n')
    expect(all.map((line) => JSON.parse(line).cells['cf1:n'])).toEqual(lines.map((_, n) => String(n)))
    const key = 'a/b,c*%%41 ü?#&x'
    await on.json(['hbase', 'put', table, key, 'cf1:v=1'])
    expect(await on.json(['hbase', 'get', table, key])).toMatchObject({ key, cells: { 'cf1:v': '1' } })
    const absent = await on.run(['hbase', 'get', table.slice(0, -1), 'x'])
    expect([absent.code, absent.stderr]).toEqual([1, expect.stringContaining(`did you mean "${table}"?`)])
  })

  test('a table that is split from the start', async () => {
    const result = await on.json<{ regions: { start: string; end: string }[] }>([
      'hbase',
      'create',
      `${table}Split`,
      '--regions',
      '2',
    ])
    expect(result.regions.map(({ start, end }) => [start, end])).toEqual([
      ['', '80000000'],
      ['80000000', ''],
    ])
  })
})
