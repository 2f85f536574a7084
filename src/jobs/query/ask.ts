/** `smartcar query`: where the text comes from, and where the rows go. */
import path from 'node:path'
import { UsageError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { readText } from '../../core/read-text.js'
import { parseAssignments } from './parameters.js'
import { type QueryRequest, type QueryResult, querySummary, runQuery } from './query.js'
import { loadSavedQuery, parseQueryFile, readQueryFile } from './saved.js'

export interface Asked {
  /** Exactly one of them. */
  readonly source: {
    /** `-` for stdin */
    readonly sql: string | undefined
    readonly file: string | undefined
    readonly saved: string | undefined
    readonly stdin: () => AsyncIterable<Uint8Array>
  }
  readonly options: Pick<QueryRequest, 'format' | 'output' | 'limit' | 'readable' | 'cluster'>
  /** `name=value` */
  readonly parameters: readonly string[]
  /** Rows become part of the result instead of being written (`--json`). */
  readonly collect: boolean
}

export interface AskedResult extends QueryResult {
  readonly values?: readonly unknown[]
}

export const askedSummary = (result: AskedResult): string => querySummary(result)

export async function askWarehouse(
  asked: Asked,
  write: (bytes: Uint8Array | string) => Promise<void>,
  context: JobContext,
): Promise<AskedResult> {
  const text = await textOf(asked.source, context)
  const request: QueryRequest = { ...text, ...asked.options, parameters: parseAssignments(asked.parameters) }
  if (!asked.collect || asked.options.output !== undefined) return runQuery(request, write, context)
  const collected: Uint8Array[] = []
  const result = await runQuery(
    { ...request, format: 'json' },
    async (bytes) => {
      collected.push(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
    },
    context,
  )
  return { ...result, values: JSON.parse(Buffer.concat(collected).toString('utf8')) as unknown[] }
}

async function textOf(source: Asked['source'], context: JobContext): Promise<Pick<QueryRequest, 'sql' | 'declared'>> {
  const given = [source.sql, source.file, source.saved].filter((one) => one !== undefined)
  if (given.length !== 1) {
    throw new UsageError('QUERY_SOURCE', given.length === 0 ? 'there is no query' : 'there is more than one query', {
      hints: ['give the SQL text, or - for stdin, or -f FILE, or --saved NAME'],
    })
  }
  if (source.saved !== undefined || source.file !== undefined) {
    const query =
      source.saved === undefined
        ? await readQueryFile(path.resolve(source.file ?? ''), path.basename(source.file ?? ''), context)
        : await loadSavedQuery(source.saved, context)
    return { sql: { text: query.sql, file: query.file }, declared: query.parameters }
  }
  if (source.sql !== '-') return { sql: { text: source.sql ?? '' } }
  const { sql, parameters } = parseQueryFile(await readText(source.stdin(), 'the query'), 'stdin')
  return { sql: { text: sql }, declared: parameters }
}
