import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { siteLayout } from '../../src/core/layout.js'
import type { SshSettings } from '../../src/core/site/hosts.js'
import type { Transports } from '../../src/core/transport.js'
import { openTransports } from '../../src/io/transport/index.js'
import { transportContract } from '../contract/transport.js'
import { type Profile, type TwoHosts, twoHostsUnavailable, withTwoHosts } from '../support/two-hosts/index.js'

const reason = twoHostsUnavailable()
const secrets = { ROOT_PW: 'hadoop', CLOUDERA_PW: 'cloudera-pw', WRONG: 'no such password' }

function open(
  two: TwoHosts,
  folder: string,
  ssh: Partial<SshSettings> = {},
  environment: Record<string, string> = {},
): Transports {
  return openTransports({
    hosts: two.siteHosts(ssh),
    layout: siteLayout(folder),
    environment: { ...secrets, ...environment },
    emit: () => {},
    keepaliveMs: 500,
  })
}

async function startWeb(two: TwoHosts): Promise<number> {
  await two.exec(
    'server01',
    'sh',
    '-c',
    'mkdir -p /tmp/web && cd /tmp/web && echo hello >index.html && { setsid python3 -m http.server 7180 --bind 127.0.0.1 >/dev/null 2>&1 </dev/null & } && for i in $(seq 100); do curl -s 127.0.0.1:7180/ && break; sleep 0.1; done',
  )
  return 7180
}

if (reason === undefined) {
  for (const profile of ['el7', 'el6'] as const satisfies readonly Profile[]) {
    transportContract(`sshd of ${profile}, root with a key`, async () => {
      const two = await withTwoHosts(profile)
      const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-contract-'))
      const transports = open(two, folder)
      return {
        transport: await transports.open('server01'),
        listen: () => startWeb(two),
        close: async () => {
          await transports.close()
          await two[Symbol.asyncDispose]()
          await rm(folder, { recursive: true, force: true })
        },
      }
    })
  }
}

describe.skipIf(reason !== undefined)(`SSH on real hosts${reason === undefined ? '' : ` (${reason})`}`, () => {
  let two: TwoHosts
  let folder: string
  let transports: Transports | undefined
  const connect = async (host: 'server01' | 'server02', ssh: Partial<SshSettings> = {}, environment = {}) => {
    await transports?.close()
    transports = open(two, folder, ssh, environment)
    return transports.open(host)
  }
  const password = (env: string): Partial<SshSettings> => {
    const { keyFile: _, ...rest } = two.siteHosts()[0]?.ssh ?? ({} as SshSettings)
    return { ...rest, keyFile: '/nonexistent', password: { env } }
  }
  const byPassword = async (user: string, env: string, ssh: Partial<SshSettings> = {}) => {
    await transports?.close()
    const { keyFile: _, ...settings } = { ...password(env), user, ...ssh }
    const hosts = two.siteHosts().map((host) => {
      const { keyFile: __, ...own } = host.ssh
      return { ...host, ssh: { ...own, ...settings } }
    })
    transports = openTransports({
      hosts,
      layout: siteLayout(folder),
      environment: secrets,
      emit: () => {},
      keepaliveMs: 500,
    })
    return transports.open('server01')
  }

  beforeAll(async () => {
    two = await withTwoHosts('el7')
    folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-ssh-'))
  })
  afterEach(async () => {
    await transports?.close()
    transports = undefined
  })
  afterAll(async () => {
    await two?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('logs in with a password, and says when it is wrong without naming it', async () => {
    const host = await byPassword('cloudera', 'CLOUDERA_PW')
    expect((await host.run(['id', '-un'])).stdout).toBe('cloudera\n')
    const wrong = await byPassword('cloudera', 'WRONG')
    const error = await wrong.run(['true']).catch((thrown: Error) => thrown)
    expect(error).toMatchObject({ code: 'SSH_AUTHENTICATION_FAILED', exitCode: 4 })
    expect(JSON.stringify(error) + String(error)).not.toContain('no such password')
  })

  it('becomes root by sudo, with and without a password', async () => {
    const nopasswd = await connect('server01', { user: 'deploy' })
    expect((await nopasswd.run(['id', '-un'], { sudo: true })).stdout).toBe('root\n')
    await nopasswd.writeFile('/etc/of-root', 'text', { sudo: true, mode: 0o600 })
    expect(await nopasswd.stat('/etc/of-root', { sudo: true })).toMatchObject({ owner: 'root', mode: 0o600 })
    await expect(nopasswd.readFile('/etc/of-root')).rejects.toMatchObject({ code: 'REMOTE_FILE_FAILED' })
    expect(Buffer.from((await nopasswd.readFile('/etc/of-root', { sudo: true })) ?? []).toString()).toBe('text')
    // A password that sudo does not ask for must not reach the command.
    const unasked = await connect('server01', { user: 'deploy', sudo: { password: { env: 'CLOUDERA_PW' } } })
    expect((await unasked.run(['cat'], { sudo: true, input: 'payload' })).stdout).toBe('payload')
    expect((await unasked.script('id -un', { sudo: true })).stdout).toBe('root\n')
    const asked = await connect('server01', { user: 'cloudera', sudo: { password: { env: 'CLOUDERA_PW' } } })
    const result = await asked.run(['sh', '-c', 'id -un; cat; echo err >&2; exit 7'], { sudo: true, input: 'payload' })
    expect(result).toMatchObject({ code: 7, stdout: 'root\npayload', stderr: 'err\n' })
    const source = path.join(folder, 'upload')
    await writeFile(source, 'x'.repeat(2_000_000))
    const sent = await asked.upload(source, '/root/deep/upload', { sudo: true, owner: 'deploy', mode: 0o640 })
    expect(sent).toMatchObject({ status: 'written', bytes: 2_000_000 })
    expect(await asked.stat('/root/deep/upload', { sudo: true })).toMatchObject({ owner: 'deploy', mode: 0o640 })
    expect(await asked.upload(source, '/root/deep/upload', { sudo: true })).toMatchObject({ status: 'unchanged' })
    const back = path.join(folder, 'download')
    expect(await asked.download('/root/deep/upload', back, { sudo: true })).toMatchObject({ bytes: 2_000_000 })
    expect((await asked.run(['sh', '-c', 'ls -A ~; ls -A /tmp | grep -c tmp'])).stdout).not.toContain(
      '.smartcar-upload',
    )
  })

  it("tells sudo's refusals apart", async () => {
    const none = await connect('server01', { user: 'cloudera' })
    await expect(none.run(['id'], { sudo: true })).rejects.toMatchObject({ code: 'SUDO_PASSWORD_REQUIRED' })
    const wrong = await connect('server01', { user: 'cloudera', sudo: { password: { env: 'WRONG' } } })
    const begin = performance.now()
    await expect(wrong.run(['id'], { sudo: true })).rejects.toMatchObject({ code: 'SUDO_PASSWORD_WRONG' })
    expect(performance.now() - begin).toBeLessThan(10_000)
    const off = await connect('server01', { user: 'deploy', sudo: false })
    await expect(off.run(['id'], { sudo: true })).rejects.toMatchObject({ code: 'SUDO_OFF' })
    await two.exec('server01', 'useradd', '-m', 'nobody2')
    await two.exec(
      'server01',
      'sh',
      '-c',
      'echo nobody2:pw2 | chpasswd; cp -r /home/deploy/.ssh /home/nobody2/; chown -R nobody2: /home/nobody2',
    )
    const refused = await connect('server01', { user: 'nobody2', sudo: { password: { env: 'PW2' } } }, { PW2: 'pw2' })
    await expect(refused.run(['id'], { sudo: true })).rejects.toMatchObject({ code: 'SUDO_REFUSED' })
  })

  it('works where sudoers says requiretty, and ends such commands too', async () => {
    await two.exec(
      'server01',
      'sh',
      '-c',
      'echo "Defaults requiretty" >/etc/sudoers.d/tty; chmod 440 /etc/sudoers.d/tty',
    )
    try {
      for (const ssh of [
        { user: 'deploy' },
        { user: 'cloudera', sudo: { password: { env: 'CLOUDERA_PW' } } },
      ] as const) {
        const host = await connect('server01', ssh)
        const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256))
        const sum = await host.run(['sh', '-c', 'id -un; cat | sha256sum; echo err >&2; exit 9'], {
          sudo: true,
          input: bytes,
        })
        const direct = await host.run(['sha256sum'], { input: bytes })
        expect(sum).toMatchObject({ code: 9, stdout: `root\n${direct.stdout}`, stderr: 'err\n' })
        await host.writeFile('/etc/bytes', bytes, { sudo: true })
        expect(Buffer.from((await host.readFile('/etc/bytes', { sudo: true })) ?? []).equals(bytes)).toBe(true)
        const mark = `6${Math.floor(Math.random() * 1e6)}`
        const late = host.run(['sh', '-c', `sleep ${mark} & sleep ${mark}`], { sudo: true, timeoutMs: 1000 })
        await expect(late).rejects.toMatchObject({ code: 'COMMAND_TIMED_OUT' })
        expect((await two.exec('server01', 'pgrep', '-xf', `sleep ${mark}`)).stdout).toBe('')
      }
    } finally {
      await two.exec('server01', 'rm', '/etc/sudoers.d/tty')
    }
  })

  it('ends what sudo started when its time is over', async () => {
    const host = await connect('server01', { user: 'cloudera', sudo: { password: { env: 'CLOUDERA_PW' } } })
    const mark = `7${Math.floor(Math.random() * 1e6)}`
    const late = host.run(['sh', '-c', `sleep ${mark} & sleep ${mark}`], { sudo: true, timeoutMs: 1000 })
    await expect(late).rejects.toMatchObject({ code: 'COMMAND_TIMED_OUT' })
    expect((await two.exec('server01', 'pgrep', '-xf', `sleep ${mark}`)).stdout).toBe('')
  })

  it('goes through a jump host of the site, or one named by address', async () => {
    for (const jump of ['server01', `root@${two.addresses.server01}:22`]) {
      await transports?.close()
      const hosts = two.siteHosts()
      transports = openTransports({
        hosts: hosts.map((host) => (host.name === 'server02' ? { ...host, ssh: { ...host.ssh, jump } } : host)),
        layout: siteLayout(folder),
        environment: {},
        emit: () => {},
      })
      const host = await transports.open('server02')
      const from = await host.run(['sh', '-c', 'echo $SSH_CONNECTION'])
      expect(from.stdout.split(' ')[0]).toBe(two.addresses.server01)
    }
  })

  it('takes what the site leaves open from an SSH configuration, Include and all', async () => {
    const config = path.join(folder, 'ssh_config')
    await writeFile(path.join(folder, 'included'), `Host box\n  HostName ${two.addresses.server02}\n  User deploy\n`)
    await writeFile(
      config,
      `Include ${folder}/included\nHost box\n  IdentityFile ${two.keyFile}\n  UserKnownHostsFile ${two.knownHosts}\n`,
    )
    const [first] = two.siteHosts()
    if (first === undefined) throw new Error('no host')
    const { user: _, keyFile: __, knownHosts: ___, ...ssh } = first.ssh
    transports = openTransports({
      hosts: [{ ...first, address: 'box', ssh: { ...ssh, config } }],
      layout: siteLayout(folder),
      environment: {},
      emit: () => {},
    })
    const host = await transports.open('server01')
    expect((await host.run(['id', '-un'])).stdout).toBe('deploy\n')
  })

  it('judges host keys: strict, recorded on first use, pinned', async () => {
    const empty = path.join(folder, 'empty_known_hosts')
    await writeFile(empty, '')
    const strict = await connect('server01', { knownHosts: empty })
    const unknown = await strict.connect().catch((error: unknown) => error)
    expect(unknown).toMatchObject({ code: 'HOST_KEY_UNKNOWN' })
    const shown = (unknown as { data: { fingerprint: string } }).data.fingerprint
    expect(
      (await two.exec('server01', 'sh', '-c', 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')).stdout,
    ).toContain(shown)
    const pinned = await connect('server01', { knownHosts: empty, hostKey: shown })
    await pinned.connect()
    const other = await connect('server02', { knownHosts: empty, hostKey: shown })
    await expect(other.connect()).rejects.toMatchObject({ code: 'HOST_KEY_CHANGED', exitCode: 1 })
    const first = await connect('server01', { knownHosts: empty, hostKey: 'accept-new' })
    await first.connect()
    const record = path.join(siteLayout(folder).state, 'known_hosts')
    const recorded = await readFile(record, 'utf8')
    expect(recorded.trim().split('\n')).toHaveLength(1)
    const again = await connect('server01', { knownHosts: empty, hostKey: 'strict' })
    await again.connect()
    // The same address with another key: nothing may be sent, also with accept-new.
    await writeFile(record, recorded.replace(two.addresses.server01, two.addresses.server02))
    const changed = await connect('server02', { knownHosts: empty, hostKey: 'accept-new' })
    const error = await changed.connect().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'HOST_KEY_CHANGED' })
    expect((error as { hints: string[] }).hints.join()).toContain('ssh-keygen -R')
    await rm(record)
  })

  it('finds a cut link by its silence, and carries on when it is back', async () => {
    const host = await connect('server02')
    let started = () => {}
    const begun = new Promise<void>((resolve) => {
      started = resolve
    })
    const running = host
      .run(['sh', '-c', 'echo started; exec sleep 300'], { onLine: () => started() })
      .catch((error: unknown) => error)
    await begun
    await two.link('server02', 'down')
    const begin = performance.now()
    expect(await running).toMatchObject({ code: 'CONNECTION_LOST', exitCode: 4 })
    // TCP alone would wait for a quarter of an hour.
    expect(performance.now() - begin).toBeLessThan(30_000)
    const next = host.run(['echo', 'back'])
    await delay(1500)
    await two.link('server02', 'up')
    expect((await next).stdout).toBe('back\n')
    // What the lost connection left running is sshd's to end; ours is only that the next command works.
  })

  it('resumes an upload and a download over a cut link', async () => {
    const source = path.join(folder, 'big')
    await writeFile(source, Buffer.alloc(60_000_000, 'smartcar'))
    const host = await connect('server02')
    let cut: Promise<void> | undefined
    const broken = await host
      .upload(source, '/root/big', {
        onProgress: (done) => {
          if (done > 15_000_000) cut ??= two.link('server02', 'down')
        },
      })
      .catch((error: { code: string }) => error.code)
    await cut
    await two.link('server02', 'up')
    expect(broken).toBe('CONNECTION_LOST')
    const again = await host.upload(source, '/root/big')
    expect(again.resumedFrom).toBeGreaterThan(5_000_000)
    const sum = await host.run(['sha256sum', '/root/big'])
    expect(sum.stdout.slice(0, 64)).toBe(again.sha256)
    const back = path.join(folder, 'big-back')
    let cutAgain: Promise<void> | undefined
    const brokenDownload = await host
      .download('/root/big', back, {
        onProgress: (done) => {
          if (done > 15_000_000) cutAgain ??= two.link('server02', 'down')
        },
      })
      .catch((error: { code: string }) => error.code)
    await cutAgain
    await two.link('server02', 'up')
    expect(brokenDownload).toBe('CONNECTION_LOST')
    const fetched = await host.download('/root/big', back)
    expect(fetched.resumedFrom).toBeGreaterThan(5_000_000)
    expect(fetched.sha256).toBe(again.sha256)
    await host.run(['rm', '/root/big'])
  })

  it('opens a login shell with a terminal of the right size', async () => {
    const host = await connect('server01')
    const written: Uint8Array[] = []
    let type: ((chunk: Uint8Array) => void) | undefined
    const shell = host.shell({
      type: 'dumb',
      size: () => ({ columns: 91, rows: 33 }),
      onInput: (listener) => {
        type = listener
      },
      onResize: () => {},
      write: (chunk) => {
        written.push(chunk)
      },
    })
    while (type === undefined) await delay(20)
    type(Buffer.from('echo $((6 * 7)); stty size; exit 3\n'))
    expect(await shell).toBe(3)
    const text = Buffer.concat(written).toString()
    expect(text).toContain('42\r\n33 91\r\n')
  })

  it('waits for a host that restarts', async () => {
    const host = await connect('server02')
    const before = await host.bootId()
    await host.run(['reboot'])
    await host.waitForBoot(before, { timeoutMs: 30_000 })
    expect(await host.bootId()).not.toBe(before)
    expect((await host.run(['echo', 'again'])).stdout).toBe('again\n')
  })

  it('names a host that is off', async () => {
    await two.powerOff('server02')
    try {
      const host = await connect('server02', { connectTimeoutMs: 3000 })
      await expect(host.run(['true'])).rejects.toMatchObject({ code: 'HOST_UNREACHABLE', exitCode: 4 })
    } finally {
      await two.powerOn()
    }
  })

  it('says when the disk of the host is full before it sends', async () => {
    const host = await connect('server01')
    const source = path.join(folder, 'medium')
    await writeFile(source, Buffer.alloc(8_000_000, 1))
    await host.run(['sh', '-c', 'mkdir -p /small && mount -t tmpfs -o size=4m tmpfs /small'])
    await expect(host.upload(source, '/small/file')).rejects.toMatchObject({ code: 'REMOTE_DISK_FULL' })
    await expect(host.writeFile('/small/file', Buffer.alloc(8_000_000, 1))).rejects.toMatchObject({
      code: 'REMOTE_DISK_FULL',
    })
    expect((await host.run(['ls', '-A', '/small'])).stdout).toBe('')
    await host.run(['umount', '/small'])
  })

  it('refuses an old server unless the site allows it', async () => {
    await two[Symbol.asyncDispose]()
    two = await withTwoHosts('el6')
    const host = await connect('server01', { legacy: false })
    await expect(host.connect()).rejects.toMatchObject({ code: 'SSH_HANDSHAKE_FAILED' })
  })
})
