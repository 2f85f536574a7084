/** The answer of Hive or Spark to one statement, page by page. */
import { didYouMean } from '../../core/did-you-mean.js'
import { SmartcarError, throwIfInterrupted } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { openDuckDB } from '../../engines/duckdb/connect.js'
import { textLiteral } from '../../engines/duckdb/syntax.js'
import type { ClusterEngine } from '../../engines/hive/address.js'
import { partsLine, progressLine } from '../../engines/hive/progress.js'
import type { HiveColumn } from '../../engines/hive/protocol.js'
import type { HivePage } from '../../engines/hive/session.js'
import { readComplaint } from '../../engines/hive/sql-error.js'
import { duckdbType, shapeOf, textCells } from '../../engines/hive/text-cells.js'
import { loadDialect } from '../../engines/registry.js'
import { tableNames } from '../../marts/registry.js'
import type { HostsContext } from '../provision/context.js'
import { openEngine } from '../warehouse/engine.js'
import type { Question } from './duckdb-source.js'
import { type EngineStatement, engineStatement } from './engine-statement.js'
import type { RowChunk, RowSource } from './row-source.js'
import { csvWriter } from './rows.js'
import { errorAt, placeAt, type SqlText } from './sql-error.js'

/** Whom a question goes to instead of DuckDB. */
export interface QueriedCluster {
  readonly engine: ClusterEngine
  readonly context: HostsContext
  /** Milliseconds until the statement is cancelled; none unless said. */
  readonly timeoutMs?: number | undefined
}

export interface EngineSource extends RowSource, AsyncDisposable {}

/**
 * Runs the statement and gives its rows; what the engine's log says meanwhile becomes notes. Throws UsageError for a
 * statement that is wrong (with its line and a caret where the engine tells the place) or does more than read,
 * FailedError when it fails while it runs.
 */
export async function openEngineSource(
  question: Question,
  { engine, context, timeoutMs }: QueriedCluster,
): Promise<EngineSource> {
  const statement = engineStatement(question, await loadDialect(engine))
  const { connection } = await openEngine(engine, context, { makeDatabase: false })
  let said: string | undefined
  const say = (text: string | undefined) => {
    if (text !== undefined && text !== said) context.emit({ t: 'note', level: 'info', text: `${engine}: ${text}` })
    said = text ?? said
  }
  const pages = connection
    .query(statement.text, {
      signal: context.signal,
      onLog: (line) => say(progressLine(line)),
      onProgress: (progress) => say(partsLine(progress)),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
    [Symbol.asyncIterator]()
  const next = async () => {
    try {
      const { value, done } = await pages.next()
      return done === true ? undefined : (value as HivePage)
    } catch (cause) {
      throw asSqlError(cause, question.sql, statement, engine)
    }
  }
  const onAbort = () => say('cancelling the statement')
  context.signal.addEventListener('abort', onAbort, { once: true })
  const close = async () => {
    context.signal.removeEventListener('abort', onAbort)
    await pages.return?.(undefined)
    await connection[Symbol.asyncDispose]()
  }
  try {
    const first = await next()
    let ahead: HivePage | undefined = first
    return {
      columns: distinctNames(first?.columns ?? []).map(({ name, type }) => ({ name, type, shape: shapeOf(type) })),
      isExplained: statement.isExplain,
      async next() {
        throwIfInterrupted(context.signal)
        const page = ahead ?? (await next())
        ahead = undefined
        return page === undefined || page.rows === 0 ? undefined : chunkOf(page)
      },
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** `name`, `name_1`: an object of JSON and a Parquet file take a name once. */
function distinctNames(columns: readonly HiveColumn[]): readonly HiveColumn[] {
  const taken = new Set<string>()
  return columns.map((column) => {
    let name = column.name
    for (let number = 1; taken.has(name); number++) name = `${column.name}_${number}`
    taken.add(name)
    return { ...column, name }
  })
}

function chunkOf({ rows, columns, values }: HivePage): RowChunk {
  return {
    rows,
    cells: () => columns.map(({ type }, index) => textCells(values[index] ?? [], type)),
  }
}

function asSqlError(cause: unknown, sql: SqlText, statement: EngineStatement, engine: ClusterEngine): unknown {
  if (!(cause instanceof SmartcarError) || cause.code !== 'HIVE_STATEMENT_FAILED') return cause
  const { sqlState } = cause.data ?? {}
  const { message, isMistake, line, column, missingTable } = readComplaint(
    cause.message,
    typeof sqlState === 'string' ? sqlState : undefined,
  )
  const known = missingTable !== undefined && tableNames.includes(missingTable)
  const said =
    missingTable === undefined
      ? message
      : `${engine} has no table "${missingTable}"${known ? '' : didYouMean(missingTable, tableNames)}`
  return errorAt({
    sql,
    said,
    place: line === undefined || column === undefined ? undefined : placeAt(sql.text, statement.placeIn(line, column)),
    isMistake,
    hints:
      missingTable === undefined
        ? []
        : [known ? `smartcar mart build --engine ${engine} makes it` : 'smartcar mart list names the tables'],
    data: { engine, ...cause.data },
  })
}

/** Rows as one Parquet file, by way of a CSV file beside it: memory does not grow with them. */
export async function writeEngineParquet(
  source: EngineSource,
  file: string,
  limit: number,
  context: JobContext,
  progress: (rows: number) => void,
) {
  const columns = source.columns.map(({ name, type }) => ({ name, type: duckdbType(type) }))
  await using text = await context.files.createAtomic(`${file}.csv`)
  const writer = csvWriter(source.columns)
  const most = limit === 0 ? Number.POSITIVE_INFINITY : limit
  let rows = 0
  await text.write(writer.head())
  for (let chunk = await source.next(); chunk !== undefined && rows < most; chunk = await source.next()) {
    const count = Math.min(chunk.rows, most - rows)
    await text.write(writer.rows(chunk.cells(), count))
    rows += count
    progress(rows)
  }
  // One thread: the rows keep their order.
  await using database = await openDuckDB(context, { threads: 1 })
  const connection = await database.connect()
  const types = columns.map(({ name, type }) => `${textLiteral(name)}: ${textLiteral(type)}`).join(', ')
  await connection.run(
    `COPY (SELECT * FROM read_csv(${textLiteral(text.temporaryPath)}, columns = {${types}}, header = true,
      auto_detect = false, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false, max_line_size = 100000000))
    TO ${textLiteral(file)} (FORMAT parquet, COMPRESSION zstd)`,
  )
  return { columns, rows, more: 0, moreIsExact: true }
}
