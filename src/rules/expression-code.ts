import { BugError } from '../core/errors.js'
import type { Expression, NameType } from './expression.js'

/** How a name is written in the generated code. */
export interface CodeName {
  /** A variable of the generated function, never text of the rule file. */
  readonly variable: string
  readonly type: NameType
}

/**
 * JavaScript of a checked expression. Only the tree's own operators, numbers and the given variables get into the code;
 * a text becomes its position among the name's values, since rows hold these positions (drive-rows.ts).
 */
export function expressionCode(expression: Expression, names: ReadonlyMap<string, CodeName>): string {
  const known = (name: string): CodeName => {
    const found = names.get(name)
    if (found === undefined) throw new BugError(`the expression uses the unchecked name "${name}"`)
    return found
  }
  const position = (name: Expression, text: string): string => {
    if (name.kind !== 'name') throw new BugError('a text is compared with something that is no name')
    const { type } = known(name.name)
    return String(type.type === 'text' ? type.values.indexOf(text) : -1)
  }
  /** One side of a comparison; `other` gives a text its meaning. */
  const side = (part: Expression, other: Expression): string =>
    part.kind === 'text' ? position(other, part.value) : code(part)
  const code = (part: Expression): string => {
    switch (part.kind) {
      case 'number':
        return part.value < 0 ? `(${part.value})` : String(part.value)
      case 'text':
        throw new BugError('a text stands where no comparison is')
      case 'name':
        return known(part.name).variable
      case 'negative':
        return `(-${code(part.operand)})`
      case 'not':
        return `(!${code(part.operand)})`
      case 'arithmetic':
        return `(${code(part.left)} ${part.operator} ${code(part.right)})`
      case 'logic':
        return `(${code(part.left)} ${part.operator === 'and' ? '&&' : '||'} ${code(part.right)})`
      case 'compare': {
        const operator = part.operator === '=' ? '===' : part.operator === '!=' ? '!==' : part.operator
        return `(${side(part.left, part.right)} ${operator} ${side(part.right, part.left)})`
      }
      case 'in': {
        const tests = part.values.map((value) => `${code(part.operand)} === ${side(value, part.operand)}`)
        return `(${tests.join(' || ')})`
      }
    }
  }
  return code(expression)
}
