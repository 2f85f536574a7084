import { expect, it } from 'vitest'
import { checkJavaRegex } from '../../../../src/services/flume/java-regex.js'

// Every verdict here is that of java.util.regex.Pattern.compile of JDK 17.
it.each([
  ['^\\d{14}', 0],
  ['^(\\d{8})(.*)$', 2],
  ['(?<day>\\d{8})-(?:x)(y)', 2],
  ['(?i)abc|(?=x)(?!y)(?<=z)(?<!w)(?>v)', 0],
  ['[a-z&&[^b]]+', 0],
  ['[]a]', 0],
  ['[^]a]', 0],
  ['\\Q(*[\\E', 0],
  ['\\p{Alpha}\\x{1F600}\\u0041(?<d>a)\\k<d>', 1],
  ['^*(?:)*$*', 0],
  ['x{2}{3}', 0],
  ['{3}', 0],
  ['\\e\\cA\\R\\X\\N{DIGIT ONE}\\8', 0],
  ['a{2}b{2,}c{2,3}+', 0],
  ['a}', 0],
  ['a-]', 0],
  ['^d{14}', 0],
  ['', 0],
  ['a||b', 0],
])('takes %s', (text, groups) => {
  expect(checkJavaRegex(text)).toEqual({ groups })
})

it.each([
  ['(', 0],
  ['a(b', 1],
  ['a)', 1],
  ['[abc', 0],
  ['[z-a]', 1],
  ['*.log', 0],
  ['a|*', 2],
  ['a**', 2],
  ['a|+b', 2],
  ['a?*', 2],
  ['(*a)', 1],
  ['\\i', 0],
  ['a{', 1],
  ['a{x}', 1],
  ['a{3,1}', 1],
  ['a\\', 1],
  ['\\y', 0],
  ['(?y)', 0],
  ['\\p{Alpha', 0],
  ['(?<1a>x)', 0],
])('refuses %s', (text, index) => {
  expect(checkJavaRegex(text).problem?.index).toBe(index)
})
