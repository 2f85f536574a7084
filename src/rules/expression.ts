/**
 * The language of a rule's `where` and `condition`: numbers, quoted texts, names, `+ - * /`, comparisons, `in (…)`,
 * `and`, `or`, `not`, parentheses. Parsed into a tree that the in-process engine compiles and other engines render.
 */

export type CompareOperator = '=' | '!=' | '<' | '<=' | '>' | '>='
export type ArithmeticOperator = '+' | '-' | '*' | '/'

/** `at`: offset of the expression's first character in its text, for messages. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'name'; readonly name: string; readonly at: number }
  | { readonly kind: 'negative'; readonly operand: Expression; readonly at: number }
  | { readonly kind: 'not'; readonly operand: Expression; readonly at: number }
  | {
      readonly kind: 'arithmetic'
      readonly operator: ArithmeticOperator
      readonly left: Expression
      readonly right: Expression
      readonly at: number
    }
  | {
      readonly kind: 'compare'
      readonly operator: CompareOperator
      readonly left: Expression
      readonly right: Expression
      readonly at: number
    }
  | {
      readonly kind: 'logic'
      readonly operator: 'and' | 'or'
      readonly left: Expression
      readonly right: Expression
      readonly at: number
    }
  | { readonly kind: 'in'; readonly operand: Expression; readonly values: readonly Literal[]; readonly at: number }

export type Literal = Extract<Expression, { kind: 'number' | 'text' }>

/** One thing that is wrong in an expression, at an offset of its text. */
export interface ExpressionProblem {
  readonly at: number
  readonly message: string
  readonly hint?: string
}

export type ParsedExpression =
  | { readonly ok: true; readonly value: Expression }
  | { readonly ok: false; readonly problems: readonly ExpressionProblem[] }

interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'symbol' | 'end'
  readonly text: string
  readonly at: number
}

/** Thrown inside the parser only; `parseExpression` turns it into a problem. */
class Unexpected extends Error {
  constructor(readonly problem: ExpressionProblem) {
    super(problem.message)
  }
}

const longest = 2000
const deepest = 50
const tokenPattern =
  /\s*(?:(\d+(?:\.\d+)?)|'([^']*)'|"([^"]*)"|([A-Za-z_][A-Za-z0-9_]*)|(<=|>=|!=|<>|==|&&|\|\||[-+*/()<>=,!]))/y

/** Spellings of other languages, by the one that the tree uses. */
const spellings: Readonly<Record<string, string>> = { '==': '=', '<>': '!=', '&&': 'and', '||': 'or', '!': 'not' }
const words = new Set(['and', 'or', 'not', 'in'])
const comparisons: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>='])

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let position = 0
  while (position < text.trimEnd().length) {
    tokenPattern.lastIndex = position
    const match = tokenPattern.exec(text)
    if (match === null) {
      const at = position + (text.slice(position).match(/^\s*/)?.[0].length ?? 0)
      const character = text[at] ?? ''
      const open = character === "'" || character === '"'
      throw new Unexpected({ at, message: open ? 'this text has no closing quote' : `unexpected "${character}"` })
    }
    const [whole, number, single, double, name, symbol] = match
    position += whole.length
    const at = position - whole.trimStart().length
    if (number !== undefined) tokens.push({ kind: 'number', text: number, at })
    else if (single !== undefined || double !== undefined)
      tokens.push({ kind: 'text', text: single ?? double ?? '', at })
    else if (name !== undefined) {
      const word = name.toLowerCase()
      tokens.push(words.has(word) ? { kind: 'symbol', text: word, at } : { kind: 'name', text: name, at })
    } else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: spellings[symbol] ?? symbol, at })
  }
  tokens.push({ kind: 'end', text: '', at: text.trimEnd().length })
  return tokens
}

/** Recursive descent, one function for each level of precedence: or, and, not, comparison, sum, product, sign. */
function parseTokens(tokens: readonly Token[]): Expression {
  let next = 0
  let depth = 0
  const end: Token = tokens.at(-1) ?? { kind: 'end', text: '', at: 0 }
  const peek = (): Token => tokens[next] ?? end
  const is = (...symbols: string[]): boolean => peek().kind === 'symbol' && symbols.includes(peek().text)
  const take = (): Token => {
    const token = peek()
    next++
    return token
  }
  const unexpected = (wanted: string): Unexpected => {
    const token = peek()
    const found = token.kind === 'end' ? 'the expression ends' : `found "${token.text}"`
    return new Unexpected({ at: token.at, message: `${wanted} expected, ${found}` })
  }
  const expect = (symbol: string): Token => {
    if (!is(symbol)) throw unexpected(`"${symbol}"`)
    return take()
  }
  const nested = (parse: () => Expression): Expression => {
    if (++depth > deepest) throw new Unexpected({ at: peek().at, message: `nested deeper than ${deepest} levels` })
    const value = parse()
    depth--
    return value
  }

  const literal = (): Literal => {
    const sign = is('-') ? take() : undefined
    const token = peek()
    if (token.kind === 'number') {
      take()
      const value = Number(token.text)
      return { kind: 'number', value: sign === undefined ? value : -value, at: sign?.at ?? token.at }
    }
    if (token.kind === 'text' && sign === undefined) {
      take()
      return { kind: 'text', value: token.text, at: token.at }
    }
    throw unexpected('a number or a quoted text')
  }
  const operand = (): Expression => {
    const token = peek()
    if (token.kind === 'number' || token.kind === 'text') return literal()
    if (token.kind === 'name') {
      take()
      return { kind: 'name', name: token.text, at: token.at }
    }
    if (is('(')) {
      take()
      const value = nested(disjunction)
      expect(')')
      return value
    }
    throw unexpected('a number, a name or "("')
  }
  const signed = (): Expression => {
    if (!is('-')) return operand()
    const { at } = take()
    return { kind: 'negative', operand: nested(signed), at }
  }
  const chain = (symbols: readonly string[], part: () => Expression): Expression => {
    let left = part()
    while (is(...symbols)) {
      const operator = take().text as ArithmeticOperator
      left = { kind: 'arithmetic', operator, left, right: part(), at: left.at }
    }
    return left
  }
  const product = (): Expression => chain(['*', '/'], signed)
  const sum = (): Expression => chain(['+', '-'], product)
  const members = (): Literal[] => {
    expect('(')
    const values = [literal()]
    while (is(',')) {
      take()
      values.push(literal())
    }
    expect(')')
    return values
  }
  const comparison = (): Expression => {
    const left = sum()
    const negated = is('not') && tokens[next + 1]?.text === 'in' ? take() : undefined
    if (is('in')) {
      take()
      const membership: Expression = { kind: 'in', operand: left, values: members(), at: left.at }
      return negated === undefined ? membership : { kind: 'not', operand: membership, at: left.at }
    }
    if (!(peek().kind === 'symbol' && comparisons.has(peek().text))) return left
    const operator = take().text as CompareOperator
    const right = sum()
    if (peek().kind === 'symbol' && comparisons.has(peek().text)) {
      throw new Unexpected({
        at: peek().at,
        message: 'comparisons cannot be chained',
        hint: 'write "1 < x and x < 3"',
      })
    }
    return { kind: 'compare', operator, left, right, at: left.at }
  }
  const negation = (): Expression => {
    if (!is('not')) return comparison()
    const { at } = take()
    return { kind: 'not', operand: nested(negation), at }
  }
  const logic = (operator: 'and' | 'or', part: () => Expression): Expression => {
    let left = part()
    while (is(operator)) {
      take()
      left = { kind: 'logic', operator, left, right: part(), at: left.at }
    }
    return left
  }
  const conjunction = (): Expression => logic('and', negation)
  const disjunction = (): Expression => logic('or', conjunction)

  const value = disjunction()
  if (peek().kind !== 'end') throw unexpected('an operator')
  return value
}

/** Parses the text of one expression; offsets of problems count from its first character. */
export function parseExpression(text: string): ParsedExpression {
  if (text.length > longest) {
    return { ok: false, problems: [{ at: 0, message: `longer than ${longest} characters` }] }
  }
  try {
    return { ok: true, value: parseTokens(tokenize(text)) }
  } catch (error) {
    if (error instanceof Unexpected) return { ok: false, problems: [error.problem] }
    throw error
  }
}

/** What a name stands for: a number, or a text with a closed list of values. */
export type NameType = { readonly type: 'number' } | { readonly type: 'text'; readonly values: readonly string[] }

/** Calls `visit` for every part of the tree, parents first. */
export function walkExpression(expression: Expression, visit: (part: Expression) => void): void {
  visit(expression)
  switch (expression.kind) {
    case 'negative':
    case 'not':
    case 'in':
      walkExpression(expression.operand, visit)
      break
    case 'arithmetic':
    case 'compare':
    case 'logic':
      walkExpression(expression.left, visit)
      walkExpression(expression.right, visit)
      break
    default:
  }
}
