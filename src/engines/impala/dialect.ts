import type { Dialect } from '../../core/sql.js'
import { hadoopDialect } from '../../render/sql-hadoop.js'

/** Impala 3.2 (CDH 6.3) and later. It has no CREATE OR REPLACE VIEW, and needs statistics to plan its joins well. */
export const impalaDialect: Dialect = hadoopDialect({
  name: 'impala',
  order: 'partition first',
  view: (name, columns, select) => [
    `CREATE VIEW IF NOT EXISTS ${name} ${columns} AS\n${select}`,
    `ALTER VIEW ${name} ${columns} AS\n${select}`,
  ],
  hbase: (table) => [`-- ${table.name}: made by Hive (HBase storage handler)`, `INVALIDATE METADATA \`${table.name}\``],
  afterOverwrite: (mart, partition) => [`COMPUTE INCREMENTAL STATS \`${mart.name}\` ${partition}`],
})
