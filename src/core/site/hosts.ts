import path from 'node:path'
import { isServiceRole } from '../cluster/catalog.js'
import { defaultRoles, type Role } from '../hosts/roles.js'
import type { HostDefinition, SshDefinition } from './hosts-schema.js'

/** Where a secret is read from at the moment it is needed; its value is never kept in the site nor printed. */
export type SecretSource = { readonly file: string } | { readonly env: string }

export interface SshSettings {
  /** undefined: not said in the site (then ~/.ssh/config when `config`, else root). */
  readonly user?: string
  readonly port?: number
  /** absolute */
  readonly keyFile?: string
  readonly keyPassphrase?: SecretSource
  readonly password?: SecretSource
  /** undefined: when an agent runs */
  readonly agent?: boolean
  /** false: the account must not use sudo */
  readonly sudo: false | { readonly password?: SecretSource }
  readonly jump?: string
  readonly legacy: boolean
  /** `strict`, `accept-new`, or the fingerprint `SHA256:…` */
  readonly hostKey: string
  /** absolute; undefined: ~/.ssh/known_hosts */
  readonly knownHosts?: string
  /** true: ~/.ssh/config; a path (absolute): that file */
  readonly config: boolean | string
  readonly connectTimeoutMs: number
}

export interface SiteHost {
  readonly name: string
  readonly address: string
  readonly fqdn: string
  readonly roles: readonly Role[]
  readonly connection: 'ssh' | 'local'
  readonly ssh: SshSettings
}

/** Makes a path of the site file absolute; `key` tells in which file it stands. */
export type AbsolutePath = (key: string, value: string) => string

function secret(
  file: string | undefined,
  env: string | undefined,
  absolute: (value: string) => string,
): SecretSource | undefined {
  if (file !== undefined) return { file: absolute(file) }
  return env === undefined ? undefined : { env }
}

function sshSettings(site: SshDefinition, own: SshDefinition, prefix: string, absolute: AbsolutePath): SshSettings {
  const ssh = { ...site, ...own }
  // A host's own source replaces the site's, also when it is of the other kind.
  for (const name of ['password', 'key_passphrase'] as const) {
    if (own[`${name}_file`] !== undefined) delete ssh[`${name}_env`]
    if (own[`${name}_env`] !== undefined) delete ssh[`${name}_file`]
  }
  const at = (field: keyof SshDefinition | 'sudo.password_file') => (value: string) => {
    const [top = ''] = field.split('.')
    return absolute(top in own ? `${prefix}.ssh.${field}` : `ssh.${field}`, value)
  }
  const passphrase = secret(ssh.key_passphrase_file, ssh.key_passphrase_env, at('key_passphrase_file'))
  const password = secret(ssh.password_file, ssh.password_env, at('password_file'))
  const sudo = ssh.sudo ?? {}
  const sudoPassword =
    sudo === false ? undefined : secret(sudo.password_file, sudo.password_env, at('sudo.password_file'))
  return {
    ...(ssh.user === undefined ? {} : { user: ssh.user }),
    ...(ssh.port === undefined ? {} : { port: ssh.port }),
    ...(ssh.key_file === undefined ? {} : { keyFile: at('key_file')(ssh.key_file) }),
    ...(passphrase === undefined ? {} : { keyPassphrase: passphrase }),
    ...(password === undefined ? {} : { password }),
    ...(ssh.agent === undefined ? {} : { agent: ssh.agent }),
    sudo: sudo === false ? false : sudoPassword === undefined ? {} : { password: sudoPassword },
    ...(ssh.jump === undefined ? {} : { jump: ssh.jump }),
    legacy: ssh.legacy_ssh ?? false,
    hostKey: ssh.host_key ?? 'strict',
    ...(ssh.known_hosts === undefined ? {} : { knownHosts: at('known_hosts')(ssh.known_hosts) }),
    config: typeof ssh.config === 'string' ? at('config')(ssh.config) : (ssh.config ?? false),
    connectTimeoutMs: (ssh.connect_timeout ?? 15) * 1000,
  }
}

/** The `apache` profile runs on the machine at hand when the site names no hosts. */
const thisMachine: Readonly<Record<string, HostDefinition>> = {
  localhost: { address: '127.0.0.1', connection: 'local' },
}

/**
 * The hosts of a site with every default filled in, in the order of the site file. Roles that nobody named are those of
 * the pilot's table, on `apache` without what it cannot run.
 */
export function resolveHosts(
  definition: {
    readonly profile: 'embedded' | 'apache'
    readonly hosts: Readonly<Record<string, HostDefinition>>
    readonly ssh: SshDefinition
    readonly domain: string
  },
  absolute: AbsolutePath,
): readonly SiteHost[] {
  const apache = definition.profile === 'apache'
  const named = Object.entries(definition.hosts)
  const entries = apache && named.length === 0 ? Object.entries(thisMachine) : named
  const placed = (index: number) => defaultRoles(index, entries.length).filter((role) => !apache || isServiceRole(role))
  return entries.map(([name, host], index) => ({
    name,
    address: host.address,
    fqdn: host.fqdn ?? `${name}.${definition.domain}`,
    roles: host.roles ?? placed(index),
    connection: host.connection,
    ssh: sshSettings(definition.ssh, host.ssh ?? {}, `hosts.${name}`, absolute),
  }))
}

/** `~/x` below `home`, anything else relative to `folder`. */
export function expandPath(folder: string, home: string | undefined, value: string): string {
  if (home !== undefined && (value === '~' || value.startsWith('~/'))) return path.join(home, value.slice(1))
  return path.resolve(folder, value)
}
