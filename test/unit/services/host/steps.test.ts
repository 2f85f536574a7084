import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { buildGraph } from '../../../../src/core/plan/graph.js'
import { isShellCheck, type Step } from '../../../../src/core/plan/step.js'
import { explainAnswer } from '../../../../src/core/repository-answer.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import { withLoopbackNames, withoutLoopbackNames } from '../../../../src/services/host/steps/hosts-file.js'
import { withMainSetting, withoutMainSetting } from '../../../../src/services/host/steps/proxy.js'
import { withBaseUrl, withoutRepositories, withRepositories } from '../../../../src/services/host/steps/repositories.js'
import { hostSteps } from '../../../../src/services/host/steps.js'
import { planWorld } from '../../../support/plan-world.js'

const text = `hosts:
  server01: { address: 10.0.0.11 }
  server02: { address: 10.0.0.12 }
provision:
  proxy: http://proxy:3128
  repositories: { extra: { cdh: { url: "http://mirror/cdh", user: me, password_env: PW } } }
`
const site = resolveSite({ siteFile: { path: '/x/smartcar.yaml', text }, environment: {}, workingFolder: '/x' })

const bundle = {
  file: '/x/bundle.tar',
  id: '0123456789abcdef',
  items: [
    { path: 'a-1.rpm', offset: 512, size: 10, sha256: 'a'.repeat(64) },
    { path: 'repodata/repomd.xml', offset: 2048, size: 20, sha256: 'b'.repeat(64) },
  ],
}

function stepsFor(family: 'el6' | 'el7' | 'debian', number = 1, withBundle = false): readonly Step[] {
  const host = site.hosts[number]
  if (host === undefined) throw new Error('no host')
  return hostSteps({
    host,
    hosts: site.hosts,
    provision: site.provision,
    family,
    passwords: new Map([['cdh', 's3cret']]),
    ...(withBundle ? { bundle } : {}),
  })
}

/** What a step would send to its host, with whatever its check finds on an empty one. */
async function scripts(step: Step): Promise<readonly string[]> {
  const sent: string[] = []
  const world = planWorld({
    shell: async (_host, script) => {
      sent.push(script)
      return { code: 0, stdout: 'absent\n', stderr: '' }
    },
    upload: async (_host, _local, _remote, { range }) => ({ sha256: (range?.offset === 512 ? 'a' : 'b').repeat(64) }),
  })
  const changes = [{ kind: 'run' as const, summary: 'stop postfix, now and at boot' }]
  if (isShellCheck(step.check)) {
    sent.push(step.check.shell)
    await step.apply(world, { state: 'change', changes }, () => {})
  }
  if (step.undo !== undefined && isShellCheck(step.undo.check)) sent.push(step.undo.check.shell)
  return sent
}

describe.each(['el6', 'el7', 'debian'] as const)('steps of %s', (family) => {
  test('they make a graph, every need is there', () => {
    buildGraph([...stepsFor(family, 0, true), ...stepsFor(family, 1, true)])
    const { steps } = buildGraph([...stepsFor(family, 0), ...stepsFor(family, 1)])
    expect(steps.length).toBeGreaterThan(45)
    for (const { title, reason } of steps) expect(title.length * reason.length).toBeGreaterThan(0)
  })

  test('every script is one that sh can read', async () => {
    for (const step of [...stepsFor(family), ...stepsFor(family, 1, true)]) {
      for (const script of await scripts(step)) {
        execFileSync('sh', ['-n'], { input: script, stdio: ['pipe', 'ignore', 'pipe'] })
      }
    }
  })

  test('no check writes: none redirects into a file, moves or removes', () => {
    for (const { id, check } of [...stepsFor(family), ...stepsFor(family, 1, true)]) {
      if (!isShellCheck(check)) continue
      const writes = check.shell.replaceAll(/[12]?>\s*\/dev\/null|2>&1/g, '')
      expect(writes, id).not.toMatch(/>|\b(mv|rm|cp|tee|touch|mkdir|chmod|chown|sed -i|install)\b(?!ed)/)
    }
  })

  test('a password is only in what goes over stdin, and never in a plan', async () => {
    const holders: string[] = []
    for (const step of stepsFor(family)) {
      if (!isShellCheck(step.check)) continue
      expect(step.check.shell).not.toContain('s3cret')
      if (!(await scripts(step)).some((script) => script.includes('s3cret'))) continue
      holders.push(step.id)
      const finding = step.check.interpret({ code: 0, stdout: 'absent\n' })
      expect(finding).toMatchObject({ state: 'change', changes: [{ sensitive: true }] })
    }
    expect(holders).toEqual([`host/repository-cdh${family === 'debian' ? '-login' : ''}@server02`])
  })
})

test('the own name leaves the loopback lines, everything else stays', () => {
  const before =
    '127.0.0.1 localhost server01 # here\n127.0.1.1 server01.hadoop.com server01\n::1 localhost\n10.0.0.1 server01x\n'
  const after = withoutLoopbackNames(before, ['server01', 'server01.hadoop.com'])
  expect(after).toBe('127.0.0.1 localhost # here\n::1 localhost\n10.0.0.1 server01x\n')
  expect(withoutLoopbackNames(after, ['server01', 'server01.hadoop.com'])).toBe(after)
})

test('a teardown puts the own name back on the loopback lines, but not where somebody edited them', () => {
  const names = ['server01', 'server01.hadoop.com']
  const back = (text: string, original: string) => withLoopbackNames(text, original, names)
  for (const original of [
    '127.0.0.1  localhost server01 # here\n::1 localhost server01\n10.9.9.9 printer\n',
    '127.0.0.1 localhost\n127.0.1.1 server01.hadoop.com server01\n10.9.9.9 printer\n',
    '127.0.1.1 server01\n10.9.9.9 printer\n',
    '10.9.9.9 printer\n',
    '',
  ]) {
    const without = withoutLoopbackNames(original, names)
    expect(back(without, original)).toBe(original)
    expect(back(original, original)).toBe(original)
  }
  expect(back('127.0.0.1 localhost mine\n', '127.0.0.1 localhost server01\n')).toBe('127.0.0.1 localhost mine\n')
  expect(back('127.0.1.1 other\n', '127.0.1.1 server01\n')).toBe('127.0.1.1 other\n')
})

test('an address that somebody else gave a host blocks, since it would win', () => {
  const step = stepsFor('el7').find(({ id }) => id === 'host/hosts-file@server02')
  if (step === undefined || !isShellCheck(step.check)) throw new Error('no step')
  const found = step.check.interpret({ code: 0, stdout: 'mode: 644\n10.0.0.99 server01.hadoop.com\n' })
  expect(found).toMatchObject({
    state: 'blocked',
    reason: '/etc/hosts says that server01 is 10.0.0.99, the site says 10.0.0.11',
  })
})

const centos = `# comment
[base]
name=CentOS-$releasever - Base
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
gpgcheck=1

[updates]
name=CentOS-$releasever - Updates
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=updates&infra=$infra
#baseurl=http://mirror.centos.org/centos/$releasever/updates/$basearch/

[own]
baseurl=http://repo.example.com/x/
`

test('dead mirrors of CentOS become the vault, own repositories stay, twice is once', () => {
  const root = 'http://vault.centos.org/6.10'
  const once = withBaseUrl(centos, root)
  expect(once).toContain(`[base]\nname=CentOS-$releasever - Base\n#mirrorlist=`)
  expect(once).toContain(`\nbaseurl=${root}/os/$basearch/\n`)
  expect(once).toContain(`\nbaseurl=${root}/updates/$basearch/\n`)
  expect(once).toContain('baseurl=http://repo.example.com/x/')
  expect(once).not.toMatch(/^mirrorlist/m)
  expect(withBaseUrl(once, root)).toBe(once)
  expect(withBaseUrl(once, 'http://mirror.site/6')).toContain('baseurl=http://mirror.site/6/os/$basearch/')
})

test('a setting of yum.conf lands in [main], also when other sections follow', () => {
  const conf = '[main]\ngpgcheck=1\nproxy=old\n\n[other]\nproxy=theirs\n'
  const set = withMainSetting(conf, 'proxy', 'http://p:1')
  expect(set).toContain('[other]\nproxy=theirs')
  expect(set.slice(0, set.indexOf('[other]'))).toContain('proxy=http://p:1')
  expect(set).not.toContain('proxy=old')
  expect(withoutMainSetting(set, 'proxy')).not.toContain('http://p:1')
})

test("an answer of a repository is explained: Cloudera's wall, dead CentOS mirrors, no DNS", () => {
  const explain = (status: number, url: string, exit = 0) => explainAnswer({ status, exit, url })
  expect(explain(200, 'http://x/')).toBeUndefined()
  for (const status of [401, 403, 404])
    expect(explain(status, 'https://archive.cloudera.com/cm5/')?.cause).toMatch(/2021/)
  expect(explain(0, 'http://mirrorlist.centos.org/', 6)).toMatchObject({ fix: ['base-repository'] })
  expect(explain(0, 'http://other/', 6)?.cause).toContain('cannot be resolved')
  expect(explain(404, 'http://other/')?.cause).toContain('not at this URL')
})

describe('packages from a bundle', () => {
  const find = (name: string, withBundle = true) => {
    const step = stepsFor('el7', 1, withBundle).find(({ id }) => id === `host/${name}@server02`)
    if (step === undefined || !isShellCheck(step.check)) throw new Error(`no step ${name}`)
    return { step, check: step.check }
  }
  const state = (stdout: string) => find('bundle-files').check.interpret({ code: 0, stdout })

  test('what is there in its size is not sent, older bundles go, a disk that is too small blocks', () => {
    const folder = '0123456789abcdef'
    expect(state(`100\n10 ${folder}/a-1.rpm\n20 ${folder}/repodata/repomd.xml\n`)).toEqual({ state: 'ok' })
    expect(state('100\n')).toMatchObject({ changes: [{ summary: 'upload 2 files of the bundle 0123456789abcdef' }] })
    expect(state(`100\n9 ${folder}/a-1.rpm\n20 ${folder}/repodata/repomd.xml\n`)).toMatchObject({
      changes: [{ summary: 'upload 1 file of the bundle 0123456789abcdef', after: expect.stringContaining('10 B') }],
    })
    expect(state(`100\n10 ${folder}/a-1.rpm\n20 ${folder}/repodata/repomd.xml\n5 feed/a.rpm\n`)).toMatchObject({
      changes: [{ kind: 'delete', summary: 'remove the bundle feed' }],
    })
    expect(state('0\n')).toMatchObject({ state: 'blocked', reason: expect.stringContaining('30 B') })
  })

  test('bytes that are not those of the manifest are taken away again', async () => {
    const sent: string[] = []
    const world = planWorld({
      shell: async (_host, script) => {
        sent.push(script)
        return { code: 0, stdout: '100\n', stderr: '' }
      },
      upload: async () => ({ sha256: 'c'.repeat(64) }),
    })
    const { step } = find('bundle-files')
    await expect(step.apply(world, { state: 'ok' }, () => {})).rejects.toMatchObject({ code: 'BUNDLE_DAMAGED' })
    expect(sent.some((script) => script.includes('rm -f /var/lib/smartcar/bundle/0123456789abcdef/a-1.rpm'))).toBe(true)
  })

  test('every step that installs takes its packages from the bundle alone, and only then', async () => {
    for (const family of ['el7', 'debian'] as const) {
      const installing = stepsFor(family, 1, true).filter(({ packages }) => packages !== undefined)
      expect(installing.map(({ id }) => id)).toEqual([
        'host/packages@server02',
        'host/time-package@server02',
        'host/jdk@server02',
      ])
      const only =
        family === 'el7' ? "--disablerepo='*' --enablerepo=smartcar-bundle" : 'sources.list.d/smartcar-bundle.list'
      for (const step of installing) expect((await scripts(step)).join('\n'), step.id).toContain(only)
      for (const step of stepsFor(family).filter(({ packages }) => packages !== undefined))
        expect((await scripts(step)).join('\n'), step.id).not.toContain('smartcar-bundle')
    }
  })

  test('repositories that are there are switched off, foreign ones stay, and all of it is taken back', () => {
    const text =
      '# top\n[base]\nname=b\nmirrorlist=http://mirrorlist.centos.org/x\nenabled=1\n\n[updates]\nbaseurl=http://vault.centos.org/7.9.2009/updates/\n\n[own]\nbaseurl=http://mine/\nenabled=1\n'
    const off = withoutRepositories(text)
    expect(off.match(/^enabled=0$/gm)?.length).toBe(2)
    expect(off).toContain('[own]\nbaseurl=http://mine/\nenabled=1\n')
    expect(withoutRepositories(off)).toBe(off)
    expect(withRepositories(off)).toBe(text)
    expect(withRepositories(text)).toBe(text)
    // The site's own mirror is no foreign one.
    expect(withoutRepositories(text, 'http://mine/').match(/^enabled=0$/gm)?.length).toBe(3)
  })
})
