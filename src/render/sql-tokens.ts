/**
 * The words of a statement as Hive, Impala and Spark read them: enough to tell strings, quoted names and comments from
 * the rest. Pure.
 */

export interface SqlToken {
  readonly kind: 'text' | 'name' | 'comment' | 'space' | 'word' | 'parameter' | 'end' | 'other'
  readonly text: string
  /** UTF-16 units before it. */
  readonly at: number
}

/** Spark's raw strings know no backslash; everywhere else one escapes what follows it. A quote without an end takes the rest. */
const pieces =
  /(?<text>\b[rR](?:'[^']*(?:'|$)|"[^"]*(?:"|$))|'(?:\\[\s\S]|[^'\\])*(?:'|$)|"(?:\\[\s\S]|[^"\\])*(?:"|$))|(?<name>`(?:``|[^`])*(?:`|$))|(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<space>\s+)|(?<parameter>\$[A-Za-z_]\w*)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<end>;)|(?<other>[\s\S])/gu

export function sqlTokens(sql: string): readonly SqlToken[] {
  return [...sql.matchAll(pieces)].map((piece) => {
    const [kind] = Object.entries(piece.groups ?? {}).find(([, text]) => text !== undefined) ?? ['other']
    return { kind: kind as SqlToken['kind'], text: piece[0], at: piece.index }
  })
}

/** Without comments and white space. */
export function meaningful(tokens: readonly SqlToken[]): readonly SqlToken[] {
  return tokens.filter(({ kind }) => kind !== 'comment' && kind !== 'space')
}

const startsWith = (words: readonly string[], ...expected: readonly string[]) =>
  expected.every((word, index) => words[index] === word)

/**
 * Whether carrying a statement out twice leaves what carrying it out once does: questions, and the statements by which
 * tables are made and partitions replaced. Of anything else nobody knows whether it was carried out before the
 * connection was lost.
 */
export function isRepeatable(sql: string): boolean {
  const words = meaningful(sqlTokens(sql)).map(({ text }) => text.toUpperCase())
  if (words.includes('INSERT')) {
    return startsWith(words, 'INSERT', 'OVERWRITE') && words.filter((word) => word === 'INSERT').length === 1
  }
  const [first = ''] = words
  if (['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'USE', 'SET', 'REFRESH', 'VALUES'].includes(first))
    return true
  if (startsWith(words, 'COMPUTE') || startsWith(words, 'INVALIDATE', 'METADATA')) return true
  if (startsWith(words, 'CREATE', 'OR', 'REPLACE', 'VIEW')) return true
  if (first === 'CREATE') return words.some((_, index) => startsWith(words.slice(index), 'IF', 'NOT', 'EXISTS'))
  if (startsWith(words, 'ALTER', 'TABLE'))
    return words.some((_, index) => startsWith(words.slice(index), 'ADD', 'IF', 'NOT', 'EXISTS'))
  return false
}
