/** The software of the services of profile `apache` in a bundle: the archives that a host gets, as they are. */
import { type OpenBundle, openBundle } from '../../bundles/archive.js'
import { type SoftwareItem, softwareOf } from '../../bundles/manifest.js'
import { clusterOf } from '../../core/cluster/cluster.js'
import { productNames } from '../../core/cluster/service.js'
import { FailedError } from '../../core/errors.js'
import type { Product } from '../../distributions/apache/products.js'
import type { ProductArchive } from '../../distributions/apache/steps-input.js'
import { loadServices } from '../../services/registry.js'
import type { HostsContext } from '../provision/context.js'
import { fileSha256, productArchive, readProducts, type SoftwareContext } from '../software/software.js'

/** What the roles of the site's hosts are made of, as this smartcar pins it; nothing on other profiles. */
export async function siteProducts(context: SoftwareContext): Promise<readonly Product[]> {
  if (context.site.profile !== 'apache') return []
  const cluster = clusterOf(context.site)
  const [services, products] = await Promise.all([loadServices(cluster.services), readProducts(context)])
  const roles = new Set<string>(cluster.hosts.flatMap((host) => host.roles))
  const wanted = new Set(
    services.flatMap((service) =>
      Object.entries(service.roles).flatMap(([role, definition]) => (roles.has(role) ? definition.products : [])),
    ),
  )
  return productNames.flatMap((name) => {
    const product = products.get(name)
    return wanted.has(name) && product !== undefined ? [product] : []
  })
}

export interface PackedSoftware {
  readonly item: SoftwareItem
  readonly file: string
}

/** Every product of the site packed on this machine, or taken from its cache. Throws as `productArchive`. */
export async function packSoftware(context: HostsContext): Promise<readonly PackedSoftware[]> {
  const packed: PackedSoftware[] = []
  for (const product of await siteProducts(context)) {
    const file = await productArchive(product, context)
    const size = (await context.files.stat(file))?.size ?? 0
    const item: SoftwareItem = {
      kind: 'software',
      path: `software/${product.name}-${product.id}.tar`,
      size,
      sha256: await fileSha256(file, context),
      product: product.name,
      version: product.version,
      productId: product.id,
    }
    packed.push({ item, file })
  }
  return packed
}

function itemOf({ manifest }: OpenBundle, product: Product): SoftwareItem | undefined {
  return softwareOf(manifest).find((item) => item.product === product.name && item.productId === product.id)
}

/** Throws FailedError BUNDLE_INCOMPLETE when the bundle lacks a product, or has another version of it. */
export function assertHoldsSoftware(bundle: OpenBundle, products: readonly Product[]): void {
  const missing = products.filter((product) => itemOf(bundle, product) === undefined)
  if (missing.length === 0) return
  const names = missing.map(({ name, version }) => `${name} ${version}`).join(', ')
  throw new FailedError(
    'BUNDLE_INCOMPLETE',
    `the bundle ${bundle.file} has no software of ${names}, as this smartcar pins it`,
    {
      place: { file: bundle.file },
      hints: [
        'make it anew, with this version of smartcar and this site: smartcar bundle create',
        'smartcar bundle use --none takes the software from the Maven repository',
      ],
      data: { missing: missing.map(({ name, id }) => `${name}-${id}`) },
    },
  )
}

/** Where a product's archive stands in the site's bundle. Throws as `openBundle` and `assertHoldsSoftware`. */
export async function bundledArchive(file: string, product: Product, context: HostsContext): Promise<ProductArchive> {
  const bundle = await openBundle(file, context.files)
  assertHoldsSoftware(bundle, [product])
  const item = itemOf(bundle, product)
  const entry = item === undefined ? undefined : bundle.entries.get(item.path)
  return {
    file,
    range: { offset: entry?.offset ?? 0, length: entry?.size ?? 0 },
    ...(item === undefined ? {} : { sha256: item.sha256 }),
  }
}
