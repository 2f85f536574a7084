import type { Change } from '../plan/step.js'
import type { Http } from '../ports.js'
import type { SecretSource } from '../site/hosts.js'
import type { PortName, ServiceName, ServiceRole } from './catalog.js'
import type { Cluster, ClusterHost, Endpoint } from './cluster.js'

/** Archives of software that a host gets; each has a POM and a list of files in `provisioning/apache/<product>`. */
export const productNames = ['zookeeper', 'hadoop', 'kafka', 'hbase', 'flume', 'hive', 'spark', 'postgres'] as const
export type ProductName = (typeof productNames)[number]

/** A service on one host. */
export interface HostView {
  readonly cluster: Cluster
  readonly host: ClusterHost
  /** Folder of a product's software: `<root>/software/<product>`. */
  software(product: ProductName): string
  /** Absolute path below `conf`. */
  conf(file: string): string
  /** Data folder of a role. */
  data(role: ServiceRole): string
  /** File with a secret, which only the services' account reads. */
  secret(name: SecretName): string
}

/** Secrets that services share: provision makes each once on the control machine and sends it to the hosts that need it. */
export const secretNames = ['postgres-metastore', 'postgres-smartcar'] as const
export type SecretName = (typeof secretNames)[number]

/** A program that is no Java: shell lines, the last of which becomes it (`exec`). */
interface ShellLaunch {
  readonly shell: string
}

export type Launch = JavaLaunch | ShellLaunch

/** How a Java process is started. */
export interface JavaLaunch {
  readonly main: string
  readonly arguments?: readonly string[]
  /** Options of the JVM beside -Xmx. */
  readonly jvm?: readonly string[]
  /** Java heap in MiB. */
  readonly heap: number
  /** Folders, jars, `folder/*` (which Java expands). */
  readonly classPath: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Variables that are read from files with secrets, so that neither command line nor configuration holds them. */
  readonly secrets?: Readonly<Record<string, string>>
}

/** What a service answered to a real question. */
export interface Health {
  /** `starting`: it answers, and is not ready yet. */
  readonly state: 'healthy' | 'starting' | 'unhealthy'
  /** One line: `2 of 2 DataNodes live, safe mode off`. */
  readonly summary: string
  readonly hints?: readonly string[]
}

export interface ProbeTools {
  readonly http: Http
  readonly signal: AbortSignal
  /** Reads a secret where the site says; `purpose` stands in the message when it cannot be read. */
  secret(source: SecretSource, purpose: string): Promise<string>
}

/** Done once before the first start: formatting, schemas. */
export interface RoleInit {
  /** What a plan shows: `format the NameNode`. */
  readonly summary: string
  /** File or folder whose presence says that it was done. */
  readonly done: string
  /** Programs to run, one after the other; a non-zero exit fails the step. */
  readonly launches: readonly JavaLaunch[]
  /** Shell lines before and after. */
  readonly before?: string
  readonly after?: string
  /** A path that says, when it is there, that this replaces something; `text` then stands in the plan. */
  readonly replaces?: { readonly path: string; readonly text: string }
}

export interface RoleDefinition {
  readonly products: readonly ProductName[]
  launch(view: HostView): Launch
  /** Configuration files (below `conf`) that it reads at its start: it is restarted when one of them changes. */
  reads(view: HostView): readonly string[]
  /** Folders that have to be there, absolute. */
  folders(view: HostView): readonly string[]
  init?(view: HostView): RoleInit | undefined
  /** Secrets that its first-time work and its start read. */
  secrets?(cluster: Cluster): readonly SecretName[]
  /** The signal that ends it in good order, when that is not SIGTERM. */
  readonly stopSignal?: 'INT'
  /** Asks the role on this host; throws UnreachableError when nothing answers. */
  health(view: HostView, tools: ProbeTools): Promise<Health>
  /**
   * Whether the next role may be started, where that is sooner than being healthy: a NameNode leaves safe mode only when
   * its DataNodes have reported.
   */
  ready?(view: HostView, tools: ProbeTools): Promise<boolean>
  /** How long a first answer may take, and how long an end after SIGTERM; seconds. */
  readonly startTimeout: number
  readonly stopTimeout: number
}

/** Something that a service needs inside itself once it serves: folders, topics, tables. */
export interface Setup {
  readonly name: string
  readonly title: string
  readonly reason: string
  /** Read-only. */
  find(cluster: Cluster, user: string, tools: ProbeTools): Promise<readonly Change[]>
  apply(cluster: Cluster, user: string, tools: ProbeTools): Promise<void>
}

/** One service of the `apache` profile; `src/services/<name>/service.ts` exports it. */
export interface ServiceDefinition {
  readonly name: ServiceName
  /** Configuration files for a host, by path below `conf`. Needed on hosts of its roles and of those that read them. */
  files(view: HostView): Readonly<Record<string, string>>
  readonly roles: Readonly<Partial<Record<ServiceRole, RoleDefinition>>>
  /** Asks about the service as a whole, once all its roles run: those that need it wait for this. */
  serving?(cluster: Cluster, tools: ProbeTools): Promise<Health>
  /** What is made in it once it serves; services that need it wait for that too. */
  readonly setups?: readonly Setup[]
}

/** Paths of a host, as every service sees them. */
export function hostView(cluster: Cluster, host: ClusterHost): HostView {
  const { folders } = host
  return {
    cluster,
    host,
    software: (product) => `${folders.software}/${product}`,
    conf: (file) => `${folders.conf}/${file}`,
    data: (role) => `${folders.data}/${role}`,
    secret: (name) => `${folders.secrets}/${name}`,
  }
}

/** Where all hosts with a role answer; throws UsageError ROLE_NOT_PLACED when there is none, instead of an empty list. */
export function endpointsNeeded<R extends ServiceRole>(
  cluster: Cluster,
  role: R,
  name: PortName<R>,
): readonly Endpoint[] {
  cluster.endpoint(role, name)
  return cluster.endpoints(role, name)
}

/** Hadoop's jars; the jar with the web pages also holds tests and comes last. */
export function hadoopClassPath(view: HostView): readonly string[] {
  const software = view.software('hadoop')
  return [view.conf('hadoop'), `${software}/lib/*`, `${software}/extra/*`]
}
