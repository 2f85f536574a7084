import path from 'node:path'
import { openBundle } from '../../bundles/archive.js'
import { UsageError } from '../../core/errors.js'
import { systemFamilies } from '../../core/plan/shell/system.js'
import { editSiteText } from '../../core/site/edit.js'
import { hostSteps } from '../../services/host/steps.js'
import { assertHolds } from '../provision/bundle.js'
import type { HostsContext } from '../provision/context.js'
import { type CheckBundleResult, checkBundle } from './check.js'
import { assertHoldsSoftware, siteProducts } from './software.js'

export interface UseBundleResult {
  /** Absolute path of the site file. */
  readonly siteFile: string
  readonly status: 'written' | 'unchanged'
  /** What stands in the site file now; null: no bundle. */
  readonly bundle: string | null
  readonly checked: CheckBundleResult | null
}

async function writeSite(value: string | undefined, context: HostsContext) {
  const { file } = context.site
  const text = file === undefined ? undefined : await context.files.readText(file)
  if (file === undefined || text === undefined) {
    throw new UsageError('SITE_FILE_NONE', 'there is no site file that could name a bundle', {
      hints: ['smartcar init writes one; --site PATH names one'],
    })
  }
  const edited = editSiteText(text, 'provision', 'bundle', value)
  if (edited !== text) await context.files.writeAtomic(file, edited)
  return { siteFile: file, status: edited === text ? ('unchanged' as const) : ('written' as const) }
}

/**
 * Checks a bundle and makes the site take its packages and the services' software from it: `provision.bundle` of the site file, relative to it.
 * Throws UsageError, CheckError BUNDLE_DAMAGED, FailedError BUNDLE_INCOMPLETE when the site installs more than it holds.
 */
export async function useBundle(given: string, context: HostsContext): Promise<UseBundleResult> {
  const checked = await checkBundle(given, context)
  const bundle = await openBundle(checked.file, context.files)
  const { hosts, provision } = context.site
  const [host] = hosts
  for (const family of systemFamilies) {
    if (host === undefined || bundle.manifest.families[family] === undefined) continue
    assertHolds(bundle, family, hostSteps({ host, hosts, provision, family, passwords: new Map() }))
  }
  assertHoldsSoftware(bundle, await siteProducts(context))
  const folder = path.dirname(context.site.file ?? checked.file)
  const relative = path.relative(folder, checked.file).split(path.sep).join('/')
  return { ...(await writeSite(relative, context)), bundle: relative, checked }
}

/** Makes the site take its packages from repositories again. */
export async function useNoBundle(context: HostsContext): Promise<UseBundleResult> {
  return { ...(await writeSite(undefined, context)), bundle: null, checked: null }
}
