import { existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { UsageError } from '../../core/errors.js'
import type { SecretSource, SiteHost } from '../../core/site/hosts.js'
import { readSshConfig, type SshConfigValues } from './ssh-config.js'

/** Everything that is needed to log in to one host, with the user's SSH configuration already applied. */
export interface SshTarget {
  /** Name in the site, or the jump's own notation. */
  readonly name: string
  readonly address: string
  readonly port: number
  readonly user: string
  readonly keyFiles: readonly {
    readonly file: string /** named by the user: a problem with it is an error */
    readonly required: boolean
  }[]
  readonly keyPassphrase?: SecretSource
  readonly password?: SecretSource
  /** Socket of the SSH agent. */
  readonly agent?: string
  readonly sudo: false | { readonly password?: SecretSource }
  readonly legacy: boolean
  /** `strict`, `accept-new` or `SHA256:…` */
  readonly hostKey: string
  readonly knownHosts: readonly string[]
  /** First hop first. */
  readonly jumps: readonly SshTarget[]
  readonly connectTimeoutMs: number
}

const defaultKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => path.join(os.homedir(), '.ssh', name))

/** `user@host:port`, `[::1]:22` or `host`. */
function parseHop(text: string): { user?: string; address: string; port?: number } {
  const match = /^(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text.trim())
  const address = match?.[2] ?? match?.[3]
  if (match === null || address === undefined)
    throw new UsageError('JUMP_INVALID', `"${text}" is no jump host`, { hints: ['write it as user@address:port'] })
  return {
    address,
    ...(match[1] === undefined ? {} : { user: match[1] }),
    ...(match[4] === undefined ? {} : { port: Number(match[4]) }),
  }
}

/** Under the host's name in the site when the configuration knows it (as `vagrant ssh-config` writes it), else under its address. */
async function configOf(host: SiteHost, file: string | undefined): Promise<SshConfigValues> {
  const byName = await readSshConfig(host.name, file)
  return byName.hostName !== undefined && byName.hostName !== host.name ? byName : readSshConfig(host.address, file)
}

/** Fills in what the site does not say from the SSH configuration (when it asks for that) and the usual defaults. */
export async function resolveTarget(
  host: SiteHost,
  hosts: readonly SiteHost[],
  environment: Readonly<Record<string, string | undefined>>,
  through: readonly string[] = [],
): Promise<SshTarget> {
  const { ssh } = host
  if (through.includes(host.name)) {
    throw new UsageError('JUMP_LOOP', `${host.name} is reached through itself: ${[...through, host.name].join(' -> ')}`)
  }
  const config = ssh.config === false ? undefined : await configOf(host, ssh.config === true ? undefined : ssh.config)
  const configKeys = config?.identityFiles.filter((file) => existsSync(file)) ?? []
  const fallbackKeys = configKeys.length > 0 ? configKeys : defaultKeys.filter((file) => existsSync(file))
  const keyFiles =
    ssh.keyFile !== undefined
      ? [{ file: ssh.keyFile, required: true }]
      : ssh.password !== undefined
        ? []
        : fallbackKeys.map((file) => ({ file, required: false }))
  const socket = environment.SSH_AUTH_SOCK
  if (ssh.agent === true && (socket === undefined || socket === ''))
    throw new UsageError('SSH_AGENT_ABSENT', `${host.name}: the site wants an SSH agent and SSH_AUTH_SOCK is not set`, {
      hints: ['start one: eval "$(ssh-agent)" && ssh-add'],
    })
  const jumpText = ssh.jump ?? config?.proxyJump
  const jumps: SshTarget[] = []
  for (const hop of jumpText?.split(',') ?? []) {
    const own = hosts.find((candidate) => candidate.name === hop.trim())
    if (own !== undefined) {
      const target = await resolveTarget(own, hosts, environment, [...through, host.name])
      jumps.push(...target.jumps, target)
    } else {
      const { address, user, port } = parseHop(hop)
      const { jump, user: ownUser, port: ownPort, ...rest } = ssh
      const hopHost: SiteHost = {
        ...host,
        name: hop.trim(),
        address,
        ssh: {
          ...rest,
          ...(user === undefined ? (ownUser === undefined ? {} : { user: ownUser }) : { user }),
          ...(port === undefined ? {} : { port }),
          // A pinned key belongs to the host itself, not to the way there.
          hostKey: rest.hostKey.startsWith('SHA256:') ? 'strict' : rest.hostKey,
        },
      }
      const target = await resolveTarget(hopHost, [], environment, [...through, host.name])
      jumps.push(...target.jumps, target)
    }
  }
  return {
    name: host.name,
    address: config?.hostName ?? host.address,
    port: ssh.port ?? config?.port ?? 22,
    user: ssh.user ?? config?.user ?? 'root',
    keyFiles,
    ...(ssh.keyPassphrase === undefined ? {} : { keyPassphrase: ssh.keyPassphrase }),
    ...(ssh.password === undefined ? {} : { password: ssh.password }),
    ...(ssh.agent === false || socket === undefined || socket === '' ? {} : { agent: socket }),
    sudo: ssh.sudo,
    legacy: ssh.legacy,
    hostKey: ssh.hostKey,
    knownHosts: [
      ...(ssh.knownHosts !== undefined
        ? [ssh.knownHosts]
        : config !== undefined && config.knownHosts.length > 0
          ? config.knownHosts
          : [path.join(os.homedir(), '.ssh', 'known_hosts')]),
      '/etc/ssh/ssh_known_hosts',
    ],
    jumps,
    connectTimeoutMs: ssh.connectTimeoutMs,
  }
}
