import {
  isServiceRole,
  rolesOfService,
  type ServiceName,
  type ServiceRole,
  serviceNeeds,
  serviceOfRole,
} from '../../core/cluster/catalog.js'
import type { Cluster } from '../../core/cluster/cluster.js'
import { didYouMean } from '../../core/did-you-mean.js'
import { UsageError } from '../../core/errors.js'
import type { Role } from '../../core/hosts/roles.js'

function known(cluster: Cluster): readonly string[] {
  return [...cluster.services, ...cluster.hosts.flatMap(({ roles }) => roles)]
}

function unknown(word: string, cluster: Cluster): UsageError {
  return new UsageError('SERVICE_UNKNOWN', `the site has no service ${word}${didYouMean(word, known(cluster))}`, {
    hints: [`it has ${cluster.services.join(', ')}`],
  })
}

/** The services meant by words that name a service or a role; throws UsageError for others. */
export function servicesNamed(words: readonly string[], cluster: Cluster): readonly ServiceName[] {
  const named = words.map((word) => {
    const service = cluster.services.find((name) => name === word)
    if (service !== undefined) return service
    if (isServiceRole(word as Role) && cluster.hostsOf(word as ServiceRole).length > 0)
      return serviceOfRole(word as ServiceRole)
    throw unknown(word, cluster)
  })
  return [...new Set(named)]
}

/** The roles meant by a word: one role, or all of a service; throws UsageError for others. */
export function rolesNamed(word: string, cluster: Cluster): readonly ServiceRole[] {
  const service = cluster.services.find((name) => name === word)
  if (service !== undefined) return rolesOfService(service).filter((role) => cluster.hostsOf(role).length > 0)
  if (isServiceRole(word as Role) && cluster.hostsOf(word as ServiceRole).length > 0) return [word as ServiceRole]
  throw unknown(word, cluster)
}

/** `names` and all that they need, as far as the site runs it. */
export function withNeeds(names: readonly ServiceName[], cluster: Cluster): readonly ServiceName[] {
  const all = (name: ServiceName): readonly ServiceName[] => [...serviceNeeds(name).flatMap(all), name]
  const wanted = new Set(names.flatMap(all))
  return cluster.services.filter((name) => wanted.has(name))
}

/** `names` and all that need them. */
export function withDependants(names: readonly ServiceName[], cluster: Cluster): readonly ServiceName[] {
  const needs = (name: ServiceName): boolean => names.includes(name) || serviceNeeds(name).some(needs)
  return cluster.services.filter(needs)
}
