import { allColumns, type LogicalType, type TableDefinition } from '../../core/mart.js'
import type { Dialect } from '../../core/sql.js'
import { columnList, oneRowByNumber, quotedIdentifier } from '../../render/sql.js'

const types: Readonly<Record<LogicalType, string>> = {
  string: 'VARCHAR',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  double: 'DOUBLE',
}

/** A string literal: only the quote itself is special in DuckDB. */
export const textLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** `{'a': VARCHAR, …}` for the `columns` and `hive_types` of a file reader. */
export function typeMap(columns: readonly { readonly name: string; readonly type: LogicalType }[]): string {
  return `{${columns.map((column) => `${textLiteral(column.name)}: ${textLiteral(types[column.type])}`).join(', ')}}`
}

/** Compression was measured (bench/mart): as small as zstd's default within a tenth, and as quick as none to read. */
export const parquetOptions = 'FORMAT parquet, COMPRESSION zstd'

/** Name of a partition's file below the warehouse folder, `/` separated. */
export const partitionFile = (table: TableDefinition, value: string): string =>
  `${table.name}/${table.partition?.name ?? ''}=${value}/${table.name}.parquet`

/** The engine that runs on this machine: marts are Parquet files, tables are views over files. */
export const duckdbDialect: Dialect = {
  name: 'duckdb',
  type: (type) => types[type],
  identifier: (name) => quotedIdentifier('"', name),
  literal: (value) => (typeof value === 'number' ? String(value) : textLiteral(value)),
  create(table, select) {
    const head = `CREATE OR REPLACE VIEW ${this.identifier(table.name)} AS`
    if (select !== undefined && table.kind !== 'mart') return [`${head}\n${select}`]
    const columns = columnList(this, allColumns(table))
    const hive = (name: string) => `hive_partitioning = true, hive_types = ${typeMap([{ name, type: 'string' }])}`
    if (table.kind === 'mart') {
      const files = textLiteral(`warehouse/${table.name}/*/${table.name}.parquet`)
      return [`${head}\nSELECT ${columns}\nFROM read_parquet(${files}, ${hive(table.partition.name)})`]
    }
    if (table.kind !== 'source' || (table.storage.kind !== 'lake' && table.storage.kind !== 'income')) {
      return [`-- ${table.name}: smartcar makes this view itself, over alerts/`]
    }
    return []
  },
  overwritePartition: (mart, value, select) => [
    `COPY (\n${select}\n) TO ${textLiteral(`warehouse/${partitionFile(mart, value)}`)} (${parquetOptions})`,
  ],
  oneRowEach(input) {
    if (!input.distinct) return oneRowByNumber(this, input)
    const columns = columnList(this, input.table.columns)
    return `(SELECT ${columns} FROM ${this.identifier(input.table.name)} WHERE ${input.where})`
  },
}
