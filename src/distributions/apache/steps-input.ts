import { createHash } from 'node:crypto'
import { type ServiceName, type ServiceRole, serviceNeeds } from '../../core/cluster/catalog.js'
import type { Cluster } from '../../core/cluster/cluster.js'
import type { ProbeTools, ProductName, SecretName, ServiceDefinition } from '../../core/cluster/service.js'
import type { Product } from './products.js'
import type { ProcessLimits } from './systemd.js'

/** The packed software of a product, in a file of its own or in a bundle. */
export interface ProductArchive {
  readonly file: string
  /** Part of the file, bytes; all of it when left out. */
  readonly range?: { readonly offset: number; readonly length: number }
  /** What it has to be, where somebody else has packed it. */
  readonly sha256?: string
}

/** The secrets of the services on the control machine, one file each, mode 0600. */
export interface SecretStore {
  /** Absolute path, whether the file is there or not. */
  path(name: SecretName): string
  /** SHA-256 of the file; undefined while there is none. */
  digest(name: SecretName): Promise<string | undefined>
  /** Makes the file where there is none. */
  make(name: SecretName): Promise<void>
}

export interface ServiceStepsInput {
  readonly cluster: Cluster
  /** Every service of the cluster, in the order of the catalog. */
  readonly definitions: readonly ServiceDefinition[]
  readonly products: ReadonlyMap<ProductName, Product>
  /** The archive of a product on this machine, made when it is first asked for. */
  readonly archive: (product: Product) => Promise<ProductArchive>
  readonly secrets: SecretStore
  /** Text of templates/apache/service.sh. */
  readonly supervisor: string
  readonly tools: ProbeTools
  /** The account that HDFS knows the toolkit as. */
  readonly user: string
  /** What a unit of systemd gives to a service. */
  readonly limits: ProcessLimits
  /** Ids of steps that have to be done on a host before its services: the JDK, the accounts. */
  readonly hostNeeds: (host: string) => readonly string[]
}

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

export const stepIds = {
  root: (host: string) => `services/folders@${host}`,
  account: (host: string) => `services/account@${host}`,
  units: (host: string) => `services/units@${host}`,
  software: (product: ProductName, host: string) => `software/${product}@${host}`,
  config: (service: ServiceName, host: string) => `${service}/config@${host}`,
  secrets: (host: string) => `services/secrets@${host}`,
  init: (role: ServiceRole, host: string) => `${role}/init@${host}`,
  start: (role: ServiceRole, host: string) => `${role}/start@${host}`,
  serving: (service: ServiceName) => `${service}/serving`,
}

/** Every start of a role, and all that has to be done before what needs a service may start. */
export const tags = {
  role: (role: ServiceRole) => `started:${role}`,
  service: (service: ServiceName) => `serves:${service}`,
}

/** Services whose configuration `name` reads: itself and all that it needs. */
export function configurationOf(name: ServiceName): readonly ServiceName[] {
  return [...new Set([...serviceNeeds(name).flatMap(configurationOf), name])]
}
