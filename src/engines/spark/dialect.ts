import type { Dialect } from '../../core/sql.js'
import { hadoopDialect } from '../../render/sql-hadoop.js'

/** Spark SQL with Hive support (2.4 and later). */
export const sparkDialect: Dialect = hadoopDialect({
  name: 'spark',
  order: 'comment first',
  view: (name, columns, select) => [`CREATE OR REPLACE VIEW ${name} ${columns} AS\n${select}`],
  hbase: (table) => [`-- ${table.name}: made by Hive (HBase storage handler); Spark reads smartcar_drive_info_2`],
  afterOverwrite: () => [],
})
