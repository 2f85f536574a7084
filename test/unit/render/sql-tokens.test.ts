import { describe, expect, it } from 'vitest'
import { isRepeatable, meaningful, sqlTokens } from '../../../src/render/sql-tokens.js'

const kinds = (sql: string) => meaningful(sqlTokens(sql)).map(({ kind, text }) => `${kind} ${text}`)

describe('words of a statement', () => {
  it('are told from strings, quoted names and comments', () => {
    expect(kinds("SELECT '$a -- \\' ;', \"b;\", `c``;$d`, $e -- $f;\n/* ; $g */ FROM t;")).toEqual([
      'word SELECT',
      "text '$a -- \\' ;'",
      'other ,',
      'text "b;"',
      'other ,',
      'name `c``;$d`',
      'other ,',
      'parameter $e',
      'word FROM',
      'word t',
      'end ;',
    ])
  })

  it('take the rest where a quote or comment has no end, and stay where they stood', () => {
    expect(kinds("SELECT 'a; b")).toEqual(['word SELECT', "text 'a; b"])
    expect(kinds('SELECT 1 /* ;')).toHaveLength(2)
    const sql = "SELECT r'\\' ; 남자, 1.5e3"
    expect(
      sqlTokens(sql)
        .map(({ text }) => text)
        .join(''),
    ).toBe(sql)
    for (const { at, text } of sqlTokens(sql)) expect(sql.slice(at, at + text.length)).toBe(text)
    expect(kinds(sql)).toContain('end ;')
  })
})

describe('what is safe to repeat', () => {
  it.each([
    'SELECT 1',
    '-- INSERT\nWITH a AS (SELECT 1) SELECT * FROM a',
    "INSERT OVERWRITE TABLE `m` PARTITION (`d` = 1)\nSELECT 'INSERT'",
    'CREATE TABLE IF NOT EXISTS t (a INT)',
    'CREATE OR REPLACE VIEW v AS SELECT 1',
    'ALTER TABLE t ADD IF NOT EXISTS PARTITION (d = 1)',
    'SHOW PARTITIONS t',
    'USE `smartcar`',
  ])('%s', (sql) => expect(isRepeatable(sql)).toBe(true))

  it.each([
    'INSERT INTO t SELECT 1',
    'FROM t INSERT INTO u SELECT a',
    'WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a',
    'ALTER TABLE t RENAME TO u',
    'CREATE TABLE t (a INT)',
    'DROP TABLE t',
    '',
  ])('not %s', (sql) => expect(isRepeatable(sql)).toBe(false))
})
