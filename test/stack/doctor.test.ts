import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, type StackWorld, stackWorld } from './clients.js'
import { javaArguments } from './support.js'

interface Result {
  readonly id: string
  readonly state: 'ok' | 'warning' | 'bad' | 'unknown'
  readonly evidence: string
  readonly cause?: string
  readonly remedy?: string
}

interface Doctor {
  readonly code: number
  of(id: string): Result
}

const user = os.userInfo().username

describe('doctor names what was broken for real, and mends it', () => {
  let on: StackWorld
  let services = ''
  let siteText = ''
  const root = `/doctor-test-${process.pid}`

  const doctor = async (...flags: readonly string[]): Promise<Doctor> => {
    const { code, stdout } = await on.run(['doctor', ...flags, '--json'])
    interface Answer {
      readonly result?: { readonly results: readonly Result[] }
      readonly error?: { readonly data?: { readonly report?: { readonly results: readonly Result[] } } }
    }
    const { result, error } = JSON.parse(stdout) as Answer
    const results = (result ?? error?.data?.report)?.results ?? []
    return {
      code,
      of(id) {
        const found = results.find((one) => one.id === id)
        if (found === undefined) throw new Error(`doctor does not speak of ${id}: ${stdout}`)
        return found
      },
    }
  }
  /** Asks until a check says so, and returns that answer. */
  const until = async (what: string, is: (found: Doctor) => boolean): Promise<Doctor> => {
    let found = await doctor()
    await eventually(what, async () => {
      if (is(found)) return true
      found = await doctor()
      return is(found)
    })
    return found
  }
  const fix = (...flags: readonly string[]) => doctor('--fix', '--yes', ...flags)
  const hadoop = async (...words: readonly string[]) => {
    const [java, ...rest] = javaArguments(on.stack, 'hadoop', 128, ...words)
    await execa(java, rest)
  }
  /** Settings below `services:` of the site file, brought into force. */
  const provisionWith = async (change: (text: string) => string) => {
    await writeFile(on.stack.site, change(siteText))
    await on.json(['provision', '--yes'])
  }

  beforeAll(async () => {
    on = await stackWorld()
    services = path.join(on.stack.folder, 'smartcar-data', 'services')
    siteText = await readFile(on.stack.site, 'utf8')
    await on.untilHealthy()
  })
  afterAll(async () => {
    await on.run(['hdfs', 'rm', '-r', '-f', root, '--confirm', 'stack'])
    await on[Symbol.asyncDispose]()
  })

  test('safe mode', async () => {
    await hadoop('org.apache.hadoop.hdfs.tools.DFSAdmin', '-safemode', 'enter')
    const found = await doctor()
    expect([found.code, found.of('hdfs-safe-mode')]).toEqual([
      10,
      expect.objectContaining({ state: 'bad', cause: 'somebody turned it on' }),
    ])
    const mended = await fix()
    expect([mended.code, mended.of('hdfs-safe-mode').state]).toEqual([0, 'ok'])
    expect(await on.json(['hdfs', 'safemode', 'get'])).toMatchObject({ on: false })
  })

  test('a missing block: the files are named; gone with them', async () => {
    const file = `${root}/one.txt`
    await on.json(['hdfs', 'mkdir', root])
    await on.json(['hdfs', 'put', '-', file], 'one\n')
    const data = path.join(services, 'data', 'datanode')
    const blocks = (await readdir(data, { recursive: true })).filter((name) => /\/blk_\d+(_\d+\.meta)?$/.test(name))
    const newest = Math.max(...blocks.map((name) => Number(/blk_(\d+)/.exec(name)?.[1])))
    for (const name of blocks.filter((one) => one.includes(`blk_${newest}`))) await rm(path.join(data, name))
    // The DataNode notices when somebody asks for it.
    await on.run(['hdfs', 'cat', file])
    const found = await until('the NameNode knows', ({ of }) => of('hdfs-blocks').state === 'bad')
    expect([found.code, found.of('hdfs-blocks')]).toEqual([
      10,
      expect.objectContaining({
        evidence: expect.stringContaining(file),
        cause: expect.stringContaining('its disk lost them'),
        remedy: expect.stringContaining('smartcar hdfs rm'),
      }),
    ])
    await on.json(['hdfs', 'rm', file])
    await until('no block is missing', ({ of }) => of('hdfs-blocks').state === 'ok')
  })

  test('a home folder that is not there', async () => {
    await on.json(['hdfs', 'rm', '-r', `/user/${user}`])
    const found = await doctor()
    expect([found.code, found.of('hdfs-user')]).toEqual([
      10,
      expect.objectContaining({ state: 'bad', evidence: `/user/${user} is not there` }),
    ])
    const mended = await fix()
    expect([mended.code, mended.of('hdfs-user').state]).toEqual([0, 'ok'])
  })

  test('a DataNode that does not run', async () => {
    await execa('sh', [path.join(services, 'service.sh'), services, 'stop', 'datanode', '30'])
    const found = await doctor()
    expect([found.code, found.of('hdfs-datanodes')]).toEqual([
      10,
      expect.objectContaining({ state: 'bad', evidence: expect.stringContaining('none runs on localhost') }),
    ])
    const mended = await fix()
    expect([mended.code, mended.of('hdfs-datanodes').state]).toEqual([0, 'ok'])
  })

  test('a broker whose data are of another cluster: only with the site’s name', async () => {
    const meta = path.join(services, 'data', 'kafka', 'meta.properties')
    await on.json(['cluster', 'stop', 'kafka'])
    const text = await readFile(meta, 'utf8')
    await writeFile(meta, text.replace(/^cluster\.id=.*$/m, 'cluster.id=AAAAAAAAAAAAAAAAAAAAAA'))
    const started = await on.run(['cluster', 'start', 'kafka'])
    // What the broker said last stands in the error, not "connection refused".
    expect([started.code, started.stderr]).toEqual([1, expect.stringContaining('Invalid cluster.id')])
    const found = await doctor()
    expect([found.code, found.of('kafka-cluster-id')]).toEqual([
      10,
      expect.objectContaining({ state: 'bad', remedy: expect.stringContaining('--fix --confirm stack') }),
    ])
    expect((await fix()).of('kafka-cluster-id').state).toBe('bad')
    const mended = await fix('--confirm', 'stack')
    expect(mended.of('kafka-cluster-id').state).toBe('ok')
    await on.json(['provision', '--yes'])
    expect((await doctor()).code).toBe(0)
  })

  test('YARN: a disk over its threshold, and containers smaller than what Spark asks for', async () => {
    const properties = [
      'yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage: 0.1',
      'yarn.nodemanager.disk-health-checker.interval-ms: 1000',
      'yarn.scheduler.maximum-allocation-mb: 1024',
    ].join(', ')
    const text = siteText.replace('  yarn:\n', `  yarn:\n    properties: { yarn-site.xml: { ${properties} } }\n`)
    await writeFile(on.stack.site, text)
    // It would wait minutes for a node that becomes healthy again.
    const waiting = on.begin(['provision', '--yes'])
    try {
      const found = await until('the node is unhealthy', ({ of }) => of('yarn-nodes').state === 'bad')
      expect([found.code, found.of('yarn-nodes'), found.of('yarn-container')]).toEqual([
        10,
        expect.objectContaining({
          evidence: expect.stringContaining('local-dirs'),
          cause: expect.stringContaining('fuller than YARN allows'),
          remedy: expect.stringContaining('free space'),
        }),
        expect.objectContaining({ state: 'warning', evidence: expect.stringMatching(/^1024 MiB at most/) }),
      ])
    } finally {
      waiting.kill()
      await waiting.ended
      await provisionWith((before) => before)
    }
    await until('the node is healthy again', ({ code }) => code === 0)
  })

  test('Flume that HDFS refuses: rows wait in silence, doctor says it', async () => {
    const day = '20200501'
    const folder = `/pilot-pjt/collect/car-batch-log/wrk_date=${day}`
    const spool = path.join(services, 'data', 'flume', 'spool', 'car-batch-log')
    const sink = 'SmartCar_Agent.sinks.SmartCarInfo_HdfsSink.hdfs.proxyUser'
    const rows = async () => (await on.run(['hdfs', 'cat', `${folder}/*`])).stdout
    try {
      await provisionWith((text) =>
        text.replace('  flume:\n', `  flume:\n    properties: { agent.conf: { ${sink}: cars } }\n`),
      )
      const row = `${day}000000,A0001,90,90,90,90,1,1,1,1,A,A,90`
      await writeFile(path.join(spool, `.doctor-${process.pid}.log`), `${row}\n`)
      await execa('mv', [path.join(spool, `.doctor-${process.pid}.log`), path.join(spool, `doctor-${process.pid}.log`)])
      const found = await until('HDFS has refused it', ({ of }) =>
        of('flume-permission').evidence.includes('its log says'),
      )
      expect([found.code, found.of('flume-permission')]).toEqual([
        10,
        expect.objectContaining({
          state: 'bad',
          evidence: expect.stringContaining('cars may not write to /pilot-pjt/collect/car-batch-log'),
          cause: expect.stringContaining('tries for ever'),
        }),
      ])
      expect(await rows()).toBe('')
      expect((await fix()).of('flume-permission').state).not.toBe('bad')
      await eventually('the row has come', async () => (await rows()) === `${row}\n`)
      await until('the sink closes its file', ({ code }) => code === 0)
    } finally {
      await on.run(['hdfs', 'rm', '-r', '-f', folder, '--confirm', 'stack'])
      await on.run(['hdfs', 'chown', '-R', user, '/pilot-pjt/collect/car-batch-log'])
      await provisionWith((text) => text)
    }
  })
})
