/** SELECTs over files, by table: the rows that a table name stands for in DuckDB on this machine. */
import { allColumns, type Column, type Mart, type SourceTable, type TableDefinition } from '../../core/mart.js'
import { columnList } from '../../render/sql.js'
import { identifier, textLiteral, typeMap, types } from './syntax.js'

const fileList = (files: readonly string[]): string => `[${files.map(textLiteral).join(', ')}]`

const nulls = (columns: readonly Column[]): string =>
  columns.map((column) => `NULL::${types[column.type]} AS ${identifier(column.name)}`).join(', ')

/** No rows, the right columns. */
export const emptyRelation = (table: TableDefinition): string => `SELECT ${nulls(allColumns(table))} WHERE false`

/** Reading it fails with `message`, whatever columns are asked for; the other tables stay usable. */
export function brokenRelation(table: TableDefinition, message: string): string {
  return `SELECT ${nulls(allColumns(table))} FROM range(1) WHERE CAST(error(${textLiteral(message)}) AS BOOLEAN)`
}

/**
 * Nothing is guessed: collect let only sound rows in. Not strict about line ends, since rows are kept byte for byte and
 * a file may have come from Windows.
 */
function csvReader(
  files: readonly string[],
  columns: readonly Column[],
  separator: string,
  options: { readonly partition?: string; readonly withName?: boolean } = {},
): string {
  const hive =
    options.partition === undefined
      ? `hive_partitioning = false, filename = ${options.withName ?? false}`
      : `hive_partitioning = true, hive_types = ${typeMap([{ name: options.partition, type: 'string' }])}`
  return `read_csv(${fileList(files)}, columns = ${typeMap(columns)}, delim = ${textLiteral(separator)}, header = false, \
auto_detect = false, quote = '', escape = '', strict_mode = false, ${hive})`
}

/**
 * The rows of collected files as one of the lake's source tables. Where only the newest row of a key counts, it is that
 * of the last file by name: collect numbers its files in the order of arrival.
 */
export function lakeRelation(table: SourceTable, files: readonly string[]): string {
  if (table.storage.kind !== 'lake' || files.length === 0) return emptyRelation(table)
  const { separator, newest } = table.storage
  const columns = columnList({ identifier }, allColumns(table))
  const reader = csvReader(files, table.columns, separator, {
    ...(table.partition === undefined ? {} : { partition: table.partition.name }),
    withName: newest !== undefined,
  })
  if (newest === undefined) return `SELECT ${columns}\nFROM ${reader}`
  const keys = newest.map(identifier).join(', ')
  // Within one file the greatest row, so that the answer does not hang on the order of reading.
  const order = ['filename DESC', ...table.columns.map((column) => `${identifier(column.name)} DESC`)].join(', ')
  return `SELECT ${columns}
FROM (SELECT *, row_number() OVER (PARTITION BY ${keys} ORDER BY ${order}) AS row_rank
  FROM ${reader})
WHERE row_rank = 1`
}

/** The rows of Parquet files as a mart; the partition's column comes from the folder names. */
export function martRelation(mart: Mart, files: readonly string[]): string {
  if (files.length === 0) return emptyRelation(mart)
  const hive = `hive_partitioning = true, hive_types = ${typeMap([{ name: mart.partition.name, type: 'string' }])}`
  return `SELECT ${columnList({ identifier }, allColumns(mart))}\nFROM read_parquet(${fileList(files)}, ${hive})`
}

/**
 * Files that may have a header line and whose rows nobody has checked: rows without a sound key are left out.
 * `folderColumn`: the column that is in the folder's name and not in the file.
 */
export function uncheckedRelation(
  table: SourceTable,
  files: readonly string[],
  separator: string,
  soundKey: { readonly column: string; readonly pattern: string },
  folderColumn?: string,
): string {
  if (files.length === 0) return emptyRelation(table)
  const asText = table.columns
    .filter((column) => column.name !== folderColumn)
    .map((column): Column => ({ ...column, type: 'string' }))
  const options = folderColumn === undefined ? {} : { partition: folderColumn }
  const columns = table.columns.map(
    (column) => `TRY_CAST(${identifier(column.name)} AS ${types[column.type]}) AS ${identifier(column.name)}`,
  )
  return `SELECT ${columns.join(', ')} FROM ${csvReader(files, asText, separator, options)}
WHERE regexp_full_match(${identifier(soundKey.column)}, ${textLiteral(soundKey.pattern)})`
}

/** Alerts of a rule of the user's own: their columns are known from the header only. */
export function ownAlertsRelation(files: readonly string[]): string {
  return `SELECT * FROM read_csv(${fileList(files)}, header = true, delim = ',', union_by_name = true,
  types = {'car_number': 'VARCHAR', 'window_start': 'VARCHAR', 'window_end': 'VARCHAR', 'member': 'VARCHAR'},
  hive_partitioning = true, hive_types = ${typeMap([{ name: 'day', type: 'string' }])})`
}
