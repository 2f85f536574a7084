import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { localProcesses } from '../../../src/io/processes.js'
import { deployFlume } from '../../../src/jobs/flume/life-cycle.js'
import { readProducts } from '../../../src/jobs/software/software.js'
import { hostsContext } from '../../support/hosts-context.js'

let folder = ''
let port = 0

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: found } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return found
}

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-deploy-'))
  port = await freePort()
  // What Flume's metrics say when all its parts run; the port stands in the command line, as Flume's own does.
  await writeFile(
    path.join(folder, 'agent.mjs'),
    `import { createServer } from 'node:http'
const port = /monitoring.port=(\\d+)/.exec(process.argv.join(' '))[1]
const part = (kind) => ({ [kind + '.a']: {}, [kind + '.b']: {} })
createServer((_, response) => response.end(JSON.stringify({ ...part('SOURCE'), ...part('CHANNEL'), ...part('SINK') }))).listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => process.exit())
`,
  )
  await mkdir(path.join(folder, 'jdk', 'bin'), { recursive: true })
  const java = path.join(folder, 'jdk', 'bin', 'java')
  await writeFile(java, `#!/bin/sh\nexec '${process.execPath}' '${path.join(folder, 'agent.mjs')}' "$@"\n`)
  await chmod(java, 0o755)
})
afterEach(async () => {
  await localProcesses.run([
    'sh',
    path.join(folder, 'services', 'service.sh'),
    path.join(folder, 'services'),
    'stop',
    'flume',
    '5',
  ])
  await rm(folder, { recursive: true, force: true })
})

/** The site in the folder, with Flume's archive in the cache so that nothing is downloaded. */
async function siteContext(flume = '') {
  const context = await hostsContext(
    `profile: apache
hosts: { here: { address: 127.0.0.1, connection: local, roles: [zookeeper, namenode, kafka, flume] } }
services:
  root: ${path.join(folder, 'services')}
  java_home: ${path.join(folder, 'jdk')}
  flume: { flume: { metrics: ${port} }${flume} }
`,
    { folder },
  )
  const cache = path.join(folder, 'cache')
  const product = (await readProducts(context)).get('flume')
  await mkdir(path.join(cache, 'apache', 'lib'), { recursive: true })
  const archive = path.join(cache, 'apache', `flume-${product?.id}.tar`)
  await localProcesses.run(['tar', '-cf', archive, '-C', path.join(cache, 'apache'), 'lib'])
  return { ...context, cache, [Symbol.asyncDispose]: () => context[Symbol.asyncDispose]() }
}

const pid = async () => (await readFile(path.join(folder, 'services', 'run', 'flume.pid'), 'utf8')).split('\n')[0]
const yes = { hosts: [], confirm: async () => true }

it('puts software and configuration in place and starts the agent; again only what changed', async () => {
  await using first = await siteContext()
  expect(await deployFlume({ ...yes, confirm: async () => false }, first)).toEqual({ outcome: 'declined' })
  const done = await deployFlume(yes, first)
  expect(done).toMatchObject({ outcome: 'done' })
  expect('steps' in done ? done.steps.map(({ id, state }) => [id, state]) : []).toEqual([
    ['services/folders@here', 'changed'],
    ['software/flume@here', 'changed'],
    ['hdfs/config@here', 'changed'],
    ['flume/config@here', 'changed'],
    ['flume/start@here', 'changed'],
  ])
  const started = await pid()
  expect(await deployFlume(yes, first)).toMatchObject({ outcome: 'unchanged' })
  expect(await pid()).toBe(started)
  await using changed = await siteContext(', idle_timeout: 7')
  const again = await deployFlume(yes, changed)
  expect('steps' in again ? again.steps.flatMap(({ id, state }) => (state === 'changed' ? [id] : [])) : []).toEqual([
    'flume/config@here',
    'flume/start@here',
  ])
  expect(await pid()).not.toBe(started)
  expect(await readFile(path.join(folder, 'services', 'conf', 'flume', 'agent.conf'), 'utf8')).toContain(
    'hdfs.idleTimeout = 7',
  )
})

it('an agent file with errors is refused before anything is planned', async () => {
  await using context = await siteContext(
    ', properties: { agent.conf: { SmartCar_Agent.channels.SmartCarInfo_Channel.capacity: many } }',
  )
  expect(await deployFlume(yes, context)).toMatchObject({ outcome: 'refused' })
  await expect(readFile(path.join(folder, 'services', 'service.sh'), 'utf8')).rejects.toThrow('ENOENT')
})
