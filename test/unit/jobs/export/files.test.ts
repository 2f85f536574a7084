import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ExportRequest, exportMart } from '../../../../src/jobs/export/export.js'
import { exportSummary } from '../../../../src/jobs/export/result.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { plainSymptoms, symptoms, writePartition } from './sample.js'

const symptomMart = 'managed_smartcar_symptom_info'
const day = '20200322'
const site = { export: { target: 'embedded', targets: {} }, postgres: { port: 'auto' as const } }

let context: TestContext
beforeEach(async () => {
  context = await testContext()
})
afterEach(() => context[Symbol.asyncDispose]())

const run = (request: Partial<ExportRequest>) =>
  exportMart({ mart: symptomMart, ...request }, { site, passwords: { environment: {} } }, context)

async function rowsOf(from: string): Promise<unknown[][]> {
  const database = await DuckDBInstance.create(':memory:')
  const connection = await database.connect()
  try {
    return (await connection.runAndReadAll(`SELECT * FROM ${from} ORDER BY 1`)).getRows()
  } finally {
    database.closeSync()
  }
}

test('csv: a header, RFC 4180, NULL apart from the empty text; unchanged the second time', async () => {
  await writePartition(context, symptomMart, '20200321', plainSymptoms(2))
  await writePartition(context, symptomMart, day, symptoms)
  const first = await run({ to: 'csv' })
  const file = path.join(context.layout.exports, symptomMart, `${symptomMart}_${day}.csv`)
  expect(first.partitions).toMatchObject([
    { partition: '20200321', rows: 2, status: 'exported' },
    { partition: day, rows: 5, status: 'exported', file },
  ])
  const text = await readFile(file, 'utf8')
  expect(text.split('\n')[0]).toBe(
    'car_number,speed_p_avg,speed_p_symptom,break_p_avg,break_p_symptom,steer_a_cnt,steer_p_symptom,biz_date',
  )
  expect(text).toContain(
    `C0003,-1.7976931348623157e+308,"",5e-324,"""quoted"", comma",-9223372036854775808,남자 프리랜서,${day}\n`,
  )
  expect(text).toContain(`E0005,,exactly12byt,,exactly13byte,,,${day}\n`)
  const before = await stat(file)
  expect((await run({ to: 'csv' })).partitions.map((p) => p.status)).toEqual(['unchanged', 'unchanged'])
  expect((await stat(file)).ino).toBe(before.ino)
  await writeFile(file, `${text}Z9999,1,x,1,x,1,x,${day}\n`)
  expect((await run({ to: 'csv' })).partitions.map((p) => p.status)).toEqual(['unchanged', 'exported'])
  expect(await readFile(file, 'utf8')).toBe(text)
  expect((await run({ to: 'csv', full: true })).partitions.map((p) => p.status)).toEqual(['exported', 'exported'])
  expect(exportSummary(first)).toBe(
    `${symptomMart}: exported 2 partitions, 7 rows, verified\n  ${path.dirname(file)}\n`,
  )
})

test('parquet: one file of that name, rows and types kept', async () => {
  await writePartition(context, symptomMart, day, symptoms)
  const file = path.join(context.layout.root, 'out', 'symptoms.parquet')
  const result = await run({ to: 'parquet', output: file, range: { from: day, to: day } })
  expect(result).toMatchObject({ kind: 'parquet', target: file, partitions: [{ rows: 5, file }] })
  const warehouse = path.join(context.layout.warehouse, symptomMart, `biz_date=${day}`, `${symptomMart}.parquet`)
  const expected = await rowsOf(`read_parquet('${warehouse}', hive_types = {'biz_date': VARCHAR})`)
  expect(await rowsOf(`read_parquet('${file}', hive_partitioning = false)`)).toEqual(expected)
  expect((await run({ to: 'parquet', output: file })).partitions).toMatchObject([{ status: 'unchanged' }])
})

test('a file of another kind under that name is replaced, a folder is refused', async () => {
  await writePartition(context, symptomMart, day, symptoms)
  const file = path.join(context.layout.root, 'x.csv')
  await writeFile(file, 'something else')
  expect((await run({ to: 'csv', output: file })).partitions).toMatchObject([{ status: 'exported' }])
  await mkdir(path.join(context.layout.root, 'y.csv'))
  await expect(run({ to: 'csv', output: path.join(context.layout.root, 'y.csv') })).rejects.toMatchObject({
    code: 'EXPORT_IS_FOLDER',
  })
})

test('nothing half-written is left behind', async () => {
  await writePartition(context, symptomMart, day, symptoms)
  const stored = path.join(context.layout.warehouse, symptomMart, `biz_date=${day}`, `${symptomMart}.parquet`)
  const folder = path.join(context.layout.root, 'out')
  await mkdir(folder)
  await writeFile(stored, 'no parquet')
  await expect(run({ to: 'csv', output: folder })).rejects.toMatchObject({ code: 'DUCKDB_FAILED' })
  expect(await readdir(folder)).toEqual([])
})

test('flags that do not fit together are refused', async () => {
  await writePartition(context, symptomMart, '20200321', plainSymptoms(1))
  await writePartition(context, symptomMart, day, plainSymptoms(1))
  await expect(run({ to: 'csv', output: 'one.csv' })).rejects.toMatchObject({ code: 'ONE_FILE', exit: 'usage' })
  await expect(run({ to: 'csv', schema: 'x' })).rejects.toMatchObject({ code: 'FLAG_MISPLACED' })
  await expect(run({ to: 'embedded', output: 'x' })).rejects.toMatchObject({ code: 'FLAG_MISPLACED' })
  await expect(run({ to: 'csv', range: { from: '20200322', to: '20200321' } })).rejects.toMatchObject({
    code: 'RANGE_INVALID',
  })
})
