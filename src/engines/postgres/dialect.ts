/** What PostgreSQL writes in its own way. Pure. */
import { UsageError } from '../../core/errors.js'
import { allColumns, type Column, type LogicalType, type Mart } from '../../core/mart.js'
import type { HashedBy } from './row-hash.js'

const types: Readonly<Record<LogicalType, string>> = {
  string: 'text',
  integer: 'integer',
  bigint: 'bigint',
  double: 'double precision',
}

/** Hash functions of the types; with `extended` behind the name they give 64 bits and take a seed, from version 11 on. */
const hashFunctions: Readonly<Record<LogicalType, string>> = {
  string: 'hashtext',
  integer: 'hashint4',
  bigint: 'hashint8',
  double: 'hashfloat8',
}

/** NAMEDATALEN - 1: PostgreSQL would cut a longer name off without a word. */
const longestName = 63

/** A name that nothing in it can break out of. Throws UsageError for one that PostgreSQL cannot have. */
export function postgresName(name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > longestName) {
    throw new UsageError('POSTGRES_NAME', `"${name}" cannot be a name in PostgreSQL`, {
      hints: [`names have 1 to ${longestName} bytes`],
    })
  }
  return `"${name.replaceAll('"', '""')}"`
}

export function postgresText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export const postgresType = (type: LogicalType): string => types[type]

/** `"schema"."table"` */
export const qualified = (schema: string, table: string): string => `${postgresName(schema)}.${postgresName(table)}`

const names = (columns: readonly Column[]): string => columns.map((column) => postgresName(column.name)).join(', ')

const requiredColumns = (mart: Mart): ReadonlySet<string> => new Set([...(mart.key ?? []), mart.partition.name])

/** The table of a mart; key columns and the partition are NOT NULL. The key itself is `addKey`. */
export function createTable(schema: string, mart: Mart): string {
  const required = requiredColumns(mart)
  const lines = allColumns(mart).map(
    (column) => `  ${postgresName(column.name)} ${types[column.type]}${required.has(column.name) ? ' NOT NULL' : ''}`,
  )
  return `CREATE TABLE ${qualified(schema, mart.name)} (\n${lines.join(',\n')}\n)`
}

/** Meaning of the table and its columns, as `\d+` shows it. */
export function commentOn(schema: string, mart: Mart): string {
  const table = qualified(schema, mart.name)
  const columns = allColumns(mart).map(
    (column) => `COMMENT ON COLUMN ${table}.${postgresName(column.name)} IS ${postgresText(column.note)}`,
  )
  return [`COMMENT ON TABLE ${table} IS ${postgresText(`${mart.note}; one row is ${mart.grain}`)}`, ...columns].join(
    ';\n',
  )
}

/**
 * The primary key, the partition first: so a partition is found, counted and deleted without reading the others. A mart
 * whose rows may repeat has an index on the partition instead.
 */
export function addKey(schema: string, mart: Mart): string {
  const table = qualified(schema, mart.name)
  const partition = postgresName(mart.partition.name)
  if (mart.key === undefined) return `CREATE INDEX ON ${table} (${partition})`
  const key = mart.key.filter((name) => name !== mart.partition.name).map(postgresName)
  return `ALTER TABLE ${table} ADD PRIMARY KEY (${[partition, ...key].join(', ')})`
}

export function copyFrom(schema: string, mart: Mart): string {
  return `COPY ${qualified(schema, mart.name)} (${names(allColumns(mart))}) FROM STDIN`
}

/** Number of the version from which on there are 64-bit hashes. */
export const rowHashVersion = 110_000

/**
 * One row: `rows` and the `checksum` of a table or of one partition ($1), as RowHash has it. `rows`: of each row the
 * hashes of its values, each with its column's number as the seed, combined by XOR and hashed once more (rows that
 * exchange a value would else go unnoticed), added up. `columns`: for each column the sum of its 32-bit hashes.
 */
export function checksumQuery(schema: string, mart: Mart, by: HashedBy, onlyPartition: boolean): string {
  const columns = allColumns(mart)
  const required = requiredColumns(mart)
  const hashed = columns.map((column, index) => {
    const name = postgresName(column.name)
    const hash = `${hashFunctions[column.type]}extended(${name}, ${index + 1})`
    return required.has(column.name) ? hash : `coalesce(${hash}, 0)`
  })
  const columnSums = columns.map(
    (column) => `coalesce(sum(${hashFunctions[column.type]}(${postgresName(column.name)})::bigint), 0)`,
  )
  const checksum =
    by === 'rows'
      ? `coalesce(sum(hashint8extended(${hashed.join(' # ')}, 0)), 0)::text`
      : `concat_ws(' ', ${columnSums.join(', ')})`
  const where = onlyPartition ? ` WHERE ${postgresName(mart.partition.name)} = $1` : ''
  return `SELECT count(*)::text AS rows, ${checksum} AS checksum FROM ${qualified(schema, mart.name)}${where}`
}

/** Size of a table on disk, of its rows alone: one row, `bytes`. */
export const tableBytes = (schema: string, mart: Mart): string =>
  `SELECT pg_relation_size(${postgresText(qualified(schema, mart.name))}::regclass)::text AS bytes`
