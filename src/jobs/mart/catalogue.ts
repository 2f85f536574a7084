/**
 * What is known about built partitions. The truth is in the Parquet files themselves (key-value metadata, so it changes
 * with the rows in one rename); `warehouse/_catalogue/<table>/<value>.json` repeats it for people and for a quick look.
 * An entry counts only while it describes the very file that is there.
 */
import path from 'node:path'
import { z } from 'zod'
import { FailedError } from '../../core/errors.js'
import type { Mart } from '../../core/mart.js'
import type { FileInfo, JobContext } from '../../core/ports.js'
import { partitionPath } from '../../marts/partitions.js'
import type { Fingerprint } from './fingerprint.js'

const inputs = z.array(z.object({ name: z.string(), digest: z.string() }))

const testOutcome = z.object({ test: z.string(), failures: z.number() })

const catalogueEntry = z.object({
  schemaVersion: z.literal(1),
  table: z.string(),
  partition: z.string(),
  rows: z.number(),
  bytes: z.number(),
  /** ISO 8601 */
  builtAt: z.string(),
  /** Duration of the build, milliseconds. */
  ms: z.number(),
  /** Identity of the file that this entry describes. */
  modified: z.number(),
  inode: z.number(),
  fingerprint: z.string(),
  sql: z.string(),
  inputs,
  tests: z.array(testOutcome),
})

export type CatalogueEntry = z.infer<typeof catalogueEntry>

/** A partition whose file cannot be read as Parquet, or was not written by smartcar. */
export interface Unreadable {
  readonly unreadable: string
}

/** What the stored file of a partition was made from. */
export type StoredFingerprint = (Fingerprint & { readonly rows?: number }) | Unreadable

const entryPath = (context: Pick<JobContext, 'layout'>, mart: Mart, value: string): string =>
  path.join(context.layout.warehouse, '_catalogue', mart.name, `${value}.json`)

const describes = (entry: CatalogueEntry, info: FileInfo): boolean =>
  entry.bytes === info.size && entry.modified === info.modified && entry.inode === info.inode

/** The entry of a partition if there is one and it is about the file that is there now. */
export async function readEntry(
  context: Pick<JobContext, 'files' | 'layout'>,
  mart: Mart,
  value: string,
): Promise<CatalogueEntry | undefined> {
  const info = await context.files.stat(partitionPath(context, mart, value))
  const text = info === undefined ? undefined : await context.files.readText(entryPath(context, mart, value))
  if (info === undefined || text === undefined) return undefined
  try {
    const parsed = catalogueEntry.safeParse(JSON.parse(text))
    return parsed.success && describes(parsed.data, info) ? parsed.data : undefined
  } catch {
    return undefined
  }
}

export async function writeEntry(
  context: Pick<JobContext, 'files' | 'layout'>,
  mart: Mart,
  entry: Omit<CatalogueEntry, 'schemaVersion' | 'table' | 'bytes' | 'modified' | 'inode'>,
): Promise<CatalogueEntry> {
  const file = partitionPath(context, mart, entry.partition)
  const info = await context.files.stat(file)
  if (info === undefined) throw new FailedError('PARTITION_VANISHED', `${file} was removed by another program`)
  const whole: CatalogueEntry = {
    schemaVersion: 1,
    table: mart.name,
    ...entry,
    bytes: info.size,
    modified: info.modified,
    inode: info.inode,
  }
  await context.files.writeAtomic(entryPath(context, mart, entry.partition), `${JSON.stringify(whole, null, 1)}\n`)
  return whole
}

export async function removeEntry(
  context: Pick<JobContext, 'files' | 'layout'>,
  mart: Mart,
  value: string,
): Promise<void> {
  await context.files.remove(entryPath(context, mart, value))
}

const prefix = 'smartcar.'

/** Key-value pairs that go into a partition's file. */
export function fileMetadata(fingerprint: Fingerprint, builtAt: string): Readonly<Record<string, string>> {
  return {
    [`${prefix}fingerprint`]: fingerprint.fingerprint,
    [`${prefix}sql`]: fingerprint.sql,
    [`${prefix}inputs`]: JSON.stringify(fingerprint.inputs),
    [`${prefix}built_at`]: builtAt,
  }
}

/** The pairs of a file back as a fingerprint; Unreadable when they are not smartcar's. */
export function fingerprintFrom(pairs: ReadonlyMap<string, string>): StoredFingerprint {
  const fingerprint = pairs.get(`${prefix}fingerprint`)
  const sql = pairs.get(`${prefix}sql`)
  try {
    const parsed = inputs.safeParse(JSON.parse(pairs.get(`${prefix}inputs`) ?? ''))
    if (fingerprint !== undefined && sql !== undefined && parsed.success) {
      return { fingerprint, sql, inputs: parsed.data }
    }
  } catch {
    // Falls through: text that is no JSON was not written by a build.
  }
  return { unreadable: 'it was not written by smartcar mart build' }
}
