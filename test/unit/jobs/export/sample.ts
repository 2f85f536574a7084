import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import pg from 'pg'
import type { Mart } from '../../../../src/core/mart.js'
import type { JobContext } from '../../../../src/core/ports.js'
import { partitionPath } from '../../../../src/marts/partitions.js'
import { findMart, loadTables } from '../../../../src/marts/registry.js'
import type { PostgresServer } from '../../../../src/services/postgres/index.js'

export async function mart(name: string): Promise<Mart> {
  return findMart(await loadTables(), name)
}

/** Puts a partition into the warehouse as a build would, its rows being those of `select`. */
export async function writePartition(context: JobContext, name: string, value: string, select: string): Promise<void> {
  const file = partitionPath(context, await mart(name), value)
  await mkdir(path.dirname(file), { recursive: true })
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet)`)
  connection.closeSync()
  instance.closeSync()
}

/** Values that a careless encoder gets wrong: signs, quotes, separators, line ends, long and empty texts, Korean. */
export const symptoms = `SELECT * FROM (VALUES
  ('A0001', 0.1::DOUBLE + 0.2::DOUBLE, 'normal', -0.0::DOUBLE, 'abnormal', 0::BIGINT, 'normal'),
  ('B0002', 1e300, 'tab\t and \\ backslash', 1e-300, E'line\\nbreak\\r', 9007199254740993, 'a'),
  ('C0003', -1.7976931348623157e308, '', 5e-324, '"quoted", comma', -9223372036854775808, '남자 프리랜서'),
  ('D0004', 'nan'::DOUBLE, NULL, 'inf'::DOUBLE, '\\N', 9223372036854775807, repeat('긴 글 ', 5000)),
  ('E0005', NULL, 'exactly12byt', NULL, 'exactly13byte', NULL, NULL)
) AS t(car_number, speed_p_avg, speed_p_symptom, break_p_avg, break_p_symptom, steer_a_cnt, steer_p_symptom)`

/** `count` plain rows of the symptom mart, numbered from `from`. */
export const plainSymptoms = (count: number, from = 0): string =>
  `SELECT 'A' || lpad((i + ${from})::VARCHAR, 6, '0') AS car_number, i / 7.0::DOUBLE AS speed_p_avg, 'normal' AS speed_p_symptom,
   i / 3.0::DOUBLE AS break_p_avg, 'normal' AS break_p_symptom, i::BIGINT AS steer_a_cnt, 'normal' AS steer_p_symptom
   FROM range(${count}) AS r(i)`

/** Rows as the driver reads them, without types. */
export async function ask(server: PostgresServer, password: string, sql: string): Promise<unknown[][]> {
  const { host, port, user, database } = server
  const client = new pg.Client({ host, port, user, database, password })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows as unknown[][]
  } finally {
    await client.end()
  }
}

/** A SELECT with every column of a mart: those of `expressions`, and plain values for the others. */
export async function filled(
  name: string,
  expressions: Readonly<Record<string, string>>,
  from: string,
): Promise<string> {
  const plain = { string: "'x'", integer: '1::INTEGER', bigint: '1::BIGINT', double: '1::DOUBLE' }
  const columns = (await mart(name)).columns.map(
    (column) => `${expressions[column.name] ?? plain[column.type]} AS "${column.name}"`,
  )
  return `SELECT ${columns.join(', ')} FROM ${from}`
}
