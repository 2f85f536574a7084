import type { OpenBundle } from '../../bundles/archive.js'
import type { BundleItem, BundleManifest } from '../../bundles/manifest.js'
import { FailedError } from '../../core/errors.js'
import type { SystemFamily } from '../../core/plan/shell/system.js'
import type { Step } from '../../core/plan/step.js'
import type { HostBundle } from '../../services/host/input.js'

/** Packages that the steps install, by name, each with the step that asks for it. */
export function wantedPackages(steps: readonly Step[]): ReadonlyMap<string, string> {
  return new Map(
    steps.flatMap(({ id, packages }) =>
      (packages ?? []).map((name): [string, string] => [name, `step ${id.replace(/^.*\//, '').replace(/@.*$/, '')}`]),
    ),
  )
}

function families(manifest: BundleManifest): string {
  return Object.keys(manifest.families).join(', ')
}

/** What of a bundle is for a host; throws FailedError BUNDLE_FAMILY_ABSENT when it has nothing for the host's system. */
export function hostBundle({ file, manifest, entries }: OpenBundle, family: SystemFamily, host: string): HostBundle {
  if (manifest.families[family] === undefined) {
    throw new FailedError(
      'BUNDLE_FAMILY_ABSENT',
      `${host} is ${family}, and the bundle ${file} is for ${families(manifest)}`,
      {
        place: { file },
        hints: [`make it anew: smartcar bundle create --family ${family} and what else the site has`],
        data: { host, family },
      },
    )
  }
  const isOwn = (item: BundleItem) => 'family' in item && item.family === family
  const items = manifest.items.filter(isOwn).map(({ path, size, sha256 }) => ({
    path: path.slice(path.indexOf('/') + 1),
    offset: entries.get(path)?.offset ?? 0,
    size,
    sha256,
  }))
  return { file, id: manifest.id, items }
}

/** Throws FailedError BUNDLE_INCOMPLETE when steps install packages that the bundle was not made for. */
export function assertHolds({ file, manifest }: OpenBundle, family: SystemFamily, steps: readonly Step[]): void {
  const held = new Set(manifest.families[family]?.wanted)
  const missing = [...wantedPackages(steps)].filter(([name]) => !held.has(name))
  if (missing.length === 0) return
  const text = missing.map(([name, by]) => `${name} (${by})`).join(', ')
  throw new FailedError('BUNDLE_INCOMPLETE', `the bundle ${file} was not made for ${text} of ${family}`, {
    place: { file },
    hints: ['the site has changed since: make the bundle anew with smartcar bundle create'],
    data: { family, missing: missing.map(([name]) => name) },
  })
}
