import path from 'node:path'
import { expect, it } from 'vitest'
import { rowsByCar } from '../../../../src/jobs/mart/count-rows.js'
import { testContext } from '../../../support/context.js'
import { at, drive } from './site.js'

it('counts rows by car across chunk borders, with and without a last newline', async () => {
  await using context = await testContext()
  const rows = Array.from({ length: 60_000 }, (_, index) => {
    const car = index % 3 === 0 ? 'A0001' : 'Z9999'
    return drive({ time: at('20200322', index % 86_400), car, speed: index % 251 })
  })
  const file = path.join(context.layout.lake, 'rows.log')
  for (const end of ['\n', '', '\r\n']) {
    await context.files.writeAtomic(file, rows.join('\n') + end)
    expect([...(await rowsByCar(context, [file, file], 15))]).toEqual([
      ['A0001', 40_000],
      ['Z9999', 80_000],
    ])
  }
})

it('leaves out lines without a car number, and an empty file', async () => {
  await using context = await testContext()
  const file = path.join(context.layout.lake, 'rows.log')
  await context.files.writeAtomic(file, '')
  expect([...(await rowsByCar(context, [file], 15))]).toEqual([])
  await context.files.writeAtomic(file, '20200322000000,a0001,1\n20200322000000,A000\n20200322000000,B0002,1\n')
  expect([...(await rowsByCar(context, [file], 15))]).toEqual([['B0002', 1]])
})
