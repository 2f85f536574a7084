import { execFileSync } from 'node:child_process'
import { createReadStream, statSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { SiteHost, SshSettings } from '../../../src/core/site/hosts.js'

const folder = fileURLToPath(new URL('.', import.meta.url))
const script = path.join(folder, 'two-hosts.sh')
const cache = process.env.TWO_HOSTS_CACHE ?? '/var/cache/smartcar-two-hosts'
const net = '10.77.0'

/** Programs that the harness calls. */
const tools = ['mmdebstrap', 'ip', 'unshare', 'nsenter', 'setpriv', 'pgrep', 'ssh-keygen', 'flock']

function missingTools(): string[] {
  return tools.filter((tool) => {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
      return false
    } catch {
      return true
    }
  })
}

/** Why the two hosts cannot be started here; undefined when they can. */
export function twoHostsUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root'
  const missing = missingTools()
  if (missing.length > 0) return `needs ${missing.join(', ')}`
  // Set by run-isolated.sh, which `npm run test:hosts` starts the tests in.
  if (process.env.SMARTCAR_ISOLATED !== '1') return 'run by npm run test:hosts, in namespaces of its own'
  return undefined
}

export type Profile = 'el6' | 'el7'
export type HostName = 'server01' | 'server02'

/** What the package server of the harness does with a request: a status instead of the file, or a pause before it. */
export interface RepositoryFault {
  readonly status?: number
  readonly delayMs?: number
}

export interface TwoHosts extends AsyncDisposable {
  readonly profile: Profile
  /** Keys, known_hosts and the hosts' own file systems (`hosts/<name>/upper`, `hosts/<name>/merged` is not visible here). */
  readonly folder: string
  readonly keyFile: string
  readonly knownHosts: string
  readonly addresses: Readonly<Record<HostName, string>>
  /** Paths that the package server was asked for, and what it does wrong (`undefined`: nothing). */
  readonly repository: {
    readonly requests: string[]
    fault: ((path: string) => RepositoryFault | undefined) | undefined
  }
  /** The hosts as a site has them: root, the RSA key (el6 knows no other), strict host keys. */
  siteHosts(ssh?: Partial<SshSettings>): readonly SiteHost[]
  /** The same as the text of a site file; `extra` is added to it. */
  siteFile(options?: {
    readonly data?: string
    readonly ssh?: Readonly<Record<string, unknown>>
    readonly extra?: string
  }): string
  /** Runs a command in a host without SSH. */
  exec(host: HostName, ...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }>
  /** Fresh hosts with new host keys. */
  reset(): Promise<void>
  link(host: HostName, state: 'up' | 'down'): Promise<void>
  /** Restarts a host and waits until its sshd answers. */
  reboot(host: HostName): Promise<void>
  /** Ends a host at once, as a power cut does. */
  powerOff(host: HostName): Promise<void>
  /** Starts whatever is off. */
  powerOn(): Promise<void>
  /** Sets a host's clock so many seconds ahead of the machine's; the host can set it too. */
  clock(host: HostName, seconds: number): Promise<void>
}

function repositoryServer(state: TwoHosts['repository']): Promise<Server> {
  const roots: readonly [RegExp, string][] = [
    [/^\/cm5\/redhat\/[67]\/x86_64\/cm\/5\.16\.2\//, 'cm5'],
    [/^\/6\.10\/os\/x86_64\//, 'os6'],
    [/^\/7\.9\.2009\/os\/x86_64\//, 'os7'],
  ]
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname)
    state.requests.push(name)
    const fault = state.fault?.(name)
    setTimeout(() => {
      const root = roots.find(([pattern]) => pattern.test(name))
      const file = root === undefined ? undefined : path.join(cache, 'repositories', root[1], name.replace(root[0], ''))
      let size: number | undefined
      try {
        const info = file === undefined || name.includes('..') ? undefined : statSync(file)
        size = info?.isFile() ? info.size : undefined
      } catch {
        // answered with 404 below
      }
      const status = fault?.status ?? (size === undefined ? 404 : 200)
      if (status !== 200 || file === undefined || size === undefined) {
        response.writeHead(status).end(`${status}\n`)
        return
      }
      response.writeHead(200, { 'content-length': size })
      if (request.method === 'HEAD') response.end()
      else createReadStream(file).pipe(response)
    }, fault?.delayMs ?? 0)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(80, `${net}.1`, () => resolve(server))
  })
}

/**
 * Starts two fresh hosts; disposing ends them and removes their files. `mounts`: folders of this machine that they see
 * under the same path, read-only.
 */
export async function withTwoHosts(profile: Profile, mounts: readonly string[] = []): Promise<TwoHosts> {
  const reason = twoHostsUnavailable()
  if (reason !== undefined) throw new Error(`the two-host harness ${reason}`)
  const home = await mkdtemp(path.join(os.tmpdir(), 'smartcar-hosts-'))
  const harness = async (...words: string[]) => {
    // The supervisors live on and would hold the pipes: their output goes to files of their own.
    const result = await execa(script, words, {
      env: { TWO_HOSTS_DIR: home, TWO_HOSTS_MOUNTS: mounts.join(' ') },
      reject: false,
      stdin: 'ignore',
      timeout: 300_000,
    })
    return { code: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr }
  }
  const must = async (...words: string[]) => {
    const result = await harness(...words)
    if (result.code !== 0) throw new Error(`two-hosts.sh ${words.join(' ')}: ${result.stderr}${result.stdout}`)
  }
  await must('build')
  await must('up', profile)
  const repository: TwoHosts['repository'] = { requests: [], fault: undefined }
  const server = await repositoryServer(repository)
  const addresses = { server01: `${net}.11`, server02: `${net}.12` } as const
  const names = ['server01', 'server02'] as const
  const keyFile = path.join(home, 'id_rsa')
  const knownHosts = path.join(home, 'known_hosts')
  return {
    profile,
    folder: home,
    keyFile,
    knownHosts,
    addresses,
    repository,
    siteHosts: (ssh = {}) =>
      names.map((name) => ({
        name,
        address: addresses[name],
        fqdn: `${name}.hadoop.com`,
        roles: [],
        connection: 'ssh',
        ssh: {
          user: 'root',
          keyFile,
          knownHosts,
          agent: false,
          sudo: {},
          legacy: profile === 'el6',
          hostKey: 'strict',
          config: false,
          connectTimeoutMs: 10_000,
          ...ssh,
        },
      })),
    siteFile: (options = {}) => {
      const ssh = {
        user: 'root',
        key_file: keyFile,
        known_hosts: knownHosts,
        agent: false,
        legacy_ssh: profile === 'el6',
        ...options.ssh,
      }
      return [
        'name: two-hosts',
        ...(options.data === undefined ? [] : [`data: ${options.data}`]),
        `ssh: ${JSON.stringify(ssh)}`,
        'hosts:',
        ...names.map((name) => `  ${name}: { address: ${addresses[name]} }`),
        options.extra ?? '',
        '',
      ].join('\n')
    },
    exec: (host, ...argv) => harness('exec', host, ...argv),
    reset: () => must('reset', profile),
    link: (host, state) => must('link', host, state),
    async reboot(host) {
      const started = async () => (await harness('exec', host, 'sh', '-c', 'cut -d" " -f22 /proc/1/stat')).stdout
      const before = await started()
      await harness('exec', host, 'reboot')
      for (let turn = 0; turn < 300; turn++) {
        const now = await started()
        if (/^\d+$/.test(now) && now !== before) break
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      await must('wait')
    },
    powerOff: (host) => must('power-off', host),
    powerOn: () => must('up', profile),
    async clock(host, seconds) {
      const { code, stderr } = await harness('exec', host, 'sh', '-c', `echo ${seconds} >/var/lib/fakehost/clock`)
      if (code !== 0) throw new Error(`clock of ${host}: ${stderr}`)
    },
    async [Symbol.asyncDispose]() {
      await must('down')
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Text of a file of a host as it lies on its disk. */
export async function diskText(two: TwoHosts, host: HostName, file: string): Promise<string> {
  return readFile(path.join(two.folder, 'hosts', host, 'upper', file), 'utf8')
}
