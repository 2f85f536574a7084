import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildGraph } from '../../src/core/plan/graph.js'
import { checkStep } from '../../src/core/plan/planner.js'
import { isShellCheck, type Step } from '../../src/core/plan/step.js'
import { doctor } from '../../src/jobs/doctor/doctor.js'
import { hostsWorld } from '../../src/jobs/provision/context.js'
import { discoverSteps } from '../../src/jobs/provision/prepare.js'
import { type ProvisionInput, planProvision, provision } from '../../src/jobs/provision/provision.js'
import { planTeardown, teardown } from '../../src/jobs/teardown/teardown.js'
import { type HostsTestContext, hostsContext } from '../support/hosts-context.js'
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

/** Every file of a host with checksum, mode and owner, every link; without what sshd and PAM write on every login. */
async function hostFiles(two: TwoHosts, host: HostName, folder = '/'): Promise<readonly string[]> {
  const skip = ['/proc', '/sys', '/dev', '/run', '/tmp', '/var/log', '/var/cache']
    .map((name) => `-path ${name}`)
    .join(' -o ')
  const script = `find ${folder} -xdev \\( ${skip} \\) -prune -o -printf '%p %y %m %u %g %l\\n' | sort
find ${folder} -xdev \\( ${skip} \\) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
cat /proc/sys/vm/swappiness /sys/kernel/mm/*/enabled; hostname; getenforce`
  const { code, stdout, stderr } = await two.exec(host, 'sh', '-c', script)
  if (code !== 0) throw new Error(`files of ${host}: ${stderr}`)
  // SQLite's shared memory, which every reader of the package database maps: no content.
  return stdout.split('\n').filter((line) => !line.endsWith('/rpmdb.sqlite-shm'))
}

/** Lines that only one of the two has. */
function difference(before: readonly string[], after: readonly string[]): readonly string[] {
  const [old, now] = [new Set(before), new Set(after)]
  return [...before.filter((line) => !now.has(line)), ...after.filter((line) => !old.has(line))]
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
      await using fresh = await hostsContext(siteText(two))
      const world = hostsWorld(fresh)
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
      expect(applied.length).toBeGreaterThan(20)
      expect(steps.filter(({ check }) => !isShellCheck(check)).map(({ id }) => id)).toEqual(['host/clock@server02'])
    }, 400_000)
  },
)

async function applyAndCheck(step: Step, finding: Parameters<Step['apply']>[1], world: ReturnType<typeof hostsWorld>) {
  await step.apply(world, finding, () => {})
  expect(await checkStep(step, world), step.id).toMatchObject({ state: 'ok' })
}
