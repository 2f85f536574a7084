import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import os from 'node:os'
import { afterEach, expect, test } from 'vitest'
import { clusterOf } from '../../../../src/core/cluster/cluster.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import {
  assertPortsDiffer,
  assertPortsFree,
  listenersSnippet,
  parseListeners,
  startPorts,
} from '../../../../src/distributions/apache/ports.js'
import { dataDisks } from '../../../../src/jobs/doctor/checks/data-disks.js'
import { listenAddresses, servicePorts } from '../../../../src/jobs/doctor/checks/service-ports.js'
import { planWorld } from '../../../support/plan-world.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listen(address: string): Promise<number> {
  const server = createServer()
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  return (server.address() as AddressInfo).port
}

function input(text: string) {
  const site = resolveSite({
    siteFile: {
      path: '/x/smartcar.yaml',
      text: `profile: apache\nhosts: { here: { address: 127.0.0.1, connection: local, roles: [kafka, flume, nodemanager, datanode] } }\n${text}`,
    },
    environment: {},
    workingFolder: '/x',
  })
  const [host] = site.hosts
  if (host === undefined) throw new Error('no host')
  return { site, host, family: undefined }
}

const run = async (script: string) => (await planWorld().shell('here', script)).stdout

test.runIf(os.platform() === 'linux')('a start finds who has its port, on its address or on all of them', async () => {
  const [own, everywhere, free] = [await listen('127.0.0.1'), await listen('0.0.0.0'), 1]
  const given = input(`services: { kafka: { kafka: { client: ${own} } } }`)
  const cluster = clusterOf(given.site)
  const [here] = cluster.hosts
  if (here === undefined) throw new Error('no host')
  const found = parseListeners(await run(listenersSnippet(here, [own, everywhere, free], '127.0.0.1')))
  expect(found.map(({ address, port, pid }) => ({ address, port, pid }))).toEqual(
    expect.arrayContaining([
      { address: '127.0.0.1', port: own, pid: process.pid },
      { address: '*', port: everywhere, pid: process.pid },
    ]),
  )
  expect(found).toHaveLength(2)
  // A listener on another address of the machine is in nobody's way.
  expect(parseListeners(await run(listenersSnippet(here, [own], '127.0.0.9')))).toEqual([])
  const printed = await run(
    listenersSnippet(
      here,
      startPorts(cluster, 'kafka').map(({ port }) => port),
      '127.0.0.1',
    ),
  )
  expect(() => assertPortsFree(cluster, here, 'kafka', printed)).toThrow(
    expect.objectContaining({
      code: 'PORT_TAKEN',
      message: expect.stringMatching(
        new RegExp(`^kafka on here was not started: port ${own} \\(client\\) is taken by \\S+, pid ${process.pid} `),
      ),
    }),
  )
  expect(() => assertPortsFree(cluster, here, 'kafka', 'running\n')).not.toThrow()
  expect(servicePorts.interpret({ code: 0, stdout: await run(servicePorts.shell(given)) }, given)).toMatchObject({
    state: 'bad',
    evidence: expect.stringContaining(`${own} (kafka client) by`),
  })
})

test('ports of the site: its own services are no strangers, one port for two roles is a mistake', () => {
  const given = input('services: { kafka: { kafka: { client: 27092 } } }')
  const taken = (role: string) => ({ code: 0, stdout: `listen: 0100007F:69D4 7 ${role} java -cp x kafka.Kafka\n` })
  expect(servicePorts.interpret(taken('kafka'), given)).toMatchObject({ state: 'ok' })
  expect(servicePorts.interpret(taken('flume'), given)).toMatchObject({
    state: 'bad',
    evidence: '27092 (kafka client) by the flume of this site, pid 7',
  })
  expect(servicePorts.interpret({ code: 0, stdout: 'listen: 0100007F:69D4 - - \n' }, given)).toMatchObject({
    evidence: '27092 (kafka client) by a process of another account',
  })
  const twice = input('services: { kafka: { kafka: { client: 34545 } } }')
  expect(servicePorts.interpret({ code: 0, stdout: '' }, twice)).toMatchObject({
    state: 'bad',
    evidence: expect.stringContaining('34545'),
  })
})

test('one port for two roles of a host is found before the start; Tez takes five', () => {
  const cluster = (ports: string) =>
    clusterOf(
      resolveSite({
        siteFile: { path: '/x/smartcar.yaml', text: `profile: apache\nservices: ${ports}\n` },
        environment: {},
        workingFolder: '/x',
      }),
    )
  expect(() => assertPortsDiffer(cluster('{}'))).not.toThrow()
  expect(() => assertPortsDiffer(cluster('{ kafka: { kafka: { client: 34545 } } }'))).toThrow(
    expect.objectContaining({
      code: 'PORT_TWICE',
      message: 'on localhost port 34545 is that of kafka client and flume metrics',
    }),
  )
  expect(() => assertPortsDiffer(cluster('{ flume: { flume: { metrics: 10007 } } }'))).toThrow(/hiveserver2 tez/)
})

test('a service that listens everywhere is told with the rule that closes it', () => {
  const given = input('')
  const stdout = 'listen: 00000000:86F1 7 flume java\nlisten: 0100007F:2384 8 kafka java\n'
  expect(listenAddresses.interpret({ code: 0, stdout }, given)).toMatchObject({
    state: 'warning',
    evidence: 'flume listens with metrics, port 34545, on every address',
    remedy: 'iptables -A INPUT -p tcp -m multiport --dports 34545 ! -i lo -j DROP',
  })
  expect(listenAddresses.interpret({ code: 0, stdout: 'listen: 0100007F:2384 8 kafka java\n' }, given)).toMatchObject({
    state: 'ok',
  })
  expect(listenAddresses.interpret({ code: 0, stdout }, input('services: { bind: all }'))).toMatchObject({
    state: 'ok',
  })
})

test('disks of the workers, with the threshold of the site', () => {
  const df = (used: number) => ({
    code: 0,
    stdout: `nodemanager /dev/vda 100 1 10 ${used}% /\ndatanode /dev/vda 100 1 10 ${used}% /\n`,
  })
  expect(dataDisks.interpret(df(50), input(''))).toMatchObject({ state: 'ok' })
  expect(dataDisks.interpret(df(92), input(''))).toMatchObject({
    state: 'bad',
    evidence: expect.stringContaining('datanode: / 92 % used'),
  })
  expect(dataDisks.interpret(df(96), input(''))).toMatchObject({
    state: 'bad',
    cause: 'from 95 % on YARN marks the node unhealthy, and jobs stay in ACCEPTED',
  })
  const low = input(
    'services: { yarn: { properties: { yarn-site.xml: { yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage: 40 } } } }',
  )
  expect(dataDisks.interpret(df(50), low)).toMatchObject({
    state: 'bad',
    evidence: expect.not.stringContaining('datanode'),
  })
})
