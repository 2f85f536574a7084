import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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
import { startCli, untilRecorded } from '../support/cli-process.js'
import { hostsContext } from '../support/hosts-context.js'
import { runCli } from '../support/run-cli.js'
import { type TwoHosts, twoHostsUnavailable, withTwoHosts } from '../support/two-hosts/index.js'

const unavailable = twoHostsUnavailable()
const yes: ProvisionInput = { hosts: [], only: [], resume: false, confirm: async () => true }
const states = (result: ProvisionResult | undefined, host: string) => {
  const own = (result?.steps ?? []).filter((step) => step.host === host)
  return [...new Set(own.map(({ state }) => state))].sort()
}
const step = (result: ProvisionResult | undefined, id: string) => result?.steps.find((one) => one.id === id)

describe.skipIf(unavailable !== undefined)(
  `provision when things go wrong (${unavailable ?? 'two real hosts'})`,
  () => {
    let two: TwoHosts
    const text = (ssh: Record<string, unknown> = {}, more: readonly string[] = []) =>
      two.siteFile({
        data: './data',
        ssh,
        extra: ['provision:', '  locale: C.UTF-8', ...more.map((line) => `  ${line}`)].join('\n'),
      })
    beforeAll(async () => {
      two = await withTwoHosts('el7')
    })
    beforeEach(async () => {
      two.repository.fault = undefined
      await two.reset()
    })
    afterAll(() => two[Symbol.asyncDispose]())

    const expectComplete = async () => {
      await using context = await hostsContext(text())
      const { plan } = await planProvision({ hosts: [], only: [] }, undefined, context)
      expect(plan.steps.filter(({ finding }) => finding.state !== 'ok').map(({ id }) => id)).toEqual([])
    }

    test.each([
      ['while it plans', undefined],
      ['in the middle of a file', ['"start"', 'host/hosts-file@server02']],
      ['in the middle of a package', ['"start"', 'host/packages@server01']],
      ['between settings and restart', ['"step"', 'host/time-config@server01']],
      ['near the end', ['"start"', 'host/java-home@']],
    ] as const)('kill -9 of the toolkit %s, then --resume', async (_, words) => {
      const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-killed-'))
      const site = path.join(folder, 'smartcar.yaml')
      await mkdir(folder, { recursive: true })
      await writeFile(site, text())
      const killed = startCli(['provision', '--yes', '--site', site])
      if (words === undefined) await delay(900)
      else expect(await untilRecorded(path.join(folder, 'data/.smartcar/runs'), words, killed)).toBe(true)
      killed.child.kill('SIGKILL')
      expect(await killed.ended).toBe(-1)
      const again = await runCli([
        'provision',
        ...(words === undefined ? ['--yes'] : ['--resume', '--no-input']),
        '--json',
        '--site',
        site,
      ])
      expect(again.stderr).not.toContain('error')
      expect(JSON.parse(again.stdout)).toMatchObject({
        command: 'provision',
        // What the killed toolkit had sent may have come to its end by itself.
        result: { outcome: expect.stringMatching(/^(done|unchanged)$/) },
      })
      expect(again.code).toBe(0)
      const runs = JSON.parse((await runCli(['runs', 'list', '--json', '--site', site])).stdout).result
      if (words !== undefined)
        expect(runs).toMatchObject([{ outcome: 'died' }, { outcome: 'done', resumes: runs[0].id }])
      await expectComplete()
      await rm(folder, { recursive: true })
    })

    test('a host that is down from the start: exit code 4, the other host is finished', async () => {
      await two.powerOff('server02')
      const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-down-'))
      const site = path.join(folder, 'smartcar.yaml')
      await writeFile(site, text({ connect_timeout: 3 }))
      const run = await runCli(['provision', '--yes', '--json', '--site', site])
      expect(run.code).toBe(4)
      const { error } = JSON.parse(run.stdout)
      expect(error).toMatchObject({ code: 'HOST_LOST', data: { report: { lost: [{ host: 'server02' }] } } })
      expect(new Set(error.data.report.steps.map((one: { state: string }) => one.state))).toEqual(
        new Set(['ok', 'changed']),
      )
      await two.powerOn()
      const resumed = await runCli(['provision', '--resume', '--yes', '--json', '--site', site])
      expect(resumed.code).toBe(0)
      await expectComplete()
      await rm(folder, { recursive: true })
    })

    test('a link that goes down in the middle of a step, and comes back', async () => {
      await using context = await hostsContext(text())
      const running = provision(yes, context)
      while (!context.events.some((event) => event.t === 'stage.start' && event.id === 'host/packages@server02'))
        await delay(5)
      await two.link('server02', 'down')
      await delay(3000)
      await two.link('server02', 'up')
      const result = await running
      expect(result?.outcome).toBe('done')
      expect(context.events.some((event) => event.t === 'note' && event.text.includes('server02 was lost'))).toBe(true)
      await expectComplete()
    })

    test('a host that reboots itself in the middle is waited for', async () => {
      await using context = await hostsContext(text())
      const running = provision(yes, context)
      while (!context.events.some((event) => event.t === 'stage.start' && event.id === 'host/limits@server01'))
        await delay(5)
      await two.reboot('server01')
      expect((await running)?.outcome).toBe('done')
      await expectComplete()
    })

    test('a host that stays away is given up after reconnect seconds, the other is finished', async () => {
      await using context = await hostsContext(text({ connect_timeout: 1 }, ['reconnect: 1']))
      const running = provision(yes, context)
      while (!context.events.some((event) => event.t === 'stage.start' && event.id === 'host/groups@server02'))
        await delay(5)
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

    test('an account with sudo does all that root does', async () => {
      await using context = await hostsContext(text({ user: 'cloudera', sudo: { password_env: 'PW' } }), {
        environment: { PW: 'cloudera-pw' },
      })
      expect((await provision(yes, context))?.outcome).toBe('done')
      await expectComplete()
    })

    test('an unknown host key stops everything before anything is sent', async () => {
      const empty = path.join(await mkdtemp(path.join(os.tmpdir(), 'smartcar-keys-')), 'known_hosts')
      await writeFile(empty, '')
      await using context = await hostsContext(text({ known_hosts: empty }))
      await expect(provision(yes, context)).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' })
      expect(await listRuns(context)).toEqual([])
    })

    test('a repository that answers 404: cause and hint are said, the rest is done', async () => {
      two.repository.fault = (name) => (name.startsWith('/7.9.2009/') ? { status: 404 } : undefined)
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

    test('a slow repository is waited for', async () => {
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

    test('two toolkits at once: one site has one, one host has one, and each says who has it', async () => {
      await using context = await hostsContext(text())
      const running = provision(yes, context)
      while (!context.events.some((event) => event.t === 'stage.start' && event.id === 'host/packages@server01'))
        await delay(5)
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

    test('the lock of a toolkit that died is taken over, once what it left running has ended', async () => {
      await using context = await hostsContext(text())
      const world = hostsWorld(context)
      const dead = startCli(['--version'])
      await dead.ended
      await lockHost('server01', 'a toolkit that dies', world, context, dead.child.pid ?? 0)
      await two.exec('server01', 'sh', '-c', 'sleep 3 >/dev/null 2>&1 & echo $! >/var/run/smartcar.lock/running')
      const began = performance.now()
      await using _ = await lockHost('server01', 'the next', world, context, process.pid)
      expect(performance.now() - began).toBeGreaterThan(1000)
      await expect(lockHost('server01', 'a third', world, context, 1)).rejects.toThrow(/worked on by the next/)
    })

    test('interrupted by Ctrl-C it ends soon, releases the hosts, and goes on with --resume', async () => {
      const stop = new AbortController()
      await using context = await hostsContext(text(), { signal: stop.signal })
      const running = provision(yes, context)
      while (!context.events.some((event) => event.t === 'stage.start' && event.id === 'host/packages@server01'))
        await delay(5)
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
