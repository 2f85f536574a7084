import type { DuckDBConnection } from '@duckdb/node-api'
import { z } from 'zod'
import { textLiteral } from './syntax.js'

const pair = z.object({ key: z.string(), value: z.string() })

/** What DuckDB says in one line; for a row that it cannot read with the file, the line and the row. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const first = message.split('\n')[0] ?? ''
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1]
  const file = /^\s*file ?= ?(.+)$/m.exec(message)?.[1]
  if (line === undefined || file === undefined) return first
  const row = /^Original Line: (.*)$/m.exec(message)?.[1] ?? ''
  return `${file.trim()}:${line} cannot be read: ${row.slice(0, 200)}`
}

/** Key-value metadata of a Parquet file. Throws DuckDB's error when the file is none. */
export async function keyValueMetadata(
  connection: DuckDBConnection,
  file: string,
): Promise<ReadonlyMap<string, string>> {
  const sql = `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata(${textLiteral(file)})`
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJS()
  return new Map(rows.map((row) => pair.parse(row)).map(({ key, value }) => [key, value]))
}

/** Rows of a Parquet file, from its footer. Throws DuckDB's error when the file is none. */
export async function parquetRows(connection: DuckDBConnection, file: string): Promise<number> {
  const sql = `SELECT num_rows::DOUBLE FROM parquet_file_metadata(${textLiteral(file)})`
  return Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0])
}
