import { describe, expect, it } from 'vitest'
import { dialectNames } from '../../../src/core/sql.js'
import { ddlText, tableSql } from '../../../src/jobs/mart/ddl.js'
import { testContext } from '../../support/context.js'
import { expectGolden } from '../../support/golden.js'

describe.each(dialectNames)('SQL for %s', (dialect) => {
  it('is that of the golden files, table by table', async () => {
    await using context = await testContext()
    const all = await tableSql({ dialect }, context)
    expect(all).toHaveLength(14)
    for (const table of all) expectGolden(`test/golden/marts/${dialect}/${table.table}.sql`, ddlText([table]))
  })
})
