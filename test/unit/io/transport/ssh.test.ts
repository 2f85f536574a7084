import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { siteLayout } from '../../../../src/core/layout.js'
import type { SiteHost, SshSettings } from '../../../../src/core/site/hosts.js'
import type { Terminal, Transports } from '../../../../src/core/transport.js'
import { openTransports } from '../../../../src/io/transport/index.js'
import { parseSshConfig, readSshConfig } from '../../../../src/io/transport/ssh-config.js'
import { makeKey, type SshServer, startSshServer } from '../../../support/ssh-server.js'

const programs = { agent: 'ssh-agent', add: 'ssh-add' }
const user = os.userInfo().username
let folder: string
const open: (AsyncDisposable | Transports)[] = []

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-ssh-unit-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await ('close' in one ? one.close() : one[Symbol.asyncDispose]())
})

async function server(...options: Parameters<typeof startSshServer>): Promise<SshServer> {
  const started = await startSshServer(...options)
  open.push(started)
  return started
}

async function host(box: SshServer, ssh: Partial<SshSettings>, environment: Record<string, string> = {}) {
  const knownHosts = path.join(folder, `known-${box.port}`)
  await writeFile(knownHosts, box.knownHosts)
  const site: SiteHost = {
    name: 'box',
    address: '127.0.0.1',
    fqdn: 'box.hadoop.com',
    roles: [],
    connection: 'ssh',
    ssh: {
      user,
      port: box.port,
      agent: false,
      sudo: {},
      legacy: false,
      hostKey: 'strict',
      knownHosts,
      config: false,
      connectTimeoutMs: 5000,
      ...ssh,
    },
  }
  const transports = openTransports({
    hosts: [site],
    layout: siteLayout(folder),
    environment,
    emit: () => {},
    keepaliveMs: 300,
  })
  open.push(transports)
  return transports.open('box')
}

it('refuses a host that only a certificate authority stands for, and takes the cure that it names', async () => {
  const box = await server({ password: 'x' })
  const knownHosts = path.join(folder, 'authority')
  await writeFile(knownHosts, `# ours\n@cert-authority * ${makeKey().public}\n`)
  const login = { knownHosts, password: { env: 'PW' } }
  for (const hostKey of ['strict', 'accept-new'] as const) {
    const strict = await host(box, { ...login, hostKey }, { PW: 'x' })
    const error = await strict.connect().catch((thrown: Error) => thrown)
    expect(error).toMatchObject({
      code: 'HOST_KEY_UNKNOWN',
      exitCode: 1,
      message: expect.stringContaining('certificate authority'),
      place: { file: knownHosts, line: 2 },
      hints: expect.arrayContaining([expect.stringContaining(`ssh.host_key: "${box.hostKey.fingerprint}"`)]),
    })
  }
  const pinned = await host(box, { ...login, hostKey: box.hostKey.fingerprint }, { PW: 'x' })
  expect((await pinned.run(['echo', 'in'])).stdout).toBe('in\n')
})

it('reads keys with a passphrase, and says what is wrong with one', async () => {
  const key = makeKey('ed25519', 'open sesame')
  const keyFile = path.join(folder, 'locked')
  await writeFile(keyFile, key.private, { mode: 0o600 })
  const box = await server({ publicKeys: [key.public] })
  const right = await host(box, { keyFile, keyPassphrase: { env: 'PHRASE' } }, { PHRASE: 'open sesame' })
  expect((await right.run(['echo', 'in'])).stdout).toBe('in\n')
  const wrong = await host(box, { keyFile, keyPassphrase: { env: 'PHRASE' } }, { PHRASE: 'open barley' })
  const error = await wrong.connect().catch((thrown: Error) => thrown)
  expect(error).toMatchObject({ code: 'SSH_KEY_UNREADABLE' })
  expect(JSON.stringify(error) + String(error)).not.toContain('barley')
  const none = await host(box, { keyFile })
  await expect(none.connect()).rejects.toMatchObject({
    code: 'SSH_KEY_UNREADABLE',
    message: expect.stringContaining('needs a passphrase'),
  })
  const absent = await host(box, { keyFile, keyPassphrase: { env: 'PHRASE' } })
  await expect(absent.connect()).rejects.toMatchObject({ code: 'SECRET_ABSENT' })
  const missing = await host(box, { keyFile: path.join(folder, 'missing') })
  await expect(missing.connect()).rejects.toMatchObject({ code: 'SSH_KEY_UNREADABLE' })
})

it('takes secrets from files, without the last newline', async () => {
  const file = path.join(folder, 'password')
  await writeFile(file, 'pass word\n')
  const box = await server({ password: 'pass word' })
  expect((await (await host(box, { password: { file } })).run(['true'])).code).toBe(0)
  const missing = await host(box, { password: { file: `${file}.none` } })
  await expect(missing.connect()).rejects.toMatchObject({ code: 'SECRET_ABSENT' })
})

it('logs in by an agent', async () => {
  const key = makeKey('rsa')
  const keyFile = path.join(folder, 'agent-key')
  await writeFile(keyFile, key.private, { mode: 0o600 })
  const socket = path.join(folder, 'agent.sock')
  const agent: ChildProcess = spawn(programs.agent, ['-D', '-a', socket], { stdio: 'ignore' })
  try {
    for (let turn = 0; turn < 50; turn++) {
      const added = spawn(programs.add, ['-q', keyFile], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
        stdio: 'ignore',
      })
      if ((await new Promise((resolve) => added.once('close', resolve))) === 0) break
      await delay(50)
    }
    const box = await server({ publicKeys: [key.public] })
    const byAgent = await host(box, { agent: true }, { SSH_AUTH_SOCK: socket })
    expect((await byAgent.run(['echo', 'agent'])).stdout).toBe('agent\n')
    const only = await host(box, { agent: true, password: { env: 'NONE' } }, { SSH_AUTH_SOCK: socket, NONE: 'x' })
    expect((await only.run(['echo', 'agent'])).stdout).toBe('agent\n')
    await expect(host(box, { agent: true })).rejects.toMatchObject({ code: 'SSH_AGENT_ABSENT' })
  } finally {
    agent.kill()
  }
})

it('asks again when the server has no session free', async () => {
  const box = await server({ password: 'x', maxSessions: 2 })
  const busy = await host(box, { password: { env: 'PW' } }, { PW: 'x' })
  const results = await Promise.all(Array.from({ length: 30 }, (_, index) => busy.run(['echo', String(index)])))
  expect(results.every((result, index) => result.stdout === `${index}\n`)).toBe(true)
  expect(box.counts.connections).toBe(1)
  expect(box.counts.refusedSessions).toBeGreaterThan(0)
})

it('says that the connection was lost, then connects again by itself', async () => {
  const box = await server({ password: 'x' })
  const cut = await host(box, { password: { env: 'PW' } }, { PW: 'x' })
  await cut.connect()
  const running = cut.run(['sleep', '20']).catch((error: unknown) => error)
  while (box.counts.commands === 0) await delay(5)
  box.drop()
  expect(await running).toMatchObject({ code: 'CONNECTION_LOST' })
  expect((await cut.run(['echo', 'again'])).stdout).toBe('again\n')
  expect(box.counts.connections).toBe(2)
})

it('never tries again after a wrong key or a refused login', async () => {
  const first = await server({ password: 'x' })
  const cut = await host(first, { password: { env: 'PW' } }, { PW: 'x' })
  await cut.connect()
  await first[Symbol.asyncDispose]()
  open.splice(open.indexOf(first), 1)
  const other = await server({ password: 'x', port: first.port })
  await delay(200)
  await expect(cut.run(['true'])).rejects.toMatchObject({ code: 'HOST_KEY_CHANGED' })
  expect(other.counts).toMatchObject({ connections: 1, commands: 0 })
})

it('uses one connection and one command for a script', async () => {
  const box = await server({ password: 'x' })
  const quick = await host(box, { password: { env: 'PW' } }, { PW: 'x' })
  await quick.script(Array.from({ length: 200 }, (_, index) => `echo ${index}`).join('\n'))
  expect(box.counts).toMatchObject({ connections: 1, sessions: 1, commands: 1 })
})

it('opens a shell for a terminal', async () => {
  const box = await server({ password: 'x' })
  const shell = await host(box, { password: { env: 'PW' } }, { PW: 'x' })
  const terminal: Terminal = {
    type: 'dumb',
    size: () => ({ columns: 80, rows: 24 }),
    onInput: () => {},
    onResize: () => {},
    write: () => {},
  }
  // This server has no shells: the refusal is what can be seen here.
  await expect(shell.shell(terminal)).rejects.toMatchObject({ code: 'SSH_CHANNEL_REFUSED' })
})

it('reads an SSH configuration by ssh -G, and by itself where there is no ssh', async () => {
  const file = path.join(folder, 'config')
  await writeFile(
    file,
    'Host box\n  HostName %h.lan\n  Port 2200\n  ProxyJump me@gate:2022\nHost *\n  User somebody\n  IdentityFile ~/.ssh/other\n',
  )
  const expected = {
    hostName: 'box.lan',
    port: 2200,
    user: 'somebody',
    proxyJump: 'me@gate:2022',
    identityFiles: [path.join(os.homedir(), '.ssh/other')],
  }
  expect(await parseSshConfig('box', file)).toMatchObject(expected)
  expect(await readSshConfig('box', file)).toMatchObject(expected)
  const searched = process.env.PATH
  process.env.PATH = folder
  try {
    expect(await readSshConfig('box', file)).toMatchObject(expected)
  } finally {
    process.env.PATH = searched
  }
  await writeFile(file, 'Host box\n  Port none\n')
  await expect(readSshConfig('box', file)).rejects.toMatchObject({ code: 'SSH_CONFIG_INVALID' })
  expect(await parseSshConfig('box', path.join(folder, 'no config'))).toMatchObject({ identityFiles: [] })
})
