/** One partition into a CSV or Parquet file that appears whole or not at all. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { z } from 'zod'
import { CheckError, FailedError, SmartcarError, systemCode } from '../../core/errors.js'
import { allColumns, type Mart } from '../../core/mart.js'
import type { JobContext } from '../../core/ports.js'
import { openDuckDB } from '../../engines/duckdb/connect.js'
import { duckdbDialect } from '../../engines/duckdb/dialect.js'
import { duckdbError } from '../../engines/duckdb/errors.js'
import { typeMap } from '../../engines/duckdb/syntax.js'
import type { StoredPartition } from '../../marts/partitions.js'
import type { ExportedPartition } from './result.js'

export interface FileExport {
  readonly mart: Mart
  readonly format: 'csv' | 'parquet'
  readonly file: string
  readonly full: boolean
}

const content = z.tuple([z.bigint(), z.bigint()])

/** CSV: RFC 4180 with a header line, NULL as an empty field and the empty text as "". */
const formats = {
  csv: "FORMAT csv, HEADER true, NULLSTR ''",
  parquet: 'FORMAT parquet, COMPRESSION zstd',
}

const literal = (text: string) => duckdbDialect.literal(text)
const columnsOf = (mart: Mart) => allColumns(mart).map((column) => duckdbDialect.identifier(column.name))

function sourceOf(mart: Mart, partition: StoredPartition): string {
  const stored = mart.columns.map((column) => duckdbDialect.identifier(column.name))
  const value = `${literal(partition.value)} AS ${duckdbDialect.identifier(mart.partition.name)}`
  const order = mart.key === undefined ? stored : mart.key.map((name) => duckdbDialect.identifier(name))
  return `SELECT ${[...stored, value].join(', ')} FROM read_parquet(${literal(partition.file)}, hive_partitioning = false)
ORDER BY ${order.join(', ')}`
}

function writtenAs(input: FileExport, file: string): string {
  if (input.format === 'parquet') return `read_parquet(${literal(file)}, hive_partitioning = false)`
  return `read_csv(${literal(file)}, header = true, auto_detect = false, hive_partitioning = false,
  columns = ${typeMap(allColumns(input.mart))}, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false)`
}

/** Rows and the sum of the hashes of all rows: the same content gives the same numbers in any order. */
async function measure(connection: DuckDBConnection, mart: Mart, from: string): Promise<{ rows: bigint; sum: bigint }> {
  const columns = columnsOf(mart).join(', ')
  const reader = await connection.runAndReadAll(
    `SELECT count(*), coalesce(sum(hash(${columns})), 0)::HUGEINT FROM ${from}`,
  )
  const [rows, sum] = content.parse(reader.getRows()[0])
  return { rows, sum }
}

/** Writes the file beside its name, reads it back, compares it with the source by content, and puts it in its place. */
export async function exportFile(
  input: FileExport,
  partition: StoredPartition,
  context: JobContext,
): Promise<ExportedPartition> {
  const started = context.clock.monotonic()
  await using database = await openDuckDB(context)
  try {
    return await write(input, partition, await database.connect(), started, context)
  } catch (cause) {
    if (cause instanceof SmartcarError || systemCode(cause) !== undefined) throw cause
    throw duckdbError(context, `${input.mart.name} ${partition.value} into ${input.file}`, cause)
  }
}

async function write(
  input: FileExport,
  partition: StoredPartition,
  connection: DuckDBConnection,
  started: number,
  context: JobContext,
): Promise<ExportedPartition> {
  await connection.run('SET preserve_insertion_order = true')
  const source = sourceOf(input.mart, partition)
  const wanted = await measure(connection, input.mart, `(${source})`)
  const same = (found: { rows: bigint; sum: bigint }) => found.rows === wanted.rows && found.sum === wanted.sum
  const done = (status: ExportedPartition['status']): ExportedPartition => ({
    partition: partition.value,
    rows: Number(wanted.rows),
    status,
    checksum: String(wanted.sum),
    ms: Math.round(context.clock.monotonic() - started),
    file: input.file,
  })
  const existing = await context.files.stat(input.file)
  if (existing?.kind === 'directory') {
    throw new FailedError('EXPORT_IS_FOLDER', `${input.file} is a folder`, {
      hints: ['give the name of a file with -o'],
    })
  }
  if (existing !== undefined && !input.full) {
    // A file that cannot be read as this mart is simply replaced.
    const found = await measure(connection, input.mart, writtenAs(input, input.file)).catch(() => undefined)
    if (found !== undefined && same(found)) return done('unchanged')
  }
  await using target = await context.files.createAtomic(input.file)
  await connection.run(`COPY (${source}) TO ${literal(target.temporaryPath)} (${formats[input.format]})`)
  const written = await measure(connection, input.mart, writtenAs(input, target.temporaryPath))
  if (!same(written)) {
    throw new CheckError(
      'EXPORT_DIFFERS',
      `${input.mart.name} ${partition.value} reads back differently from ${input.file}: ${written.rows} rows of ${wanted.rows}; it was not written`,
    )
  }
  await target.commit()
  return done('exported')
}
