import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openBundle } from '../../../../src/bundles/archive.js'
import type { PackageItem } from '../../../../src/bundles/manifest.js'
import { checkBundle } from '../../../../src/jobs/bundle/check.js'
import { type CreateBundleInput, createBundle } from '../../../../src/jobs/bundle/create.js'
import { useBundle, useNoBundle } from '../../../../src/jobs/bundle/use.js'
import { type HostsTestContext, hostsContext } from '../../../support/hosts-context.js'
import { addDebianRepository, addRpmRepository, type StubPackage } from '../../../support/package-repositories.js'
import { startWeb, type Web } from '../../../support/web.js'

const jdk = 'java-1.8.0-openjdk-devel'
/** What the steps install on CentOS 7, with dependencies in a circle, by library, by file and by another name. */
const centos: readonly StubPackage[] = [
  { name: 'nscd', version: '2.17-317.el7', requires: ['libc.so.6', 'glibc = 2.17-317.el7'] },
  { name: 'nscd', version: '2.17-55.el7', requires: ['libc.so.6'] },
  { name: 'glibc', version: '2.17-317.el7', provides: ['libc.so.6'], requires: ['glibc-common = 2.17-317.el7'] },
  { name: 'glibc', version: '2.17-317.el7', arch: 'i686', provides: ['libc.so.6'] },
  { name: 'glibc-common', version: '2.17-317.el7', requires: ['glibc = 2.17-317.el7'] },
  { name: 'bind-utils', requires: ['/usr/bin/perl'] },
  { name: 'perl', arch: 'noarch', files: ['/usr/bin/perl'] },
  { name: 'psmisc', requires: ['/usr/share/deep/file'] },
  { name: 'deep-files', otherFiles: ['/usr/share/deep/file'] },
  { name: 'ntp', requires: ['mta >= 2'] },
  { name: 'postfix', provides: ['mta = 3'] },
  { name: 'a-much-longer-mta', provides: ['mta = 3'] },
  { name: 'old', provides: ['mta = 1'] },
  { name: jdk, requires: ['libc.so.6'] },
]
const expected = ['bind-utils', 'deep-files', 'glibc', 'glibc-common', jdk, 'nscd', 'ntp', 'perl', 'postfix', 'psmisc']

describe('bundle create', () => {
  let web: Web
  let context: HostsTestContext
  let output: string
  const make = (more: Partial<CreateBundleInput> = {}, of = context) =>
    createBundle({ families: ['el7'], hosts: [], apt: [], parallel: 3, output, ...more }, of)
  const siteText = (more = '') => `name: test
hosts: { server01: { address: 127.0.0.1, connection: local } }
provision:
  repositories:
    base: ${web.url}7
${more}`
  const names = async () =>
    (await openBundle(output, context.files)).manifest.items
      .filter((item): item is PackageItem => item.kind === 'package')
      .map(({ name, version }) => `${name} ${version}`)
  beforeEach(async () => {
    web = await startWeb()
    addRpmRepository(web, '7/os/x86_64/', centos)
    context = await hostsContext(siteText())
    output = path.join(context.folder, 'bundle.tar')
    await writeFile(path.join(context.folder, 'smartcar.yaml'), siteText())
  })
  afterEach(async () => {
    await context[Symbol.asyncDispose]()
    await web[Symbol.asyncDispose]()
  })

  test('what the steps install is there, newest, with all that it needs and no more', async () => {
    const result = await make()
    expect(result).toMatchObject({ status: 'written', families: [{ family: 'el7', packages: expected.length }] })
    expect((await names()).map((text) => text.split(' ')[0])).toEqual(expected)
    expect(await names()).toContain('nscd 0:2.17-317.el7')
    expect(await checkBundle(output, context)).toMatchObject({
      id: result.id,
      site: 'test',
      items: expected.length + 3,
    })
    const warnings = context.events.filter((event) => event.t === 'note')
    expect(warnings.map((event) => ('text' in event ? event.text : ''))).toEqual([
      `${web.url}7/updates/x86_64/ is not there: left out`,
      `${web.url}7/extras/x86_64/ is not there: left out`,
    ])
    const progress = context.events.filter((event) => event.t === 'stage.progress' && event.id === 'bundle/download')
    expect(progress.at(-1)).toMatchObject({
      unit: 'bytes',
      done: result.downloaded.bytes,
      total: result.downloaded.bytes,
    })
  })

  test('a second time fetches no package and leaves the archive; a damaged one is made anew', async () => {
    await make()
    const before = await context.files.stat(output)
    web.requests.length = 0
    expect(await make()).toMatchObject({ status: 'unchanged', downloaded: { packages: 0, bytes: 0 } })
    expect(web.requests.some((name) => name.endsWith('.rpm'))).toBe(false)
    expect((await context.files.stat(output))?.inode).toBe(before?.inode)
    const bytes = await readFile(output)
    bytes[bytes.indexOf('the package perl')] = 0
    await writeFile(output, bytes)
    expect(await make()).toMatchObject({ status: 'written', downloaded: { packages: 0 } })
    await checkBundle(output, context)
  })

  test('a newer package in updates is taken, alone', async () => {
    const { id } = await make()
    addRpmRepository(web, '7/updates/x86_64/', [{ name: 'ntp', version: '1.10-1', requires: ['mta >= 2'] }])
    const result = await make()
    expect(result).toMatchObject({ status: 'written', downloaded: { packages: 1 } })
    expect(result.id).not.toBe(id)
    expect(await names()).toContain('ntp 0:1.10-1')
  })

  test('the metadata that is made describes the packages as the repository did', async () => {
    await make()
    const folder = path.join(context.folder, 'out')
    await mkdir(folder)
    execFileSync('tar', ['-xf', output, '-C', folder])
    const primary = execFileSync('gzip', ['-dc', path.join(folder, 'el7/repodata/primary.xml.gz')], {
      encoding: 'utf8',
    })
    expect(primary.match(/<package /g)?.length).toBe(expected.length)
    expect(primary).toContain('<location href="ntp-1.0-1.x86_64.rpm">')
    expect(primary).toContain('<rpm:entry name="mta" flags="GE" epoch="0" ver="2">')
    expect(primary).toContain('a &amp; b &lt;c&gt;')
    expect(primary).not.toContain('i686')
    const lists = execFileSync('gzip', ['-dc', path.join(folder, 'el7/repodata/filelists.xml.gz')], {
      encoding: 'utf8',
    })
    expect(lists).toContain('<file>/usr/share/deep/file</file>')
    expect(lists).not.toContain('a-much-longer-mta')
  })

  test('what no repository has is named, with who needs it, where was looked, and what to do', async () => {
    addRpmRepository(web, '7/os/x86_64/', [
      ...centos.filter(({ name }) => name !== 'ntp' && name !== 'perl'),
      { name: 'ntp', requires: ['libntp >= 4'] },
      { name: 'libntp', version: '3.9-1' },
    ])
    const failed = make()
    await expect(failed).rejects.toMatchObject({ code: 'BUNDLE_UNRESOLVED', exit: 'failed' })
    const error = await failed.catch((thrown: Error) => thrown)
    const message = error instanceof Error ? error.message : ''
    expect(message).toContain('libntp >= 0:4, which ntp (for step time-package) needs; there is only 0:3.9-1')
    expect(message).toContain('/usr/bin/perl, which bind-utils (for step packages) needs')
    expect(message).toContain(`base (${web.url}7/os/x86_64/)`)
    expect(error).toMatchObject({ hints: [expect.stringContaining('provision.repositories.extra'), expect.anything()] })
    expect(await context.files.stat(output)).toBeUndefined()
  })

  test.each([
    [401, /cm: .* answers 401: the repository refuses this machine or its credentials/, /user and password_file/],
    [403, /answers 403: the repository refuses this machine/, /user and password_file/],
    [404, /answers 404: the repository is not at this URL any more/, /correct its URL/],
    [500, /answers 500: the repository has a failure of its own/, /mirror/],
  ])('a repository that answers %i is explained', async (status, message, hint) => {
    await using other = await hostsContext(siteText(`    extra: { cm: { url: "${web.url}cm/" } }\n`), {
      folder: context.folder,
    })
    web.fault = (name, _request, response) => {
      if (!name.startsWith('cm/')) return false
      response.writeHead(status).end()
      return true
    }
    const error = await make({}, other).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: expect.stringMatching(message), hints: [expect.stringMatching(hint)] })
  })

  test('a password reaches its repository, and neither manifest nor site', async () => {
    const extra = `    extra: { cm: { url: "${web.url}cm/$releasever/$basearch", user: me, password_env: CM_PW } }\n  packages: [agent]\n`
    await using other = await hostsContext(siteText(extra), {
      folder: context.folder,
      environment: { CM_PW: 's3cret-pw' },
    })
    addRpmRepository(web, 'cm/7/x86_64/', [{ name: 'agent' }])
    web.fault = (name, { headers }, response) => {
      const login = `Basic ${Buffer.from('me:s3cret-pw').toString('base64')}`
      if (!name.startsWith('cm/') ? headers.authorization === undefined : headers.authorization === login) return false
      response.writeHead(401).end()
      return true
    }
    await make({}, other)
    expect(await names()).toContain('agent 0:1.0-1')
    expect((await readFile(output)).includes('s3cret-pw')).toBe(false)
    expect(JSON.stringify(context.events) + JSON.stringify(other.events)).not.toContain('s3cret-pw')
  })

  test('a package with another checksum than the repository says is refused', async () => {
    const name = '7/os/x86_64/Packages/perl-1.0-1.noarch.rpm'
    const data = web.files.get(name) ?? Buffer.alloc(0)
    web.files.set(name, Buffer.from(data).fill('x'))
    await expect(make()).rejects.toMatchObject({
      code: 'DOWNLOAD_DAMAGED',
      message: expect.stringContaining('perl-1.0-1'),
    })
    expect(await context.files.stat(output)).toBeUndefined()
    web.files.set(name, data)
    expect(await make()).toMatchObject({ status: 'written', downloaded: { packages: expect.any(Number) } })
  })

  test('a disk that is too small is found out before the first download', async () => {
    const small = { ...context, files: { ...context.files, freeBytes: async () => 100 } }
    await expect(make({}, small)).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(web.requests.some((one) => one.endsWith('.rpm'))).toBe(false)
  })

  test('what is no repository, and one in a compression that is not read, says so', async () => {
    web.files.set('7/os/x86_64/repodata/repomd.xml', Buffer.from('<html><p>Index</html>'))
    await expect(make()).rejects.toMatchObject({ code: 'REPOSITORY_INVALID' })
    const data = `<data type="primary"><checksum type="sha256">${'0'.repeat(64)}</checksum><location href="p.xml.zst"/></data>`
    web.files.set('7/os/x86_64/repodata/repomd.xml', Buffer.from(`<repomd>${data}</repomd>`))
    await expect(make()).rejects.toThrow(/p\.xml\.zst is compressed with zst/)
  })

  test('use checks it and names it in the site file; none takes it out', async () => {
    await make()
    const site = path.join(context.folder, 'smartcar.yaml')
    const before = await readFile(site, 'utf8')
    expect(await useBundle(output, context)).toMatchObject({ status: 'written', bundle: 'bundle.tar' })
    expect(await useBundle(output, context)).toMatchObject({ status: 'unchanged' })
    await using used = await hostsContext(await readFile(site, 'utf8'), { folder: context.folder })
    expect(used.site.provision.bundle).toBe(output)
    expect(await useNoBundle(used)).toMatchObject({ status: 'written', bundle: null })
    expect(await readFile(site, 'utf8')).toBe(before)
    expect(await useNoBundle(context)).toMatchObject({ status: 'unchanged' })
    await using more = await hostsContext(siteText('  packages: [nscd, emacs]\n'), { folder: context.folder })
    await expect(useBundle(output, more)).rejects.toMatchObject({
      code: 'BUNDLE_INCOMPLETE',
      message: expect.stringContaining('emacs (step packages)'),
    })
    await rm(site)
    await expect(useBundle(output, context)).rejects.toMatchObject({ code: 'SITE_FILE_NONE' })
  })

  const apt = (name = '') => ({ url: `${web.url}debian`, suite: `bookworm main${name}` })
  const debs = [
    { name: 'nscd', version: '2.36-9', fields: { Depends: 'libc6 (>= 2.36), debconf (>= 0.5) | debconf-2.0' } },
    { name: 'libc6', version: '2.36-9', fields: { Depends: 'libgcc-s1, libcrypt1 (>= 1:4.4)' } },
    { name: 'libgcc-s1', fields: { Depends: 'libc6 (>= 2.14)' } },
    { name: 'libcrypt1', version: '1:4.4-2' },
    { name: 'cdebconf', fields: { Provides: 'debconf-2.0' } },
    { name: 'bind9-dnsutils', fields: { 'Pre-Depends': 'init-system-helpers:any' } },
    { name: 'init-system-helpers' },
    { name: 'psmisc', fields: { Depends: 'awk, default-mta | mail-transport-agent' } },
    { name: 'mawk', fields: { Provides: 'awk', Priority: 'required' } },
    { name: 'gawk', fields: { Provides: 'awk', Priority: 'optional' } },
    { name: 'exim4', fields: { Provides: 'mail-transport-agent, default-mta (= 4)' } },
    { name: 'curl' },
    { name: 'locales' },
    { name: 'chrony' },
    { name: 'default-jdk-headless' },
    { name: 'never', fields: { Architecture: 'arm64' } },
  ]

  test('Debian: alternatives, virtual packages, versions with epochs; apt installs from what comes out', async () => {
    addDebianRepository(web, 'debian/', 'bookworm', debs)
    await make({ families: ['debian'], apt: [apt()] })
    expect((await names()).map((text) => text.split(' ')[0])).toEqual(
      debs
        .map(({ name }) => name)
        .filter((name) => name !== 'never' && name !== 'gawk')
        .sort(),
    )
    const { manifest } = await openBundle(output, context.files)
    expect(manifest.items.find(({ kind }) => kind === 'repository-metadata')?.path).toBe('debian/Packages')
    const folder = path.join(context.folder, 'out')
    await mkdir(folder)
    execFileSync('tar', ['-xf', output, '-C', folder])
    const text = await readFile(path.join(folder, 'debian/Packages'), 'utf8')
    expect(text).toContain('Filename: ./libcrypt1_1_3a4.4-2_amd64.deb')
    expect(text.match(/^Package: /gm)?.length).toBe(14)
  })

  test('Debian: an unversioned provider does not satisfy a version, and a list that does not fit Release is refused', async () => {
    addDebianRepository(web, 'debian/', 'bookworm', [
      ...debs.filter(({ name }) => name !== 'chrony'),
      { name: 'chrony', fields: { Depends: 'awk (>= 2)' } },
    ])
    await expect(make({ families: ['debian'], apt: [apt()] })).rejects.toThrow(/awk >= 2, which chrony/)
    await expect(make({ families: ['debian'], apt: [apt(' contrib')] })).rejects.toThrow(/lists neither contrib/)
    web.files.set('debian/dists/bookworm/main/binary-amd64/Packages.gz', Buffer.alloc(20))
    await rm(path.join(context.layout.bundle, 'metadata'), { recursive: true, force: true })
    await expect(make({ families: ['debian'], apt: [apt()] })).rejects.toMatchObject({ code: 'DOWNLOAD_DAMAGED' })
    await expect(make({ families: ['debian'] })).rejects.toMatchObject({ code: 'BUNDLE_BASE_UNKNOWN', exit: 'usage' })
  })
})
