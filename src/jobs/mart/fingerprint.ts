/** What a partition is made from, as one digest: the same fingerprint means the same rows. */
import { createHash } from 'node:crypto'
import { BugError } from '../../core/errors.js'
import { allColumns, type Mart, type SourceTable, type TableDefinition, type TableSet } from '../../core/mart.js'
import { duckdbDialect } from '../../engines/duckdb/dialect.js'
import type { CollectedFile, CollectedFiles } from '../../marts/inputs.js'
import type { MartTemplates } from '../../marts/templates.js'
import { renderSelect } from '../../render/sql.js'

/** Raised when partitions come out differently although SQL and inputs are the same. */
const buildFormat = 1

/** One thing that a partition was made from: a file of the lake or a partition of another mart. */
export interface PartitionInput {
  /** `drive-log/wrk_date=…/drive-log-000003-….log` or `managed_smartcar_drive_info/biz_date=…` */
  readonly name: string
  /** SHA-256 of the file, or the other partition's fingerprint. */
  readonly digest: string
}

export interface Fingerprint {
  readonly fingerprint: string
  /** Digest of the SQL (the mart's and that of the views below it), the columns and the build format. */
  readonly sql: string
  readonly inputs: readonly PartitionInput[]
}

export interface Definitions {
  readonly tables: TableSet
  readonly templates: MartTemplates
}

const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')

export const partitionName = (mart: Mart, value: string): string => `${mart.name}/${mart.partition.name}=${value}`

/** The definition of that name; definitions name only tables that exist. */
export function known(tables: TableSet, name: string): TableDefinition {
  const table = tables.get(name)
  if (table === undefined) throw new BugError(`a definition reads an unknown table "${name}"`)
  return table
}

/** The tables that a mart reads from files, looking through views: source tables and other marts. */
export function filesReadBy(tables: TableSet, table: TableDefinition): readonly TableDefinition[] {
  if (table.kind === 'source') return []
  const found = table.reads
    .map((name) => known(tables, name))
    .flatMap((read) => (read.kind === 'view' ? filesReadBy(tables, read) : [read]))
  return [...new Set(found)]
}

/** The views that a table reads, those further down first. */
export function viewsReadBy(tables: TableSet, table: TableDefinition): readonly TableDefinition[] {
  if (table.kind === 'source') return []
  const found = table.reads
    .map((name) => known(tables, name))
    .flatMap((read) => (read.kind === 'view' ? [...viewsReadBy(tables, read), read] : []))
  return [...new Set(found)]
}

/** The collected files of a source table that may hold rows of one partition of a mart. */
export function collectedFor(table: SourceTable, collected: CollectedFiles, value: string): readonly CollectedFile[] {
  if (table.storage.kind !== 'lake') return []
  const files = collected[table.storage.record]
  if (table.partition !== undefined) return files.filter((file) => file.day === value)
  if (table.storage.record === 'purchases') return files.filter((file) => (file.months[value] ?? 0) > 0)
  return files
}

/** SELECT of a mart or view for DuckDB. */
export function selectOf(definitions: Definitions, table: TableDefinition, value: string, distinct: boolean): string {
  const template = definitions.templates.get(table.name)
  if (template === undefined) throw new BugError(`${table.name} has no template`)
  return renderSelect({ tables: definitions.tables, table, template, dialect: duckdbDialect, value, distinct })
}

/**
 * Fingerprint of one partition. `upstream` gives the fingerprint that a partition of another mart has, or will have
 * when this build reaches it.
 */
export function fingerprintOf(
  definitions: Definitions,
  mart: Mart,
  value: string,
  collected: CollectedFiles,
  upstream: (mart: Mart, value: string) => string,
): Fingerprint {
  const { tables } = definitions
  const statements = [...viewsReadBy(tables, mart), mart].map((table) => [
    table.name,
    allColumns(table).map((column) => [column.name, column.type]),
    selectOf(definitions, table, value, false),
  ])
  const sql = digestOf([buildFormat, statements])
  const inputs = filesReadBy(tables, mart)
    .flatMap((table): PartitionInput[] => {
      if (table.kind === 'mart') return [{ name: partitionName(table, value), digest: upstream(table, value) }]
      if (table.kind !== 'source') return []
      return collectedFor(table, collected, value).map((file) => ({ name: file.path, digest: file.sha256 }))
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return { fingerprint: digestOf([mart.name, value, sql, inputs]), sql, inputs }
}

/** Why a partition that was made from `stored` has to be made anew to be `wanted`; undefined when it has not. */
export function difference(stored: Fingerprint, wanted: Fingerprint): string | undefined {
  if (stored.fingerprint === wanted.fingerprint) return undefined
  const before = new Map(stored.inputs.map((input) => [input.name, input.digest]))
  const after = new Map(wanted.inputs.map((input) => [input.name, input.digest]))
  const short = (name: string) =>
    name.includes('=') && !name.endsWith('.log') ? name : (name.split('/').at(-1) ?? name)
  for (const [name, digest] of after) {
    const old = before.get(name)
    if (old === undefined) return `new input: ${short(name)}`
    if (old !== digest) return `input changed: ${short(name)}`
  }
  for (const name of before.keys()) if (!after.has(name)) return `input gone: ${short(name)}`
  return stored.sql === wanted.sql ? 'made by another version of smartcar' : 'SQL changed'
}
