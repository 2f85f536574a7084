import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text as readAll } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SmartcarEvent } from '../../src/core/events.js'
import { runError } from '../../src/jobs/provision/carry-out.js'
import { hostsWorld } from '../../src/jobs/provision/context.js'
import { lockHost } from '../../src/jobs/provision/host-lock.js'
import {
  type ProvisionInput,
  type ProvisionResult,
  planProvision,
  provision,
} from '../../src/jobs/provision/provision.js'
import { listRuns } from '../../src/jobs/runs/list.js'
import { startCli, untilRecorded, untilSaid } from '../support/cli-process.js'
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
const yes: ProvisionInput = { hosts: [], only: [], resume: false, confirm: async () => true }
const states = (result: ProvisionResult | undefined, host: string) => {
  const own = (result?.steps ?? []).filter((step) => step.host === host)
  return [...new Set(own.map(({ state }) => state))].sort()
}
const step = (result: ProvisionResult | undefined, id: string) => result?.steps.find((one) => one.id === id)

type JsonLine = { readonly at: string; readonly t: string; readonly id?: string; readonly parent?: string }

/** Waits until an event of `context` is what is asked for. */
async function untilEvent(context: HostsTestContext, wanted: (event: SmartcarEvent) => boolean): Promise<void> {
  while (!context.events.some(wanted)) await delay(5)
}

const begun = (id: string) => (event: SmartcarEvent) => event.t === 'stage.start' && event.id === id
const noted = (text: string) => (event: SmartcarEvent) => event.t === 'note' && event.text.includes(text)

/** The host's own keys made anew, as when it was installed again, or somebody else answers in its place. */
async function changeHostKey(two: TwoHosts, host: HostName): Promise<void> {
  const script = `rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t rsa -b 2048 -N '' -f /etc/ssh/ssh_host_rsa_key
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
listening() { grep -c 'Server listening' /var/log/sshd.log; }
n=$(listening); kill -HUP $(pgrep -o -x sshd); until [ "$(listening)" -gt "$n" ]; do sleep 0.05; done
pkill -KILL -f '^sshd: [a-z]+(@| .priv)' || :`
  expect((await two.exec(host, 'sh', '-c', script)).code).toBe(0)
}

// What does not depend on the host's system runs on one of them.
describe.skipIf(unavailable !== undefined).each(['el7', 'el6'] as const)(
  `provision when things go wrong (${unavailable ?? 'two real hosts'}), %s`,
  (profile: Profile) => {
    const testOnce = test.skipIf(profile === 'el6')
    let two: TwoHosts
    const text = (ssh: Record<string, unknown> = {}, more: readonly string[] = []) =>
      two.siteFile({
        data: './data',
        ssh,
        extra: ['provision:', '  locale: C.UTF-8', ...more.map((line) => `  ${line}`)].join('\n'),
      })
    beforeAll(async () => {
      two = await withTwoHosts(profile)
    })
    beforeEach(async () => {
      two.repository.fault = undefined
      await two.reset()
    })
    afterAll(() => two[Symbol.asyncDispose]())

    /** A site file in a folder of its own, for the real process. */
    const siteFolder = async (ssh: Record<string, unknown> = {}) => {
      const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-faults-'))
      const site = path.join(folder, 'smartcar.yaml')
      await writeFile(site, text(ssh))
      return { folder, site, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
    }

    const expectComplete = async (only: readonly string[] = []) => {
      await using context = await hostsContext(text())
      const { plan } = await planProvision({ hosts: [], only }, undefined, context)
      expect(plan.steps.filter(({ finding }) => finding.state !== 'ok').map(({ id }) => id)).toEqual([])
    }

    /** What provisioning leaves on the hosts, also what they kept for teardown; without what is new on each fresh host. */
    const settledFiles = async () => {
      const folders = '/etc /home /root /data /var/lib/smartcar /usr/java'
      const fresh = /\/etc\/(ssh\/ssh_host_|shadow|gshadow)/
      const files = await Promise.all(names.map((host) => hostFiles(two, host, folders)))
      return files.map((lines) => lines.filter((line) => !fresh.test(line)))
    }
    let undisturbed: Promise<readonly (readonly string[])[]> | undefined
    const withoutDisturbance = async () => {
      await using context = await hostsContext(text())
      expect((await provision(yes, context))?.outcome).toBe('done')
      const files = await settledFiles()
      await two.reset()
      return files
    }

    /** A phase, and the line that says that it has begun: of the run record, or of what is said while it plans. */
    const phases: readonly [string, readonly string[]][] = [
      ['while it plans', []],
      ['while it takes the locks of the hosts', ['"t":"run"']],
      ['in the middle of a package', ['"start"', 'host/packages@server01']],
      ['between settings and restart', ['"step"', 'host/time-config@server01']],
      ['in the middle of a file', ['"start"', 'host/hosts-file@server02']],
      ['near the end', ['"start"', 'host/java-home@']],
    ]
    test.each(phases)('kill -9 of the toolkit %s, then --resume: the same state', async (_, words) => {
      undisturbed ??= withoutDisturbance()
      const expected = await undisturbed
      await using here = await siteFolder()
      const { folder, site } = here
      const killed = startCli(['provision', '--yes', '--json', '--site', site], ['ignore', 'ignore', 'pipe'])
      const begun =
        words.length === 0
          ? untilSaid(['"stage.start"', '"plan"'], killed)
          : untilRecorded(path.join(folder, 'data/.smartcar/runs'), words, killed)
      expect(await begun).toBe(true)
      killed.child.kill('SIGKILL')
      expect(await killed.ended).toBe(-1)
      const more = words.length === 0 ? ['--yes'] : ['--resume', '--no-input']
      const again = await runCli(['provision', ...more, '--json', '--site', site])
      expect(again.stderr).not.toContain('"failed"')
      expect(JSON.parse(again.stdout)).toMatchObject({
        command: 'provision',
        // What the killed toolkit had sent may have come to its end by itself.
        result: { outcome: expect.stringMatching(/^(done|unchanged)$/) },
      })
      expect(again.code).toBe(0)
      const runs = JSON.parse((await runCli(['runs', 'list', '--json', '--site', site])).stdout).result
      if (words.length > 0) expect(runs).toMatchObject([{ outcome: 'died' }, { outcome: 'done', resumes: runs[0].id }])
      await expectComplete()
      const files = await settledFiles()
      for (const [number] of names.entries())
        expect(difference(expected[number] ?? [], files[number] ?? [])).toEqual([])
    })

    test('kill -9 between changed settings and the restart that they need: --resume restarts', async () => {
      await using here = await siteFolder()
      const { folder, site } = here
      const run = (...words: string[]) => runCli(['provision', ...words, '--only', 'clock', '--site', site])
      expect((await run('--yes')).code).toBe(0)
      const pids = () =>
        Promise.all(names.map(async (host) => (await two.exec(host, 'cat', '/var/run/ntpd.pid')).stdout))
      const before = await pids()
      await writeFile(site, text({}, ['time: { servers: [10.77.0.1] }']))
      const killed = startCli(['provision', '--yes', '--only', 'clock', '--site', site])
      const runs = path.join(folder, 'data/.smartcar/runs')
      expect(await untilRecorded(runs, ['"step"', 'host/time-config@server01', '"changed"'], killed, 1)).toBe(true)
      killed.child.kill('SIGKILL')
      await killed.ended
      expect((await runCli(['provision', '--resume', '--yes', '--site', site])).code).toBe(0)
      for (const [number, pid] of (await pids()).entries()) expect(pid).not.toBe(before[number])
    })

    testOnce('runs list, show and tail, from another process', async () => {
      await using here = await siteFolder()
      const runs = path.join(here.folder, 'data/.smartcar/runs')
      const working = startCli(['provision', '--yes', '--site', here.site])
      expect(await untilRecorded(runs, ['"start"', 'host/hostname@server01'], working)).toBe(true)
      const ask = async (...words: string[]) => runCli(['runs', ...words, '--site', here.site])
      expect(JSON.parse((await ask('list', '--json')).stdout).result).toMatchObject([{ outcome: 'running' }])
      const tail = await ask('tail')
      expect(working.child.exitCode ?? (await working.ended)).toBe(0)
      expect(tail.code).toBe(0)
      // From the first line to the last, though it began in the middle.
      expect(tail.stdout).toMatch(/ provision of two-hosts on server01, server02\n/)
      expect(tail.stdout).toMatch(/ host\/java-home@server02 changed: .*\n/)
      expect(tail.stdout).toMatch(/ done\n\S+: done\n$/)
      const shown = (await ask('show')).stdout
      expect(shown).toMatch(/^run \S+: provision of two-hosts, \S+: done\n/)
      expect(shown).toMatch(/server02: \d+ changed, \d+ in place\n/)
      expect((await ask('show', '1999')).code).toBe(2)
    })

    // The first host is also the one that the clocks of the others are compared with.
    testOnce.each(names)('%s is down from the start: exit code 4, the other host is finished', async (down) => {
      await using here = await siteFolder({ connect_timeout: 3 })
      const { site, folder } = here
      const file = path.join(folder, 'plan.json')
      expect((await runCli(['provision', '--plan', '--out', file, '--only', 'network', '--site', site])).code).toBe(0)
      await two.powerOff(down)
      for (const command of ['provision', 'teardown'])
        expect((await runCli([command, '--plan', '--site', site])).code).toBe(4)
      const run = async (...words: string[]) => {
        const { code, stdout } = await runCli(['provision', ...words, '--yes', '--json', '--site', site])
        return { code, ...JSON.parse(stdout) }
      }
      for (const words of [['--apply', file], []]) {
        const { code, error } = await run(...words)
        expect(code).toBe(4)
        expect(error).toMatchObject({ code: 'HOST_LOST', data: { report: { lost: [{ host: down }] } } })
        const steps: ProvisionResult['steps'] = error.data.report.steps
        expect(new Set(steps.map(({ host }) => host))).toEqual(new Set(names.filter((host) => host !== down)))
        const open = steps.filter(({ state }) => state !== 'ok' && state !== 'changed')
        expect(open.map(({ id }) => id)).toEqual(
          words.length === 0 && down === 'server01' ? ['host/clock@server02'] : [],
        )
      }
      await two.powerOn()
      expect((await run('--resume')).code).toBe(0)
      await expectComplete()
    })

    test('a link that goes down in the middle of a step, and comes back', async () => {
      await using context = await hostsContext(text())
      const only = ['packages', 'kernel']
      const running = provision({ ...yes, only }, context)
      await untilEvent(context, begun('host/packages@server02'))
      await two.link('server02', 'down')
      await untilEvent(context, noted('server02 was lost'))
      await two.link('server02', 'up')
      const result = await running
      expect(result?.outcome).toBe('done')
      await expectComplete(only)
    })

    test('a host that reboots itself in the middle is waited for', async () => {
      await using context = await hostsContext(text())
      const running = provision(yes, context)
      await untilEvent(context, begun('host/limits@server01'))
      await two.reboot('server01')
      expect((await running)?.outcome).toBe('done')
      await expectComplete()
    })

    testOnce('a host that stays away is given up after reconnect seconds, the other is finished', async () => {
      await using context = await hostsContext(text({ connect_timeout: 1 }, ['reconnect: 1']))
      const running = provision(yes, context)
      await untilEvent(context, begun('host/groups@server02'))
      await two.powerOff('server02')
      const result = await running
      expect(result?.outcome).toBe('unreachable')
      expect(states(result, 'server01')).toEqual(['changed', 'ok'])
      expect(states(result, 'server02')).toContain('unreachable')
      expect(runError(result as ProvisionResult, 'provision')?.message).toContain('server02 could not be reached')
      await two.powerOn()
    })

    test('a wrong password and a wrong sudo password name the host and touch nothing', async () => {
      await using wrong = await hostsContext(text({ key_file: undefined, password_env: 'PW' }), {
        environment: { PW: 'no' },
      })
      const first = await provision(yes, wrong)
      expect(first?.lost).toMatchObject([{ host: 'server01', unreachable: true }, { host: 'server02' }])
      expect(first?.lost[0]?.failure.code).toBe('SSH_AUTHENTICATION_FAILED')
      await using sudo = await hostsContext(text({ user: 'cloudera', sudo: { password_env: 'PW' } }), {
        environment: { PW: 'no' },
      })
      const second = await provision(yes, sudo)
      expect(second).toMatchObject({ outcome: 'failed', steps: [] })
      expect(second?.lost.map(({ failure }) => failure.code)).toEqual(['SUDO_PASSWORD_WRONG', 'SUDO_PASSWORD_WRONG'])
    })

    testOnce('an account with sudo does all that root does', async () => {
      await using context = await hostsContext(text({ user: 'cloudera', sudo: { password_env: 'PW' } }), {
        environment: { PW: 'cloudera-pw' },
      })
      expect((await provision(yes, context))?.outcome).toBe('done')
      await expectComplete()
    })

    test('a key that changes between two runs, or between plan and apply, stops everything; its cure goes on', async () => {
      await using here = await siteFolder()
      const { folder, site } = here
      const file = path.join(folder, 'plan.json')
      const run = async (...words: string[]) => {
        const { code, stdout } = await runCli(['provision', ...words, '--json', '--site', site])
        return { code, ...JSON.parse(stdout) }
      }
      expect((await run('--plan', '--out', file, '--only', 'network')).code).toBe(0)
      await changeHostKey(two, 'server02')
      let cure = ''
      for (const words of [['--apply', file, '--yes'], ['--yes']]) {
        const { code, error } = await run(...words)
        cure = /(ssh-keygen -R .*?), then/.exec(error.hints[1])?.[1] ?? ''
        expect(code).toBe(1)
        expect(error).toMatchObject({
          code: 'HOST_KEY_CHANGED',
          message: expect.stringMatching(/^server02: its key is not the one that is on file/),
          place: { file: two.knownHosts },
          hints: [expect.stringContaining('do not go on'), expect.stringContaining('ssh-keygen -R')],
        })
      }
      // What makes a host notice smartcar at all: originals and lock.
      for (const host of ['server01', 'server02'] as const) {
        expect((await two.exec(host, 'ls', '/var/lib/smartcar', '/var/run/smartcar.lock')).stdout).toBe('')
        expect((await two.exec(host, 'grep', '-c', 'smartcar', '/etc/hosts')).stdout).toBe('0')
      }
      await execa('sh', ['-c', cure])
      await writeFile(site, text({ host_key: 'accept-new' }))
      expect((await run('--apply', file, '--yes')).code).toBe(0)
      // Writes known_hosts anew.
      await two.powerOn()
      await expectComplete(['network'])
    })

    testOnce('a key that changes in the middle of a run stops both hosts, and --resume goes on', async () => {
      await using here = await siteFolder()
      const runs = path.join(here.folder, 'data/.smartcar/runs')
      const running = startCli(['provision', '--yes', '--json', '--site', here.site], ['ignore', 'pipe', 'ignore'])
      const printed = readAll(running.child.stdout as Readable)
      expect(await untilRecorded(runs, ['"start"', 'host/packages@server02'], running)).toBe(true)
      await changeHostKey(two, 'server02')
      expect(await running.ended).toBe(1)
      expect(JSON.parse(await printed)).toMatchObject({ error: { code: 'HOST_KEY_CHANGED', exitCode: 1 } })
      const [name = ''] = await readdir(runs)
      const lines = (await readFile(path.join(runs, name), 'utf8')).trim().split('\n')
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ t: 'end', outcome: 'failed' })
      // server01 did not go on alone to its end.
      expect(lines.slice(1).some((line) => line.includes('host/java-home@server01'))).toBe(false)
      await two.powerOn()
      const resumed = await runCli(['provision', '--resume', '--yes', '--json', '--site', here.site])
      expect(JSON.parse(resumed.stdout).result?.outcome, resumed.stdout).toBe('done')
      await expectComplete()
    })

    testOnce('--json: events as JSON lines on stderr while it works, one value on stdout', async () => {
      await using here = await siteFolder()
      const follow = async (...words: string[]) => {
        const { child, ended } = startCli([...words, '--json', '--site', here.site], ['ignore', 'pipe', 'pipe'])
        let stdout = ''
        child.stdout?.on('data', (chunk) => {
          stdout += String(chunk)
        })
        const lines: JsonLine[] = []
        for await (const line of createInterface({ input: child.stderr as Readable })) {
          // A line comes while the work goes on, not at its end.
          if (lines.length === 0) expect([child.exitCode, stdout]).toEqual([null, ''])
          lines.push(JSON.parse(line))
        }
        expect(await ended).toBe(0)
        expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => new Date(at).toISOString()).sort())
        return { lines, value: JSON.parse(stdout) }
      }
      const step = 'host/selinux@server02'
      const done = await follow('provision', '--yes')
      expect(done.value).toMatchObject({ schemaVersion: 1, command: 'provision', result: { outcome: 'done' } })
      expect(done.lines.filter(({ id }) => id === step)).toMatchObject([
        { t: 'stage.start', parent: 'host:server02' },
        { t: 'stage.end', outcome: 'done', summary: expect.any(String) },
      ])
      await two.exec('server02', 'setenforce', '1')
      const mended = await follow('doctor', '--fix', '--yes')
      expect(mended.value).toMatchObject({ command: 'doctor', result: { healthy: true, fixed: [step] } })
      expect(mended.lines.filter(({ id }) => id === step)).toHaveLength(2)
      const undone = await follow('teardown', '--confirm', 'two-hosts')
      expect(undone.value).toMatchObject({ command: 'teardown', result: { outcome: 'done' } })
      expect(undone.lines.filter(({ id }) => id === `undo:${step}`)).toHaveLength(2)
      const plain = await runCli(['provision', '--only', 'selinux', '--yes', '--site', here.site])
      expect(plain.stderr).toMatch(/^server02: SELinux.*: .+ in [\d.]+ m?s$/m)
    })

    test('an unknown host key stops everything before anything is sent', async () => {
      const empty = path.join(await mkdtemp(path.join(os.tmpdir(), 'smartcar-keys-')), 'known_hosts')
      await writeFile(empty, '')
      await using context = await hostsContext(text({ known_hosts: empty }))
      await expect(provision(yes, context)).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' })
      expect(await listRuns(context)).toEqual([])
    })

    test('a repository that answers 404: cause and hint are said, the rest is done', async () => {
      const packages = profile === 'el6' ? '/6.10/' : '/7.9.2009/'
      two.repository.fault = (name) => (name.startsWith(packages) ? { status: 404 } : undefined)
      await using context = await hostsContext(text())
      const result = await provision(yes, context)
      const failed = step(result, 'host/packages@server01')
      expect(failed).toMatchObject({ state: 'failed', failure: { code: 'STEP_COMMAND_FAILED', exitCode: 1 } })
      expect(failed?.failure?.cause).toMatch(/repository|package/)
      expect(failed?.failure?.lastLines?.length).toBeGreaterThan(0)
      expect(step(result, 'host/name-cache@server01')).toMatchObject({ state: 'skipped' })
      expect(step(result, 'host/users@server01')).toMatchObject({ state: 'changed' })
      two.repository.fault = undefined
      const resumed = await provision({ ...yes, resume: true }, context)
      expect(resumed?.outcome).toBe('done')
      await expectComplete()
    })

    testOnce('a slow repository is waited for', async () => {
      two.repository.fault = () => ({ delayMs: 700 })
      await using context = await hostsContext(text())
      expect((await provision({ ...yes, only: ['packages'], hosts: ['server01'] }, context))?.outcome).toBe('done')
    })

    test('a full disk: nothing is half-written, the cause is said, and it goes on once there is room', async () => {
      const limits = '/etc/security/limits.d'
      await two.exec('server01', 'mount', '-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', limits)
      await two.exec('server01', 'sh', '-c', `head -c 4096 /dev/zero >${limits}/full`)
      await using context = await hostsContext(text())
      const only = { ...yes, hosts: ['server01'], only: ['limits', 'sysctl'] }
      const result = await provision(only, context)
      expect(step(result, 'host/limits@server01')).toMatchObject({
        state: 'failed',
        failure: { cause: 'the disk of the host is full' },
      })
      expect(step(result, 'host/sysctl@server01')).toMatchObject({ state: 'changed' })
      expect((await two.exec('server01', 'ls', limits)).stdout).toBe('full')
      await two.exec('server01', 'rm', `${limits}/full`)
      expect((await provision({ ...yes, resume: true }, context))?.outcome).toBe('done')
      await two.exec('server01', 'umount', limits)
    })

    testOnce('two toolkits at once: one site has one, one host has one, and each says who has it', async () => {
      await using context = await hostsContext(text())
      const running = provision(yes, context)
      await untilEvent(context, begun('host/packages@server01'))
      await expect(provision(yes, context)).rejects.toMatchObject({
        code: 'SITE_LOCKED',
        message: expect.stringMatching(new RegExp(`smartcar provision, pid ${process.pid}, since`)),
      })
      // Another site file, the same hosts: another control machine looks the same to them.
      await using other = await hostsContext(text())
      const refused = await provision(yes, other)
      expect(refused?.outcome).toBe('failed')
      const locked = refused?.steps.filter(({ failure }) => failure?.code === 'HOST_LOCKED') ?? []
      expect(locked.map(({ host }) => host).sort()).toEqual(['server01', 'server02'])
      expect(locked[0]?.failure?.message).toContain(`smartcar provision, pid ${process.pid}`)
      expect((await running)?.outcome).toBe('done')
      await expectComplete()
    })

    testOnce('the lock of a toolkit that died is taken over, once what it left running has ended', async () => {
      await using context = await hostsContext(text())
      const world = hostsWorld(context)
      const dead = startCli(['--version'])
      await dead.ended
      await lockHost('server01', 'a toolkit that dies', world, context, dead.child.pid ?? 0)
      const left =
        'until [ -e /root/go ]; do sleep 0.05; done >/dev/null 2>&1 & echo $! >/var/run/smartcar.lock/running'
      await two.exec('server01', 'sh', '-c', left)
      const next = lockHost('server01', 'the next', world, context, process.pid)
      await untilEvent(context, noted('waiting for process'))
      await two.exec('server01', 'touch', '/root/go')
      await using _ = await next
      await expect(lockHost('server01', 'a third', world, context, 1)).rejects.toThrow(/worked on by the next/)
    })

    testOnce('interrupted by Ctrl-C it ends soon, releases the hosts, and goes on with --resume', async () => {
      const stop = new AbortController()
      await using context = await hostsContext(text(), { signal: stop.signal })
      const running = provision(yes, context)
      await untilEvent(context, begun('host/packages@server01'))
      const began = performance.now()
      stop.abort()
      await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' })
      expect(performance.now() - began).toBeLessThan(10_000)
      expect((await two.exec('server01', 'ls', '/var/run/smartcar.lock')).code).not.toBe(0)
      await using next = await hostsContext(text(), { folder: context.folder })
      expect((await provision({ ...yes, resume: true }, next))?.outcome).toBe('done')
      await expectComplete()
    })
  },
)
