import path from 'node:path'
import { z } from 'zod'
import { FailedError } from './errors.js'
import type { RecordKind } from './layout.js'
import type { JobContext } from './ports.js'

const count = z.number().int().nonnegative()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** One file of the lake. */
const lakeFile = z.strictObject({
  /** Relative to the lake, `/` separated: `drive-log/wrk_date=20200322/drive-log-000003-1f0c….log` */
  path: z.string().min(1),
  /** yyyyMMdd of the rows for status and drive logs, null for the unpartitioned kinds. */
  day: z.string().nullable(),
  rows: count,
  bytes: count,
  sha256,
  /** Purchases only: rows by yyyyMM. */
  months: z.record(z.string(), count).optional(),
})

/** What `collect` knows about one collected content; written last, so a content without a manifest was not collected. */
export const lakeManifest = z.strictObject({
  schemaVersion: z.literal(1),
  kind: z.enum(['status', 'drive', 'master', 'purchases']),
  /** Order of arrival, from 1: decides which of two master rows is the newer, whatever the clock says. */
  sequence: z.number().int().positive(),
  /** Name of the file when it was first collected. */
  source: z.string(),
  /** SHA-256 of the uncompressed content. */
  sha256,
  /** Size of the uncompressed content. */
  bytes: count.optional(),
  /** ISO 8601 */
  collectedAt: z.string(),
  rows: z.strictObject({
    read: count,
    kept: count,
    headers: count,
    rejected: count,
    /** Kept rows whose key (time and car; the car of masters) stood in the same file before, as far as bounded memory can tell. */
    duplicates: count,
  }),
  /** Rejected rows by reason. */
  reasons: z.record(z.string(), count),
  /** File with the rejected rows, relative to the site folder; null when there are none. */
  rejects: z.string().nullable(),
  files: z.array(lakeFile),
})

export type LakeManifest = z.infer<typeof lakeManifest>
export type LakeFile = z.infer<typeof lakeFile>

/** Every committed manifest, oldest first. Throws FailedError naming the file when one cannot be read. */
export async function readLakeManifests(
  context: Pick<JobContext, 'files' | 'layout'>,
  kind?: RecordKind,
): Promise<readonly LakeManifest[]> {
  const found: LakeManifest[] = []
  for (const entry of await context.files.list(context.layout.manifests)) {
    if (!entry.name.endsWith('.json') || entry.name.startsWith('.')) continue
    const text = await context.files.readText(path.join(context.layout.manifests, entry.name))
    if (text === undefined) continue
    let parsed: LakeManifest
    try {
      parsed = lakeManifest.parse(JSON.parse(text))
    } catch (cause) {
      throw new FailedError('MANIFEST_UNREADABLE', `the manifest ${entry.path} cannot be read`, {
        cause,
        place: { file: entry.path },
        hints: ['delete this file and run smartcar collect again on its source'],
      })
    }
    if (kind === undefined || parsed.kind === kind) found.push(parsed)
  }
  return found.sort((a, b) => a.sequence - b.sequence)
}
