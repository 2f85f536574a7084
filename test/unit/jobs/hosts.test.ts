import { mkdir, readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SiteHost } from '../../../src/core/site/hosts.js'
import { openTransports } from '../../../src/io/transport/index.js'
import { fitError, fitHosts } from '../../../src/jobs/fit/fit.js'
import { execError, execOnHosts, gatherFacts, pullFile, pushFile } from '../../../src/jobs/hosts/hosts.js'
import { reportError } from '../../../src/jobs/hosts/side-by-side.js'
import { type TestContext, testContext } from '../../support/context.js'
import { type SshServer, startSshServer } from '../../support/ssh-server.js'

let server: SshServer
let base: TestContext
let knownHosts: string
const names = Array.from({ length: 10 }, (_, index) => `host${index}`)

beforeAll(async () => {
  server = await startSshServer({ password: 'x' })
  base = await testContext()
  knownHosts = path.join(base.layout.root, 'known_hosts')
  await writeFile(knownHosts, server.knownHosts)
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await base[Symbol.asyncDispose]()
})

function context(change: (host: SiteHost) => SiteHost = (host) => host) {
  const hosts = names.map((name) =>
    change({
      name,
      address: '127.0.0.1',
      fqdn: `${name}.hadoop.com`,
      roles: ['datanode'],
      connection: 'ssh',
      ssh: {
        user: os.userInfo().username,
        port: server.port,
        password: { env: 'PW' },
        agent: false,
        sudo: {},
        legacy: false,
        hostKey: 'strict',
        knownHosts,
        config: false,
        connectTimeoutMs: 5000,
      },
    }),
  )
  const transports = openTransports({ hosts, layout: base.layout, environment: { PW: 'x' }, emit: base.emit })
  return { ...base, site: { hosts }, transports, [Symbol.asyncDispose]: () => transports.close() }
}

it('does the same on ten hosts side by side', async () => {
  await using ten = context()
  const folder = path.join(base.layout.root, 'side-by-side')
  await mkdir(folder)
  // Every one waits for the other nine.
  const meet = `touch "$0/$$"; until [ "$(ls "$0" | wc -l)" = 10 ]; do sleep 0.1; done; echo done`
  const report = await execOnHosts({ hosts: [], argv: ['sh', '-c', meet, folder], sudo: false }, ten)
  expect(report.hosts.map(({ host, stdout, code }) => [host, stdout, code])).toEqual(
    names.map((name) => [name, 'done\n', 0]),
  )
  expect(reportError(report)).toBeUndefined()
  expect(execError(report)).toBeUndefined()
})

it('asks for facts with one command a host', async () => {
  await using ten = context()
  const before = server.counts.commands
  const report = await gatherFacts(['host0', 'host4', 'host9'], ten)
  expect(server.counts.commands - before).toBe(3)
  expect(report.hosts).toHaveLength(3)
  const [first] = report.hosts
  expect(first?.facts.hostName).toBe(os.hostname())
  expect(first?.facts.memory.total).toBe(os.totalmem())
  expect(Math.abs(first?.clockOffset ?? Number.POSITIVE_INFINITY)).toBeLessThan(5000)
})

it('names every host that cannot be reached, with exit code 4, and finishes the others', async () => {
  await using some = context((host) => (/[37]/.test(host.name) ? { ...host, ssh: { ...host.ssh, port: 1 } } : host))
  const report = await execOnHosts({ hosts: [], argv: ['echo', 'here'], sudo: false }, some)
  expect(report.hosts).toHaveLength(8)
  const error = reportError(report)
  expect(error).toMatchObject({ exitCode: 4, code: 'HOST_UNREACHABLE' })
  expect(error?.message).toMatch(/host3 .*host7 /)
})

it('stops everything when one host shows a wrong key', async () => {
  const changed = path.join(base.layout.root, 'changed')
  const other = await startSshServer()
  await writeFile(changed, other.knownHosts.replace(String(other.port), String(server.port)))
  await other[Symbol.asyncDispose]()
  await using some = context((host) =>
    host.name === 'host5' ? { ...host, ssh: { ...host.ssh, knownHosts: changed } } : host,
  )
  const stopped = execOnHosts({ hosts: [], argv: ['sleep', '600'], sudo: false }, some)
  await expect(stopped).rejects.toMatchObject({ code: 'HOST_KEY_CHANGED' })
})

it('tells where a command failed, and refuses unknown hosts', async () => {
  await using ten = context()
  const report = await execOnHosts({ hosts: ['host1', 'host2'], argv: ['sh', '-c', 'exit 3'], sudo: false }, ten)
  expect(execError(report)?.message).toBe('the command ended with 3 on host1, 3 on host2')
  await expect(execOnHosts({ hosts: ['host99'], argv: ['true'], sudo: false }, ten)).rejects.toMatchObject({
    code: 'HOST_UNKNOWN',
  })
  await expect(
    execOnHosts({ hosts: [], argv: ['true'], sudo: false }, { ...ten, site: { hosts: [] } }),
  ).rejects.toMatchObject({
    code: 'NO_HOSTS',
  })
})

it('pushes and pulls', async () => {
  await using ten = context()
  const root = base.layout.root
  const local = path.join(root, 'file.bin')
  await writeFile(local, 'content')
  const target = path.join(root, 'remote')
  await mkdir(target)
  const pushed = await pushFile({ local, remote: `${target}/`, hosts: ['host1'], sudo: false, mode: 0o600 }, ten)
  expect(pushed.hosts).toMatchObject([{ host: 'host1', status: 'written', bytes: 7, to: `${target}/file.bin` }])
  const again = await pushFile({ local, remote: `${target}/`, hosts: ['host1'], sudo: false }, ten)
  expect(again.hosts).toMatchObject([{ status: 'unchanged' }])
  const pulled = await pullFile(
    { remote: `${target}/file.bin`, folder: path.join(root, 'logs'), hosts: ['host1', 'host2'], sudo: false },
    ten,
  )
  expect(pulled.hosts.map(({ to }) => to)).toEqual(
    ['host1', 'host2'].map((name) => path.join(root, 'logs', name, 'file.bin')),
  )
  expect(await readFile(path.join(root, 'logs/host2/file.bin'), 'utf8')).toBe('content')
  await expect(
    pushFile({ local: `${local}.none`, remote: '/tmp/x', hosts: [], sudo: false }, ten),
  ).rejects.toMatchObject({ code: 'FILE_ABSENT' })
  await expect(pushFile({ local, remote: 'relative', hosts: [], sudo: false }, ten)).rejects.toMatchObject({
    code: 'REMOTE_PATH_RELATIVE',
  })
  await expect(pullFile({ remote: 'relative', folder: root, hosts: [], sudo: false }, ten)).rejects.toMatchObject({
    code: 'REMOTE_PATH_RELATIVE',
  })
})

it('fits by the memory that hosts tell, or that is given', async () => {
  await using ten = context()
  const told = await fitHosts({ ram: ['host0=1G'] }, { ...ten, site: { hosts: ten.site.hosts.slice(0, 2) } })
  expect(told.hosts.map(({ ram, ramFrom }) => [ram, ramFrom])).toEqual([
    [1024 ** 3, '--ram'],
    [os.totalmem(), 'the host'],
  ])
  const pilot = await fitHosts({ ram: ['4G', 'server02=16G'] }, { ...ten, site: { hosts: [] } })
  expect(pilot.hosts.map(({ host, ram, fits }) => [host, ram / 1024 ** 3, fits])).toEqual([
    ['server01', 4, true],
    ['server02', 16, true],
  ])
  const small = await fitHosts({ ram: ['4G'] }, { ...ten, site: { hosts: [] } })
  expect(fitError(small)).toMatchObject({ code: 'DOES_NOT_FIT', exitCode: 5 })
  await expect(fitHosts({ ram: ['4'] }, ten)).rejects.toMatchObject({ code: 'RAM_INVALID' })
  await expect(fitHosts({ ram: ['host77=4G'] }, ten)).rejects.toMatchObject({ code: 'HOST_UNKNOWN' })
})
