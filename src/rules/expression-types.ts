import { didYouMean } from '../core/did-you-mean.js'
import type { Expression, ExpressionProblem, NameType } from './expression.js'

/** The names that an expression may use. */
export type Scope = ReadonlyMap<string, NameType>

type Kind = 'number' | 'text' | 'truth' | 'unknown'

const kindNames: Readonly<Record<Kind, string>> = {
  number: 'a number',
  text: 'a text',
  truth: 'true or false',
  unknown: 'unknown',
}

/**
 * Checks names and types; the whole must be true or false. Every problem is returned, a part with a problem counts as
 * fitting anywhere, so that one mistake gives one message.
 */
export function checkExpression(expression: Expression, scope: Scope): ExpressionProblem[] {
  const problems: ExpressionProblem[] = []
  const problem = (at: number, message: string, hint?: string): Kind => {
    problems.push(hint === undefined ? { at, message } : { at, message, hint })
    return 'unknown'
  }
  const want = (part: Expression, wanted: Kind): void => {
    const found = kindOf(part)
    if (found !== wanted && found !== 'unknown')
      problem(part.at, `${kindNames[wanted]} expected, this is ${kindNames[found]}`)
  }

  const nameKind = (name: string, at: number): Kind => {
    const type = scope.get(name)
    if (type !== undefined) return type.type
    const names = [...scope.keys()]
    return problem(at, `unknown name "${name}"${didYouMean(name, names)}`, `known here: ${names.join(', ')}`)
  }

  /** A text can only be compared with a name that has it among its values. */
  const textPair = (name: Expression, text: Expression): void => {
    if (name.kind !== 'name' || text.kind !== 'text') {
      problem(name.at, 'a text can only be compared as: name = "text"')
      return
    }
    const type = scope.get(name.name)
    if (type?.type === 'text' && !type.values.includes(text.value)) {
      problem(
        text.at,
        `${name.name} is never "${text.value}"${didYouMean(text.value, type.values)}`,
        `it is one of ${type.values.slice(0, 12).join(', ')}${type.values.length > 12 ? ', …' : ''}`,
      )
    }
  }

  const compareKind = (part: Extract<Expression, { kind: 'compare' }>): Kind => {
    const left = kindOf(part.left)
    const right = kindOf(part.right)
    if (left === 'unknown' || right === 'unknown') return 'truth'
    if (left === 'number' && right === 'number') return 'truth'
    if (left === 'text' && right === 'text') {
      if (part.operator !== '=' && part.operator !== '!=') problem(part.at, 'texts can only be compared by = and !=')
      else if (part.left.kind === 'name') textPair(part.left, part.right)
      else textPair(part.right, part.left)
      return 'truth'
    }
    problem(part.at, `${kindNames[left]} cannot be compared with ${kindNames[right]}`)
    return 'truth'
  }

  const kindOf = (part: Expression): Kind => {
    switch (part.kind) {
      case 'number':
        return Number.isFinite(part.value) ? 'number' : problem(part.at, 'this number is too large')
      case 'text':
        return 'text'
      case 'name':
        return nameKind(part.name, part.at)
      case 'negative':
        want(part.operand, 'number')
        return 'number'
      case 'not':
        want(part.operand, 'truth')
        return 'truth'
      case 'arithmetic':
        want(part.left, 'number')
        want(part.right, 'number')
        if (part.operator === '/' && part.right.kind === 'number' && part.right.value === 0) {
          problem(part.right.at, 'division by zero')
        }
        return 'number'
      case 'logic':
        want(part.left, 'truth')
        want(part.right, 'truth')
        return 'truth'
      case 'compare':
        return compareKind(part)
      case 'in': {
        const kind = kindOf(part.operand)
        for (const value of part.values) {
          if (kind === 'text' && value.kind === 'text') textPair(part.operand, value)
          else if (kind !== 'unknown' && kind !== value.kind) {
            problem(value.at, `${kindNames[kind]} cannot be compared with ${kindNames[value.kind]}`)
          }
        }
        return 'truth'
      }
    }
  }

  want(expression, 'truth')
  return problems
}
