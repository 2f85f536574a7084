/** SELECTs over files, by table: the rows that a table name stands for in DuckDB on this machine. */
import { allColumns, type Column, type Mart, type SourceTable, type TableDefinition } from '../../core/mart.js'
import type { CollectedFile } from '../../marts/inputs.js'
import { columnList } from '../../render/sql.js'
import { duckdbDialect, textLiteral, typeMap } from './dialect.js'

const quoted = (name: string): string => duckdbDialect.identifier(name)
const fileList = (files: readonly string[]): string => `[${files.map(textLiteral).join(', ')}]`

const nulls = (columns: readonly Column[]): string =>
  columns.map((column) => `NULL::${duckdbDialect.type(column.type)} AS ${quoted(column.name)}`).join(', ')

/** No rows, the right columns. */
export const emptyRelation = (table: TableDefinition): string => `SELECT ${nulls(allColumns(table))} WHERE false`

/** Reading it fails with `message`; the other tables stay usable. */
export function brokenRelation(table: TableDefinition, message: string): string {
  const columns = allColumns(table).map(
    (column) => `CAST(error(${textLiteral(message)}) AS ${duckdbDialect.type(column.type)}) AS ${quoted(column.name)}`,
  )
  return `SELECT ${columns.join(', ')} FROM range(1)`
}

/**
 * Nothing is guessed: collect let only sound rows in. Not strict about line ends, since rows are kept byte for byte and
 * a file may have come from Windows.
 */
function csvReader(
  files: readonly string[],
  columns: readonly Column[],
  separator: string,
  partition?: string,
): string {
  const hive =
    partition === undefined
      ? 'hive_partitioning = false'
      : `hive_partitioning = true, hive_types = ${typeMap([{ name: partition, type: 'string' }])}`
  return `read_csv(${fileList(files)}, columns = ${typeMap(columns)}, delim = ${textLiteral(separator)}, header = false, \
auto_detect = false, quote = '', escape = '', strict_mode = false, ${hive})`
}

/** The rows of collected files as one of the lake's source tables. */
export function lakeRelation(table: SourceTable, collected: readonly CollectedFile[]): string {
  if (table.storage.kind !== 'lake' || collected.length === 0) return emptyRelation(table)
  const { separator, newest } = table.storage
  const columns = columnList(duckdbDialect, allColumns(table))
  const read = (files: readonly CollectedFile[]) =>
    csvReader(
      files.map((entry) => entry.file),
      table.columns,
      separator,
      table.partition?.name,
    )
  if (newest === undefined) return `SELECT ${columns} FROM ${read(collected)}`
  const keys = newest.map(quoted).join(', ')
  // Within one file the greatest row, so that the answer does not hang on the order of reading.
  const order = ['sequence DESC', ...table.columns.map((column) => `${quoted(column.name)} DESC`)].join(', ')
  const each = collected.map((entry) => `SELECT ${columns}, ${entry.sequence} AS sequence FROM ${read([entry])}`)
  return `SELECT ${columns} FROM (
  SELECT *, row_number() OVER (PARTITION BY ${keys} ORDER BY ${order}) AS row_rank FROM (${each.join(' UNION ALL ')})
) WHERE row_rank = 1`
}

/** The rows of Parquet files as a mart; the partition's column comes from the folder names. */
export function martRelation(mart: Mart, files: readonly string[]): string {
  if (files.length === 0) return emptyRelation(mart)
  const hive = `hive_partitioning = true, hive_types = ${typeMap([{ name: mart.partition.name, type: 'string' }])}`
  return `SELECT ${columnList(duckdbDialect, allColumns(mart))} FROM read_parquet(${fileList(files)}, ${hive})`
}

/** Files that may have a header line and whose rows nobody has checked: rows without a sound key are left out. */
export function uncheckedRelation(
  table: SourceTable,
  files: readonly string[],
  separator: string,
  soundKey: { readonly column: string; readonly pattern: string },
): string {
  if (files.length === 0) return emptyRelation(table)
  const asText = table.columns.map((column): Column => ({ ...column, type: 'string' }))
  const columns = table.columns.map(
    (column) => `TRY_CAST(${quoted(column.name)} AS ${duckdbDialect.type(column.type)}) AS ${quoted(column.name)}`,
  )
  return `SELECT ${columns.join(', ')} FROM ${csvReader(files, asText, separator)}
WHERE regexp_full_match(${quoted(soundKey.column)}, ${textLiteral(soundKey.pattern)})`
}
