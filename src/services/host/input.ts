import type { StepHead } from '../../core/plan/shell/shell-step.js'
import type { SystemFamily } from '../../core/plan/shell/system.js'
import type { SiteHost } from '../../core/site/hosts.js'
import type { Provision } from '../../core/site/provision.js'

/** A bundle that a host's packages come from. */
export interface HostBundle {
  /** Absolute path of the archive on this machine. */
  readonly file: string
  /** Fingerprint of its content; the name of its folder on the host. */
  readonly id: string
  /** What the host's family has in it. */
  readonly items: readonly {
    /** Below the bundle's folder on the host. */
    readonly path: string
    /** Where it stands in the archive, bytes. */
    readonly offset: number
    /** bytes */
    readonly size: number
    readonly sha256: string
  }[]
}

/** All that the steps of one host are made from. */
export interface HostStepsInput {
  readonly host: SiteHost
  /** Every host of the site, this one included. */
  readonly hosts: readonly SiteHost[]
  readonly provision: Provision
  readonly family: SystemFamily
  /** Passwords of package repositories, by the repository's name. */
  readonly passwords: ReadonlyMap<string, string>
  /** Packages come from it alone; from repositories when left out. */
  readonly bundle?: HostBundle
}

/** The id of a step of this service. */
export function hostStepId(name: string, host: string): string {
  return `host/${name}@${host}`
}

/** Id, tag and needs of a step, from short names. */
export function head(
  input: HostStepsInput,
  name: string,
  text: Pick<StepHead, 'title' | 'reason' | 'group'>,
  needs: readonly string[] = [],
): StepHead {
  const host = input.host.name
  return {
    id: hostStepId(name, host),
    host,
    tags: [`host:${host}`],
    needs: needs.map((need) => hostStepId(need, host)),
    ...text,
  }
}
