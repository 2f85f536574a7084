/** What Hive, Impala and Spark SQL have in common; each dialect states where it differs. Pure. */
import { filesTable, type LogicalType, type Mart, type SourceTable, type TableDefinition } from '../core/mart.js'
import type { Dialect, DialectName } from '../core/sql.js'
import { oneRowByNumber, quotedIdentifier } from './sql.js'

const types: Readonly<Record<LogicalType, string>> = {
  string: 'STRING',
  integer: 'INT',
  bigint: 'BIGINT',
  double: 'DOUBLE',
}

const identifier = (name: string): string => quotedIdentifier('`', name)

/** Backslash escapes, as all three read them; a quote is never doubled (Hive would join two strings). */
export const hadoopText = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`

const columnDefinition = (column: { name: string; type: LogicalType; note: string }): string =>
  `  ${identifier(column.name)} ${types[column.type]} COMMENT ${hadoopText(column.note)}`

/** `( columns )` with comments, one per line. */
const columnBlock = (table: TableDefinition): string => `(\n${table.columns.map(columnDefinition).join(',\n')}\n)`

/** `COMMENT` and `PARTITIONED BY` in the order that the engine's grammar has. */
function clauses(table: TableDefinition, order: 'comment first' | 'partition first'): string[] {
  const comment = `COMMENT ${hadoopText(table.note)}`
  if (table.partition === undefined) return [comment]
  const { name, note } = table.partition
  const partitioned = `PARTITIONED BY (${identifier(name)} ${types.string} COMMENT ${hadoopText(note)})`
  return order === 'comment first' ? [comment, partitioned] : [partitioned, comment]
}

const lines = (...parts: readonly (string | readonly string[])[]): string => parts.flat().join('\n')

export interface HadoopVariant {
  readonly name: Exclude<DialectName, 'duckdb'>
  readonly order: 'comment first' | 'partition first'
  /** Statements that make a view, replacing an older one without a moment in which there is none. */
  view(head: string, columns: string, select: string): readonly string[]
  /** A table over HBase: only Hive can make one, the others see it through the shared metastore. */
  hbase(table: SourceTable, create: string): readonly string[]
  /** Statements that follow an overwritten partition. */
  afterOverwrite(mart: Mart, partition: string): readonly string[]
}

const partitionOf = (table: TableDefinition, value: string): string =>
  table.partition === undefined ? '' : `PARTITION (${identifier(table.partition.name)} = ${hadoopText(value)})`

function hbaseTable(table: SourceTable): string {
  if (table.storage.kind !== 'hbase') return ''
  const { mapping, hbaseTable: name } = table.storage
  const list = table.columns.map((column) => mapping[column.name] ?? '').join(',')
  return lines(
    `CREATE EXTERNAL TABLE IF NOT EXISTS ${identifier(table.name)} ${columnBlock(table)}`,
    clauses(table, 'comment first'),
    "STORED BY 'org.apache.hadoop.hive.hbase.HBaseStorageHandler'",
    `WITH SERDEPROPERTIES ('hbase.columns.mapping' = ${hadoopText(list)})`,
    `TBLPROPERTIES ('hbase.table.name' = ${hadoopText(name)})`,
  )
}

function externalTable(variant: HadoopVariant, definition: SourceTable): readonly string[] {
  const table = filesTable(definition)
  const { storage } = table
  if (storage.kind === 'hbase') return variant.hbase(table, hbaseTable(table))
  if (storage.location === undefined) return [`-- ${table.name}: not on a cluster`]
  const separator = storage.kind === 'alerts' ? ',' : storage.separator
  const header = storage.kind === 'income' ? ["TBLPROPERTIES ('skip.header.line.count' = '1')"] : []
  return [
    lines(
      `CREATE EXTERNAL TABLE IF NOT EXISTS ${identifier(table.name)} ${columnBlock(table)}`,
      clauses(table, variant.order),
      `ROW FORMAT DELIMITED FIELDS TERMINATED BY ${hadoopText(separator)}`,
      'STORED AS TEXTFILE',
      `LOCATION ${hadoopText(storage.location)}`,
      header,
    ),
  ]
}

export function hadoopDialect(variant: HadoopVariant): Dialect {
  return {
    name: variant.name,
    type: (type) => types[type],
    identifier,
    literal: (value) => (typeof value === 'number' ? String(value) : hadoopText(value)),
    create(table, select) {
      if (table.kind === 'source') return externalTable(variant, table)
      if (table.kind === 'view') {
        const columns = table.columns.map((column) => `  ${identifier(column.name)} COMMENT ${hadoopText(column.note)}`)
        return variant.view(identifier(table.name), `(\n${columns.join(',\n')}\n)`, select ?? '')
      }
      return [
        lines(
          `CREATE TABLE IF NOT EXISTS ${identifier(table.name)} ${columnBlock(table)}`,
          clauses(table, variant.order),
          'STORED AS PARQUET',
        ),
      ]
    },
    addPartition: (definition, value) => {
      const table = filesTable(definition)
      if (table.partition === undefined) return []
      return [`ALTER TABLE ${identifier(table.name)} ADD IF NOT EXISTS ${partitionOf(table, value)}`]
    },
    overwritePartition: (mart, value, select) => [
      `INSERT OVERWRITE TABLE ${identifier(mart.name)} ${partitionOf(mart, value)}\n${select}`,
      ...variant.afterOverwrite(mart, partitionOf(mart, value)),
    ],
    oneRowEach(input) {
      return oneRowByNumber(this, input)
    },
  }
}
