/** What `collect` answers, and how it reads. */
import { FailedError } from '../../core/errors.js'
import type { StageEnd } from '../../core/events.js'
import type { LakeManifest } from '../../core/lake.js'
import type { RecordKind } from '../../core/layout.js'
import { number, plural } from '../../render/format.js'
import { table } from '../../render/table.js'

export interface CollectedFile {
  /** As given, or found in a folder. */
  readonly path: string
  /** `unchanged`: this content is in the lake already. */
  readonly status: 'collected' | 'unchanged' | 'failed'
  /** null when it failed before it was known */
  readonly kind: RecordKind | null
  /** Days (yyyyMMdd) of the kept rows of logs, ascending. */
  readonly days: readonly string[]
  /** Counts of this content, those of its first collection when it is unchanged; null when it failed. */
  readonly rows: LakeManifest['rows'] | null
  /** Rejected rows by reason. */
  readonly reasons: Readonly<Record<string, number>>
  /** File with the rejected rows, relative to the site folder. */
  readonly rejects: string | null
  /** SHA-256 and size of the uncompressed content; null when it failed. */
  readonly sha256: string | null
  readonly bytes: number | null
  /** Order of arrival in the lake. */
  readonly sequence: number | null
  /** Unchanged: the name under which it was first collected. */
  readonly sameAs: string | null
  readonly ms: number
  readonly error: { readonly code: string; readonly message: string; readonly hints: readonly string[] } | null
}

const daysOf = (manifest: LakeManifest) => manifest.files.flatMap(({ day }) => (day === null ? [] : [day])).sort()

/** A manifest as the result of one file. */
export function describeCollected(
  filePath: string,
  manifest: LakeManifest,
  status: 'collected' | 'unchanged',
  ms: number,
): CollectedFile {
  return {
    path: filePath,
    status,
    kind: manifest.kind,
    days: daysOf(manifest),
    rows: manifest.rows,
    reasons: manifest.reasons,
    rejects: manifest.rejects,
    sha256: manifest.sha256,
    bytes: manifest.bytes ?? null,
    sequence: manifest.sequence,
    sameAs: status === 'unchanged' ? manifest.source : null,
    ms,
    error: null,
  }
}

export interface CollectTotals {
  readonly collected: number
  readonly unchanged: number
  readonly failed: number
  /** Rows of the files that were collected now. */
  readonly read: number
  readonly kept: number
  readonly headers: number
  readonly rejected: number
  readonly duplicates: number
}

export interface CollectResult {
  readonly files: readonly CollectedFile[]
  /** Entries of folders that were passed over, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
  readonly totals: CollectTotals
}

export function totalsOf(files: readonly CollectedFile[]): CollectTotals {
  const count = (status: CollectedFile['status']) => files.filter((file) => file.status === status).length
  const rows = (name: keyof LakeManifest['rows']) =>
    files.reduce((sum, file) => sum + (file.status === 'collected' ? (file.rows?.[name] ?? 0) : 0), 0)
  return {
    collected: count('collected'),
    unchanged: count('unchanged'),
    failed: count('failed'),
    read: rows('read'),
    kept: rows('kept'),
    headers: rows('headers'),
    rejected: rows('rejected'),
    duplicates: rows('duplicates'),
  }
}

function sumOf(a: CollectTotals, b: CollectTotals): CollectTotals {
  return {
    collected: a.collected + b.collected,
    unchanged: a.unchanged + b.unchanged,
    failed: a.failed + b.failed,
    read: a.read + b.read,
    kept: a.kept + b.kept,
    headers: a.headers + b.headers,
    rejected: a.rejected + b.rejected,
    duplicates: a.duplicates + b.duplicates,
  }
}

/** Results of a run without end: all totals, the last thousand files. */
export function resultLog(limit = 1000): { add(file: CollectedFile): void; result(): CollectResult } {
  const files: CollectedFile[] = []
  let totals = totalsOf([])
  return {
    add(file) {
      totals = sumOf(totals, totalsOf([file]))
      files.push(file)
      if (files.length > limit) files.shift()
    },
    result: () => ({ files, skipped: [], totals }),
  }
}

/** How a file's stage ends: what there was of headers, rejects and duplicates is in its counts. */
export function fileEnd(file: CollectedFile): StageEnd {
  if (file.status === 'unchanged' || file.rows === null)
    return { outcome: 'unchanged', summary: `unchanged: the same content as ${file.sameAs}` }
  const summary = `kept ${number(file.rows.kept)} of ${plural(file.rows.read, 'row')}`
  const { headers, rejected, duplicates } = file.rows
  const counts = Object.entries({ headers, rejected, duplicates }).filter(([, count]) => count > 0)
  return { outcome: 'done', summary, ...(counts.length === 0 ? {} : { counts: Object.fromEntries(counts) }) }
}

const reasonsText = (reasons: CollectedFile['reasons']) =>
  Object.entries(reasons)
    .map(([reason, count]) => `${number(count)} ${reason}`)
    .join(', ')

function daysText(days: readonly string[]): string {
  const [first = '', last = first] = [days[0], days.at(-1)]
  return days.length > 1 ? `${first}-${last} (${days.length})` : first
}

/** The end of every run in one line. */
function totalsText(totals: CollectTotals): string {
  const { collected, unchanged, failed } = totals
  const files = [
    collected > 0
      ? `collected ${plural(collected, 'file')}: ${number(totals.kept)} of ${plural(totals.read, 'row')} kept`
      : '',
    unchanged > 0 ? `${plural(unchanged, 'file')} unchanged` : '',
    failed > 0 ? `${plural(failed, 'file')} failed` : '',
  ].filter((text) => text !== '')
  return files.length === 0 ? 'nothing to collect' : files.join(', ')
}

/** What a person reads: one line a file, what was rejected and where it is, totals. */
export function collectSummary(result: CollectResult): string {
  const cell = (value: number | undefined) => (value === undefined ? '' : number(value))
  const lines: string[] = []
  if (result.files.length > 0)
    lines.push(
      table(
        [
          { title: 'file' },
          { title: 'kind' },
          { title: 'day' },
          { title: 'read', align: 'right' },
          { title: 'kept', align: 'right' },
          { title: 'headers', align: 'right' },
          { title: 'rejected', align: 'right' },
          { title: 'duplicates', align: 'right' },
          { title: 'status' },
        ],
        result.files.map((file) => [
          file.path,
          file.kind ?? '',
          daysText(file.days),
          cell(file.rows?.read),
          cell(file.rows?.kept),
          cell(file.rows?.headers),
          cell(file.rows?.rejected),
          cell(file.rows?.duplicates),
          file.status === 'unchanged' ? `unchanged (as ${file.sameAs})` : file.status,
        ]),
      ),
      '\n',
    )
  for (const file of result.files) {
    if (file.rejects !== null) lines.push(`rejects of ${file.path}: ${file.rejects} (${reasonsText(file.reasons)})\n`)
  }
  for (const { path, reason } of result.skipped) lines.push(`skipped: ${path}: ${reason}\n`)
  return `${lines.join('')}${totalsText(result.totals)}\n`
}

/** The error of a run in which some files could not be collected; undefined when all could. `data` is the result. */
export function collectFailure(result: CollectResult): FailedError | undefined {
  const { failed, collected, unchanged } = result.totals
  if (failed === 0) return undefined
  const errors = result.files.flatMap(({ error }) => (error === null ? [] : [error]))
  const total = failed + collected + unchanged
  const [only] = errors
  const message =
    total === 1 && only !== undefined
      ? only.message
      : [
          `${number(failed)} of ${plural(total, 'file')} could not be collected:`,
          ...errors.map((error) => `  ${error.message}`),
        ].join('\n')
  return new FailedError(total === 1 && only !== undefined ? only.code : 'COLLECT_INCOMPLETE', message, {
    hints: [...new Set(errors.flatMap(({ hints }) => hints))],
    data: { result },
  })
}
