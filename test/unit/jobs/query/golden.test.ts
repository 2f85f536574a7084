import { describe, expect, it } from 'vitest'
import { loadDialect } from '../../../../src/engines/registry.js'
import { engineStatement } from '../../../../src/jobs/query/engine-statement.js'
import { listSavedQueries, loadSavedQuery } from '../../../../src/jobs/query/saved.js'
import { testContext } from '../../../support/context.js'
import { expectGolden } from '../../../support/golden.js'

describe.each(['hive', 'spark', 'impala'])('saved queries for %s', (name) => {
  it('are those of the golden files, with their defaults', async () => {
    await using context = await testContext()
    const dialect = await loadDialect(name)
    const saved = await listSavedQueries(context)
    expect(saved.length).toBeGreaterThanOrEqual(9)
    for (const { name: query } of saved) {
      const { sql, file, parameters } = await loadSavedQuery(query, context)
      const { text } = engineStatement({ sql: { text: sql, file }, declared: parameters }, dialect)
      expectGolden(`test/golden/queries/${name}/${query}.sql`, `${text}\n`)
    }
  })
})
