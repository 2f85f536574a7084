import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildGraph } from '../../src/core/plan/graph.js'
import { checkStep } from '../../src/core/plan/planner.js'
import { isShellCheck, type Step } from '../../src/core/plan/step.js'
import { type DoctorReport, doctor } from '../../src/jobs/doctor/doctor.js'
import { hostsWorld } from '../../src/jobs/provision/context.js'
import { discoverSteps } from '../../src/jobs/provision/prepare.js'
import { type ProvisionInput, planProvision, provision } from '../../src/jobs/provision/provision.js'
import { planTeardown, teardown } from '../../src/jobs/teardown/teardown.js'
import { type HostsTestContext, hostsContext } from '../support/hosts-context.js'
import { runCli } from '../support/run-cli.js'
import { difference, hostFiles } from '../support/two-hosts/files.js'
import {
  type HostName,
  type Profile,
  type TwoHosts,
  twoHostsUnavailable,
  withTwoHosts,
} from '../support/two-hosts/index.js'

const unavailable = twoHostsUnavailable()
const names: readonly HostName[] = ['server01', 'server02']
const everything = { hosts: [], only: [] }
const yes: ProvisionInput = { ...everything, resume: false, confirm: async () => true }

/** The locale is one that the harness has. */
function siteText(two: TwoHosts, more: readonly string[] = []): string {
  return two.siteFile({
    data: './data',
    extra: ['provision:', '  locale: C.UTF-8', ...more.map((line) => `  ${line}`)].join('\n'),
  })
}

async function changedSteps(context: HostsTestContext): Promise<readonly string[]> {
  const result = await provision(yes, context)
  expect(result?.steps.filter(({ state }) => state !== 'ok' && state !== 'changed')).toEqual([])
  return (result?.steps ?? []).filter(({ state }) => state === 'changed').map(({ id }) => id)
}

describe.skipIf(unavailable !== undefined).each(['el7', 'el6'] as const)(
  `provision on two hosts (${unavailable ?? 'real sshd, yum and reboot'}), %s`,
  (profile: Profile) => {
    let two: TwoHosts
    let context: HostsTestContext
    let hostsFileBefore = ''
    beforeAll(async () => {
      two = await withTwoHosts(profile)
      context = await hostsContext(siteText(two))
    })
    afterAll(async () => {
      await context[Symbol.asyncDispose]()
      await two[Symbol.asyncDispose]()
    })

    test('a plan writes nothing on any host', async () => {
      // As an installer leaves it: the own name on a loopback line, and one that has a line of its own.
      await two.exec(
        'server01',
        'sh',
        '-c',
        "sed -i 's/^127.0.0.1 .*/& server01/' /etc/hosts; echo '127.0.1.1 server01.hadoop.com server01' >>/etc/hosts",
      )
      hostsFileBefore = (await two.exec('server01', 'sort', '/etc/hosts')).stdout
      const before = await Promise.all(names.map((host) => hostFiles(two, host)))
      const { plan } = await planProvision(everything, undefined, context)
      expect(plan.counts.change).toBeGreaterThan(40)
      for (const [number, host] of names.entries())
        expect(difference(before[number] ?? [], await hostFiles(two, host))).toEqual([])
      expect(before[0]?.length).toBeGreaterThan(5000)
    })

    test('a saved plan that is applied equals what it said', async () => {
      const file = `${context.folder}/plan.json`
      const { plan } = await planProvision(everything, file, context)
      const result = await provision({ ...yes, apply: file }, context)
      const planned = plan.steps.filter(({ finding }) => finding.state === 'change').map(({ id }) => id)
      const changed = result?.steps.filter(({ state }) => state === 'changed').map(({ id }) => id)
      // The time daemon starts in this run, after its settings: nothing is left to restart.
      expect(changed).toEqual(planned)
      expect(result?.outcome).toBe('done')
    })

    test('the plan is stale afterwards', async () => {
      await expect(provision({ ...yes, apply: `${context.folder}/plan.json` }, context)).rejects.toThrow(
        /stale: the hosts have changed/,
      )
    })

    test('a second run changes nothing, in at most five round trips a host', async () => {
      const result = await provision(yes, context)
      expect(result?.outcome).toBe('unchanged')
      for (const host of names) expect(result?.roundTrips[host]).toBeLessThanOrEqual(5)
    })

    test('after a reboot of both hosts nothing is to do', async () => {
      await Promise.all(names.map((host) => two.reboot(host)))
      const { plan } = await planProvision(everything, undefined, context)
      expect(plan.steps.filter(({ finding }) => finding.state !== 'ok')).toEqual([])
    })

    test('doctor finds the provisioned hosts healthy, and mends what was changed by hand', async () => {
      expect((await doctor({ hosts: [] }, context)).results.filter(({ state }) => state === 'bad')).toEqual([])
      await two.exec('server02', 'setenforce', '1')
      await two.exec('server02', 'service', 'iptables', 'start')
      const found = await doctor({ hosts: [] }, context)
      expect(found.results.filter(({ state }) => state === 'bad')).toMatchObject([
        { id: 'selinux', host: 'server02' },
        { id: 'firewall', host: 'server02', evidence: 'iptables running, not started at boot', fix: ['firewall'] },
      ])
      const mended = await doctor({ hosts: [], fix: async () => true }, context)
      expect(mended).toMatchObject({ healthy: true, fixed: ['host/selinux@server02', 'host/firewall@server02'] })
    })

    test('doctor finds each thing that is wrong, ends with 10, and mends what a step mends', async () => {
      const breakIt = `hostname somebody.else
sed -i 's/^10.77.0.11 .*/10.77.0.99 server01.hadoop.com server01/' /etc/hosts
mount -t tmpfs -o size=64k tmpfs /data && head -c 62000 /dev/zero >/data/full
mount -t tmpfs -o nr_inodes=20 tmpfs /opt && i=0; while touch /opt/$i 2>/dev/null; do i=$((i+1)); done
setsid perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 2181, Listen => 1); sleep' >/dev/null 2>&1 </dev/null &
mkdir -p /dfs/dn
sed -i 's,^baseurl=.*,mirrorlist=http://mirrorlist.centos.org/?repo=os,' /etc/yum.repos.d/CentOS-Base.repo
printf '[gone]\\nname=gone\\nbaseurl=http://archive.cloudera.com/cm9/\\n' >/etc/yum.repos.d/gone.repo
rm /usr/java/default; mv /usr/bin/java /usr/bin/java.away
echo always >/sys/kernel/mm/transparent_hugepage/enabled
until [ -n "$(ss -Hltn 'sport = :2181')" ]; do sleep 0.05; done`
      expect((await two.exec('server02', 'sh', '-c', breakIt)).code).toBe(0)
      await two.clock('server02', 90)
      const text = siteText(two)
      await writeFile(path.join(context.folder, 'smartcar.yaml'), text)
      const command = await runCli(['doctor', '--host', 'server02', '--json'], { cwd: context.folder })
      expect(command.code).toBe(10)
      const { error } = JSON.parse(command.stdout) as { error: { data: { report: DoctorReport } } }
      const { results } = error.data.report
      const said = new Map(
        results.map(({ id, host, state, evidence }) => [`${id}@${host ?? ''}`, `${state}: ${evidence}`]),
      )
      const expected: Record<string, RegExp> = {
        'reachable@server02': /^ok/,
        'system@server02': /^ok/,
        'names@server02': /^bad: it calls itself somebody.else.*server01.hadoop.com is 10.77.0.99, not 10.77.0.11/,
        'disk-space@server02': /^bad: \/data (9\d|100) % used/,
        'inodes@server02': /^bad: \/opt 100 % used/,
        'memory@server02': /^(ok|warning): .* need .* at least/,
        'ports@server02': /^bad: 2181 \(zookeeper\) by perl, pid \d+/,
        'leftovers@server02': /^warning: \/dfs\/dn/,
        'repositories@server02': /^bad: .*mirrorlist\.centos\.org.*: no answer/,
        'java@server02': /^bad: there is no Java/,
        'selinux@server02': /^ok/,
        'firewall@server02': /^ok/,
        'huge-pages@server02': /^bad: always/,
        'clock@server02': /^bad: (89|9\d)\d{3} ms ahead of server01/,
      }
      for (const [id, pattern] of Object.entries(expected)) expect(said.get(id), id).toMatch(pattern)
      expect([...said.keys()].filter((id) => id.endsWith('@server02')).sort()).toEqual(Object.keys(expected).sort())
      const repositories = results.find(({ id }) => id === 'repositories')
      expect(repositories?.evidence).toContain('http://archive.cloudera.com/cm9/: 404')
      expect(repositories?.cause).toContain('Cloudera removed the free repositories in 2021')
      for (const result of results.filter(({ state }) => state === 'bad'))
        expect([result.id, result.cause !== undefined, result.remedy !== undefined]).toEqual([result.id, true, true])

      const clean = `umount /data /opt; rm -rf /dfs /etc/yum.repos.d/gone.repo; kill $(pgrep -x perl)
sed -i '/10.77.0.99/d' /etc/hosts`
      expect((await two.exec('server02', 'sh', '-c', clean)).code).toBe(0)
      // A second clock that says yes to everything: chrony without a server that answers.
      await two.exec(
        'server02',
        'sh',
        '-c',
        "printf '#!/bin/sh\\n' >/usr/local/bin/chronyc; chmod +x /usr/local/bin/chronyc",
      )
      const mended = await doctor({ hosts: [], fix: async () => true }, context)
      expect(mended.results.filter(({ state }) => state === 'bad')).toEqual([])
      expect([...mended.fixed].sort()).toEqual(
        ['base-repository', 'clock', 'hostname', 'hosts-file', 'huge-pages', 'java-home'].map(
          (step) => `host/${step}@server02`,
        ),
      )
      await two.exec('server02', 'sh', '-c', 'rm /usr/local/bin/chronyc; mv /usr/bin/java.away /usr/bin/java')
      await two.clock('server02', 0)
    })

    test('doctor names a host that is down, and one whose system no step knows', async () => {
      const release = (await two.exec('server01', 'cat', '/etc/redhat-release')).stdout
      const newer = `mv /etc/os-release /etc/os-release.away; echo 'Rocky Linux release 9.3' >/etc/redhat-release`
      await two.exec('server01', 'sh', '-c', newer)
      await two.powerOff('server02')
      const report = await doctor({ hosts: [] }, context)
      await two.powerOn()
      const back = `mv /etc/os-release.away /etc/os-release; echo '${release.trim()}' >/etc/redhat-release`
      await two.exec('server01', 'sh', '-c', back)
      expect(report.healthy).toBe(false)
      expect(report.results.filter(({ state }) => state === 'bad')).toMatchObject([
        { id: 'system', host: 'server01', evidence: expect.stringContaining('Rocky Linux') },
        { id: 'reachable', host: 'server02', remedy: expect.stringMatching(/^is (the host up|sshd running)/) },
      ])
    })

    test('what was edited by hand in /etc/hosts is shown and repaired, foreign lines stay', async () => {
      await two.exec('server01', 'sh', '-c', "sed -i 's/ server02$//' /etc/hosts; echo '10.9.9.9 printer' >>/etc/hosts")
      const { plan } = await planProvision(everything, undefined, context)
      const drift = plan.steps.filter(({ finding }) => finding.state === 'change')
      expect(drift.map(({ id }) => id)).toEqual(['host/hosts-file@server01'])
      expect(await changedSteps(context)).toEqual(['host/hosts-file@server01'])
      const { stdout } = await two.exec('server01', 'cat', '/etc/hosts')
      expect(stdout).toContain('10.9.9.9 printer')
      expect(stdout).toMatch(/^10\.77\.0\.12 server02\.hadoop\.com server02$/m)
      await two.exec('server01', 'sed', '-i', '/printer/d', '/etc/hosts')
    })

    test('changed settings restart the time daemon, once', async () => {
      await using other = await hostsContext(siteText(two, ['time: { servers: [10.77.0.1] }']), {
        folder: context.folder,
      })
      const changed = await changedSteps(other)
      expect(changed.filter((id) => id.includes('time'))).toEqual([
        'host/time-config@server01',
        'host/time-restart@server01',
        'host/time-config@server02',
        'host/time-restart@server02',
      ])
      expect(await changedSteps(other)).toEqual([])
      await changedSteps(context)
    })

    test('teardown shows what it would do, takes it back and says what it left', async () => {
      const { plan } = await planTeardown([], context)
      expect(plan.counts.change).toBeGreaterThan(20)
      const result = await teardown({ hosts: [], confirm: async () => true }, context)
      expect(result?.steps.filter(({ state }) => state !== 'ok' && state !== 'changed')).toEqual([])
      expect(result?.outcome).toBe('done')
      expect(result?.left.filter(({ host }) => host === 'server01').map(({ what }) => what.split(' ')[0])).toEqual([
        'packages',
        'the',
        'accounts',
        'groups',
        'packages',
        'packages',
      ])
      const now = await two.exec(
        'server01',
        'sh',
        '-c',
        'hostname; getenforce; cat /proc/sys/vm/swappiness; grep -c smartcar /etc/hosts /etc/rc.d/rc.local; ls /etc/security/limits.d',
      )
      expect(now.stdout).toBe('localhost.localdomain\nEnforcing\n60\n/etc/hosts:0\n/etc/rc.d/rc.local:0')
      expect(hostsFileBefore).toContain('127.0.1.1 server01.hadoop.com server01')
      expect((await two.exec('server01', 'sort', '/etc/hosts')).stdout).toBe(hostsFileBefore)
      expect((await teardown({ hosts: [], confirm: async () => true }, context))?.outcome).toBe('unchanged')
    })

    test('each step: its check only reads, applied it is in place, applied twice is applied once', async () => {
      await two.reset()
      // With the settings that a site leaves out, so that these steps are there too.
      const url = 'http://archive.cloudera.com/cm5/redhat/7/x86_64/cm/5.16.2/'
      const settings = [
        'proxy: http://10.77.0.1:80',
        `repositories: { extra: { cm: { url: "${url}", user: me, password_env: PW } } }`,
      ]
      await using fresh = await hostsContext(siteText(two, settings), { environment: { PW: 's3cret' } })
      const world = hostsWorld(fresh)
      await two.clock('server02', -40)
      const centos = `sed -i 's,^baseurl=.*,mirrorlist=http://mirrorlist.centos.org/?repo=os,' /etc/yum.repos.d/CentOS-Base.repo
service chronyd start
mkdir -p /var/lib/smartcar/bundle/old && echo left >/var/lib/smartcar/bundle/old/package.rpm`
      await two.exec('server02', 'sh', '-c', centos)
      const { steps } = await discoverSteps(fresh.site.hosts.slice(1), fresh, world)
      const untouched = await hostFiles(two, 'server02')
      for (const step of steps) await checkStep(step, world)
      expect(difference(untouched, await hostFiles(two, 'server02'))).toEqual([])
      const applied: string[] = []
      const changing = '/etc /home /root /data /var/lib/smartcar'
      for (const step of buildGraph(steps, () => true).steps.filter(({ when }) => when === undefined)) {
        const finding = await checkStep(step, world)
        if (finding.state === 'ok') continue
        await applyAndCheck(step, finding, world)
        // Package managers keep a history of every call; what they installed is compared by name.
        const once = await hostFiles(two, 'server02', changing)
        await applyAndCheck(step, finding, world)
        expect(difference(once, await hostFiles(two, 'server02', changing)), step.id).toEqual([])
        applied.push(step.id)
      }
      // Handlers have nothing of their own to be in place.
      const untried = steps.filter(({ id, when }) => when === undefined && !applied.includes(id))
      // The harness has this locale built in.
      expect(untried.map(({ id }) => id)).toEqual(['host/locale-available@server02'])
      expect(steps.filter(({ check }) => !isShellCheck(check)).map(({ id }) => id)).toEqual(['host/clock@server02'])
    }, 400_000)
  },
)

async function applyAndCheck(step: Step, finding: Parameters<Step['apply']>[1], world: ReturnType<typeof hostsWorld>) {
  await step.apply(world, finding, () => {})
  expect(await checkStep(step, world), step.id).toMatchObject({ state: 'ok' })
}
