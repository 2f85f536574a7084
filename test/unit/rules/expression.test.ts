import { describe, expect, it } from 'vitest'
import { driveFields } from '../../../src/rules/definition.js'
import { type Expression, parseExpression, walkExpression } from '../../../src/rules/expression.js'
import { type CodeName, expressionCode } from '../../../src/rules/expression-code.js'
import { checkExpression, type Scope } from '../../../src/rules/expression-types.js'
import { random } from './support.js'

const numbers: Scope = new Map(['avg_speed', 'top', 'count'].map((name) => [name, { type: 'number' }]))
const fields: Scope = new Map(Object.entries(driveFields))

function parse(text: string): Expression {
  const parsed = parseExpression(text)
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join())
  return parsed.value
}

/** The value of an expression over numbers, by the code that the engine runs. */
function value(text: string, values: Record<string, number> = {}): unknown {
  const names = new Map<string, CodeName>(
    Object.keys(values).map((name) => [name, { variable: `v.${name}`, type: { type: 'number' } }]),
  )
  return new Function('v', `return ${expressionCode(parse(text), names)}`)(values)
}

const problems = (text: string, scope: Scope = numbers) => {
  const parsed = parseExpression(text)
  return parsed.ok ? checkExpression(parsed.value, scope) : parsed.problems
}

describe('parsing', () => {
  it.each([
    ['1 + 2 * 3 = 7', true],
    ['(1 + 2) * 3 = 9', true],
    ['10 - 4 - 3 = 3', true],
    ['8 / 4 / 2 = 1', true],
    ['-2 * -3 = 6', true],
    ['1 - -1 = 2', true],
    ['0.5 * 3 > 1.25', true],
    ['1 < 2 and 2 < 1 or 3 > 2', true],
    ['1 < 2 and (2 < 1 or 3 < 2)', false],
    ['not 1 < 2', false],
    ['not not 1 < 2', true],
    ['not 1 > 2 and not 2 > 3', true],
    ['1 <> 2', true],
    ['1 == 1', true],
    ['1 != 1 || 2 >= 2 && 3 <= 3', true],
    ['NOT (1 > 2) AND 3 IN (1, 2, 3)', true],
    ['3 not in (1, 2, -3)', true],
    ['-3 in (1, 2, -3)', true],
  ])('%s is %s', (text, wanted) => {
    expect(checkExpression(parse(text), numbers)).toEqual([])
    expect(value(text)).toBe(wanted)
  })

  it('agrees with JavaScript on drawn expressions', () => {
    const next = random(2024)
    const draw = (depth: number): string => {
      if (depth === 0) return next() < 0.5 ? String(Math.floor(next() * 20)) : 'x'
      const operator = ['+', '-', '*'][Math.floor(next() * 3)]
      return `(${draw(depth - 1)} ${operator} ${next() < 0.2 ? '-' : ''}${draw(depth - 1)})`
    }
    for (let i = 0; i < 200; i++) {
      const text = `${draw(3)} ${['<', '>=', '!='][i % 3]} ${draw(2)} or not ${draw(1)} > ${draw(1)}`
      const script = text.replace(' or ', ' || ').replace('not ', '!(').concat(')')
      const x = Math.floor(next() * 100) - 50
      expect(value(text, { x })).toBe(new Function('x', `return ${script}`)(x))
    }
  })

  it('names and numbers know where they stand', () => {
    const places: [string, number][] = []
    walkExpression(parse('  avg_speed > 80 and not (count < 5)'), (part) => {
      if (part.kind === 'name') places.push([part.name, part.at])
    })
    expect(places).toEqual([
      ['avg_speed', 2],
      ['count', 26],
    ])
  })
})

describe('problems', () => {
  it.each([
    ['', 0, 'a number, a name or "(" expected, the expression ends'],
    ['avg_speed >', 11, 'a number, a name or "(" expected, the expression ends'],
    ['avg_speed > 80 80', 15, 'an operator expected, found "80"'],
    ['(avg_speed > 80', 15, '")" expected, the expression ends'],
    ['avg_speed > 80;', 14, 'unexpected ";"'],
    ['avg_speed > `80`', 12, 'unexpected "`"'],
    ["area = 'A10", 7, 'this text has no closing quote'],
    ['1 < avg_speed < 3', 14, 'comparisons cannot be chained'],
    ['avg_speed in ()', 14, 'a number or a quoted text expected, found ")"'],
    ['avg_speed in (top)', 14, 'a number or a quoted text expected, found "top"'],
    ['avg_sped > 80', 0, 'unknown name "avg_sped" (did you mean "avg_speed"?)'],
    ['avg_speed', 0, 'true or false expected, this is a number'],
    ['avg_speed and top > 1', 0, 'true or false expected, this is a number'],
    ['not avg_speed', 4, 'true or false expected, this is a number'],
    ['(top > 1) + 2 > 3', 1, 'a number expected, this is true or false'],
    ['top / 0 > 3', 6, 'division by zero'],
    ["top = 'x'", 0, 'a number cannot be compared with a text'],
    [`1${'0'.repeat(400)} > 1`, 0, 'this number is too large'],
    [`${'('.repeat(60)}1${')'.repeat(60)} > 1`, 51, 'nested deeper than 50 levels'],
    [`1 > 0${' or 1 > 0'.repeat(500)}`, 0, 'longer than 2000 characters'],
  ])('%s', (text, at, message) => {
    expect(problems(text)).toMatchObject([{ at, message }])
  })

  it.each([
    ["area_number = 'A11'", 14, 'area_number is never "A11" (did you mean "A01"?)'],
    ["steer_angle in ('L1', 'L4')", 22, 'steer_angle is never "L4" (did you mean "L1"?)'],
    ["steer_angle > 'L1'", 0, 'texts can only be compared by = and !='],
    ['steer_angle = 1', 0, 'a text cannot be compared with a number'],
    ["speed in (1, 'F')", 13, 'a number cannot be compared with a text'],
    ["'F' = 'F'", 6, 'a text can only be compared as: name = "text"'],
    ['steer_angle = direct_light', 0, 'a text can only be compared as: name = "text"'],
    ['car_number = 1', 0, 'unknown name "car_number" (did you mean "area_number"?)'],
  ])('in a filter of rows: %s', (text, at, message) => {
    expect(problems(text, fields)).toMatchObject([{ at, message }])
  })

  it('every mistake is told, each once', () => {
    expect(problems('avg_sped > 80 and cont > 5 and top > 1').map(({ at }) => at)).toEqual([0, 18])
  })
})

describe('generated code', () => {
  it('a text becomes its position among the values, on either side', () => {
    const names = new Map<string, CodeName>([['steer_angle', { variable: 's', type: driveFields.steer_angle }]])
    expect(expressionCode(parse("steer_angle = 'R1'"), names)).toBe('(s === 4)')
    expect(expressionCode(parse("'F' != steer_angle"), names)).toBe('(0 !== s)')
    expect(expressionCode(parse('steer_angle in (\'F\', "R3")'), names)).toBe('(s === 0 || s === 6)')
  })

  it('nothing of the rule file gets into it but numbers and operators', () => {
    const names = new Map<string, CodeName>([['constructor', { variable: 'v0', type: { type: 'number' } }]])
    expect(expressionCode(parse('constructor > 1e'.replace('e', '')), names)).toBe('(v0 > 1)')
    expect(() => expressionCode(parse('process > 1'), names)).toThrow('unchecked name')
  })
})
