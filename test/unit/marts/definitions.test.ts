import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { allColumns, readsOf } from '../../../src/core/mart.js'
import { openWarehouse } from '../../../src/engines/duckdb/warehouse.js'
import { loadDialect } from '../../../src/engines/registry.js'
import { findMart, findTable, loadTables, martsOf, tableNames } from '../../../src/marts/registry.js'
import { loadTemplates } from '../../../src/marts/templates.js'
import { renderSelect } from '../../../src/render/sql.js'
import { testContext } from '../../support/context.js'

const described = z.object({ column_name: z.string(), column_type: z.string() })
const duckdbTypes = { string: 'VARCHAR', integer: 'INTEGER', bigint: 'BIGINT', double: 'DOUBLE' }

describe('every table', async () => {
  const tables = await loadTables()

  it('is registered under its own name, and stands behind what it reads', () => {
    expect([...tables.keys()]).toEqual(tableNames)
    const seen = new Set<string>()
    for (const table of tables.values()) {
      for (const read of readsOf(table)) expect(seen, `${table.name} reads ${read}`).toContain(read)
      seen.add(table.name)
    }
  })

  it.each([...tables.values()])('$name has columns, notes and tests that fit together', (table) => {
    const names = allColumns(table).map((column) => column.name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    for (const key of table.key ?? []) expect(names).toContain(key)
    // Older Hive clients cut statements at every semicolon, also inside of a text.
    for (const { note } of [table, ...table.columns]) expect(note).toMatch(/^[\x20-\x3a\x3c-\x7e]+$/)
    if (table.kind !== 'mart') return
    expect(tables.has(table.drivenBy)).toBe(true)
    for (const test of table.tests) {
      if (test.test === 'notNull' || test.test === 'unique') {
        for (const column of test.columns) expect(names).toContain(column)
      }
      if (test.test === 'accepted' || test.test === 'between') expect(names).toContain(test.column)
      if (test.test === 'relationship') expect(tables.has(test.to)).toBe(true)
      if (test.test === 'conserved') expect(tables.has(test.from)).toBe(true)
    }
    // A table whose rows can be told apart is tested for it; one without a key is tested for its number of rows.
    const kinds = table.tests.map((test) => test.test)
    expect(kinds).toContain(table.key === undefined ? 'conserved' : 'unique')
  })

  it('has a SELECT whose columns and types are those of its definition', async () => {
    await using context = await testContext()
    await using warehouse = await openWarehouse(context)
    const dialect = await loadDialect('duckdb')
    const templates = await loadTemplates(context, tables)
    for (const [name, template] of templates) {
      const table = findTable(tables, name)
      for (const distinct of [false, true]) {
        const select = renderSelect({ tables, table, template, dialect, value: '20200322', distinct })
        const columns = await warehouse.rows(`DESCRIBE (${select})`, described)
        expect(columns, name).toEqual(
          table.columns.map((column) => ({ column_name: column.name, column_type: duckdbTypes[column.type] })),
        )
      }
    }
    expect(templates.size).toBe(martsOf(tables).length + 3)
  })

  it('is found by its name only', () => {
    expect(() => findTable(tables, 'smartcar_mastr')).toThrow(
      'there is no table "smartcar_mastr" (did you mean "smartcar_master"?)',
    )
    expect(() => findMart(tables, 'smartcar_master_over18')).toThrow(
      'smartcar_master_over18 is a view: there is nothing to build',
    )
    expect(() => findMart(tables, '')).toThrow('there is no mart ""')
    expect(() => findMart(tables, 'constructor')).toThrow('there is no mart "constructor"')
  })
})
