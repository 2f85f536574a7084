import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import type { HostCheckInput } from '../../../../src/jobs/doctor/check.js'
import { repositories } from '../../../../src/jobs/doctor/checks/repositories.js'

const programs = ['curl', 'awk'].filter((name) => spawnSync(name, ['--version']).error !== undefined)
const password = 'a "quoted"|barred \\ $word'

function input(family: HostCheckInput['family']): HostCheckInput {
  const text = 'hosts: {server01: {address: 10.0.0.11}}\n'
  const site = resolveSite({ siteFile: { path: '/x/smartcar.yaml', text }, environment: {}, workingFolder: '/x' })
  const [host] = site.hosts
  if (host === undefined) throw new Error('no host')
  return { site, host, family }
}

const judge = (stdout: string) => repositories.interpret({ code: 0, stdout }, input('el7'))

describe.skipIf(programs.length > 0)(`repositories as curl sees them ${programs.join()}`, () => {
  let folder: string
  const asked: string[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    const login = Buffer.from(request.headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString()
    const proxied = request.url?.startsWith('http') === true ? 'proxied ' : ''
    asked.push(`${proxied}${pathname}`)
    if (pathname.startsWith('/p/')) response.statusCode = [`me:${password}`, 'me:bare'].includes(login) ? 200 : 401
    if (pathname.startsWith('/gone/')) response.statusCode = 404
    if (pathname.startsWith('/refused/')) response.statusCode = 403
    response.end()
  })
  const look = async (family: 'el7' | 'debian') => {
    asked.length = 0
    const script = repositories.shell(input(family)).replaceAll('/etc/', `${folder}/`)
    const { stdout } = await execa('sh', ['-c', script], { stdin: 'ignore', env: { no_proxy: '', http_proxy: '' } })
    return repositories.interpret({ code: 0, stdout }, input(family))
  }
  let url = ''
  const site = (text: string) => writeFile(path.join(folder, 'yum.repos.d/some.repo'), text)

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-repositories-'))
    await mkdir(path.join(folder, 'yum.repos.d'))
    await mkdir(path.join(folder, 'apt/sources.list.d'), { recursive: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true })
  })

  it('asks with the credentials that the package manager has, and what is switched off not at all', async () => {
    await site(`[cm]
baseurl=${url}/p/cm7/
username=me
password=${password}
[off]
baseurl=${url}/gone/
enabled = 0
[base]
mirrorlist=${url}/list?a=b
`)
    expect(await look('el7')).toEqual({ state: 'ok', evidence: '2 answer' })
    expect(asked.sort()).toEqual(['/list', '/p/cm7/repodata/repomd.xml'])
  })

  it('tells 401, 403 and 404 apart, each with what it means', async () => {
    await site(`[a]\nbaseurl=${url}/p/x\n[b]\nbaseurl=${url}/refused/\n[c]\nbaseurl=${url}/gone/\n`)
    const found = await look('el7')
    expect(found.state).toBe('bad')
    expect(found.evidence.split('; ').sort()).toEqual([`${url}/gone/: 404`, `${url}/p/x: 401`, `${url}/refused/: 403`])
    expect(found.cause).toContain('is not at this URL any more')
    expect(found.cause).toContain('refuses this host or its credentials')
  })

  it('goes through the proxy that the package manager goes through', async () => {
    await writeFile(path.join(folder, 'yum.conf'), `[main]\ngpgcheck=1\nproxy=${url}\n`)
    await site(`[a]\nbaseurl=http://mirror.invalid/a/\n[b]\nproxy=_none_\nbaseurl=${url}/b\n`)
    expect(await look('el7')).toEqual({ state: 'ok', evidence: '2 answer' })
    expect(asked.sort()).toEqual(['/b/repodata/repomd.xml', 'proxied /a/repodata/repomd.xml'])
    await rm(path.join(folder, 'yum.conf'))
  })

  it('reads both formats of apt, and its credentials', async () => {
    await mkdir(path.join(folder, 'apt/auth.conf.d'))
    await writeFile(path.join(folder, 'apt/auth.conf.d/x.conf'), `machine ${url}/p/ login me password bare\n`)
    await writeFile(path.join(folder, 'apt/sources.list'), `# none\ndeb [trusted=yes] ${url}/debian bookworm main\n`)
    const stanza = (uri: string, suites: string, more = '') =>
      `Types: deb\nURIs: ${url}/${uri}\nSuites: ${suites}\nComponents: main\n${more}\n`
    await writeFile(
      path.join(folder, 'apt/sources.list.d/new.sources'),
      stanza('gone/debian', 'bookworm bookworm-updates') +
        stanza('off', 'x', 'Enabled: no\n') +
        stanza('flat', './') +
        stanza('p/mine', './'),
    )
    expect(await look('debian')).toMatchObject({ state: 'bad', evidence: `${url}/gone/debian: 404` })
    expect(asked.sort()).toEqual([
      '/debian/dists/bookworm/Release',
      '/flat/Release',
      '/gone/debian/dists/bookworm-updates/Release',
      '/gone/debian/dists/bookworm/Release',
      '/p/mine/Release',
    ])
  })
})

it("knows Cloudera's wall, dead mirrors, and what keeps a host from a repository", () => {
  for (const status of [401, 403])
    expect(judge(`${status} 0 https://archive.cloudera.com/p/cm6/6.3.1\n`)).toMatchObject({
      state: 'bad',
      cause: expect.stringContaining('ask for a subscription since 2021'),
      remedy: expect.stringContaining('/p/'),
    })
  expect(judge('404 0 https://archive.cloudera.com/cm5/redhat\n').cause).toContain('removed the free repositories')
  expect(judge('000 6 http://mirrorlist.centos.org/?release=7\n')).toMatchObject({
    cause: expect.stringContaining('turned off at the end of their life'),
    fix: ['base-repository'],
  })
  expect(judge('000 28 http://10.0.0.1/x\n')).toMatchObject({
    evidence: 'http://10.0.0.1/x: no answer (curl 28)',
    cause: 'it does not answer in time',
  })
  expect(judge('401 0 http://me:secret@10.0.0.1/x\n').evidence).toBe('http://10.0.0.1/x: 401')
  expect(judge('nocurl\n').state).toBe('unknown')
  expect(judge('').state).toBe('warning')
})
