import type { Role } from '../hosts/roles.js'

/**
 * The services of the `apache` profile as data: what each consists of, what it needs to have started before it, and
 * the ports of its roles. Ports are the defaults of the Apache versions in `provisioning/apache`, and the pilot's where
 * it names one (pilot.md, section 1); a site may set every one of them. Heaps are those that the recipes ran with.
 */
interface CatalogRole {
  readonly ports: Readonly<Record<string, number>>
  /** Java heap in MiB on the pilot's small hosts; left out for programs that are no Java. */
  readonly heap?: number
  /** The port with pages for people. */
  readonly web?: string
}

interface CatalogService {
  readonly title: string
  /** Services that have to answer before this one starts, and that stop after it. */
  readonly needs: readonly string[]
  readonly roles: Readonly<Partial<Record<Role, CatalogRole>>>
}

export const catalog = {
  zookeeper: {
    title: 'ZooKeeper',
    needs: [],
    roles: { zookeeper: { ports: { client: 2181 }, heap: 128 } },
  },
  hdfs: {
    title: 'HDFS',
    needs: [],
    roles: {
      namenode: { ports: { rpc: 8020, http: 9870 }, heap: 384, web: 'http' },
      datanode: { ports: { transfer: 9866, ipc: 9867, http: 9864 }, heap: 384, web: 'http' },
      secondarynamenode: { ports: { http: 9868 }, heap: 256 },
    },
  },
  yarn: {
    title: 'YARN',
    needs: ['hdfs'],
    roles: {
      resourcemanager: {
        ports: { rpc: 8032, scheduler: 8030, tracker: 8031, admin: 8033, http: 8088 },
        heap: 384,
        web: 'http',
      },
      nodemanager: {
        ports: { rpc: 8041, localizer: 8040, http: 8042, shuffle: 13562, collector: 8048 },
        heap: 256,
        web: 'http',
      },
    },
  },
  kafka: {
    title: 'Kafka',
    needs: ['zookeeper'],
    roles: { kafka: { ports: { client: 9092 }, heap: 512 } },
  },
  hbase: {
    title: 'HBase',
    needs: ['hdfs', 'zookeeper'],
    roles: {
      hmaster: { ports: { rpc: 16000, http: 16010 }, heap: 384, web: 'http' },
      regionserver: { ports: { rpc: 16020, http: 16030 }, heap: 512, web: 'http' },
      // 8080, HBase's own default, is Zeppelin's and Storm's here: Cloudera's port instead.
      'hbase-rest': { ports: { http: 20550, info: 8085 }, heap: 256 },
    },
  },
  flume: {
    title: 'Flume',
    needs: ['hdfs', 'kafka'],
    roles: { flume: { ports: { metrics: 34545 }, heap: 512 } },
  },
  postgres: {
    title: 'PostgreSQL',
    needs: [],
    roles: { postgres: { ports: { client: 7432 } } },
  },
  hive: {
    title: 'Hive',
    // The database of its metastore, where the site has one; else it keeps one of its own.
    needs: ['hdfs', 'postgres'],
    roles: {
      metastore: { ports: { thrift: 9083 }, heap: 256 },
      hiveserver2: { ports: { thrift: 10000, http: 10001, web: 10002, tez: 10003 }, heap: 768, web: 'web' },
    },
  },
  spark: {
    title: 'Spark Thrift Server',
    needs: ['hive'],
    roles: {
      'spark-thriftserver': {
        ports: { thrift: 10016, driver: 10017, blocks: 10018, web: 4040 },
        heap: 768,
        web: 'web',
      },
    },
  },
} as const satisfies Readonly<Record<string, CatalogService>>

export type ServiceName = keyof typeof catalog
type UnionOf<T> = { [S in keyof T]: T[S] }[keyof T]
type KeysOf<T> = T extends unknown ? keyof T : never
type RolesOf<S extends ServiceName> = keyof (typeof catalog)[S]['roles']

/** Roles that the `apache` profile can run. */
export type ServiceRole = Extract<KeysOf<UnionOf<typeof catalog>['roles']>, Role>
type RoleEntry<R extends ServiceRole> = UnionOf<{
  [S in ServiceName]: R extends RolesOf<S> ? (typeof catalog)[S]['roles'][R] : never
}>
/** Names of a role's ports: `PortName<'namenode'>` is `'rpc' | 'http'`. */
export type PortName<R extends ServiceRole> =
  RoleEntry<R> extends { readonly ports: infer P } ? keyof P & string : never

const services: Readonly<Record<string, CatalogService>> = catalog

export const serviceNames = Object.keys(catalog) as readonly ServiceName[]
export const serviceRoles = serviceNames.flatMap((name) => rolesOfService(name))

export function rolesOfService(name: ServiceName): readonly ServiceRole[] {
  return Object.keys(catalog[name].roles) as ServiceRole[]
}

/** The service that a role belongs to. */
export function serviceOfRole(role: ServiceRole): ServiceName {
  return serviceNames.find((name) => role in catalog[name].roles) as ServiceName
}

export function isServiceRole(role: Role): role is ServiceRole {
  return (serviceRoles as readonly Role[]).includes(role)
}

/** Ports of a role by name, as they are when the site says nothing. */
export function defaultPorts(role: ServiceRole): Readonly<Record<string, number>> {
  return services[serviceOfRole(role)]?.roles[role]?.ports ?? {}
}

/** Java heap of a role in MiB when the site says nothing; undefined for programs that are no Java. */
export function defaultHeap(role: ServiceRole): number | undefined {
  return services[serviceOfRole(role)]?.roles[role]?.heap
}

/** Name of the port with a role's pages; undefined when it has none. */
export function webPort(role: ServiceRole): string | undefined {
  return services[serviceOfRole(role)]?.roles[role]?.web
}

export function serviceTitle(name: ServiceName): string {
  return catalog[name].title
}

/** What `name` needs directly. */
export function serviceNeeds(name: ServiceName): readonly ServiceName[] {
  return catalog[name].needs
}

/** The given services in the order in which they start: each after all that it needs, else in the catalog's order. */
export function startOrder(names: readonly ServiceName[]): readonly ServiceName[] {
  const ordered: ServiceName[] = []
  const visit = (name: ServiceName) => {
    if (ordered.includes(name)) return
    for (const need of serviceNeeds(name)) visit(need)
    ordered.push(name)
  }
  for (const name of serviceNames) visit(name)
  return ordered.filter((name) => names.includes(name))
}
