import { createHash } from 'node:crypto'
import { z } from 'zod'
import { CheckError } from '../core/errors.js'
import { systemFamilies } from '../core/plan/shell/system.js'
import { compareText } from './catalogue.js'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
// What a host gets as a path below its folder: no way out of it, nothing that sh or a URL reads otherwise.
const itemPath = z.string().regex(/^(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._+~-]+(\/[A-Za-z0-9._+~-]+)+$/)

const common = {
  /** In the archive: `<family>/<file>`, `software/<file>`. */
  path: itemPath,
  /** bytes */
  size: z.int().min(0),
  sha256,
}

const packageItem = z.object({
  kind: z.literal('package'),
  ...common,
  family: z.enum(systemFamilies),
  name: z.string(),
  version: z.string(),
  arch: z.string(),
  /** Name of the repository that it came from. */
  repository: z.string(),
  /** Where it was downloaded from, without credentials. */
  source: z.string(),
})

/** Made by smartcar, so that a package manager takes the folder for a repository. */
const metadataItem = z.object({ kind: z.literal('repository-metadata'), ...common, family: z.enum(systemFamilies) })

/** The packed software of a service of the `apache` profile. */
const softwareItem = z.object({
  kind: z.literal('software'),
  ...common,
  product: z.string(),
  version: z.string(),
  /** Version and fingerprint of the pinned files, as a host keeps it. */
  productId: z.string(),
})

const knownKinds: readonly string[] = ['package', 'repository-metadata', 'software']

/** Of a later smartcar: it is checked and carried along, and this one does nothing with it. */
const otherItem = z.looseObject({
  kind: z.string().refine((kind) => !knownKinds.includes(kind)),
  ...common,
})

const bundleItem = z.union([packageItem, metadataItem, softwareItem, otherItem])

const bundleFamily = z.object({
  architecture: z.string(),
  /** What the packages were taken from. */
  repositories: z.array(z.object({ name: z.string(), url: z.string() })),
  /** Packages that the steps of provisioning install; the others are what these need. */
  wanted: z.array(z.string()),
})

const bundleManifest = z.object({
  schemaVersion: z.literal(1),
  /** Of everything that is in it: the same content has the same id. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Name of the site that it was made for. */
  site: z.string(),
  /** ISO 8601 */
  created: z.string(),
  families: z.partialRecord(z.enum(systemFamilies), bundleFamily),
  items: z.array(bundleItem),
})

export type BundleFamily = z.infer<typeof bundleFamily>
export type PackageItem = z.infer<typeof packageItem>
export type SoftwareItem = z.infer<typeof softwareItem>
export type BundleItem = z.infer<typeof bundleItem>
export type BundleManifest = z.infer<typeof bundleManifest>

export const manifestName = 'manifest.json'
/** Holds the SHA-256 of the manifest, as `sha256sum` writes it. */
export const manifestSumName = 'manifest.json.sha256'

/** The id of a content: a fingerprint of families and items. */
function bundleId({ families, items }: Pick<BundleManifest, 'families' | 'items'>): string {
  const sorted = [...items].sort((a, b) => compareText(a.path, b.path))
  const names = systemFamilies.filter((family) => families[family] !== undefined)
  const text = JSON.stringify([
    sorted.map(({ kind, path, size, sha256 }) => [kind, path, size, sha256]),
    names.map((family) => [family, [...(families[family]?.wanted ?? [])].sort()]),
  ])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** A manifest with its id. */
export function makeManifest(content: Omit<BundleManifest, 'schemaVersion' | 'id'>): BundleManifest {
  const items = [...content.items].sort((a, b) => compareText(a.path, b.path))
  return { schemaVersion: 1, id: bundleId(content), ...content, items }
}

/** The text of `manifest.json`. */
export function manifestText(manifest: BundleManifest): string {
  return `${JSON.stringify(manifest, null, 1)}\n`
}

/** Reads the text of `manifest.json`; `file`: the bundle, for messages. Throws CheckError BUNDLE_DAMAGED. */
export function parseManifest(text: string, file: string): BundleManifest {
  const damaged = (reason: string, cause?: unknown) =>
    new CheckError('BUNDLE_DAMAGED', `${file}: ${manifestName} ${reason}`, {
      cause,
      place: { file },
      hints: ['copy the bundle again from where it was made, or make it anew with smartcar bundle create'],
    })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw damaged('is no JSON', error)
  }
  const version = z.looseObject({ schemaVersion: z.number() }).safeParse(value)
  if (version.success && version.data.schemaVersion > 1) {
    throw new CheckError('BUNDLE_NEWER', `${file} was made by a newer smartcar`, {
      place: { file },
      hints: ['install that version here, or make the bundle anew with this one'],
    })
  }
  const parsed = bundleManifest.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw damaged(`is not what smartcar writes: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
  }
  if (bundleId(parsed.data) !== parsed.data.id) throw damaged('does not fit its own id')
  return parsed.data
}

/** What a family has in a bundle, in numbers. */
export interface FamilySummary {
  readonly family: string
  readonly packages: number
  /** bytes, without metadata */
  readonly bytes: number
  readonly repositories: readonly string[]
}

/** Per family, in the order of `systemFamilies`. */
export function summarise({ families, items }: BundleManifest): readonly FamilySummary[] {
  return systemFamilies.flatMap((family) => {
    const known = families[family]
    if (known === undefined) return []
    const own = items.filter((item): item is PackageItem => item.kind === 'package' && item.family === family)
    return [
      {
        family,
        packages: own.length,
        bytes: own.reduce((sum, { size }) => sum + size, 0),
        repositories: known.repositories.map(({ url }) => url),
      },
    ]
  })
}

/** Software of the services in a bundle. */
export interface SoftwareSummary {
  readonly product: string
  readonly version: string
  readonly bytes: number
}

const isSoftware = (item: BundleItem): item is SoftwareItem => item.kind === 'software'

/** The items that are software of services, in the order of the archive. */
export function softwareOf({ items }: Pick<BundleManifest, 'items'>): readonly SoftwareItem[] {
  return items.filter(isSoftware)
}

export function summariseSoftware(manifest: Pick<BundleManifest, 'items'>): readonly SoftwareSummary[] {
  return softwareOf(manifest).map(({ product, version, size }) => ({ product, version, bytes: size }))
}
