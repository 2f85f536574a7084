import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { openDuckDB } from '../../../../src/engines/duckdb/connect.js'
import { readRows } from '../../../../src/engines/duckdb/warehouse.js'
import { testContext } from '../../../support/context.js'

const total = z.object({ rows: z.number(), sum: z.unknown() })

it('looks again when a file is replaced between its footer and its rows, once', async () => {
  await using context = await testContext()
  await using database = await openDuckDB(context)
  const connection = await database.connect()
  const file = path.join(context.layout.root, 'part.parquet')
  await connection.run(`COPY (SELECT range AS n FROM range(20000)) TO '${file}' (FORMAT parquet)`)
  const whole = await readFile(file)
  // The rows of another file under this footer: headers of pages that are none.
  const torn = Buffer.from(whole)
  torn.fill(0xff, 4, 4000)
  const sql = `SELECT count(n) AS rows, sum(n) AS sum FROM '${file}'`

  let looks = 0
  const lookedAt = (afterwards: Buffer) => {
    looks = 0
    return new Proxy(connection, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        if (name !== 'runAndReadAll') return member.bind(target)
        return async (...given: Parameters<DuckDBConnection['runAndReadAll']>) => {
          looks++
          return target.runAndReadAll(...given).finally(() => writeFile(file, afterwards))
        }
      },
    })
  }
  await writeFile(file, torn)
  expect(await readRows(context, lookedAt(whole), sql, total)).toMatchObject([{ rows: 20_000 }])
  expect(looks).toBe(2)
  await writeFile(file, torn)
  await expect(readRows(context, lookedAt(torn), sql, total)).rejects.toMatchObject({
    code: 'WAREHOUSE_QUERY_FAILED',
  })
  expect(looks).toBe(2)
  await expect(readRows(context, lookedAt(torn), sql.replace('sum(n)', 'sum(m)'), total)).rejects.toThrow(
    'Binder Error',
  )
  expect(looks).toBe(1)
})
