import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { buildGraph } from '../../../../src/core/plan/graph.js'
import { isShellCheck, type Step } from '../../../../src/core/plan/step.js'
import { explainAnswer } from '../../../../src/core/repository-answer.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import { withLoopbackNames, withoutLoopbackNames } from '../../../../src/services/host/steps/hosts-file.js'
import { withMainSetting, withoutMainSetting } from '../../../../src/services/host/steps/proxy.js'
import { withBaseUrl } from '../../../../src/services/host/steps/repositories.js'
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

function stepsFor(family: 'el6' | 'el7' | 'debian', number = 1): readonly Step[] {
  const host = site.hosts[number]
  if (host === undefined) throw new Error('no host')
  return hostSteps({
    host,
    hosts: site.hosts,
    provision: site.provision,
    family,
    passwords: new Map([['cdh', 's3cret']]),
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
    const { steps } = buildGraph([...stepsFor(family, 0), ...stepsFor(family, 1)])
    expect(steps.length).toBeGreaterThan(45)
    for (const { title, reason } of steps) expect(title.length * reason.length).toBeGreaterThan(0)
  })

  test('every script is one that sh can read', async () => {
    for (const step of stepsFor(family)) {
      for (const script of await scripts(step)) {
        execFileSync('sh', ['-n'], { input: script, stdio: ['pipe', 'ignore', 'pipe'] })
      }
    }
  })

  test('no check writes: none redirects into a file, moves or removes', () => {
    for (const { id, check } of stepsFor(family)) {
      if (!isShellCheck(check)) continue
      const writes = check.shell.replaceAll(/[12]?>\s*\/dev\/null|2>&1/g, '')
      expect(writes, id).not.toMatch(/>|\b(mv|rm|cp|tee|touch|mkdir|chmod|chown|sed -i|install)\b(?!ed)/)
    }
  })

  test('a password is only in what goes over stdin, and never in a plan', async () => {
    const step = stepsFor(family).find(({ id }) => id.includes('repository-cdh'))
    if (step === undefined || !isShellCheck(step.check)) throw new Error('no repository step')
    const finding = step.check.interpret({ code: 0, stdout: 'absent\n' })
    expect(finding).toMatchObject({ state: 'change', changes: [{ sensitive: true }] })
    expect(step.check.shell).not.toContain('s3cret')
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
