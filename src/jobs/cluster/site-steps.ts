import path from 'node:path'
import { type Cluster, clusterOf } from '../../core/cluster/cluster.js'
import type { ProductName, ServiceDefinition } from '../../core/cluster/service.js'
import { FailedError } from '../../core/errors.js'
import type { Step } from '../../core/plan/step.js'
import type { Product } from '../../distributions/apache/products.js'
import { serviceSteps } from '../../distributions/apache/steps.js'
import type { ProductArchive } from '../../distributions/apache/steps-input.js'
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
  const { bundle, limits } = context.site.provision
  const find = async (product: Product): Promise<ProductArchive> =>
    bundle === undefined
      ? { file: await productArchive(product, context) }
      : (await import('../bundle/software.js')).bundledArchive(bundle, product, context)
  // One archive for all hosts that ask at the same time.
  const archives = new Map<ProductName, Promise<ProductArchive>>()
  const archive = (product: Product) => {
    const made = archives.get(product.name) ?? find(product)
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
    limits,
    user: clusterUser(cluster),
    tools: { http: context.http, signal: context.signal, secret: context.secret },
    hostNeeds,
  })
  return { cluster, definitions, products, steps }
}
