/** The collected files behind the source tables, as the manifests name them. */
import path from 'node:path'
import { readLakeManifests } from '../core/lake.js'
import type { RecordKind, SiteLayout } from '../core/layout.js'
import type { JobContext } from '../core/ports.js'

/** One file of the lake with what its manifest says about it. */
export interface CollectedFile {
  /** Absolute. */
  readonly file: string
  /** As the manifest has it, relative to the lake. */
  readonly path: string
  readonly day: string | null
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
  /** Order of arrival. */
  readonly sequence: number
  /** Name of the collected file. */
  readonly source: string
  /** Rows by month, purchases only. */
  readonly months: Readonly<Record<string, number>>
  /** Repeated keys in the whole collected content that this file is a part of. */
  readonly duplicates: number
}

export type CollectedFiles = Readonly<Record<RecordKind, readonly CollectedFile[]>>

/** Everything that was collected, oldest first. Throws FailedError when a manifest cannot be read. */
export async function collectedFiles(context: Pick<JobContext, 'files' | 'layout'>): Promise<CollectedFiles> {
  const found: Record<RecordKind, CollectedFile[]> = { status: [], drive: [], master: [], purchases: [] }
  for (const manifest of await readLakeManifests(context)) {
    for (const file of manifest.files) {
      found[manifest.kind].push({
        file: lakePath(context.layout, file.path),
        path: file.path,
        day: file.day,
        rows: file.rows,
        bytes: file.bytes,
        sha256: file.sha256,
        sequence: manifest.sequence,
        source: manifest.source,
        months: file.months ?? {},
        duplicates: manifest.rows.duplicates,
      })
    }
  }
  return found
}

const lakePath = (layout: SiteLayout, relative: string): string => path.join(layout.lake, ...relative.split('/'))
