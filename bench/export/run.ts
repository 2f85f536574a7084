import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import pg from 'pg'
import { from } from 'pg-copy-streams'
import { addKey, copyFrom, createTable } from '../../src/engines/postgres/dialect.js'
import { exportMart } from '../../src/jobs/export/export.js'
import { partitionPath } from '../../src/marts/partitions.js'
import { findMart, loadTables } from '../../src/marts/registry.js'
import { startPostgres, stopPostgres } from '../../src/services/postgres/index.js'
import { testContext } from '../../test/support/context.js'
import type { BenchRow } from '../support.js'

const cars = 100
const rowsPerCar = 21_600
const days = ['20200322', '20200323'] as const

/** A day of the status mart with the pilot's value ranges, in the order in which a build writes it. */
const statusRows = (day: string) => `
SELECT chr((65 + car % 26)::INTEGER) || lpad((car // 26)::VARCHAR, 4, '0') AS car_number, ['남', '여'][car % 2 + 1] AS sex,
  20 + car % 50 AS age, ['기혼', '미혼'][car % 2 + 1] AS marriage, ['경기', '서울', '강원', '인천'][car % 4 + 1] AS region,
  ['회사원', '공무원', '프리랜서', '학생'][car % 4 + 1] AS job, 1000 + 500 * (car % 4) AS car_capacity,
  2000 + car % 17 AS car_year, chr((65 + car % 8)::INTEGER) AS car_model,
  ${['fl', 'fr', 'bl', 'br'].map((corner) => `(80 + random() * 20)::INTEGER AS tire_${corner}`).join(', ')},
  ${['fl', 'fr', 'bl', 'br'].map((corner) => `1 AS light_${corner}`).join(', ')}, 'A' AS engine, 'A' AS "break",
  (80 + random() * 20)::INTEGER AS battery,
  strftime(strptime('${day}', '%Y%m%d') + to_seconds(4 * step), '%Y%m%d%H%M%S') AS reg_date
FROM range(${cars}) AS c(car), range(${rowsPerCar}) AS s(step)`

/**
 * The export of a day (source read, encoded, copied, verified, committed) against a bare COPY of the same rows, ready as
 * text in a file, into a table with the same columns and key; twice each, the better counts. Wall time, since the
 * server, Node and DuckDB work side by side.
 */
export async function bench(): Promise<BenchRow[]> {
  await using context = await testContext()
  const mart = findMart(await loadTables(), 'managed_smartcar_status_info')
  const database = await DuckDBInstance.create(':memory:')
  const duckdb = await database.connect()
  const columns = mart.columns.map(
    (column) => `"${column.name}"::${column.type === 'string' ? 'VARCHAR' : 'INTEGER'} AS "${column.name}"`,
  )
  for (const day of days) {
    const file = partitionPath(context, mart, day)
    await context.files.mkdir(path.dirname(file))
    await duckdb.run(
      `COPY (SELECT ${columns.join(', ')} FROM (${statusRows(day)}) ORDER BY reg_date, car_number) TO '${file}' (FORMAT parquet, COMPRESSION zstd)`,
    )
    await duckdb.run(
      `COPY (SELECT * FROM read_parquet('${file}', hive_partitioning = true, hive_types = {'biz_date': VARCHAR})) TO '${textFile(context.layout.root, day)}' (FORMAT csv, DELIMITER '\t', HEADER false, QUOTE '', ESCAPE '', NULLSTR '\\N')`,
    )
  }
  duckdb.closeSync()
  database.closeSync()
  const server = await startPostgres(context)
  const { host, port, user, database: name } = server
  const password = (await readFile(server.passwordFile, 'utf8')).trim()
  const client = new pg.Client({ host, port, user, database: name, password })
  await client.connect()
  const bareCopy = async (day: string) => {
    const copy = client.query(from(copyFrom('bare', mart)))
    await pipeline(createReadStream(textFile(context.layout.root, day), { highWaterMark: 1 << 18 }), copy)
    if (copy.rowCount !== cars * rowsPerCar) throw new Error(`${copy.rowCount} rows were copied`)
  }
  const exported = async (day: string) => {
    const result = await exportMart(
      { mart: mart.name, range: { from: day, to: day }, schema: 'exported' },
      {
        site: { export: { target: 'embedded', targets: {} }, postgres: { port: 'auto' } },
        passwords: { environment: {} },
      },
      context,
    )
    if (result.partitions[0]?.status !== 'exported') throw new Error('nothing was exported')
  }
  try {
    const seconds = { bareFirst: Infinity, bareNext: Infinity, first: Infinity, next: Infinity }
    for (let run = 0; run < 2; run++) {
      await client.query('DROP SCHEMA IF EXISTS bare, exported CASCADE; CREATE SCHEMA bare')
      await client.query(`${createTable('bare', mart)}; ${addKey('bare', mart)}; CHECKPOINT`)
      seconds.bareFirst = Math.min(seconds.bareFirst, await timed(() => bareCopy(days[0])))
      seconds.bareNext = Math.min(seconds.bareNext, await timed(() => bareCopy(days[1])))
      await client.query('DROP SCHEMA bare CASCADE; CHECKPOINT')
      seconds.first = Math.min(seconds.first, await timed(() => exported(days[0])))
      seconds.next = Math.min(seconds.next, await timed(() => exported(days[1])))
    }
    const row = (what: string, took: number): BenchRow => ({
      name: what,
      rows: cars * rowsPerCar,
      seconds: took,
      rowsPerSecond: (cars * rowsPerCar) / took,
    })
    const against = (what: string, took: number, baseline: BenchRow): BenchRow => ({
      ...row(what, took),
      ratio: baseline.seconds / took,
      against: baseline.name,
      note: `wall time; takes ${(took / baseline.seconds).toFixed(2)} times the bare COPY (at most 1.2)`,
    })
    const bareFirst = row('bare COPY of a day into an empty table', seconds.bareFirst)
    const bareNext = row('bare COPY of the next day', seconds.bareNext)
    return [
      bareFirst,
      against('smartcar export of a day', seconds.first, bareFirst),
      bareNext,
      against('smartcar export of the next day', seconds.next, bareNext),
    ]
  } finally {
    await client.end()
    await stopPostgres(context)
  }
}

const textFile = (root: string, day: string): string => path.join(root, `${day}.copy`)

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}
