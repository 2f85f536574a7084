import { lakeFolders } from '../../core/layout.js'
import type { Mart, TableDefinition } from '../../core/mart.js'
import type { Dialect } from '../../core/sql.js'
import { columnList, oneRowByNumber } from '../../render/sql.js'
import { lakeRelation, martRelation } from './relations.js'
import { identifier, textLiteral, types } from './syntax.js'

/** As small as the other codecs or smaller, and as quick to write and read: bench/mart measures them. */
export const parquetOptions = 'FORMAT parquet, COMPRESSION zstd'

/** Name of a partition's file below the site's folder, `/` separated. */
const partitionFile = (mart: Mart, value: string): string =>
  `warehouse/${mart.name}/${mart.partition.name}=${value}/${mart.name}.parquet`

/** The rows of a table by paths relative to the site's folder, for SQL that is shown. */
function shownRelation(table: TableDefinition): string | undefined {
  if (table.kind === 'mart') return martRelation(table, [partitionFile(table, '*')])
  if (table.kind !== 'source' || table.storage.kind !== 'lake') return undefined
  const folder = `lake/${lakeFolders[table.storage.record]}`
  return lakeRelation(table, [table.partition === undefined ? `${folder}/*.log` : `${folder}/*/*.log`])
}

/** The engine that runs on this machine: marts are Parquet files, tables are views over files. */
export const duckdbDialect: Dialect = {
  name: 'duckdb',
  type: (type) => types[type],
  identifier,
  literal: (value) => (typeof value === 'number' ? String(value) : textLiteral(value)),
  create(table, select) {
    const relation = (table.kind === 'mart' ? undefined : select) ?? shownRelation(table)
    if (relation === undefined) return [`-- ${table.name}: a view that smartcar makes over files outside the lake`]
    return [`CREATE OR REPLACE VIEW ${identifier(table.name)} AS\n${relation}`]
  },
  addPartition: () => [],
  overwritePartition: (mart, value, select) => [
    `COPY (\n${select}\n) TO ${textLiteral(partitionFile(mart, value))} (${parquetOptions})`,
  ],
  oneRowEach(input) {
    if (!input.distinct) return oneRowByNumber(this, input)
    const columns = columnList(this, input.table.columns)
    return `(SELECT ${columns} FROM ${identifier(input.table.name)} WHERE ${input.where})`
  },
}
