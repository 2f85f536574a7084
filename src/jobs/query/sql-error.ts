/** What DuckDB says about a statement, with the line and a caret below the place. */
import { z } from 'zod'
import { didYouMean } from '../../core/did-you-mean.js'
import { FailedError, type SmartcarError, throwIfInterrupted, UsageError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { duckdbError } from '../../engines/duckdb/errors.js'
import { displayWidth } from '../../render/table.js'

/** A statement and where its text stands. */
export interface SqlText {
  readonly text: string
  /** The file that it was read from. */
  readonly file?: string
}

/** DuckDB's errors with `errors_as_json`. */
const jsonError = z.object({
  exception_type: z.string(),
  exception_message: z.string(),
  /** Bytes before the place, in UTF-8. */
  position: z.coerce.number().optional(),
  type: z.string().optional(),
  name: z.string().optional(),
})

/** Mistakes in the text of a statement; anything else happened while it ran. */
const textMistakes = new Set(['Parser', 'Binder', 'Catalog', 'Syntax', 'Parameter Not Resolved', 'Not implemented'])

/** `tables`: names to suggest for one that does not exist; `before`: bytes that were put before the text. */
export function sqlError(
  cause: unknown,
  sql: SqlText,
  tables: Iterable<string>,
  context: Pick<JobContext, 'signal'>,
  before = 0,
): SmartcarError {
  throwIfInterrupted(context.signal)
  const text = cause instanceof Error ? cause.message : String(cause)
  const start = text.indexOf('{"exception_type"')
  const parsed = start === -1 ? undefined : jsonError.safeParse(parseJson(text.slice(start)))
  if (parsed?.success !== true) return duckdbError(context, 'the query', cause)
  const { exception_type: type, exception_message: message, name } = parsed.data
  const position = parsed.data.position === undefined ? undefined : parsed.data.position - before
  if (type === 'Permission') {
    return new UsageError('QUERY_DENIED', 'a query may read the tables of the site, no files and no settings', {
      hints: ['--allow-read PATH lets it read one file, or the files of one folder, more'],
      cause: new Error(message),
    })
  }
  if (!textMistakes.has(type) && position === undefined) return duckdbError(context, 'the query', new Error(message))
  const isTable = parsed.data.type === 'Table' && name !== undefined
  // DuckDB's own suggestion may be one of its system tables.
  const said = isTable ? `there is no table "${name}"${didYouMean(name, tables)}` : message.trim()
  const place = position === undefined || position < 0 ? undefined : placeOf(sql.text, position)
  return errorAt({
    sql,
    said,
    place,
    isMistake: textMistakes.has(type),
    hints: isTable ? ['smartcar mart list names the tables'] : [],
    data: { type: type.toLowerCase() },
  })
}

export interface SqlComplaint {
  readonly sql: SqlText
  readonly said: string
  readonly place: LinePlace | undefined
  /** A mistake in the text; else something happened while it ran. */
  readonly isMistake: boolean
  readonly hints: readonly string[]
  readonly data: Readonly<Record<string, unknown>>
}

/** What an engine said, with the line and a caret where the place is known. */
export function errorAt({ sql, said, place, isMistake, hints, data }: SqlComplaint): SmartcarError {
  const details = {
    hints,
    ...(place === undefined
      ? {}
      : {
          place: {
            ...(sql.file === undefined ? { thing: 'the query' } : { file: sql.file }),
            line: place.line,
            column: place.column,
          },
        }),
    data,
  }
  const shown = place === undefined ? said : `${said}\n${pointed(place, sql.file)}`
  if (isMistake) return new UsageError('SQL_INVALID', shown, details)
  return new FailedError('SQL_FAILED', shown, details)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export interface LinePlace {
  /** From 1, in characters. */
  readonly line: number
  readonly column: number
  readonly text: string
}

function placeOf(sql: string, position: number): LinePlace {
  return placeAt(sql, Buffer.from(sql).subarray(0, position).toString('utf8').length)
}

/** `offset`: UTF-16 units before the place. */
export function placeAt(sql: string, offset: number): LinePlace {
  const before = sql.slice(0, offset)
  const lines = before.split('\n')
  const line = lines.length
  const column = [...(lines.at(-1) ?? '')].length + 1
  return { line, column, text: (sql.split('\n')[line - 1] ?? '').replace(/\r$/, '') }
}

/** Longest piece of a line that is shown, in characters. */
const shownCharacters = 100

function pointed(place: LinePlace, file: string | undefined): string {
  const characters = [...place.text.replaceAll('\t', ' ')]
  const from = Math.max(0, Math.min(place.column - 1 - shownCharacters / 2, characters.length - shownCharacters))
  const cut = from > 0 ? '…' : ''
  const shown = `${cut}${characters.slice(from, from + shownCharacters).join('')}${characters.length > from + shownCharacters ? '…' : ''}`
  const head = `  ${file === undefined ? 'line' : `${file}:`}${file === undefined ? ' ' : ''}${place.line}: `
  const before = head + cut + characters.slice(from, place.column - 1).join('')
  return `${head}${shown}\n${' '.repeat(displayWidth(before))}^`
}
