import type { z } from 'zod'

/** What the report asks of the warehouse: rows of a SELECT with `$1`, `$2` … for the parameters, checked by a schema. */
export interface Query {
  rows<T>(sql: string, schema: z.ZodType<T>, params?: readonly (string | number)[]): Promise<readonly T[]>
  /** Tables that can be asked. */
  readonly tables: ReadonlySet<string>
}

/** `rows`, or nothing when a table that they come from is not there. */
export async function rowsFrom<T>(
  query: Query,
  tables: readonly string[],
  sql: string,
  schema: z.ZodType<T>,
  params: readonly (string | number)[] = [],
): Promise<readonly T[]> {
  if (tables.some((table) => !query.tables.has(table))) return []
  return await query.rows(sql, schema, params)
}
