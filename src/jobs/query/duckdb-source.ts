/** The answer of DuckDB to one statement, chunk by chunk. */
import { throwIfInterrupted } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { type ColumnReader, columnReader } from '../../engines/duckdb/text-columns.js'
import { loadBindings } from '../../engines/duckdb/vectors.js'
import { bindParameters, type DeclaredParameter } from './parameters.js'
import type { RowSource } from './row-source.js'
import type { QuerySession } from './session.js'
import type { SqlText } from './sql-error.js'

export interface Question {
  readonly sql: SqlText
  readonly parameters?: ReadonlyMap<string, string>
  readonly declared?: readonly DeclaredParameter[]
}

/** `json`: values inside of others as JSON. Throws as QuerySession.prepare and what DuckDB throws. */
export async function duckdbSource(
  question: Question,
  session: QuerySession,
  json: boolean,
  context: Pick<JobContext, 'signal'>,
): Promise<RowSource> {
  const api = await import('@duckdb/node-api')
  const bindings = await loadBindings()
  const statement = await session.prepare(question.sql)
  bindParameters(api, statement, question.parameters ?? new Map(), question.declared ?? [])
  const result = await statement.stream()
  const types = result.columnTypes()
  const readers = types.map((type, index) => columnReader(api, bindings, type, index, json))
  return {
    columns: result.deduplicatedColumnNames().map((name, index) => ({
      name,
      type: String(types[index]),
      shape: (readers[index] as ColumnReader).shape,
    })),
    isExplained: result.statementType === api.StatementType.EXPLAIN,
    async next() {
      throwIfInterrupted(context.signal)
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) return undefined
      return { rows: chunk.rowCount, cells: () => readers.map((reader) => reader.read(chunk)) }
    },
  }
}
