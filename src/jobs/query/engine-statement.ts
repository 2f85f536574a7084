/** A question as Hive, Spark or Impala gets it: one statement that only reads, with literals for its parameters. Pure. */
import { UsageError } from '../../core/errors.js'
import type { Dialect } from '../../core/sql.js'
import { meaningful, type SqlToken, sqlTokens } from '../../render/sql-tokens.js'
import type { Question } from './duckdb-source.js'
import { type GivenParameter, matchParameters, type ParameterType, parameterValue } from './parameters.js'

export interface EngineStatement {
  readonly text: string
  readonly isExplain: boolean
  /** UTF-16 units before a place of the question, from line (from 1) and column (from 0) of `text`. */
  placeIn(line: number, column: number): number
}

const questionWords = ['SELECT', 'WITH', 'FROM', 'VALUES', 'TABLE']
const lookWords = ['DESCRIBE', 'DESC', 'SHOW']
const explainWords =
  'ANALYZE EXTENDED FORMATTED CODEGEN COST CBO JOINCOST AST LOGICAL DEPENDENCY AUTHORIZATION REWRITE LOCKS DEBUG VECTORIZATION ONLY SUMMARY OPERATOR EXPRESSION DETAIL DDL'.split(
    ' ',
  )
/** Behind WITH and FROM they write. */
const writingWords = ['INSERT', 'UPDATE', 'DELETE', 'MERGE']
/** Functions that run code of the server's choosing or read its files. */
const foreignFunctions = ['REFLECT', 'REFLECT2', 'JAVA_METHOD', 'TRY_REFLECT', 'IN_FILE']

/**
 * Throws UsageError for a text without a statement or with several, for one that does more than read, and for
 * parameters that are missing, unknown or of another type.
 */
export function engineStatement(question: Question, dialect: Dialect): EngineStatement {
  const tokens = sqlTokens(question.sql.text)
  const words = oneStatement(meaningful(tokens))
  const isExplain = assertReading(words)
  const names = [...new Set(words.flatMap(({ kind, text }) => (kind === 'parameter' ? [text.slice(1)] : [])))]
  const values = matchParameters(names, question.parameters ?? new Map(), question.declared ?? [])
  const literals = new Map(values.map((value) => [`$${value.name}`, literalOf(value, dialect)]))
  return { ...render(tokens, literals), isExplain }
}

function oneStatement(words: readonly SqlToken[]): readonly SqlToken[] {
  const statements: SqlToken[][] = [[]]
  for (const word of words) {
    if (word.kind === 'end') statements.push([])
    else statements.at(-1)?.push(word)
  }
  const [first, ...more] = statements.filter((statement) => statement.length > 0)
  if (first === undefined)
    throw new UsageError('QUERY_EMPTY', 'the query is empty', { hints: ['smartcar query "SELECT …"'] })
  if (more.length === 0) return first
  throw new UsageError('QUERY_NOT_ONE', `the text holds ${more.length + 1} statements: a query is one`, {
    hints: ['run them one by one; WITH names parts of a query'],
  })
}

/** Whether it is an EXPLAIN. */
function assertReading(tokens: readonly SqlToken[]): boolean {
  const words = tokens.map(({ kind, text }) => (kind === 'word' ? text.toUpperCase() : kind === 'other' ? text : ''))
  const [first = ''] = words
  if (first === 'EXPLAIN') {
    const start = words.findIndex((word, index) => index > 0 && !explainWords.includes(word))
    // EXPLAIN ANALYZE runs what it explains.
    assertReading(tokens.slice(start === -1 ? tokens.length : start))
    return true
  }
  if (lookWords.includes(first)) return false
  if (first !== '(' && !questionWords.includes(first)) throw notReading()
  let depth = 0
  for (const [index, word] of words.entries()) {
    if (word === '(') depth++
    if (word === ')') depth--
    const next = tokens[index + 1]
    if (depth === 0 && writingWords.includes(word) && words[index - 1] !== '.') throw notReading()
    // SELECT TRANSFORM … USING 'program'
    if (word === 'USING' && next?.kind === 'text') throw notReading()
    if (foreignFunctions.includes(word) && next?.text === '(') throw notReading()
  }
  return false
}

const notReading = (): UsageError =>
  new UsageError(
    'QUERY_NOT_READING',
    'a query only reads tables: SELECT, WITH, FROM, VALUES, DESCRIBE, SHOW, EXPLAIN, and no program of the server',
    { hints: ['smartcar mart build makes tables, --output writes files'] },
  )

function typeOf(type: ParameterType | undefined, dialect: Dialect): string {
  if (type === 'integer') return dialect.type('bigint')
  if (type === 'double') return dialect.type('double')
  return type === 'boolean' ? 'BOOLEAN' : dialect.type('string')
}

function literalOf({ name, value, type }: GivenParameter, dialect: Dialect): string {
  if (value === null) return `CAST(NULL AS ${typeOf(type, dialect)})`
  const known = parameterValue(name, value, type ?? 'text')
  switch (known.kind) {
    case 'text':
      return dialect.literal(known.text)
    case 'date':
      return dialect.literal(known.day)
    case 'boolean':
      return known.boolean ? 'TRUE' : 'FALSE'
    case 'double':
      return `CAST(${dialect.literal(String(known.double))} AS ${dialect.type('double')})`
    case 'integer':
      // Behind a minus two of them would begin a comment.
      return known.integer < 0n ? `(${known.integer})` : String(known.integer)
  }
}

/**
 * Comments turn into blanks, so that places stay what they are: HiveServer2 takes lines of comments out before it
 * counts. Hints stay.
 */
function render(tokens: readonly SqlToken[], literals: ReadonlyMap<string, string>) {
  const pieces: { readonly text: string; readonly token: SqlToken }[] = []
  for (const token of tokens) {
    if (token.kind === 'end') break
    const blank = token.kind === 'comment' && !token.text.startsWith('/*+')
    const text = blank ? token.text.replace(/[^\n]/g, ' ') : (literals.get(token.text) ?? token.text)
    if (pieces.length > 0 || text.trim() !== '') pieces.push({ text, token })
  }
  const text = pieces.map((piece) => piece.text).join('')
  return {
    text: text.trimEnd(),
    placeIn(line: number, column: number): number {
      const before = text.split('\n').slice(0, line - 1)
      let rest = before.reduce((sum, one) => sum + one.length + 1, 0) + column
      for (const piece of pieces) {
        if (rest < piece.text.length) return piece.token.at + (piece.token.kind === 'parameter' ? 0 : rest)
        rest -= piece.text.length
      }
      const last = pieces.at(-1)?.token
      return last === undefined ? 0 : last.at + last.text.length
    },
  }
}
