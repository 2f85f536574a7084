import type { AbsolutePath, SecretSource } from './hosts.js'
import type { ProvisionDefinition } from './provision-schema.js'

export interface SystemUser {
  readonly name: string
  readonly group: string
  readonly groups: readonly string[]
  readonly home: string
  readonly shell: string
}

interface DataDirectory {
  readonly path: string
  readonly owner: string
  /** undefined: whatever it is, the owner's when it is made */
  readonly group?: string
  /** permission bits */
  readonly mode: number
  /** bytes that its file system must have free */
  readonly free: number
}

export interface PackageRepository {
  readonly name: string
  readonly url: string
  readonly suite: string
  readonly gpgKey?: string
  readonly user?: string
  readonly password?: SecretSource
}

/** What the hosts of a site should be, every default filled in. */
export interface Provision
  extends Readonly<
    Omit<ProvisionDefinition, 'users' | 'directories' | 'repositories' | 'sysctl' | 'reconnect' | 'bundle'>
  > {
  readonly sysctl: readonly { readonly key: string; readonly value: string }[]
  readonly users: readonly SystemUser[]
  readonly directories: readonly DataDirectory[]
  readonly repositories: { readonly base: string; readonly extra: readonly PackageRepository[] }
  /** Absolute path of the bundle that packages come from. */
  readonly bundle?: string
  readonly reconnectMs: number
}

/**
 * Accounts of Hadoop's services, with homes and groups as Cloudera's packages would make them (ssh-cm.md, table 3.2).
 */
const hadoopUsers: NonNullable<ProvisionDefinition['users']> = {
  hdfs: { groups: ['hadoop'], home: '/var/lib/hadoop-hdfs', shell: '/sbin/nologin' },
  yarn: { groups: ['hadoop'], home: '/var/lib/hadoop-yarn', shell: '/sbin/nologin' },
  mapred: { groups: ['hadoop'], home: '/var/lib/hadoop-mapreduce', shell: '/sbin/nologin' },
  zookeeper: { groups: [], shell: '/sbin/nologin' },
  hbase: { groups: [], shell: '/sbin/nologin' },
  hive: { groups: [], shell: '/sbin/nologin' },
  kafka: { groups: [], shell: '/sbin/nologin' },
  flume: { groups: [], home: '/var/lib/flume-ng', shell: '/sbin/nologin' },
  oozie: { groups: [], shell: '/sbin/nologin' },
  spark: { groups: [], shell: '/sbin/nologin' },
  storm: { groups: [], shell: '/sbin/nologin' },
}

const defaultDirectories: NonNullable<ProvisionDefinition['directories']> = {
  '/data': { owner: 'root', mode: '755', free: '2G' },
}

const factors: Readonly<Record<string, number>> = { M: 1e6, G: 1e9, T: 1e12 }

/** `10G` as bytes; the schema has checked its form. */
function sizeInBytes(text: string): number {
  const unit = /[MGT]/.exec(text)?.[0] ?? 'M'
  return Number.parseFloat(text) * (factors[unit] ?? 1)
}

export function resolveProvision(definition: ProvisionDefinition, absolute: AbsolutePath): Provision {
  const { users, directories, repositories, sysctl, reconnect, bundle, ...rest } = definition
  return {
    ...rest,
    sysctl: sysctl.map((line) => {
      const at = line.indexOf('=')
      return { key: line.slice(0, at), value: line.slice(at + 1) }
    }),
    users: Object.entries(users ?? hadoopUsers).map(([name, user]) => ({
      name,
      group: user.group ?? name,
      groups: user.groups,
      home: user.home ?? `/var/lib/${name}`,
      shell: user.shell,
    })),
    directories: Object.entries(directories ?? defaultDirectories).map(([path, directory]) => ({
      path,
      owner: directory.owner,
      ...(directory.group === undefined ? {} : { group: directory.group }),
      mode: Number.parseInt(directory.mode, 8),
      free: sizeInBytes(directory.free),
    })),
    repositories: {
      base: repositories.base,
      extra: Object.entries(repositories.extra).map(([name, repository]): PackageRepository => {
        const key = `provision.repositories.extra.${name}.password_file`
        const password: SecretSource | undefined =
          repository.password_file !== undefined
            ? { file: absolute(key, repository.password_file) }
            : repository.password_env !== undefined
              ? { env: repository.password_env }
              : undefined
        return {
          name,
          url: repository.url,
          suite: repository.suite ?? './',
          ...(repository.gpg_key === undefined ? {} : { gpgKey: repository.gpg_key }),
          ...(repository.user === undefined ? {} : { user: repository.user }),
          ...(password === undefined ? {} : { password }),
        }
      }),
    },
    ...(bundle === undefined ? {} : { bundle: absolute('provision.bundle', bundle) }),
    reconnectMs: reconnect * 1000,
  }
}
