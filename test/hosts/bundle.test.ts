import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkBundle } from '../../src/jobs/bundle/check.js'
import { createBundle } from '../../src/jobs/bundle/create.js'
import { useBundle, useNoBundle } from '../../src/jobs/bundle/use.js'
import { doctor } from '../../src/jobs/doctor/doctor.js'
import { planProvision, provision } from '../../src/jobs/provision/provision.js'
import { teardown } from '../../src/jobs/teardown/teardown.js'
import { type HostsTestContext, hostsContext } from '../support/hosts-context.js'
import { type Profile, type TwoHosts, twoHostsUnavailable, withTwoHosts } from '../support/two-hosts/index.js'

const unavailable = twoHostsUnavailable()
const names = ['server01', 'server02'] as const
const all = { hosts: [], only: [] }
const yes = { ...all, resume: false, confirm: async () => true }
const create = { hosts: [], apt: [], parallel: 2 }

describe.skipIf(unavailable !== undefined).each(['el7', 'el6'] as const)(
  `hosts without internet (${unavailable ?? 'real sshd, yum and rpm'}), %s`,
  (profile: Profile) => {
    let two: TwoHosts
    let online: HostsTestContext
    let archive: string
    let siteFile: string
    /** The hosts cannot reach the package server any more. */
    const cutOff = () => {
      two.repository.fault = () => ({ status: 503 })
      two.repository.requests.length = 0
    }
    /** The site as its file is now. */
    const site = async () => hostsContext(await readFile(siteFile, 'utf8'), { folder: online.folder })
    beforeAll(async () => {
      two = await withTwoHosts(profile)
      const release = profile === 'el6' ? '6.10' : '7.9.2009'
      const extra = [
        'provision: # what the hosts should be',
        '  locale: C.UTF-8',
        '  repositories:',
        `    base: http://10.77.0.1/${release}`,
        '    extra:',
        `      cm: { url: "http://10.77.0.1/cm5/redhat/${profile.slice(2)}/x86_64/cm/5.16.2/" }`,
        '  packages: [nscd, bind-utils, psmisc, cloudera-manager-agent]',
      ]
      const text = two.siteFile({ data: './data', extra: extra.join('\n') })
      online = await hostsContext(text)
      siteFile = path.join(online.folder, 'smartcar.yaml')
      archive = path.join(online.folder, 'bundle.tar')
      await writeFile(siteFile, text)
    })
    afterAll(async () => {
      await online[Symbol.asyncDispose]()
      await two[Symbol.asyncDispose]()
    })

    test('a bundle is made from the repositories, with what packages need; a second time it is unchanged', async () => {
      const made = await createBundle({ ...create, families: [], output: archive }, online)
      expect(made).toMatchObject({ status: 'written', families: [{ family: profile }] })
      const { items, families } = await checkBundle(archive, online)
      const family = families[0]
      // nscd, bind-utils, psmisc, the agent and the daemons that it needs, ntp, JDK; and three files of metadata.
      expect(family?.packages).toBe(7)
      expect(items).toBe(7 + 3)
      two.repository.requests.length = 0
      const again = await createBundle({ ...create, families: [profile], output: archive }, online)
      expect(again).toMatchObject({ status: 'unchanged', id: made.id, downloaded: { packages: 0 } })
      expect(two.repository.requests.filter((name) => name.endsWith('.rpm'))).toEqual([])
    })

    test('the site file names the bundle, and keeps its comments', async () => {
      const before = await readFile(siteFile, 'utf8')
      expect(await useBundle(archive, online)).toMatchObject({ status: 'written', bundle: 'bundle.tar' })
      const after = await readFile(siteFile, 'utf8')
      expect(after).toBe(before.replace('  locale:', '  bundle: bundle.tar\n  locale:'))
      await using context = await site()
      expect(await useBundle(archive, context)).toMatchObject({ status: 'unchanged' })
    })

    test('hosts that reach no repository are provisioned from bare to ready', async () => {
      cutOff()
      await using context = await site()
      const { plan } = await planProvision(all, undefined, context)
      const files = plan.steps.find(({ id }) => id === 'host/bundle-files@server01')
      expect(files?.finding).toMatchObject({
        state: 'change',
        changes: [{ kind: 'create', summary: expect.stringContaining('upload 10 files') }],
      })
      expect((await two.exec('server01', 'test', '-e', '/var/lib/smartcar/bundle')).code).not.toBe(0)
      const result = await provision(yes, context)
      expect(result?.steps.filter(({ state }) => state !== 'ok' && state !== 'changed')).toEqual([])
      expect(result?.outcome).toBe('done')
      expect(two.repository.requests).toEqual([])
      for (const host of names) {
        const { stdout } = await two.exec(host, 'rpm', '-q', 'nscd', 'ntp', 'cloudera-manager-daemons')
        expect(stdout).not.toContain('not installed')
        expect((await two.exec(host, '/usr/java/default/bin/java', '-version')).code).toBe(0)
        expect((await two.exec(host, 'grep', '-c', '^enabled=0', '/etc/yum.repos.d/CentOS-Base.repo')).stdout).toBe('1')
      }
    })

    test('a second run changes nothing, in at most five round trips a host', async () => {
      await using context = await site()
      const result = await provision(yes, context)
      expect(result?.outcome).toBe('unchanged')
      for (const host of names) expect(result?.roundTrips[host]).toBeLessThanOrEqual(5)
      expect(two.repository.requests).toEqual([])
    })

    test('doctor does not miss the repositories', async () => {
      await using context = await site()
      const { results } = await doctor({ hosts: ['server01'] }, context)
      expect(results.find(({ id }) => id === 'repositories')).toMatchObject({
        state: 'ok',
        evidence: 'packages come from a bundle on the host',
      })
    })

    test('a file that went missing on a host is sent again, alone', async () => {
      await two.exec('server02', 'sh', '-c', 'rm /var/lib/smartcar/bundle/*/nscd-*.rpm')
      await using context = await site()
      const result = await provision(yes, context)
      const changed = result?.steps.filter(({ state }) => state === 'changed')
      expect(changed).toMatchObject([
        { id: 'host/bundle-files@server02', changes: [expect.stringMatching(/^upload 1 file /)] },
      ])
    })

    test('without the bundle the repositories are back, and nothing of it stays', async () => {
      two.repository.fault = undefined
      await using context = await site()
      expect(await useNoBundle(context)).toMatchObject({ status: 'written', bundle: null })
      await using plain = await site()
      expect(plain.site.provision.bundle).toBeUndefined()
      expect((await provision(yes, plain))?.outcome).toBe('done')
      const { stdout } = await two.exec('server01', 'sh', '-c', 'yum -q repolist --enabled; ls /var/lib/smartcar')
      expect(stdout).toMatch(/^base /m)
      expect(stdout).toMatch(/^smartcar-cm /m)
      expect(stdout).not.toContain('bundle')
      expect((await provision(yes, plain))?.outcome).toBe('unchanged')
    })

    test('teardown leaves nothing of a bundle, also when the archive is gone', async () => {
      cutOff()
      const before = (await two.exec('server01', 'cat', '/etc/yum.repos.d/CentOS-Base.repo')).stdout
      expect(before).not.toContain('enabled=0')
      await useBundle(archive, online)
      await using context = await site()
      expect((await provision(yes, context))?.outcome).toBe('done')
      await writeFile(archive, '')
      const result = await teardown({ hosts: [], confirm: async () => true }, context)
      expect(result?.steps.filter(({ state }) => state !== 'ok' && state !== 'changed')).toEqual([])
      for (const host of names) {
        const left = await two.exec(
          host,
          'sh',
          '-c',
          'ls /var/lib/smartcar/bundle /etc/yum.repos.d; cat /etc/yum.repos.d/CentOS-Base.repo',
        )
        expect(left.stdout, host).toMatch(/enabled=1/)
        expect(left.stdout, host).toContain('vault.centos.org')
        expect(left.stdout, host).not.toMatch(/smartcar|\.rpm/)
      }
    })
  },
)
