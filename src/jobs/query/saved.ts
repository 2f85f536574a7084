/**
 * Saved queries: SQL files whose first comment lines say what they answer and which parameters they take:
 *
 *     -- average speed by area
 *     -- @param threshold double = 0 | only areas that are faster, km/h
 *     -- @param day day = null | day of the rows, all days when left out
 */
import path from 'node:path'
import { didYouMean } from '../../core/did-you-mean.js'
import { type Diagnostic, InvalidError, UsageError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { table } from '../../render/table.js'
import { type DeclaredParameter, type ParameterType, parameterTypes } from './parameters.js'

export interface SavedQuery {
  readonly name: string
  readonly title: string
  readonly parameters: readonly DeclaredParameter[]
  /** The whole text, comments included, so that lines count as in the file. */
  readonly sql: string
  readonly file: string
}

const parameterLine = /^@param\s+([A-Za-z_]\w*)\s+(\w+)(?:\s*=\s*(.*?))?\s*\|\s*(.+)$/

/** Reads title and parameters of a query file. Throws InvalidError for a line with @param that cannot be read. */
export function parseQueryFile(text: string, file: string): Omit<SavedQuery, 'name'> {
  const title: string[] = []
  const parameters: DeclaredParameter[] = []
  const problems: Diagnostic[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const comment = /^\s*--\s?(.*?)\s*$/.exec(line)?.[1]
    if (comment === undefined) break
    if (!comment.startsWith('@')) {
      if (parameters.length === 0) title.push(comment)
      continue
    }
    const [, name, type, value, note] = parameterLine.exec(comment) ?? []
    if (name === undefined || note === undefined || !isParameterType(type)) {
      problems.push({
        message: `cannot read "${comment}"`,
        place: { file, line: index + 1 },
        hint: `write: -- @param name ${parameterTypes.join('|')} = default | what it means`,
      })
    } else
      parameters.push({
        name,
        type,
        note,
        ...(value === undefined ? {} : { default: value === 'null' ? null : value }),
      })
  }
  if (problems.length > 0)
    throw new InvalidError('QUERY_FILE_INVALID', `${file} has a problem in its first lines`, problems)
  return { title: title.join(' ').trim(), parameters, sql: text, file }
}

const isParameterType = (text: string | undefined): text is ParameterType =>
  (parameterTypes as readonly (string | undefined)[]).includes(text)

const folderOf = (context: Pick<JobContext, 'templates'>): string => path.join(context.templates, 'queries')

async function savedNames(context: Pick<JobContext, 'files' | 'templates'>): Promise<readonly string[]> {
  const entries = await context.files.list(folderOf(context))
  return entries.flatMap((entry) => (entry.name.endsWith('.sql') ? [entry.name.slice(0, -'.sql'.length)] : []))
}

/** Throws UsageError with the nearest name when there is none of that name. */
export async function loadSavedQuery(
  name: string,
  context: Pick<JobContext, 'files' | 'templates'>,
): Promise<SavedQuery> {
  const names = await savedNames(context)
  if (!names.includes(name)) {
    throw new UsageError('UNKNOWN_QUERY', `there is no saved query "${name}"${didYouMean(name, names)}`, {
      hints: ['smartcar query --list names them all'],
    })
  }
  return readQueryFile(path.join(folderOf(context), `${name}.sql`), name, context)
}

/** A query file of the user's, or a saved one. Throws UsageError when it does not exist. */
export async function readQueryFile(
  file: string,
  name: string,
  context: Pick<JobContext, 'files'>,
): Promise<SavedQuery> {
  const text = await context.files.readText(file)
  if (text === undefined)
    throw new UsageError('QUERY_FILE_MISSING', `the query file ${file} does not exist`, { place: { file } })
  return { name, ...parseQueryFile(text.replace(/^\ufeff/, ''), file) }
}

export async function listSavedQueries(
  context: Pick<JobContext, 'files' | 'templates'>,
): Promise<readonly Omit<SavedQuery, 'sql'>[]> {
  const queries = await Promise.all((await savedNames(context)).map((name) => loadSavedQuery(name, context)))
  return queries.map(({ sql: _sql, ...rest }) => rest)
}

/** What `smartcar query --list` shows. */
export function savedQueriesTable(queries: readonly Omit<SavedQuery, 'sql'>[]): string {
  const lines = queries.flatMap((query) => [
    [query.name, query.title],
    ...query.parameters.map((parameter) => {
      const fallback = parameter.default === undefined ? '' : ` [${parameter.default ?? 'NULL'}]`
      return [`  --param ${parameter.name}=`, `${parameter.type}${fallback}: ${parameter.note}`]
    }),
  ])
  return table([{ title: 'name' }, { title: 'question' }], lines)
}
