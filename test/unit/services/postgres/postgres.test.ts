import { spawn } from 'node:child_process'
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgresStatus, startPostgres, stopPostgres } from '../../../../src/services/postgres/index.js'
import { portCandidates } from '../../../../src/services/postgres/server.js'
import { findSoftware, prepareRuntime } from '../../../../src/services/postgres/software.js'
import { type TestContext, testContext } from '../../../support/context.js'

// One server for the file: its life from absent to crashed and repaired, in order.
let context: TestContext
beforeAll(async () => {
  context = await testContext()
})
afterAll(async () => {
  await stopPostgres(context)
  await context[Symbol.asyncDispose]()
})

async function ask(sql: string): Promise<unknown> {
  const server = await startPostgres(context)
  const { host, port, user, database } = server
  const password = (await readFile(server.passwordFile, 'utf8')).trim()
  const client = new pg.Client({ host, port, user, database, password })
  await client.connect()
  try {
    const result = await client.query({ text: sql, rowMode: 'array' })
    return result.rows[0]?.[0]
  } finally {
    await client.end()
  }
}

test('status changes nothing where there is no server', async () => {
  expect(await postgresStatus(context)).toEqual({ state: 'absent' })
  expect(await stopPostgres(context)).toEqual({ stopped: false })
  await expect(stat(context.layout.postgres)).rejects.toThrow('ENOENT')
})

test('two starts at once make one server, on the loopback address, with a secret password', async () => {
  const [one, two] = await Promise.all([startPostgres(context), startPostgres(context)])
  expect([one.status, two.status].sort()).toEqual(['created', 'running'])
  expect(one.pid).toBe(two.pid)
  expect(one.url).toBe(`postgres://smartcar@127.0.0.1:${one.port}/smartcar`)
  expect(one.version).toMatch(/^18\./)
  const mode = (await stat(one.passwordFile)).mode & 0o777
  if (process.platform !== 'win32') expect(mode).toBe(0o600)
  expect((await readFile(one.passwordFile, 'utf8')).trim().length).toBeGreaterThanOrEqual(32)
  expect(await ask('SELECT current_user')).toBe('smartcar')
  expect(await ask("SELECT setting FROM pg_settings WHERE name = 'listen_addresses'")).toBe('127.0.0.1')
  expect(await ask("SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules")).toBe('scram-sha-256')
  const wrong = new pg.Client({
    host: one.host,
    port: one.port,
    user: one.user,
    database: one.database,
    password: 'guess',
  })
  await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' })
})

test('as root the server runs as another account', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('not root')
  const server = await startPostgres(context)
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
  expect(status.match(/^Uid:\s+(\d+)/m)?.[1]).not.toBe('0')
  expect((await stat(server.dataFolder)).mode & 0o777).toBe(0o700)
})

test('as root, where that account cannot enter the site or the package: data and programs are kept elsewhere', async ({
  skip,
}) => {
  if (process.getuid?.() !== 0) skip('not root')
  await using closed = await testContext()
  await chmod(closed.layout.root, 0o700)
  const server = await startPostgres(closed)
  const base = path.dirname(server.dataFolder)
  try {
    expect(server.status).toBe('created')
    expect(base).toMatch(/^\/var\/lib\/smartcar\/[0-9a-f]{16}$/)
    expect(server.passwordFile.startsWith(closed.layout.root)).toBe(true)
    expect(closed.events).toContainEqual(expect.objectContaining({ t: 'note', text: expect.stringContaining(base) }))
    const software = await findSoftware(closed)
    const hidden = path.join(closed.layout.root, 'native')
    await closed.files.copyTree(software.root, hidden)
    const account = await closed.processes.account('nobody')
    if (account === undefined) throw new Error('no account nobody')
    const runtime = await prepareRuntime({ ...software, root: hidden }, base, { name: 'nobody', ...account }, closed)
    const version = await closed.processes.run([runtime.postgres, '--version'], {
      ...account,
      env: runtime.environment,
    })
    expect(version.stdout).toContain(server.version)
    // The site is deleted and made anew, its server still running: the old data, whose password is gone, makes room.
    await rm(closed.layout.root, { recursive: true })
    await mkdir(closed.layout.root, { mode: 0o700 })
    const again = await startPostgres(closed)
    expect(again).toMatchObject({ status: 'created', dataFolder: server.dataFolder })
    expect(closed.processes.isAlive(server.pid)).toBe(false)
  } finally {
    await stopPostgres(closed)
    await rm(base, { recursive: true, force: true })
  }
})

test('stop, then start: the rows and the port are still there', async () => {
  const before = await startPostgres(context)
  await ask('CREATE TABLE kept AS SELECT 7 AS n')
  expect(await stopPostgres(context)).toEqual({ stopped: true })
  expect(await postgresStatus(context)).toMatchObject({ state: 'stopped', port: before.port })
  const after = await startPostgres(context)
  expect(after).toMatchObject({ status: 'started', port: before.port })
  expect(await ask('SELECT n FROM kept')).toBe(7)
  expect(await postgresStatus(context)).toMatchObject({ state: 'running', pid: after.pid, url: after.url })
})

test('a server that was killed is recovered, with what was committed', async () => {
  const server = await startPostgres(context)
  await ask('CREATE TABLE committed AS SELECT 8 AS n')
  process.kill(server.pid, 'SIGKILL')
  await delay(50)
  expect(await ask('SELECT n FROM committed')).toBe(8)
})

test('after a reboot: a process id that now belongs to another program, and a port that another program took', async () => {
  const before = await startPostgres(context)
  const pidFile = path.join(before.dataFolder, 'postmaster.pid')
  const lines = (await readFile(pidFile, 'utf8')).split('\n')
  await stopPostgres(context)
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const taker = net.createServer().listen(before.port, '127.0.0.1')
  try {
    await writeFile(pidFile, [String(stranger.pid), ...lines.slice(1)].join('\n'))
    expect(await postgresStatus(context)).toMatchObject({ state: 'stopped' })
    const after = await startPostgres(context)
    expect(after.status).toBe('started')
    expect(after.port).not.toBe(before.port)
    expect(await ask('SELECT n FROM kept')).toBe(7)
    expect((await startPostgres(context)).port).toBe(after.port)
    await stopPostgres(context)
    expect(stranger.exitCode).toBeNull()
    await expect(startPostgres(context, { port: before.port })).rejects.toMatchObject({ code: 'POSTGRES_PORT_TAKEN' })
  } finally {
    stranger.kill('SIGKILL')
    taker.close()
  }
})

test('a start that was cut off is finished by the next one', async () => {
  await stopPostgres(context)
  const status = await postgresStatus(context)
  if (status.state !== 'stopped') throw new Error('expected a stopped server')
  const aside = `${status.dataFolder}.aside`
  await rename(status.dataFolder, aside)
  await writeFile(`${status.dataFolder}.unfinished`, 'half')
  try {
    expect((await startPostgres(context)).status).toBe('created')
    await stopPostgres(context)
  } finally {
    await rm(status.dataFolder, { recursive: true, force: true })
    await rename(aside, status.dataFolder)
  }
  expect((await startPostgres(context)).status).toBe('started')
})

test('damage is named together with the cure', async () => {
  await stopPostgres(context)
  const password = path.join(context.layout.postgres, 'password')
  const version = path.join(context.layout.postgres, 'data', 'PG_VERSION')
  await rename(password, `${password}.aside`)
  await expect(startPostgres(context)).rejects.toMatchObject({ code: 'POSTGRES_PASSWORD_LOST' })
  await writeFile(password, 'another')
  await expect(startPostgres(context)).rejects.toMatchObject({ code: 'POSTGRES_PASSWORD_WRONG' })
  await rename(`${password}.aside`, password)
  await stopPostgres(context)
  const files = [password, path.join(context.layout.postgres, 'connection.json')]
  for (const file of files) await rename(file, `${file}.aside`)
  await expect(startPostgres(context)).rejects.toMatchObject({ code: 'POSTGRES_PASSWORD_LOST' })
  for (const file of files) await rename(`${file}.aside`, file)
  const made = await readFile(version, 'utf8')
  await writeFile(version, '9\n')
  await expect(startPostgres(context)).rejects.toMatchObject({ code: 'POSTGRES_VERSION' })
  await writeFile(version, made)
  const record = path.join(context.layout.postgres, 'connection.json')
  const text = await readFile(record, 'utf8')
  await writeFile(record, '{')
  await expect(startPostgres(context)).rejects.toMatchObject({ code: 'POSTGRES_RECORD_UNREADABLE' })
  await writeFile(record, text)
})

test('libraries whose links npm did not make are linked outside the package', async () => {
  const software = await findSoftware(context)
  const bare = path.join(context.layout.root, 'package')
  await context.files.copyTree(path.join(software.root, 'lib'), path.join(bare, 'lib'))
  for (const link of software.links) await rm(path.join(bare, 'lib', path.basename(link.target)), { force: true })
  await context.files.symlink(path.join(software.root, 'bin'), path.join(bare, 'bin'))
  const runtime = await prepareRuntime({ ...software, root: bare }, context.layout.postgres, null, context)
  // Where the platform's package has no links there is nothing to make.
  expect(Object.keys(runtime.environment).length).toBe(software.links.length > 0 ? 1 : 0)
  for (const folder of Object.values(runtime.environment)) {
    for (const link of software.links)
      expect((await stat(path.join(folder, path.basename(link.target)))).size).toBeGreaterThan(10_000)
  }
})

test('platforms without a package get a cure', async () => {
  await expect(findSoftware(context, 'freebsd-x64')).rejects.toMatchObject({ code: 'POSTGRES_NO_PLATFORM' })
  await expect(findSoftware(context, 'darwin-arm64')).rejects.toMatchObject({ code: 'POSTGRES_NOT_INSTALLED' })
})

test('candidate ports stay below the range that the system hands out, the recorded one first', () => {
  const ports = portCandidates('/some/site', 23_456)
  expect(ports[0]).toBe(23_456)
  expect(new Set(ports).size).toBe(ports.length)
  for (const port of ports) expect(port >= 20_000 && port < 30_000).toBe(true)
  expect(portCandidates('/some/site', undefined)).not.toEqual(portCandidates('/other/site', undefined))
})
