import { expect, it } from 'vitest'
import { clusterOf } from '../../../../src/core/cluster/cluster.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import { agentFile, agentFolders, agentLog4j } from '../../../../src/services/flume/agent.js'
import { lintAgentFile } from '../../../../src/services/flume/lint.js'
import { readProperties } from '../../../../src/services/flume/properties.js'
import { expectGolden } from '../../../support/golden.js'

const cluster = (text = '') =>
  clusterOf(
    resolveSite({
      siteFile: { path: '/site/smartcar.yaml', text: `profile: apache\n${text}` },
      environment: {},
      workingFolder: '/site',
    }),
  )
const twoHosts = 'hosts: { server01: { address: 10.0.0.1 }, server02: { address: 10.0.0.2 } }\n'
function agents(text = '') {
  const site = cluster(text)
  return site.hostsOf('flume').map((host) => agentFile(site, host))
}
const only = (text = '') => agents(text)[0] ?? ''
const value = (text: string, key: string) => readProperties(text).entries.get(`SmartCar_Agent.${key}`)?.value.text

it('renders the agent of this machine and of the pilot’s two hosts', () => {
  expectGolden('test/golden/flume/localhost.agent.conf', only())
  expectGolden('test/golden/flume/server02.agent.conf', only(twoHosts))
  expectGolden('test/golden/flume/log4j.properties', agentLog4j(cluster()))
})

it('renders the pilot’s memory channel and everything else that a site can set', () => {
  const text = `${twoHosts}services:
  flume:
    channel: memory
    spool: /landing/status
    tail: [/log/drive.log, /log/more+.log]
    idle_timeout: 5
    topic: Other
    properties:
      agent.conf:
        SmartCar_Agent.sinks.SmartCarInfo_HdfsSink.hdfs.batchSize: 500
        SmartCar_Agent.sinks.DriverCarInfo_KafkaSink.kafka.producer.compression.type: gzip
  hdfs: { namenode: { rpc: 9000 } }
  kafka: { kafka: { client: 19092 } }
`
  expectGolden('test/golden/flume/memory.agent.conf', only(text))
  const site = cluster(text)
  expect(site.hostsOf('flume').map((host) => agentFolders(site, host))).toEqual([
    ['/opt/smartcar/data/flume', '/landing/status', '/log'],
  ])
})

it('has nothing to say about what it renders itself, but for the memory channel', () => {
  for (const text of [only(), only(twoHosts)]) expect(lintAgentFile(text, { agent: 'SmartCar_Agent' })).toEqual([])
  // In Flume 1.6 TAILDIR and today's names of the Kafka sink are not there yet.
  for (const version of [7, 8, 9, 10]) expect(lintAgentFile(only(), { version })).toEqual([])
  const memory = lintAgentFile(only('services: { flume: { channel: memory } }'))
  expect(memory.map(({ rule }) => rule)).toEqual(['memory-channel', 'memory-channel'])
})

it('names files by host where two agents write below one folder', () => {
  const texts = agents(
    'hosts:\n  one: { address: 10.0.0.1, roles: [namenode, kafka, flume] }\n  two: { address: 10.0.0.2, roles: [kafka, flume] }\n',
  )
  expect(texts.map((text) => value(text, 'sinks.SmartCarInfo_HdfsSink.hdfs.filePrefix'))).toEqual([
    '%{logType}-one',
    '%{logType}-two',
  ])
  expect(value(texts[0] ?? '', 'sinks.DriverCarInfo_KafkaSink.kafka.bootstrap.servers')).toBe(
    '10.0.0.1:9092,10.0.0.2:9092',
  )
})

it('takes a tailed file’s name as it is, although Flume takes it for a regular expression', () => {
  expect(
    value(only('services: { flume: { tail: /log/a+b.log } }'), 'sources.DriverCarInfo_TailSource.filegroups.drive1'),
  ).toBe('/log/a\\+b\\.log')
})

it('says which role is missing', () => {
  const text = 'hosts: { one: { address: 10.0.0.1, roles: [flume, namenode] } }'
  expect(() => agents(text)).toThrow(
    expect.objectContaining({ code: 'ROLE_NOT_PLACED', message: expect.stringContaining('kafka') }),
  )
})

it.each(['spool: relative/path', 'tail: []', 'channel: jdbc', 'idle_timeout: 0', 'topic: "a b"', 'colour: red'])(
  'a site that says services.flume.%s is refused',
  (setting) => {
    expect(() => cluster(`services:\n  flume:\n    ${setting}\n`)).toThrow(
      expect.objectContaining({
        code: 'SITE_INVALID',
        diagnostics: [expect.objectContaining({ place: expect.objectContaining({ line: 4 }) })],
      }),
    )
  },
)
