import { number, plural } from '../../render/format.js'

export interface ExportedPartition {
  /** yyyyMMdd or yyyyMM */
  readonly partition: string
  readonly rows: number
  /** `unchanged`: the target held this very content already. */
  readonly status: 'exported' | 'unchanged'
  /** The same at source and target, compared by content. */
  readonly checksum: string
  readonly ms: number
  /** The file, for CSV and Parquet. */
  readonly file?: string
}

export interface ExportResult {
  readonly mart: string
  readonly kind: 'postgres' | 'csv' | 'parquet'
  /** URL without a password, or the folder or file. */
  readonly target: string
  /** `schema.table` in PostgreSQL. */
  readonly table?: string
  readonly partitions: readonly ExportedPartition[]
}

/** What a person reads. */
export function exportSummary(result: ExportResult): string {
  const exported = result.partitions.filter((partition) => partition.status === 'exported')
  const unchanged = result.partitions.length - exported.length
  const rows = exported.reduce((sum, partition) => sum + partition.rows, 0)
  const where = result.table === undefined ? result.target : `${result.table} of ${result.target}`
  const parts = [
    ...(exported.length > 0
      ? [`exported ${plural(exported.length, 'partition')}, ${plural(rows, 'row')}, verified`]
      : []),
    ...(unchanged > 0 ? [`${number(unchanged)} unchanged`] : []),
  ]
  return `${result.mart}: ${parts.join(', ')}\n  ${where}\n`
}
