import type { StepHead } from '../../core/plan/shell/shell-step.js'
import type { SystemFamily } from '../../core/plan/shell/system.js'
import type { SiteHost } from '../../core/site/hosts.js'
import type { Provision } from '../../core/site/provision.js'

/** All that the steps of one host are made from. */
export interface HostStepsInput {
  readonly host: SiteHost
  /** Every host of the site, this one included. */
  readonly hosts: readonly SiteHost[]
  readonly provision: Provision
  readonly family: SystemFamily
  /** Passwords of package repositories, by the repository's name. */
  readonly passwords: ReadonlyMap<string, string>
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
