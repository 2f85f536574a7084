import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveSite } from '../../../src/core/site/resolve.js'
import { checkFlume, type FlumeCheckContext, flumeCheckError } from '../../../src/jobs/flume/check.js'
import { flumeConfig, flumeConfigText } from '../../../src/jobs/flume/config.js'
import { flumeFindings } from '../../../src/render/flume.js'
import { type TestContext, testContext } from '../../support/context.js'

const site = (text: string) =>
  resolveSite({ siteFile: { path: '/site/smartcar.yaml', text }, environment: {}, workingFolder: '/site' })
const twoAgents = `profile: apache
hosts:
  one: { address: 10.0.0.1, roles: [namenode, kafka, flume] }
  two: { address: 10.0.0.2, roles: [flume] }
  three: { address: 10.0.0.3, roles: [datanode] }
`

describe('flume config', () => {
  it('has both files of every host that runs Flume, and prints one of each', () => {
    const config = flumeConfig(site(twoAgents))
    expect(config.files.map(({ host, path: file }) => `${host} ${file}`)).toEqual([
      'one /opt/smartcar/conf/flume/agent.conf',
      'one /opt/smartcar/conf/flume/log4j.properties',
      'two /opt/smartcar/conf/flume/agent.conf',
      'two /opt/smartcar/conf/flume/log4j.properties',
    ])
    expect(flumeConfigText(config, 'agent.conf')).toMatch(/^# one: .*\n# Flume agent[\s\S]*\n\n# two: /)
  })

  it('prints the file of one host as it is', () => {
    const config = flumeConfig(site(twoAgents), ['two'])
    expect(flumeConfigText(config, 'agent.conf')).toBe(config.files[0]?.text)
  })

  it('refuses hosts that are not there or do not run Flume, and sites without services', () => {
    expect(() => flumeConfig(site(twoAgents), ['four'])).toThrow(expect.objectContaining({ code: 'HOST_UNKNOWN' }))
    expect(() => flumeConfig(site(twoAgents), ['three'])).toThrow(
      expect.objectContaining({ code: 'ROLE_NOT_PLACED', message: 'three does not run Flume' }),
    )
    expect(() => flumeConfig(site('{}'))).toThrow(expect.objectContaining({ code: 'NO_CLUSTER' }))
  })
})

describe('flume check', () => {
  let base: TestContext
  let context: FlumeCheckContext
  let file: string
  async function* chunks(...parts: (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
    for (const part of parts) yield typeof part === 'string' ? new TextEncoder().encode(part) : part
  }
  const check = (input: { file?: string; agent?: string; version?: string }, ...stdin: (string | Uint8Array)[]) =>
    checkFlume({ ...input, stdin: () => chunks(...stdin) }, context)
  beforeEach(async () => {
    base = await testContext()
    context = { ...base, site: site('{}') }
    file = path.join(base.layout.root, 'agent.conf')
  })
  afterEach(() => base[Symbol.asyncDispose]())

  it('prints findings at their places, with hints and a count, and ends with code 5', async () => {
    await writeFile(
      file,
      'a.sources = r\na.channels = c\na.sources.r.type = seq\na.sources.r.channels = c\na.channels.c.type = memry\n',
    )
    const result = await check({ file })
    expect(flumeFindings(result)).toBe(
      `${file}:5:1: error: channel c is emptied by no sink: it runs full and its sources stop [channel-unused]
${file}:5:21: error: channel c: there is no channel type "memry" (did you mean "memory"?) [type-unknown]
    types: memory file spillablememory jdbc org.apache.flume.channel.kafka.KafkaChannel
2 errors, 0 warnings, 0 notes (Flume 1.11)
`,
    )
    expect(flumeCheckError(result)).toMatchObject({ exitCode: 5, code: 'FLUME_CHECK_FAILED', data: { errors: 2 } })
  })

  it('is content with warnings', async () => {
    const result = await check(
      { file: '-', version: '1.9.0' },
      'a.sources = r\na.channels = c\na.sinks = k\na.sources.r.type = seq\na.sources.r.channels = c\na.chan',
      'nels.c.type = memory\na.sinks.k.type = null\na.sinks.k.channel = c\n',
    )
    expect(flumeFindings(result)).toContain('<stdin>:6:1: info: ')
    expect(flumeFindings(result)).toContain('0 errors, 0 warnings, 1 note (Flume 1.9)')
    expect(flumeCheckError(result)).toBeUndefined()
  })

  it('checks the agents of the site when no file is given', async () => {
    context = { ...base, site: site(twoAgents) }
    const result = await check({})
    expect(result.files).toEqual([
      { file: 'one:/opt/smartcar/conf/flume/agent.conf', findings: [] },
      { file: 'two:/opt/smartcar/conf/flume/agent.conf', findings: [] },
    ])
    expect(flumeFindings(result)).toMatch(/^nothing to say about .*\(Flume 1.11\)\n$/)
  })

  it('finds a byte order mark on stdin, too', async () => {
    const result = await check({ file: '-' }, '\ufeffa.sources = r\n')
    expect(result.files[0]?.findings[0]).toMatchObject({ rule: 'byte-order-mark', line: 1, column: 1 })
  })

  it.each([
    ['ENCODING_INVALID', () => check({ file: '-' }, new Uint8Array([0x61, 0xff, 0x3d]))],
    ['ENCODING_INVALID', () => check({ file: '-' }, new Uint8Array([0xea, 0xb0]))],
    ['INPUT_TOO_LONG', () => check({ file: '-' }, new Uint8Array(4 * 1024 * 1024 + 1))],
    ['FILE_ABSENT', () => check({ file: '/nowhere/agent.conf' })],
    ['FILE_INVALID', () => check({ file: '/' })],
    ['FLUME_VERSION_UNKNOWN', () => check({ file: '-', version: '2.0' })],
    ['NO_CLUSTER', () => check({})],
  ])('%s', async (code, run) => {
    await expect(run()).rejects.toMatchObject({ code, exitCode: 2 })
  })
})
