import type { LogicalType } from '../../core/mart.js'
import { quotedIdentifier } from '../../render/sql.js'

export const types: Readonly<Record<LogicalType, string>> = {
  string: 'VARCHAR',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  double: 'DOUBLE',
}

export const identifier = (name: string): string => quotedIdentifier('"', name)

/** A string literal: only the quote itself is special in DuckDB. */
export const textLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** `{'a': 'VARCHAR', …}` for the `columns` and `hive_types` of a file reader. */
export function typeMap(columns: readonly { readonly name: string; readonly type: LogicalType }[]): string {
  return `{${columns.map((column) => `${textLiteral(column.name)}: ${textLiteral(types[column.type])}`).join(', ')}}`
}
