import { packagesStep } from '../../../core/plan/shell/packages.js'
import { servicesOn } from '../../../core/plan/shell/services.js'
import type { Step } from '../../../core/plan/step.js'
import { type HostStepsInput, head } from '../input.js'
import { bundleRepositoryName } from './bundle.js'

/** Name cache, DNS tools, psmisc (Cloudera's start scripts need it) (ssh-cm.md, table 3.2). */
const defaults = {
  el6: ['nscd', 'bind-utils', 'psmisc'],
  el7: ['nscd', 'bind-utils', 'psmisc'],
  debian: ['nscd', 'bind9-dnsutils', 'psmisc', 'curl', 'locales'],
} as const

function names(input: HostStepsInput): readonly string[] {
  return input.provision.packages === 'default' ? defaults[input.family] : input.provision.packages
}

/** The one repository that packages come from; undefined: all that the host knows. */
export function packageSource(input: HostStepsInput): string | undefined {
  return input.bundle === undefined ? undefined : bundleRepositoryName
}

/** Steps that install packages need these first. */
export function repositorySteps(input: HostStepsInput): readonly string[] {
  const { proxy, repositories } = input.provision
  return [
    input.bundle === undefined ? 'no-bundle' : 'bundle-repository',
    ...(proxy === undefined ? [] : ['proxy']),
    ...(input.family === 'debian' ? [] : ['base-repository']),
    ...repositories.extra.map(({ name }) => `repository-${name}`),
    'hosts-file',
  ]
}

export function packages(input: HostStepsInput): Step | undefined {
  const wanted = names(input)
  if (wanted.length === 0) return undefined
  return packagesStep({
    ...head(
      input,
      'packages',
      { title: 'helper packages', reason: 'later steps and the services need them', group: 'packages' },
      repositorySteps(input),
    ),
    family: input.family,
    names: wanted,
    repository: packageSource(input),
  })
}

export function nameCache(input: HostStepsInput): Step | undefined {
  if (!names(input).includes('nscd')) return undefined
  return servicesOn({
    ...head(
      input,
      'name-cache',
      { title: 'name cache', reason: 'Hadoop asks for the same names and groups again and again', group: 'services' },
      ['packages'],
    ),
    family: input.family,
    names: ['nscd'],
  })
}
