import type { SystemFamily } from '../../core/plan/shell/system.js'
import type { ShellCheck } from '../../core/plan/step.js'
import type { SiteHost } from '../../core/site/hosts.js'
import type { Site } from '../../core/site/resolve.js'

/** What one check says. `bad` makes the site unhealthy, `warning` does not, `unknown`: it could not be found out. */
export interface Diagnosis {
  readonly state: 'ok' | 'warning' | 'bad' | 'unknown'
  /** What was seen. */
  readonly evidence: string
  readonly cause?: string
  readonly remedy?: string
  /** Steps of provision that mend it, by name. */
  readonly fix?: readonly string[]
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
  shell(input: HostCheckInput): string
  interpret(output: Parameters<ShellCheck['interpret']>[0], input: HostCheckInput): Diagnosis
}

export function healthy(evidence: string): Diagnosis {
  return { state: 'ok', evidence }
}
