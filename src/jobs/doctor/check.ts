import type { ServiceName, ServiceRole } from '../../core/cluster/catalog.js'
import type { Cluster, ClusterHost } from '../../core/cluster/cluster.js'
import type { ProbeTools } from '../../core/cluster/service.js'
import type { SystemFamily } from '../../core/plan/shell/system.js'
import type { ShellCheck, Step, World } from '../../core/plan/step.js'
import type { SiteHost } from '../../core/site/hosts.js'
import type { Site } from '../../core/site/resolve.js'
import type { Hdfs } from '../../services/hdfs/client.js'
import type { EventLog } from '../../services/kafka/client.js'

/** What one check says. `bad` makes the site unhealthy, `warning` does not, `unknown`: it could not be found out. */
export interface Diagnosis {
  readonly state: 'ok' | 'warning' | 'bad' | 'unknown'
  /** What was seen. */
  readonly evidence: string
  readonly cause?: string
  readonly remedy?: string
  /** What `--fix` does: steps of provision by name, repairs by id, `start <service>`. */
  readonly fix?: readonly string[]
}

/** What a check of the services says; how `--fix` mends it comes with it. */
export interface ServiceDiagnosis extends Diagnosis {
  readonly repair?: Step
  /** The repair gives something up: it is done only with the site's name as confirmation. */
  readonly severe?: true
  /** A service to start, with what it needs. */
  readonly start?: ServiceName
}

export interface DoctorResult extends Diagnosis {
  readonly id: string
  readonly title: string
  /** undefined: this machine */
  readonly host?: string
}

export interface HostCheckInput {
  readonly site: Site
  readonly host: SiteHost
  readonly family: SystemFamily | undefined
}

/** A check of one host; all of a host go there in one round trip. */
export interface HostCheck {
  readonly id: string
  readonly title: string
  /** It looks at what provision makes of a host: `apache` makes nothing of a host that is this machine. */
  readonly preparation?: true
  shell(input: HostCheckInput): string
  interpret(output: Parameters<ShellCheck['interpret']>[0], input: HostCheckInput): Diagnosis
}

/** What the checks of running services work with. */
export interface ServicesLook {
  readonly cluster: Cluster
  readonly world: World
  readonly tools: ProbeTools
  /** The account that HDFS knows the services as: its superuser. */
  readonly user: string
  readonly hdfs: Hdfs
  /** Does work with Kafka on connections of its own: a repair may come long after the look. */
  kafka<T>(work: (log: EventLog) => Promise<T>): Promise<T>
  /** Whether a role runs on a host. */
  runs(role: ServiceRole, host: string): boolean
}

/** A check of the services together, made once a site, said of a host. */
export interface ServiceCheck {
  readonly id: string
  readonly title: string
  /** It is asked on the hosts of this role. */
  readonly role: ServiceRole
  /** `site`: once, said of the first host of the role; `host`: for each of them. */
  readonly each: 'site' | 'host'
  /** It needs no answer of the role, so it is made while that does not run too. */
  readonly offline?: true
  look(look: ServicesLook, host: ClusterHost): Promise<ServiceDiagnosis>
}

export function healthy(evidence: string): Diagnosis {
  return { state: 'ok', evidence }
}
