import path from 'node:path'
import { UsageError } from '../errors.js'
import { parseMemory } from '../hosts/fit.js'
import type { SiteHost } from '../site/hosts.js'
import type { Site } from '../site/resolve.js'
import {
  catalog,
  defaultHeap,
  defaultPorts,
  isServiceRole,
  type PortName,
  rolesOfService,
  type ServiceName,
  type ServiceRole,
  serviceNames,
  serviceOfRole,
} from './catalog.js'

/** Folders of the services on one host, absolute, with forward slashes. */
export interface HostFolders {
  readonly root: string
  /** `software/<product>-<version>/lib` */
  readonly software: string
  /** `conf/<service>/` */
  readonly conf: string
  /** `data/<role>/` */
  readonly data: string
  /** `logs/<role>.log` */
  readonly logs: string
  /** `run/<role>.pid` and what a start leaves */
  readonly run: string
  /** `secrets/<name>`, for the services' account alone */
  readonly secrets: string
}

export interface ClusterHost {
  readonly name: string
  readonly address: string
  /** The name that the services call the host by: its full name, or the address where the host is this machine. */
  readonly node: string
  readonly local: boolean
  readonly roles: readonly ServiceRole[]
  readonly folders: HostFolders
}

export interface Endpoint {
  /** Name of the host in the site. */
  readonly host: string
  /** As the services call it; resolved by `addressOf` where this machine does not know it. */
  readonly node: string
  readonly address: string
  readonly port: number
}

/** The services of a site: where each role runs, and on which ports. Plain data and pure functions. */
export interface Cluster {
  readonly name: string
  readonly hosts: readonly ClusterHost[]
  /** Services with at least one role on a host, in the catalog's order. */
  readonly services: readonly ServiceName[]
  readonly settings: Site['services']
  hostsOf(role: ServiceRole): readonly ClusterHost[]
  port<R extends ServiceRole>(role: R, name: PortName<R>): number
  /** Where the first host with the role answers; throws UsageError ROLE_NOT_PLACED when no host has it. */
  endpoint<R extends ServiceRole>(role: R, name: PortName<R>): Endpoint
  endpoints<R extends ServiceRole>(role: R, name: PortName<R>): readonly Endpoint[]
  /** Every port of a role by name. */
  portsOf(role: ServiceRole): Readonly<Record<string, number>>
  /** The address behind a host's name, full name or node name; undefined for names that are not the site's. */
  addressOf(name: string): string | undefined
  /** Java heap in MiB: the site's, else the catalog's; 0 for programs that are no Java. */
  heap(role: ServiceRole): number
  /** What listens: the host's own address, or every address when the site says so. */
  bindAddress(host: ClusterHost): string
  /** Further settings of the site for one configuration file of a service. */
  properties(service: ServiceName, file: string): Readonly<Record<string, string>>
}

const remoteRoot = '/opt/smartcar'
const MiB = 1024 * 1024

function folders(root: string): HostFolders {
  const below = (name: string) => path.posix.join(root, name)
  return {
    root,
    software: below('software'),
    conf: below('conf'),
    data: below('data'),
    logs: below('logs'),
    run: below('run'),
    secrets: below('secrets'),
  }
}

function clusterHost(host: SiteHost, site: Site): ClusterHost {
  const local = host.connection === 'local'
  const root = site.services.root ?? (local ? path.join(site.data, 'services') : remoteRoot)
  return {
    name: host.name,
    address: host.address,
    node: local ? host.address : host.fqdn,
    local,
    roles: host.roles.filter(isServiceRole),
    folders: folders(root),
  }
}

/** The services of a site of the `apache` profile. Throws UsageError NO_CLUSTER for a site of another profile. */
export function clusterOf(site: Site): Cluster {
  if (site.profile !== 'apache') {
    throw new UsageError('NO_CLUSTER', `the site ${site.name} runs on this machine alone (profile ${site.profile})`, {
      hints: [
        'services run with profile: apache in the site file',
        'smartcar init --profile apache DIR makes such a site',
      ],
    })
  }
  const hosts = site.hosts.map((host) => clusterHost(host, site))
  const roleSettings = (role: ServiceRole): Readonly<Record<string, unknown>> => {
    const service: Readonly<Record<string, unknown>> = site.services[serviceOfRole(role)] ?? {}
    const settings = service[role]
    return typeof settings === 'object' && settings !== null ? { ...settings } : {}
  }
  const portsOf = (role: ServiceRole) =>
    Object.fromEntries(
      Object.entries(defaultPorts(role)).map(([name, value]) => {
        const set = roleSettings(role)[name]
        return [name, typeof set === 'number' ? set : value]
      }),
    )
  const port: Cluster['port'] = (role, name) => portsOf(role)[name] as number
  const hostsOf = (role: ServiceRole) => hosts.filter((host) => host.roles.includes(role))
  const endpoints: Cluster['endpoints'] = (role, name) =>
    hostsOf(role).map((host) => ({ host: host.name, node: host.node, address: host.address, port: port(role, name) }))
  return {
    name: site.name,
    hosts,
    services: serviceNames.filter((name) => rolesOfService(name).some((role) => hostsOf(role).length > 0)),
    settings: site.services,
    hostsOf,
    port,
    portsOf,
    endpoints,
    endpoint(role, name) {
      const [first] = endpoints(role, name)
      if (first !== undefined) return first
      throw new UsageError('ROLE_NOT_PLACED', `no host of the site ${site.name} has the role ${role}`, {
        hints: [`name it under roles: of a host; ${catalog[serviceOfRole(role)].title} needs it`],
      })
    },
    addressOf(name) {
      const known = site.hosts.find((host) => host.name === name || host.fqdn === name || host.address === name)
      return known?.address
    },
    heap(role) {
      const set = roleSettings(role).heap
      const bytes = typeof set === 'string' ? parseMemory(set) : undefined
      return bytes === undefined ? (defaultHeap(role) ?? 0) : Math.floor(bytes / MiB)
    },
    bindAddress: (host) => (site.services.bind === 'all' ? '0.0.0.0' : host.address),
    properties(service, file) {
      const settings = site.services[service]?.properties?.[file] ?? {}
      return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, String(value)]))
    },
  }
}
