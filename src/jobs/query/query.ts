import path from 'node:path'
import { UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { JobContext } from '../../core/ports.js'
import { textLiteral } from '../../engines/duckdb/syntax.js'
import { plural } from '../../render/format.js'
import { duckdbSource, type Question } from './duckdb-source.js'
import type { QueriedCluster } from './engine-source.js'
import { withoutEnd } from './one-statement.js'
import { bindParameters } from './parameters.js'
import type { RowSource } from './row-source.js'
import { csvWriter, jsonWriter, type ResultColumn, type RowWriter } from './rows.js'
import { openQuerySession, type QuerySession } from './session.js'
import { sqlError } from './sql-error.js'
import { tableWriter } from './table.js'

export const queryFormats = ['table', 'csv', 'json', 'ndjson', 'parquet'] as const
export type QueryFormat = (typeof queryFormats)[number]

export interface QueryRequest extends Question {
  /** Hive or Spark instead of DuckDB. */
  readonly cluster?: QueriedCluster | undefined
  /** The ending of `output` when left out, else `table`. */
  readonly format?: QueryFormat | undefined
  /** Rows at most; 0: all. All when left out, but 50 for a table on the screen. */
  readonly limit?: number | undefined
  /** File that appears whole or not at all; left out: `write` gets the bytes. */
  readonly output?: string | undefined
  /** Files and folders outside the site's tables that the query may read. */
  readonly readable?: readonly string[] | undefined
}

export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly format: QueryFormat
  /** Rows that were given out. */
  readonly rows: number
  /** Rows that the limit of a table on the screen held back; counted for two seconds at most. */
  readonly more: number
  readonly moreIsExact: boolean
  /** Absolute, when the rows went to a file. */
  readonly file?: string
  readonly ms: number
}

const tableRows = 50
const countForMs = 2000
const progressRows = 100_000

/**
 * Runs one reading statement over the warehouse and gives its rows out chunk by chunk: memory does not grow with them.
 * `write` waits for a slow reader. Throws UsageError for a statement that is wrong (with its line and a caret) or does
 * more than read, FailedError when it fails while it runs.
 */
export async function runQuery(
  request: QueryRequest,
  write: (bytes: Uint8Array | string) => Promise<void>,
  context: JobContext,
): Promise<QueryResult> {
  const format = request.format ?? formatOf(request.output)
  const output = request.output === undefined ? undefined : path.resolve(request.output)
  if (format === 'parquet' && output === undefined) {
    throw new UsageError('OUTPUT_MISSING', 'Parquet cannot be written to the screen', {
      hints: ['add -o FILE.parquet'],
    })
  }
  if (output === undefined) {
    const result = await answer(request, format, undefined, write, context)
    if (result.more > 0) context.emit({ t: 'note', level: 'info', text: moreText(result) })
    return result
  }
  if ((await context.files.stat(output))?.kind === 'directory') {
    throw new UsageError('OUTPUT_IS_FOLDER', `${output} is a folder`, { hints: ['give the name of a file with -o'] })
  }
  await using target = await context.files.createAtomic(output)
  const result = await stage(
    context.emit,
    { id: 'query', title: `query into ${path.basename(output)}` },
    (progress) =>
      answer(
        request,
        format,
        target.temporaryPath,
        (bytes) => target.write(bytes),
        context,
        (rows) => progress(rows, 'rows'),
      ),
    (done) => ({ outcome: 'done', summary: plural(done.rows, 'row'), counts: { rows: done.rows } }),
  )
  await target.commit()
  return { ...result, file: output }
}

function formatOf(output: string | undefined): QueryFormat {
  const ending = output === undefined ? '' : path.extname(output).toLowerCase()
  if (ending === '.jsonl') return 'ndjson'
  return queryFormats.find((format) => `.${format}` === ending) ?? 'table'
}

async function answer(
  request: QueryRequest,
  format: QueryFormat,
  file: string | undefined,
  write: (bytes: Uint8Array | string) => Promise<void>,
  context: JobContext,
  progress: (rows: number) => void = () => {},
): Promise<QueryResult> {
  const started = context.clock.monotonic()
  const ended = (done: Answer): QueryResult => ({
    ...done,
    format,
    ms: Math.round(context.clock.monotonic() - started),
  })
  const toFile = file !== undefined
  const isJson = format === 'json' || format === 'ndjson'
  const isParquet = format === 'parquet' && toFile
  if (request.cluster !== undefined) {
    const { openEngineSource, writeEngineParquet } = await import('./engine-source.js')
    await using source = await openEngineSource(request, request.cluster)
    if (isParquet) return ended(await writeEngineParquet(source, file, request.limit ?? 0, context, progress))
    return ended(await stream(source, request, format, toFile, write, context, progress))
  }
  await using session = await openQuerySession(
    { readable: request.readable ?? [], ...(isParquet ? { writable: file } : {}) },
    context,
  )
  try {
    if (isParquet) return ended(await writeParquet(request, file, session))
    const source = await duckdbSource(request, session, isJson, context)
    return ended(await stream(source, request, format, toFile, write, context, progress))
  } catch (cause) {
    if (cause instanceof Error && 'exit' in cause) throw cause
    const known = session.warehouse.tables.keys()
    throw sqlError(cause, request.sql, known, context, isParquet ? beforeText.length : 0)
  }
}

export type Answer = Omit<QueryResult, 'format' | 'ms' | 'file'>

async function writeParquet(request: QueryRequest, file: string, session: QuerySession): Promise<Answer> {
  const api = await import('@duckdb/node-api')
  // Checked as it stands; then the same text inside COPY, on lines of its own: it may end in a comment.
  const question = await session.prepare(request.sql)
  if (question.statementType === api.StatementType.EXPLAIN) {
    throw new UsageError('EXPLAIN_NOT_ROWS', 'EXPLAIN gives no rows for Parquet', { hints: ['leave --format out'] })
  }
  const { connection } = session.warehouse
  const limit = request.limit === undefined || request.limit === 0 ? '' : ` LIMIT ${request.limit}`
  const statement = await connection.prepare(
    `${beforeText}${withoutEnd(request.sql.text)}\n)${limit}) TO ${textLiteral(file)} (FORMAT parquet, COMPRESSION zstd)`,
  )
  bindParameters(api, statement, request.parameters ?? new Map(), request.declared ?? [])
  const done = await statement.run()
  const written = await connection.runAndReadAll(
    `SELECT * FROM read_parquet(${textLiteral(file)}, hive_partitioning = false) LIMIT 0`,
  )
  const columns = written.columnNames().map((name, index) => ({ name, type: String(written.columnType(index)) }))
  return { columns, rows: done.rowsChanged, more: 0, moreIsExact: true }
}

const beforeText = 'COPY (SELECT * FROM (\n'

/** Gives the rows of an answer out. */
async function stream(
  source: RowSource,
  request: QueryRequest,
  format: QueryFormat,
  toFile: boolean,
  write: (bytes: Uint8Array | string) => Promise<void>,
  context: JobContext,
  progress: (rows: number) => void,
): Promise<Answer> {
  const writer = writerOf(format, source.columns, source.isExplained)
  const asked = request.limit ?? (format === 'table' && !toFile ? tableRows : 0)
  const most = asked === 0 ? Number.POSITIVE_INFINITY : asked
  await writeSome(writer.head(), write)
  let rows = 0
  let held = 0
  let chunk = await source.next()
  while (chunk !== undefined) {
    const count = Math.min(chunk.rows, most - rows)
    await writeSome(writer.rows(chunk.cells(), count), write)
    if (Math.floor((rows + count) / progressRows) > Math.floor(rows / progressRows)) progress(rows + count)
    rows += count
    held = chunk.rows - count
    if (rows >= most) break
    chunk = await source.next()
  }
  await writeSome(writer.tail(), write)
  const columns = source.columns.map(({ name, type }) => ({ name, type }))
  // Who asked for so many rows knows that there may be more.
  if (chunk === undefined || request.limit !== undefined) return { columns, rows, more: 0, moreIsExact: true }
  return { columns, rows, ...(await countRest(source, held, context)) }
}

async function countRest(source: RowSource, held: number, context: JobContext) {
  const started = context.clock.monotonic()
  let more = held
  for (;;) {
    const chunk = await source.next()
    if (chunk === undefined) return { more, moreIsExact: true }
    more += chunk.rows
    if (context.clock.monotonic() - started > countForMs) return { more, moreIsExact: false }
  }
}

const moreText = (result: QueryResult): string =>
  `${result.moreIsExact ? '' : 'at least '}${plural(result.more, 'more row')}: --limit 0 shows all`

/** What a person reads behind the rows: nothing when they went to the screen. */
export const querySummary = (result: QueryResult): string =>
  result.file === undefined ? '' : `wrote ${plural(result.rows, 'row')} to ${result.file}\n`

function writerOf(format: QueryFormat, columns: readonly ResultColumn[], isExplained: boolean): RowWriter {
  if (format === 'csv') return csvWriter(columns)
  if (format === 'json' || format === 'ndjson') return jsonWriter(columns, format)
  return tableWriter(columns, isExplained)
}

async function writeSome(bytes: Uint8Array, write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  if (bytes.length > 0) await write(bytes)
}
