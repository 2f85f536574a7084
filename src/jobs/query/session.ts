/** A warehouse that can only be read: what a statement from somebody else must not be able to do is switched off. */
import path from 'node:path'
import type { DuckDBPreparedStatement } from '@duckdb/node-api'
import { UsageError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { textLiteral } from '../../engines/duckdb/syntax.js'
import { openWarehouse, type Warehouse } from '../../engines/duckdb/warehouse.js'
import { type SqlText, sqlError } from './sql-error.js'

export interface QuerySession extends AsyncDisposable {
  readonly warehouse: Warehouse
  /** Prepares the one statement of a text. Throws UsageError for none, several, and one that is no question. */
  prepare(sql: SqlText): Promise<DuckDBPreparedStatement>
}

export interface SessionOptions {
  /** Further files and folders that may be read. */
  readonly readable: readonly string[]
  /** The one file that may be written: by this program, not by the statement, which only reads. */
  readonly writable?: string
}

/**
 * Files are reachable in the folders of the tables alone (so neither the password of PostgreSQL nor anything outside
 * the site), nothing can be installed, attached or set, and `prepare` lets only statements through that read.
 */
export async function openQuerySession(options: SessionOptions, context: JobContext): Promise<QuerySession> {
  const { lake, warehouse: marts, alerts, landing } = context.layout
  const warehouse = await openWarehouse(context)
  const { connection, tables } = warehouse
  try {
    const extra = await Promise.all(options.readable.map((given) => kindOf(given, context)))
    const folders = [lake, marts, alerts, landing, ...extra.flatMap((entry) => (entry.isFolder ? [entry.path] : []))]
    const files = [
      ...extra.flatMap((entry) => (entry.isFolder ? [] : [entry.path])),
      ...(options.writable === undefined ? [] : [options.writable]),
    ]
    await connection.run(
      `SET allowed_directories = [${folders.map((folder) => textLiteral(folder + path.sep)).join(', ')}]`,
    )
    await connection.run(`SET allowed_paths = [${files.map(textLiteral).join(', ')}]`)
    await connection.run('SET enable_external_access = false')
    await connection.run('SET errors_as_json = true')
    await connection.run('SET lock_configuration = true')
  } catch (error) {
    await warehouse[Symbol.asyncDispose]()
    throw error
  }
  return {
    warehouse,
    async prepare(sql) {
      try {
        return await prepareReading(warehouse, sql.text)
      } catch (cause) {
        throw cause instanceof UsageError ? cause : sqlError(cause, sql, tables.keys(), context)
      }
    },
    [Symbol.asyncDispose]: () => warehouse[Symbol.asyncDispose](),
  }
}

async function kindOf(given: string, context: JobContext): Promise<{ path: string; isFolder: boolean }> {
  const file = path.resolve(given)
  const info = await context.files.stat(file)
  if (info === undefined) throw new UsageError('NO_SUCH_FILE', `${given} does not exist`, { place: { file } })
  return { path: file, isFolder: info.kind === 'directory' }
}

const reading =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:\(|(?:select|with|from|values|table|describe|desc|show|summarize|explain|pivot|unpivot|pragma)\b)/i
const explain = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*explain\s+(?:analyze\s+)?(?:\([^)]*\)\s*)?/i

async function prepareReading(warehouse: Warehouse, text: string): Promise<DuckDBPreparedStatement> {
  const { StatementType } = await import('@duckdb/node-api')
  if (isEmpty(text)) throw new UsageError('QUERY_EMPTY', 'the query is empty', { hints: ['smartcar query "SELECT …"'] })
  // Told by its first word, so that a COPY that may not reach its file is not told about the file.
  if (!reading.test(text)) throw notReading()
  const statements = await warehouse.connection.extractStatements(text)
  if (statements.count !== 1) {
    throw new UsageError('QUERY_NOT_ONE', `the text holds ${statements.count} statements: a query is one`, {
      hints: ['run them one by one; WITH names parts of a query', 'PIVOT needs IN (…) to be one statement'],
    })
  }
  const statement = await statements.prepare(0)
  if (statement.statementType === StatementType.SELECT) return statement
  // EXPLAIN ANALYZE runs what it explains.
  if (statement.statementType === StatementType.EXPLAIN && explain.test(text)) {
    await prepareReading(warehouse, text.replace(explain, ''))
    return statement
  }
  throw notReading()
}

const notReading = (): UsageError =>
  new UsageError(
    'QUERY_NOT_READING',
    'a query only reads: SELECT, WITH, FROM, VALUES, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN',
    {
      hints: ['smartcar mart build makes tables, smartcar export and --output write files'],
    },
  )

/** True for nothing but white space, comments and semicolons, on which DuckDB's binding fails without a reason. */
function isEmpty(text: string): boolean {
  return text.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, '').replace(/[\s;]/g, '') === ''
}
