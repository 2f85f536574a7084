import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type ServiceRole, serviceOfRole } from '../../../src/core/cluster/catalog.js'
import { type Health, hostView } from '../../../src/core/cluster/service.js'
import { nodeHttp } from '../../../src/io/http.js'
import { loadServices } from '../../../src/services/registry.js'
import { apacheCluster } from '../../support/apache-site.js'

const servers: { close(): unknown }[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => resolve(server.close()))
})

async function listening(server: Server | ReturnType<typeof createServer>): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A server of one answer a path: the first whose key is in the address. */
function pages(answers: Readonly<Record<string, unknown>>): Promise<number> {
  const server = createHttpServer((request, response) => {
    const url = decodeURIComponent(request.url ?? '')
    const found = Object.entries(answers).find(([part]) => url.includes(part))
    if (found === undefined) response.writeHead(404).end()
    else response.end(typeof found[1] === 'string' ? found[1] : JSON.stringify(found[1]))
  })
  return listening(server)
}

/** A server that says `answer` to whatever comes; without one it closes at once. */
function says(answer: Uint8Array | string | undefined): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    if (answer === undefined) socket.end()
    else socket.once('data', () => socket.end(answer))
  })
  return listening(server)
}

/** Asks a role as `cluster status` does, on a site whose port `name` is `port`. */
async function health(role: ServiceRole, name: string, port: number): Promise<Health> {
  const service = serviceOfRole(role)
  const cluster = apacheCluster(`services: { ${service}: { ${role}: { ${name}: ${port} } } }`)
  const [definition] = await loadServices([service])
  const [host] = cluster.hostsOf(role)
  const asked = definition?.roles[role]
  if (host === undefined || asked === undefined) throw new Error(`no ${role}`)
  return asked.health(hostView(cluster, host), {
    http: nodeHttp,
    signal: new AbortController().signal,
    secret: async () => '',
  })
}

const bean = (values: Readonly<Record<string, unknown>>) => ({ beans: [values] })
const none = { beans: [] }

describe('HDFS', () => {
  const nameNode = (info: Readonly<Record<string, unknown>>, state: Readonly<Record<string, unknown>> = {}) =>
    pages({
      FSNamesystemState: bean({ NumLiveDataNodes: 1, NumDeadDataNodes: 0, ...state }),
      NameNodeInfo: bean({ Safemode: '', NumberOfMissingBlocks: 0, ...info }),
    })

  it.each([
    [{}, {}, { state: 'healthy', summary: '1 of 1 DataNodes live, safe mode off' }],
    [{ Safemode: 'Safe mode is ON.' }, {}, { state: 'starting', summary: '1 of 1 DataNodes live, safe mode on' }],
    [{ NumberOfMissingBlocks: 3 }, {}, { state: 'unhealthy', summary: expect.stringContaining('3 blocks missing') }],
    [{}, { NumLiveDataNodes: 0 }, { state: 'starting' }],
    [{}, { NumLiveDataNodes: 0, NumDeadDataNodes: 1 }, { state: 'unhealthy' }],
  ])('NameNode: %j %j', async (info, state, expected) => {
    expect(await health('namenode', 'http', await nameNode(info, state))).toMatchObject(expected)
  })

  it('right after its port opened it has registered nothing', async () => {
    expect(await health('namenode', 'http', await pages({ jmx: none }))).toMatchObject({ state: 'starting' })
    expect(await health('datanode', 'http', await pages({ jmx: none }))).toMatchObject({ state: 'starting' })
    expect(await health('secondarynamenode', 'http', await pages({ jmx: none }))).toMatchObject({ state: 'starting' })
  })

  it('DataNode: registered at the NameNode or not', async () => {
    const dataNode = (actor: string) =>
      pages({ DataNodeInfo: bean({ BPServiceActorInfo: actor, VolumeInfo: '{"/d":{"freeSpace":1}}' }) })
    expect(await health('datanode', 'http', await dataNode('[{"actorState":"RUNNING"}]'))).toEqual({
      state: 'healthy',
      summary: 'registered, 1 volume',
    })
    expect(await health('datanode', 'http', await dataNode('[]'))).toMatchObject({ state: 'starting' })
  })

  it('something else on the port is no NameNode', async () => {
    const port = await pages({ jmx: '<html>hello</html>' })
    await expect(health('namenode', 'http', port)).rejects.toMatchObject({ code: 'SERVICE_ODD' })
  })
})

describe('YARN', () => {
  const metrics = (activeNodes: number, unhealthyNodes = 0) =>
    pages({ 'cluster/metrics': { clusterMetrics: { activeNodes, unhealthyNodes, lostNodes: 0 } } })

  it('ResourceManager: nodes that are active, unhealthy, not there yet', async () => {
    expect(await health('resourcemanager', 'http', await metrics(1))).toMatchObject({ state: 'healthy' })
    expect(await health('resourcemanager', 'http', await metrics(0))).toMatchObject({ state: 'starting' })
    expect(await health('resourcemanager', 'http', await metrics(0, 1))).toMatchObject({
      state: 'unhealthy',
      summary: '0 of 1 NodeManagers active, 1 unhealthy',
    })
  })

  it('NodeManager: its own report', async () => {
    const node = (nodeHealthy: boolean, healthReport: string) =>
      pages({ 'node/info': { nodeInfo: { nodeHealthy, healthReport } } })
    expect(await health('nodemanager', 'http', await node(true, ''))).toMatchObject({ state: 'healthy' })
    expect(await health('nodemanager', 'http', await node(false, '1/1 local-dirs are bad'))).toEqual({
      state: 'unhealthy',
      summary: '1/1 local-dirs are bad',
    })
  })
})

describe('HBase', () => {
  const master = (server: Readonly<Record<string, unknown>>, stuck = 0) =>
    pages({ 'sub=Server': bean(server), AssignmentManager: bean({ ritCountOverThreshold: stuck }) })
  const ready = { masterFinishedInitializationTime: 1, numRegionServers: 1, numDeadRegionServers: 0 }

  it('HMaster', async () => {
    expect(await health('hmaster', 'http', await master(ready))).toMatchObject({ state: 'healthy' })
    expect(
      await health('hmaster', 'http', await master({ ...ready, masterFinishedInitializationTime: 0 })),
    ).toMatchObject({ state: 'starting' })
    expect(await health('hmaster', 'http', await master({ ...ready, numRegionServers: 0 }))).toMatchObject({
      state: 'unhealthy',
    })
    expect(await health('hmaster', 'http', await master(ready, 2))).toMatchObject({
      state: 'unhealthy',
      summary: expect.stringContaining('2 regions stuck'),
    })
  })

  it('RegionServer and REST', async () => {
    const server = await pages({ 'sub=Server': bean({ regionCount: 7 }) })
    expect(await health('regionserver', 'http', server)).toEqual({ state: 'healthy', summary: '7 regions' })
    expect(await health('regionserver', 'http', await pages({ jmx: none }))).toMatchObject({ state: 'starting' })
    expect(await health('hbase-rest', 'http', await pages({ 'version/cluster': '2.6.1\n' }))).toEqual({
      state: 'healthy',
      summary: 'HBase 2.6.1',
    })
    expect(await health('hbase-rest', 'http', await pages({}))).toMatchObject({ state: 'starting' })
  })
})

describe('ZooKeeper', () => {
  it('says its mode, or that it takes no requests', async () => {
    const answer = 'Zookeeper version: 3.9.5\nMode: standalone\nNode count: 31\n'
    expect(await health('zookeeper', 'client', await says(answer))).toEqual({
      state: 'healthy',
      summary: 'standalone, 31 znodes',
    })
    const not = 'This ZooKeeper instance is not currently serving requests\n'
    expect(await health('zookeeper', 'client', await says(not))).toMatchObject({
      state: 'starting',
      summary: not.trim(),
    })
  })
})

describe('Flume', () => {
  const agent = (parts: Readonly<Record<string, Readonly<Record<string, string>>>>) => pages({ metrics: parts })
  const whole = {
    'SOURCE.a': {},
    'SOURCE.b': {},
    'CHANNEL.a': { ChannelSize: '3', ChannelFillPercentage: '0.1' },
    'SINK.a': { EventDrainSuccessCount: '5' },
    'SINK.b': { EventDrainSuccessCount: '2' },
  }

  it('all parts, one that was dropped, a channel that is full', async () => {
    expect(await health('flume', 'metrics', await agent(whole))).toEqual({
      state: 'healthy',
      summary: '2 sources, 1 channels, 2 sinks; 7 rows delivered, 3 waiting',
    })
    const { 'SINK.b': _, ...dropped } = whole
    expect(await health('flume', 'metrics', await agent(dropped))).toMatchObject({ state: 'unhealthy' })
    expect(
      await health('flume', 'metrics', await agent({ ...whole, 'CHANNEL.a': { ChannelFillPercentage: '99' } })),
    ).toMatchObject({ state: 'unhealthy', summary: expect.stringContaining('full: CHANNEL.a') })
    expect(await health('flume', 'metrics', await agent({}))).toMatchObject({ state: 'starting' })
  })
})

describe('Hive metastore', () => {
  it('answers the call getStatus', async () => {
    const name = Buffer.from('getStatus')
    const reply = Buffer.concat([
      Buffer.from([0x80, 1, 0, 2, 0, 0, 0, name.length]),
      name,
      Buffer.from([0, 0, 0, 1, 8, 0, 0, 0, 0, 0, 2, 0]),
    ])
    expect(await health('metastore', 'thrift', await says(reply))).toEqual({ state: 'healthy', summary: 'answers' })
    expect(await health('metastore', 'thrift', await says(undefined))).toMatchObject({ state: 'starting' })
  })
})

describe('PostgreSQL', () => {
  const message = (kind: string, body: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length + 4)
    return Buffer.concat([Buffer.from(kind), length, body])
  }
  const refusal = (code: string, text: string) => message('E', Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`))

  it('asks for a password, starts, lets nobody in from here, has no connection left', async () => {
    const sasl = message('R', Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from('SCRAM-SHA-256\0\0')]))
    expect(await health('postgres', 'client', await says(sasl))).toMatchObject({ state: 'healthy' })
    expect(
      await health('postgres', 'client', await says(refusal('57P03', 'the database system is starting up'))),
    ).toEqual({ state: 'starting', summary: 'the database system is starting up' })
    expect(
      await health('postgres', 'client', await says(refusal('28000', 'no pg_hba.conf entry for host'))),
    ).toMatchObject({ state: 'healthy', summary: expect.stringContaining('the hosts of the site alone') })
    expect(
      await health('postgres', 'client', await says(refusal('53300', 'sorry, too many clients already'))),
    ).toMatchObject({ state: 'unhealthy', summary: 'sorry, too many clients already' })
    expect(await health('postgres', 'client', await says('HTTP/1.1 400 Bad Request\r\n'))).toMatchObject({
      state: 'starting',
    })
  })
})

it.each([
  ['zookeeper', 'client'],
  ['namenode', 'http'],
  ['nodemanager', 'http'],
  ['kafka', 'client'],
  ['hbase-rest', 'http'],
  ['flume', 'metrics'],
  ['metastore', 'thrift'],
  ['hiveserver2', 'thrift'],
  ['spark-thriftserver', 'thrift'],
  ['postgres', 'client'],
] as const)('%s that does not run is unreachable', async (role, name) => {
  const port = await says(undefined)
  await new Promise((resolve) => resolve(servers.pop()?.close()))
  await expect(health(role, name, port)).rejects.toMatchObject({ exit: 'unreachable' })
})
