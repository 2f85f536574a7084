import type { Dialect } from '../../core/sql.js'
import { hadoopDialect } from '../../render/sql-hadoop.js'

/** HiveQL as Hive 2.1 (CDH 6.3) and later read it. */
export const hiveDialect: Dialect = hadoopDialect({
  name: 'hive',
  order: 'comment first',
  view: (name, columns, select) => [`CREATE OR REPLACE VIEW ${name} ${columns} AS\n${select}`],
  hbase: (_table, create) => [create],
  afterOverwrite: () => [],
})
