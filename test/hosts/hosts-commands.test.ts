import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/io/package-root.js'
import { startCli } from '../support/cli-process.js'
import { runCli } from '../support/run-cli.js'
import { type TwoHosts, twoHostsUnavailable, withTwoHosts } from '../support/two-hosts/index.js'

const reason = twoHostsUnavailable()
const noTerminal = spawnSync('sh', ['-c', 'command -v script && command -v stty']).status !== 0

describe.skipIf(reason !== undefined).each(['el7', 'el6'] as const)(
  `hosts commands${reason === undefined ? '' : ` (${reason})`}: %s`,
  (profile) => {
    let two: TwoHosts
    let folder: string
    const smartcar = (...words: string[]) => runCli(words, { cwd: folder })
    const json = (text: string) =>
      JSON.parse(text) as { result: { hosts: Record<string, unknown>[] }; error: { data: { hosts: unknown[] } } }

    beforeAll(async () => {
      two = await withTwoHosts(profile)
      folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-hosts-cli-'))
      await writeFile(path.join(folder, 'smartcar.yaml'), two.siteFile({ data: './data' }))
    })
    afterAll(async () => {
      await two?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    })

    it('lists the hosts and tells their facts', async () => {
      const list = await smartcar('hosts', 'list')
      expect(list).toMatchObject({ code: 0, stderr: '' })
      expect(list.stdout).toMatch(profile === 'el7' ? /server01 .*CentOS 7\.9\.2009/ : /server01 .*CentOS 6\.10/)
      const facts = json((await smartcar('hosts', 'facts', 'server02', '--json')).stdout)
      expect(facts.result.hosts).toMatchObject([
        {
          host: 'server02',
          facts: {
            os: { family: profile },
            init: profile === 'el7' ? 'systemd' : 'sysv',
            packages: expect.arrayContaining(['dnf', 'yum']),
            memory: { total: os.totalmem() },
            selinux: 'Enforcing',
            addresses: [two.addresses.server02],
            java: [],
          },
        },
      ])
      expect((await smartcar('hosts', 'facts')).stdout).toContain('SELinux')
      expect((await smartcar('fit')).stdout).toContain('from the host')
    })

    it('runs commands, passes on their exit code as a failure, and ends them after --timeout', async () => {
      const both = await smartcar('hosts', 'exec', '--', 'sh', '-c', 'echo "$0 it"', 'did')
      expect(both.stdout.split('\n').sort()).toEqual(['', 'server01  did it', 'server02  did it'])
      const failed = await smartcar(
        'hosts',
        'exec',
        '--host',
        'server01',
        '--json',
        '--',
        'sh',
        '-c',
        'echo out; exit 3',
      )
      expect(failed.code).toBe(1)
      expect(json(failed.stdout).error.data.hosts).toMatchObject([{ host: 'server01', code: 3, stdout: 'out\n' }])
      expect((await smartcar('hosts', 'exec', '--timeout', '1', '--', 'sleep', '77')).code).toBe(1)
      expect((await two.exec('server01', 'pgrep', '-x', 'sleep', '-f', 'sleep 77')).stdout).toBe('')
      expect((await smartcar('hosts', 'exec')).code).toBe(2)
    })

    it('ends what runs on the hosts on Ctrl-C', async () => {
      const sleeping = async () => (await two.exec('server02', 'pgrep', '-f', '^sleep 78')).stdout !== ''
      const site = path.join(folder, 'smartcar.yaml')
      const running = startCli(['hosts', 'exec', '--site', site, '--', 'sh', '-c', 'sleep 78; echo never'])
      while (!(await sleeping())) expect(running.child.exitCode).toBeNull()
      running.child.kill('SIGINT')
      expect(await running.ended).toBe(130)
      expect(await sleeping()).toBe(false)
    })

    it('pushes and pulls files', async () => {
      await writeFile(path.join(folder, 'file'), 'content of a file\n')
      const pushed = await smartcar('hosts', 'push', 'file', '/srv/pushed/', '--mode', '0600')
      expect(pushed.stdout).toMatch(/server01 {2}\/srv\/pushed\/file {2}18 B in .*\nserver02 /)
      expect((await smartcar('hosts', 'push', 'file', '/srv/pushed/')).stdout).toMatch(/unchanged\n.*unchanged\n/)
      const pulled = await smartcar('hosts', 'pull', '/srv/pushed/file', 'back')
      expect(pulled.code).toBe(0)
      expect(await readFile(path.join(folder, 'back/server02/file'), 'utf8')).toBe('content of a file\n')
    })

    it('shows what it has and ends with 4 when a host is off', async () => {
      await two.powerOff('server02')
      try {
        const list = await smartcar('hosts', 'list')
        expect(list.code).toBe(4)
        expect(list.stdout).toContain('server01')
        expect(list.stderr).toContain('server02')
        const withJson = await smartcar('hosts', 'exec', '--json', '--', 'echo', 'here')
        expect(withJson.code).toBe(4)
        expect(json(withJson.stdout).error.data).toMatchObject({
          hosts: [{ host: 'server01', stdout: 'here\n' }],
          failed: [{ host: 'server02', code: 'HOST_UNREACHABLE' }],
        })
      } finally {
        await two.powerOn()
      }
    })

    it.skipIf(noTerminal)('draws in a terminal while it looks, and then asks, below what it has drawn', async () => {
      const program = path.join(packageRoot(), 'bin', 'run.js')
      const command = `stty cols 120 rows 40; exec ${process.execPath} ${program} provision --only limits`
      const { stdout } = await execa('sh', ['-c', 'script -qec "$0" /dev/null', command], {
        cwd: folder,
        input: 'n\n',
        env: { TERM: 'xterm', CI: undefined, SMARTCAR_SITE: '' },
      })
      const plan = stdout.indexOf('site two-hosts: 2 steps to change')
      expect(stdout.slice(0, plan)).toMatch(/✔\S* look at the hosts: 2 to change, \d+ in place in /)
      // Nothing is drawn over the plan and the question.
      const question = stdout.indexOf('do this? [y/N]')
      expect(question).toBeGreaterThan(plan)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the cursor goes up, or a task is drawn
      expect(stdout.slice(plan)).not.toMatch(/\u001b\[\d*A|look at the hosts/)
      expect(stdout).toContain('nothing was changed')
      expect((await two.exec('server01', 'ls', '/etc/security/limits.d')).stdout).toBe('')
    })

    it('refuses a shell where there is no terminal', async () => {
      const shell = await smartcar('hosts', 'ssh', 'server01')
      expect(shell).toMatchObject({ code: 2 })
      expect(shell.stderr).toContain('smartcar hosts exec')
    })
  },
)
