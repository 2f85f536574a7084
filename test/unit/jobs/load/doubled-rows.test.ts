import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { clusterOf } from '../../../../src/core/cluster/cluster.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import { finishMending, removeDoubledRows } from '../../../../src/jobs/load/doubled-rows.js'
import type { CollectedFile } from '../../../../src/marts/inputs.js'
import { type Hdfs, openHdfs } from '../../../../src/services/hdfs/client.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { WebHdfsServer } from '../../../support/webhdfs-server.js'

const folder = '/d/wrk_date=20200401'
const rows = [
  '20200401000000,A0001,"a", b',
  '20200401000000,A0001,"a", b',
  '20200401000004,A0001,9',
  '20200401000008,A0001,8',
]

let server: WebHdfsServer
let context: TestContext
let hdfs: Hdfs
let collected: readonly CollectedFile[]
beforeEach(async () => {
  server = await WebHdfsServer.start()
  context = await testContext()
  const site = resolveSite({
    siteFile: { path: '/site/smartcar.yaml', text: server.site },
    environment: {},
    workingFolder: '/site',
  })
  hdfs = openHdfs(clusterOf(site), { http: context.http, signal: context.signal, user: 'tester' })
  const text = `${rows.join('\n')}\n`
  const file = path.join(context.layout.lake, 'rows.log')
  await mkdir(context.layout.lake, { recursive: true })
  await writeFile(file, text)
  const one = {
    file,
    path: 'rows.log',
    day: '20200401',
    rows: rows.length,
    bytes: text.length,
    sha256: '',
    sequence: 1,
  }
  collected = [{ ...one, source: 'x', months: {}, duplicates: 0 }]
  for (const name of ['/d', folder]) await hdfs.mkdir(name, '755')
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await context[Symbol.asyncDispose]()
})

const write = (name: string, text: string) => void server.files.set(`${folder}/${name}`, Buffer.from(text))
const there = () =>
  [...server.files]
    .filter(([name]) => name.startsWith(folder))
    .map(([name, text]) => [path.basename(name), String(text)])
const remove = () => removeDoubledRows(folder, collected, hdfs, context)

test('what a killed Flume wrote twice, and the row that it was killed in, are taken out; rows of others stay', async () => {
  const foreign = '20200401000012,Z0001,7'
  write('a.log', `${rows.slice(0, 3).join('\n')}\n2020040100`)
  write('b.log', `${rows.slice(2).join('\n')}\n${foreign}\n`)
  expect(await remove()).toMatchObject({ missing: 0 })
  expect(there()).toEqual([['car-batch-log.mended.log', `${[...rows, foreign].join('\n')}\n`]])
  const requests = server.requests.filter((line) => line.startsWith('PUT')).length
  expect(await remove()).toMatchObject({ missing: 0 })
  expect(server.requests.filter((line) => line.startsWith('PUT'))).toHaveLength(requests)
})

test('while rows are missing nothing is touched, however many there are', async () => {
  write('a.log', `${rows[0]}\n${rows[0]}\n${rows[2]}\n${rows[2]}\n`)
  expect(await remove()).toMatchObject({ missing: 1 })
  expect(there().map(([name]) => name)).toEqual(['a.log'])
})

test('a repair that was cut off is finished', async () => {
  write('.car-batch-log.mended.log', 'all\n')
  write('b.log', 'old\n')
  expect(await finishMending(folder, hdfs)).toBe(true)
  expect(there()).toEqual([['car-batch-log.mended.log', 'all\n']])
  expect(await finishMending(folder, hdfs)).toBe(false)
})
