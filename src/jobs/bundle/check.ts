import path from 'node:path'
import { verifyBundle } from '../../bundles/archive.js'
import { type FamilySummary, type SoftwareSummary, summarise, summariseSoftware } from '../../bundles/manifest.js'
import { stage } from '../../core/events.js'
import type { JobContext } from '../../core/ports.js'
import { bytes } from '../../render/format.js'

export interface CheckBundleResult {
  /** Absolute path. */
  readonly file: string
  readonly id: string
  /** Name of the site that it was made for. */
  readonly site: string
  /** ISO 8601 */
  readonly created: string
  /** Of the archive. */
  readonly bytes: number
  readonly items: number
  readonly families: readonly FamilySummary[]
  readonly software: readonly SoftwareSummary[]
}

/** Reads all of a bundle and compares every checksum. Throws UsageError BUNDLE_ABSENT, CheckError BUNDLE_DAMAGED. */
export async function checkBundle(
  given: string,
  context: Pick<JobContext, 'files' | 'emit' | 'signal'>,
): Promise<CheckBundleResult> {
  const file = path.resolve(given)
  const { manifest, bytes: size } = await stage(
    context.emit,
    { id: 'bundle/check', title: `check ${path.basename(file)}` },
    (progress) =>
      verifyBundle(file, {
        files: context.files,
        signal: context.signal,
        onProgress: (done, total) => progress(done, 'bytes', total),
      }),
    (found) => ({ outcome: 'done', summary: `${bytes(found.bytes)}, every checksum compared` }),
  )
  const { id, site, created, items } = manifest
  return {
    file,
    id,
    site,
    created,
    bytes: size,
    items: items.length,
    families: summarise(manifest),
    software: summariseSoftware(manifest),
  }
}
