import { describe, expect, it } from 'vitest'
import { hiveDialect } from '../../../../src/engines/hive/dialect.js'
import { engineStatement } from '../../../../src/jobs/query/engine-statement.js'
import type { DeclaredParameter } from '../../../../src/jobs/query/parameters.js'

const declared: readonly DeclaredParameter[] = [
  { name: 'limit', type: 'double', default: '0', note: '' },
  { name: 'day', type: 'day', default: null, note: '' },
  { name: 'top', type: 'integer', note: '' },
  { name: 'all', type: 'boolean', default: 'false', note: '' },
]
const statement = (text: string, given: Readonly<Record<string, string>> = {}) =>
  engineStatement({ sql: { text }, declared, parameters: new Map(Object.entries(given)) }, hiveDialect)
const textOf = (text: string, given?: Readonly<Record<string, string>>) => statement(text, given).text
const codeOf = (text: string, given?: Readonly<Record<string, string>>) => {
  try {
    statement(text, given)
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'accepted'
}

describe('parameters', () => {
  it('become literals of the type that is declared', () => {
    expect(textOf('SELECT $limit, $day, $top, $all', { top: '5' })).toBe(
      "SELECT CAST('0' AS DOUBLE), CAST(NULL AS STRING), 5, FALSE",
    )
    expect(
      textOf('SELECT $day, $all, $limit, 3 -$top', { day: '2020-03-22', all: 'TRUE', limit: '1e3', top: '-5' }),
    ).toBe("SELECT '20200322', TRUE, CAST('1000' AS DOUBLE), 3 -(-5)")
  })

  it('stay what they are, whatever stands in them', () => {
    expect(textOf('SELECT $name', { name: "it's \\' OR 1=1 -- $limit $" })).toBe(
      "SELECT 'it\\'s \\\\\\' OR 1=1 -- $limit $'",
    )
    expect(textOf("SELECT '$limit', `$day`, $limit")).toBe("SELECT '$limit', `$day`, CAST('0' AS DOUBLE)")
  })

  it('have to be there, known and of their type', () => {
    expect(codeOf('SELECT $top')).toBe('PARAMETER_MISSING')
    expect(codeOf('SELECT 1', { top: '1' })).toBe('PARAMETER_UNKNOWN')
    expect(codeOf('SELECT $top', { top: '1.5' })).toBe('PARAMETER_INVALID')
    expect(codeOf('SELECT $day', { day: '20200230' })).toBe('PARAMETER_INVALID')
  })
})

describe('what a query may be', () => {
  it.each([
    'SELECT 1;',
    '  -- what\n(SELECT 1)',
    'WITH a AS (SELECT 1) SELECT * FROM a -- ; DROP TABLE t',
    'FROM t SELECT a',
    "SELECT 'INSERT INTO', `insert`, t.update FROM t",
    'SHOW CREATE TABLE t',
    'DESCRIBE FORMATTED t',
    'EXPLAIN EXTENDED SELECT 1',
    'SELECT a FROM t JOIN u USING (id)',
    'SELECT transform(xs, x -> x + 1) FROM t',
  ])('%s', (sql) => expect(codeOf(sql)).toBe('accepted'))

  it.each([
    'INSERT INTO t SELECT 1',
    'WITH a AS (SELECT 1) INSERT OVERWRITE TABLE t SELECT * FROM a',
    'FROM t INSERT OVERWRITE TABLE u SELECT a',
    "FROM (SELECT 1 AS a) t INSERT OVERWRITE DIRECTORY '/x' SELECT a",
    'EXPLAIN ANALYZE INSERT INTO t SELECT 1',
    'EXPLAIN',
    'DROP TABLE t',
    'SET hive.variable.substitute=true',
    "ADD JAR '/x.jar'",
    "SELECT TRANSFORM(a) USING 'sh' FROM t",
    "SELECT reflect('java.lang.System', 'getenv', 'PATH')",
    "CREATE TEMPORARY FUNCTION f AS 'x'",
  ])('not %s', (sql) => expect(codeOf(sql)).toBe('QUERY_NOT_READING'))

  it('is one statement', () => {
    expect(codeOf('SELECT 1; SELECT 2')).toBe('QUERY_NOT_ONE')
    expect(codeOf(' ;; -- nothing\n')).toBe('QUERY_EMPTY')
  })
})

describe('places', () => {
  it('in the statement that was sent are found in the text that was asked', () => {
    const sql = '-- what\n-- @param day day = null | a\nSELECT /* a\nb */ x\nFROM t WHERE $day IS NULL AND $top = wrong'
    const sent = statement(sql, { top: '7' })
    expect(sent.text.split('\n')).toEqual([
      'SELECT     ',
      '     x',
      'FROM t WHERE CAST(NULL AS STRING) IS NULL AND 7 = wrong',
    ])
    for (const word of ['SELECT', 'x\n', 'FROM', 'wrong']) {
      const before = sent.text.slice(0, sent.text.indexOf(word.trim())).split('\n')
      expect(sql.slice(sent.placeIn(before.length, before.at(-1)?.length ?? 0)).startsWith(word)).toBe(true)
    }
    // In a literal: the parameter that it stands for.
    expect(sql.slice(sent.placeIn(3, 20)).startsWith('$day')).toBe(true)
    expect(sent.placeIn(9, 9)).toBe(sql.length)
  })
})
