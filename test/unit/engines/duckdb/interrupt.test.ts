import { expect, test } from 'vitest'
import { InterruptedError } from '../../../../src/core/errors.js'
import { openDuckDB } from '../../../../src/engines/duckdb/connect.js'
import { testContext } from '../../../support/context.js'

test('an interruption that comes between two statements ends the next one', async () => {
  await using context = await testContext()
  const stop = new AbortController()
  await using database = await openDuckDB({ ...context, signal: stop.signal })
  const connection = await database.connect()
  stop.abort(new InterruptedError())
  await expect(connection.run('SELECT count(*) FROM range(100000000) a, range(100000000) b')).rejects.toThrow(
    /interrupt/i,
  )
  await expect(database.connect()).rejects.toMatchObject({ exit: 'interrupted' })
})
