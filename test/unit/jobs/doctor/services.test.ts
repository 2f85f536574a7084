import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { isShellCheck } from '../../../../src/core/plan/step.js'
import { flumeChecks } from '../../../../src/jobs/doctor/services/flume.js'
import { hdfsChecks } from '../../../../src/jobs/doctor/services/hdfs.js'
import { kafkaChecks } from '../../../../src/jobs/doctor/services/kafka.js'
import { yarnChecks } from '../../../../src/jobs/doctor/services/yarn.js'
import { ask, fakeLook, nameNode } from './look.js'

const denied = {
  status: 403,
  body: {
    RemoteException: {
      exception: 'AccessControlException',
      javaClassName: 'org.apache.hadoop.security.AccessControlException',
      message: 'Permission denied: user=cars',
    },
  },
}
const folder = (owner: string, permission = '755', pathSuffix = '') => ({
  pathSuffix,
  type: 'DIRECTORY',
  length: 0,
  owner,
  group: 'g',
  permission,
  modificationTime: 1,
  replication: 0,
  blockSize: 0,
})

describe('HDFS', () => {
  test('all is well', async () => {
    await using look = await fakeLook({
      pages: { ...nameNode(), CHECKACCESS: '', GETFILESTATUS: { FileStatus: folder('cars') } },
    })
    for (const { id } of hdfsChecks) expect(await ask(hdfsChecks, id, look), id).toMatchObject({ state: 'ok' })
  })

  test('safe mode that somebody turned on is left, by DFSAdmin on the host', async () => {
    const scripts: string[] = []
    await using look = await fakeLook({
      pages: nameNode({ Safemode: 'Safe mode is ON. It was turned on manually. NamenodeHostName:x' }),
    })
    const found = await ask(hdfsChecks, 'hdfs-safe-mode', look)
    expect(found).toMatchObject({
      state: 'bad',
      evidence: 'It was turned on manually.',
      cause: 'somebody turned it on',
    })
    const { repair } = found
    if (repair === undefined || isShellCheck(repair.check)) throw new Error('no repair')
    expect(await repair.check(look.world)).toMatchObject({ state: 'change' })
    const world = {
      ...look.world,
      shell: async (_host: string, script: string) => {
        scripts.push(script)
        return { code: 0, stdout: '', stderr: '' }
      },
    }
    await repair.apply(world, { state: 'ok' }, () => {})
    expect(scripts.join('\n')).toContain('org.apache.hadoop.hdfs.tools.DFSAdmin -safemode leave')
    Object.assign(look.pages, nameNode())
    expect(await repair.check(look.world)).toEqual({ state: 'ok' })
  })

  test('safe mode is not left while blocks are missing, nor for a full disk', async () => {
    await using look = await fakeLook({
      pages: nameNode({ Safemode: 'Safe mode is ON. Needs blocks.', NumberOfMissingBlocks: 2 }),
    })
    const missing = await ask(hdfsChecks, 'hdfs-safe-mode', look)
    expect(missing).toMatchObject({ state: 'bad', evidence: 'Needs blocks.; 1 of 1 DataNodes live, 2 blocks missing' })
    expect(missing.repair).toBeUndefined()
    Object.assign(look.pages, nameNode({ Safemode: 'Safe mode is ON. Resources are low on NN.' }))
    const low = await ask(hdfsChecks, 'hdfs-safe-mode', look)
    expect(low).toMatchObject({ state: 'bad', cause: expect.stringContaining('disk') })
    expect(low.repair).toBeUndefined()
  })

  test('missing blocks name their files', async () => {
    await using look = await fakeLook({
      pages: {
        '/fsck':
          "\n/a/b.log: MISSING 1 blocks of total size 7 B.\n Corrupt blocks:\t0\n\nThe filesystem under path '/' is CORRUPT",
        ...nameNode({ NumberOfMissingBlocks: 1 }),
      },
    })
    expect(await ask(hdfsChecks, 'hdfs-blocks', look)).toMatchObject({
      state: 'bad',
      evidence: '1 missing, 0 corrupt: /a/b.log',
    })
  })

  test('a DataNode that is dead, stopped or full', async () => {
    await using look = await fakeLook({
      pages: nameNode({ LiveNodes: '{}', DeadNodes: '{"127.0.0.1:9866":{"lastContact":70}}' }),
    })
    expect(await ask(hdfsChecks, 'hdfs-datanodes', look)).toMatchObject({
      state: 'bad',
      evidence: '0 of 1 live: 127.0.0.1:9866 is dead',
      start: 'hdfs',
    })
    await using stopped = await fakeLook({ pages: nameNode(), runs: (role) => role !== 'datanode' })
    expect(await ask(hdfsChecks, 'hdfs-datanodes', stopped)).toMatchObject({ state: 'bad', start: 'hdfs' })
    Object.assign(look.pages, nameNode({ LiveNodes: '{"n:1":{"capacity":100,"remaining":5,"numBlocks":1}}' }))
    expect(await ask(hdfsChecks, 'hdfs-datanodes', look)).toMatchObject({ state: 'bad', evidence: 'n:1 95 % used' })
  })

  test('a home folder that is absent, or of somebody else', async () => {
    await using absent = await fakeLook({ pages: nameNode() })
    const found = await ask(hdfsChecks, 'hdfs-user', absent)
    expect(found).toMatchObject({ state: 'bad', evidence: '/user/cars is not there' })
    expect(found.repair?.title).toBe('give /user/cars to cars')
    await using foreign = await fakeLook({
      pages: { CHECKACCESS: denied, GETFILESTATUS: { FileStatus: folder('hue', '700') } },
    })
    expect(await ask(hdfsChecks, 'hdfs-user', foreign)).toMatchObject({
      state: 'bad',
      evidence: '/user/cars belongs to hue, mode 700',
    })
  })
})

describe('YARN', () => {
  const node = (state: string, healthReport = '') => ({
    'cluster/nodes': {
      nodes: { node: [{ nodeHostName: 'n', state, healthReport, usedMemoryMB: 0, availMemoryMB: 3072 }] },
    },
  })
  const conf = (value: string) => ({ '/conf': { property: { value } } })

  test('all is well', async () => {
    await using look = await fakeLook({ pages: { ...node('RUNNING'), 'cluster/apps': { apps: {} }, ...conf('3072') } })
    expect(await ask(yarnChecks, 'yarn-nodes', look)).toEqual({ state: 'ok', evidence: '1 of 1 active' })
    expect(await ask(yarnChecks, 'yarn-container', look)).toMatchObject({ state: 'ok' })
  })

  test('an unhealthy node, with its own report and the jobs that wait', async () => {
    await using look = await fakeLook({
      pages: {
        ...node('UNHEALTHY', '1/1 local-dirs usable space is below configured utilization percentage'),
        'cluster/apps': { apps: { app: [{ id: 'a', name: 'build' }] } },
      },
    })
    expect(await ask(yarnChecks, 'yarn-nodes', look)).toMatchObject({
      state: 'bad',
      evidence: expect.stringMatching(/^n: 1\/1 local-dirs.*; 1 job in ACCEPTED: build$/),
      cause: expect.stringContaining('fuller than YARN allows'),
    })
  })

  test('a container that is smaller than what Spark asks for', async () => {
    const pages = { ...node('RUNNING'), ...conf('1024') }
    await using look = await fakeLook({ pages })
    expect(await ask(yarnChecks, 'yarn-container', look)).toMatchObject({ state: 'warning' })
    await using onYarn = await fakeLook({
      pages,
      services: '  spark: { properties: { spark-defaults.conf: { spark.master: yarn, spark.executor.memory: 2g } } }',
    })
    expect(await ask(yarnChecks, 'yarn-container', onYarn)).toMatchObject({
      state: 'bad',
      evidence: '1024 MiB at most; Spark asks for executor 2432 MiB, driver 1408 MiB',
    })
  })
})

describe('Kafka', () => {
  /** ZooKeeper's answers to connect and getData, as recorded from 3.9.5. */
  async function zooKeeper(id: string | undefined) {
    const int = (value: number) => {
      const buffer = Buffer.alloc(4)
      buffer.writeInt32BE(value)
      return buffer
    }
    const framed = (body: Buffer) => Buffer.concat([int(body.byteLength), body])
    const data = Buffer.from(JSON.stringify({ version: '1', id }))
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write(
          framed(Buffer.concat([int(0), int(10_000), Buffer.alloc(8), int(16), Buffer.alloc(16), Buffer.alloc(1)])),
        )
        const head = [int(1), Buffer.alloc(8), int(id === undefined ? -101 : 0)]
        socket.end(
          framed(Buffer.concat(id === undefined ? head : [...head, int(data.byteLength), data, Buffer.alloc(68)])),
        )
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: async () => void server.close() }
  }
  const meta =
    (id: string, log = '') =>
    async (_host: string, script: string) => ({
      code: 0,
      stdout: script.includes('meta.properties') ? `${id}\n` : log,
      stderr: '',
    })

  test('ids that agree, ids that clash', async () => {
    await using zookeeper = await zooKeeper('AAA')
    await using look = await fakeLook({ zookeeperPort: zookeeper.port, shell: meta('AAA') })
    expect(await ask(kafkaChecks, 'kafka-cluster-id', look)).toEqual({
      state: 'ok',
      evidence: 'AAA in meta.properties and ZooKeeper',
    })
    await using clash = await fakeLook({
      zookeeperPort: zookeeper.port,
      shell: meta('BBB', 'kafka.common.InconsistentClusterIdException: no\n'),
    })
    expect(await ask(kafkaChecks, 'kafka-cluster-id', clash)).toMatchObject({
      state: 'bad',
      evidence: 'meta.properties: BBB; ZooKeeper: AAA; its log says: kafka.common.InconsistentClusterIdException: no',
      severe: true,
      start: 'kafka',
    })
  })

  test('without ZooKeeper its log tells', async () => {
    const shell = meta('BBB', 'InconsistentClusterIdException: stored BBB\n')
    await using look = await fakeLook({ shell, runs: () => false })
    expect(await ask(kafkaChecks, 'kafka-cluster-id', look)).toMatchObject({ state: 'bad' })
  })

  const topics = async () => [{ topic: 'SmartCar-Topic', partitions: 3, replication: 1, internal: false }]
  const described = (config: Record<string, string>) => ({
    topics,
    describe: async () => ({ topic: 'SmartCar-Topic', rows: 0, partitions: [], config }),
  })

  test('retention', async () => {
    await using fine = await fakeLook({ kafka: described({}) })
    expect(await ask(kafkaChecks, 'kafka-retention', fine)).toMatchObject({ state: 'ok' })
    await using short = await fakeLook({ kafka: described({ 'retention.ms': '600000' }) })
    const found = await ask(kafkaChecks, 'kafka-retention', short)
    expect(found).toMatchObject({ state: 'bad', evidence: 'SmartCar-Topic keeps rows for 10 min 00 s' })
    expect(found.repair).toBeDefined()
    await using broker = await fakeLook({
      kafka: described({}),
      services: '  kafka: { properties: { server.properties: { log.retention.minutes: 10 } } }',
    })
    const site = await ask(kafkaChecks, 'kafka-retention', broker)
    expect(site).toMatchObject({ state: 'bad', remedy: expect.stringContaining('site file') })
    expect(site.repair).toBeUndefined()
    await using none = await fakeLook({ kafka: { topics: async () => [] } })
    expect(await ask(kafkaChecks, 'kafka-retention', none)).toMatchObject({ state: 'warning' })
  })

  test('lag that grows, and lag that does not', async () => {
    const reader = (...lag: number[]) => ({
      groups: async () => [{ group: 'storm', state: 'Stable', members: [] }],
      lag: async () => [{ topic: 't', partition: 0, committed: 0, end: 9, lag: lag.shift() ?? 0 }],
    })
    await using still = await fakeLook({ kafka: reader(5, 5) })
    expect(await ask(kafkaChecks, 'kafka-lag', still)).toEqual({
      state: 'ok',
      evidence: 'storm on t: 5 rows, not growing',
    })
    await using growing = await fakeLook({ kafka: reader(5, 50) })
    expect(await ask(kafkaChecks, 'kafka-lag', growing)).toMatchObject({
      state: 'warning',
      evidence: 'storm on t: 5 -> 50 rows in 2.0 s',
    })
  })
})

describe('Flume', () => {
  const listing = { FileStatuses: { FileStatus: [folder('cars', '755', 'wrk_date=20200322')] } }
  const found = { FileStatus: folder('cars') }

  test('may write, and is not told so by an old line of its log', async () => {
    const refused = 'ERROR AccessControlException: Permission denied: user=cars\n'
    const shell = async (_host: string, script: string) => ({
      code: 0,
      stdout: script.includes('Renaming') ? `${refused}INFO Renaming x.tmp to x\n` : refused,
      stderr: '',
    })
    const pages = { CHECKACCESS: '', LISTSTATUS: listing, GETFILESTATUS: found }
    await using look = await fakeLook({ pages, shell })
    expect(await ask(flumeChecks, 'flume-permission', look)).toMatchObject({ state: 'ok' })
    const last = async () => ({ code: 0, stdout: refused, stderr: '' })
    await using lately = await fakeLook({ pages, shell: last })
    expect(await ask(flumeChecks, 'flume-permission', lately)).toMatchObject({ state: 'warning' })
  })

  test('may not write: the folder is given to whom the sink writes as', async () => {
    await using look = await fakeLook({
      pages: { CHECKACCESS: denied, 'owner=': '', 'permission=': '', GETFILESTATUS: found },
    })
    const bad = await ask(flumeChecks, 'flume-permission', look)
    expect(bad).toMatchObject({ state: 'bad', evidence: 'cars may not write to /pilot-pjt/collect/car-batch-log' })
    await bad.repair?.apply(look.world, { state: 'ok' }, () => {})
    expect(look.requests).toContainEqual(expect.stringMatching(/^PUT .*car-batch-log\?.*owner=cars/i))
  })

  test('files left as .tmp: those that nobody has open are renamed', async () => {
    const file = (pathSuffix: string) => ({ ...folder('cars'), type: 'FILE', length: 9, pathSuffix })
    const pages = {
      LISTSTATUS: { FileStatuses: { FileStatus: [file('a.log.tmp'), file('b.log.tmp'), file('c.log')] } },
      '/fsck': '/pilot-pjt/collect/b.log.tmp 9 bytes, replicated: replication=1, 1 block(s), OPENFORWRITE:  OK\n',
    }
    await using look = await fakeLook({ pages })
    expect(await ask(flumeChecks, 'flume-tmp', look)).toMatchObject({
      state: 'bad',
      evidence: '1 file: /pilot-pjt/collect/a.log.tmp',
    })
    await using none = await fakeLook({
      pages: { ...pages, LISTSTATUS: { FileStatuses: { FileStatus: [file('b.log.tmp')] } } },
    })
    expect(await ask(flumeChecks, 'flume-tmp', none)).toMatchObject({ state: 'ok' })
    await using dead = await fakeLook({ pages: none.pages, runs: () => false })
    expect(await ask(flumeChecks, 'flume-tmp', dead)).toMatchObject({ state: 'warning' })
  })

  test('a channel that is nearly full', async () => {
    const metrics = (percent: string) => ({ '/metrics': { 'CHANNEL.c': { ChannelFillPercentage: percent } } })
    await using look = await fakeLook({ pages: metrics('12.5') })
    expect(await ask(flumeChecks, 'flume-channels', look)).toMatchObject({ state: 'ok' })
    await using full = await fakeLook({ pages: metrics('97.1') })
    expect(await ask(flumeChecks, 'flume-channels', full)).toMatchObject({ state: 'bad', evidence: 'c 97 % full' })
  })
})
