import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clusterOf } from '../../src/core/cluster/cluster.js'
import { resolveSite } from '../../src/core/site/resolve.js'
import { localFiles } from '../../src/io/files.js'
import { nodeHttp } from '../../src/io/http.js'
import { createTable } from '../../src/jobs/hbase/tables.js'
import { openHBase } from '../../src/services/hbase/client.js'
import { type StackWorld, stackWorld } from './clients.js'
import { javaArguments } from './support.js'

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
    const text = (await localFiles.readText(on.stack.site)) ?? ''
    const site = resolveSite({ siteFile: { path: on.stack.site, text }, environment: {}, workingFolder: on.folder })
    const hbase = openHBase(clusterOf(site), { http: nodeHttp, signal: new AbortController().signal })
    const spec = {
      table: `${table}Split`,
      families: ['cf1'],
      regions: 2,
      split: 'HexStringSplit' as const,
      ifAbsent: false,
    }
    // What src/distributions/apache will hand in.
    const result = await createTable(hbase, spec, () => ({
      javaCommand: (_role, mainClass, args) => javaArguments(on.stack, 'hbase', 256, mainClass, ...args),
      runOnHost: async ([program, ...words]) => {
        const { exitCode = 1, stdout, stderr } = await execa(program, words, { reject: false })
        return { code: exitCode, stdout, stderr }
      },
    }))
    expect(result.regions.map(({ start, end }) => [start, end])).toEqual([
      ['', '80000000'],
      ['80000000', ''],
    ])
  })
})
