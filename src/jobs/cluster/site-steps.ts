import path from 'node:path'
import { type Cluster, clusterOf } from '../../core/cluster/cluster.js'
import type { ProductName, ServiceDefinition } from '../../core/cluster/service.js'
import { FailedError } from '../../core/errors.js'
import type { Step } from '../../core/plan/step.js'
import type { Product } from '../../distributions/apache/products.js'
import { serviceSteps } from '../../distributions/apache/steps.js'
import { loadServices } from '../../services/registry.js'
import type { HostsContext } from '../provision/context.js'
import { productArchive, readProducts } from '../software/software.js'
import { secretStore } from './secrets.js'
import { clusterUser } from './user.js'

export interface ClusterSteps {
  readonly cluster: Cluster
  readonly definitions: readonly ServiceDefinition[]
  readonly products: ReadonlyMap<ProductName, Product>
  readonly steps: readonly Step[]
}

/** The steps of the site's services. `known`: ids of the steps of the hosts that come before them. */
export async function clusterSteps(
  context: HostsContext,
  known: ReadonlySet<string> = new Set(),
): Promise<ClusterSteps> {
  const cluster = clusterOf(context.site)
  const [definitions, products] = await Promise.all([loadServices(cluster.services), readProducts(context)])
  const file = path.join(context.templates, 'apache', 'service.sh')
  const supervisor = await context.files.readText(file)
  if (supervisor === undefined) {
    throw new FailedError('TEMPLATE_ABSENT', `the template ${file} is missing`, { hints: ['install smartcar again'] })
  }
  // One archive for all hosts that ask at the same time.
  const archives = new Map<ProductName, Promise<string>>()
  const archive = (product: Product) => {
    const made = archives.get(product.name) ?? productArchive(product, context)
    archives.set(product.name, made)
    return made
  }
  const hostNeeds = (host: string) =>
    ['hosts-file', 'jdk', 'java-home'].map((name) => `host/${name}@${host}`).filter((id) => known.has(id))
  const steps = serviceSteps({
    cluster,
    definitions,
    products,
    archive,
    secrets: secretStore(context),
    supervisor,
    user: clusterUser(cluster),
    tools: { http: context.http, signal: context.signal, secret: context.secret },
    hostNeeds,
  })
  return { cluster, definitions, products, steps }
}
