import { describe, expect, it } from 'vitest'
import { dialectNames } from '../../../src/core/sql.js'
import { loadDialect } from '../../../src/engines/registry.js'
import { tableSql } from '../../../src/jobs/mart/ddl.js'
import { findMart, loadTables } from '../../../src/marts/registry.js'
import { testContext } from '../../support/context.js'

const hostile = ["'; DROP TABLE x; --", "\\'; DROP TABLE x; --", "it's", '\\', 'a\nb', '`', '"']

describe.each(dialectNames)('dialect %s', (name) => {
  it('has no way out of a literal', async () => {
    const dialect = await loadDialect(name)
    for (const text of hostile) {
      const literal = dialect.literal(text)
      const inner = literal.slice(1, -1)
      expect(literal).toMatch(/^'[\s\S]*'$/)
      // What is left once escapes are taken out holds no quote, and no escape that would reach the closing one.
      const rest = name === 'duckdb' ? inner.replaceAll("''", '') : inner.replace(/\\[\s\S]/g, '')
      expect(rest).not.toMatch(name === 'duckdb' ? /'/ : /['\\]/)
    }
    expect(dialect.literal(5)).toBe('5')
  })

  it('quotes reserved words and refuses what no definition may be called', async () => {
    const dialect = await loadDialect(name)
    const quote = name === 'duckdb' ? '"' : '`'
    for (const word of ['break', 'date', 'rows', 'month']) expect(dialect.identifier(word)).toBe(quote + word + quote)
    for (const bad of ['a b', 'a`b', 'a"b', 'A', '', 'a;b', '1a']) expect(() => dialect.identifier(bad)).toThrow()
  })

  it('replaces a partition by its value only', async () => {
    const dialect = await loadDialect(name)
    const mart = findMart(await loadTables(), 'managed_smartcar_status_info')
    const [statement] = dialect.overwritePartition(mart, "x' OR '1'='1", 'SELECT 1')
    expect(statement).not.toContain("'x' OR '1'='1'")
  })
})

describe('the registry', () => {
  it('says which dialect was meant', async () => {
    await expect(loadDialect('hvie')).rejects.toThrow('there is no SQL dialect "hvie" (did you mean "hive"?)')
    await expect(loadDialect('constructor')).rejects.toThrow('there is no SQL dialect "constructor"')
  })
})

describe('tableSql', () => {
  it('puts a day or its month in, and refuses anything else', async () => {
    await using context = await testContext()
    const tables = ['managed_smartcar_symptom_info', 'managed_smartcar_item_buylist_info']
    const [symptom, purchases] = await tableSql({ dialect: 'hive', tables, day: '20200322' }, context)
    expect(symptom?.build[0]).toContain("PARTITION (`biz_date` = '20200322')")
    expect(purchases?.build[0]).toContain("PARTITION (`biz_month` = '202003')")
    await expect(tableSql({ dialect: 'hive', day: "2020'" }, context)).rejects.toThrow('is not a day')
    await expect(tableSql({ dialect: 'hive', tables: ["x'"] }, context)).rejects.toThrow('there is no table')
  })
})
