import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Cluster, clusterOf } from '../../src/core/cluster/cluster.js'
import { type ProductName, productNames, type ServiceDefinition } from '../../src/core/cluster/service.js'
import type { Http } from '../../src/core/ports.js'
import { resolveSite } from '../../src/core/site/resolve.js'
import { type Product, parseLock } from '../../src/distributions/apache/products.js'
import { serviceSteps } from '../../src/distributions/apache/steps.js'
import type { ServiceStepsInput } from '../../src/distributions/apache/steps-input.js'
import { packageRoot } from '../../src/io/package-root.js'
import { loadServices } from '../../src/services/registry.js'

/** The two hosts of the pilot, with the roles that it gives them. */
export const pilotHosts = 'hosts: { server01: { address: 10.0.0.1 }, server02: { address: 10.0.0.2 } }\n'

/** A cluster of the `apache` profile; without hosts it is this machine. */
export function apacheCluster(text = '', folder = '/site'): Cluster {
  return clusterOf(
    resolveSite({
      siteFile: { path: path.join(folder, 'smartcar.yaml'), text: `profile: apache\n${text}` },
      environment: {},
      workingFolder: folder,
    }),
  )
}

export function lockText(name: ProductName): string {
  return readFileSync(path.join(packageRoot(), 'provisioning', 'apache', name, 'artifacts.lock'), 'utf8')
}

export function pinnedProducts(): ReadonlyMap<ProductName, Product> {
  return new Map(
    productNames.map((name) => {
      const text = lockText(name)
      return [name, parseLock(name, text, createHash('sha256').update(text).digest('hex'))]
    }),
  )
}

/** Nothing may be asked over the network. */
export const noHttp: Http = {
  request: () => Promise.reject(new Error('asked by HTTP')),
  ask: () => Promise.reject(new Error('asked by TCP')),
}

export interface ApacheSteps {
  readonly cluster: Cluster
  readonly definitions: readonly ServiceDefinition[]
  readonly input: ServiceStepsInput
  readonly steps: ReturnType<typeof serviceSteps>
}

/** All steps of a cluster, with what is pinned. */
export async function apacheSteps(cluster: Cluster, more: Partial<ServiceStepsInput> = {}): Promise<ApacheSteps> {
  const definitions = more.definitions ?? (await loadServices(cluster.services))
  const input: ServiceStepsInput = {
    cluster,
    definitions,
    products: pinnedProducts(),
    archive: () => Promise.reject(new Error('asked for software')),
    secrets: {
      path: (name) => `/secrets/${name}`,
      digest: () => Promise.resolve(undefined),
      make: () => Promise.reject(new Error('asked for a secret')),
    },
    supervisor: readFileSync(path.join(packageRoot(), 'templates', 'apache', 'service.sh'), 'utf8'),
    tools: { http: noHttp, secret: async () => '', signal: new AbortController().signal },
    user: 'smartcar',
    limits: { nofile: 32_768, nproc: 65_536 },
    hostNeeds: () => [],
    ...more,
  }
  return { cluster, definitions, input, steps: serviceSteps(input) }
}
