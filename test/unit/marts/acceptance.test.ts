import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { openWarehouse } from '../../../src/engines/duckdb/warehouse.js'
import { buildMarts } from '../../../src/jobs/mart/build.js'
import { type TestContext, testContext } from '../../support/context.js'
import { fillLake } from '../../support/lake.js'
import { sharedData } from '../../support/shared-data.js'

function rowsOf(name: string, sound: RegExp): readonly string[] {
  const file = sharedData(name)
  if (file === undefined) throw new Error(`${name} is not there`)
  const bytes = readFileSync(file)
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  return text.split(/\r?\n/).filter((line) => sound.test(line))
}

const log = /^\d{14},/
const car = /^[A-Z]\d{4}[|,]/
const count = z.object({ rows: z.number(), sum: z.number().nullable() })

async function collectShared(context: TestContext): Promise<void> {
  await fillLake(context, 'master', rowsOf('CarMaster.txt', car))
  await fillLake(context, 'purchases', rowsOf('CarItemBuyList_202003.txt', car))
  await fillLake(context, 'status', rowsOf('SmartCarStatusInfo_20200322.txt.gz', log))
  await fillLake(context, 'drive', rowsOf('SmartCarDriverInfo.log.gz', log))
}

const isThere = sharedData('CarMaster.txt') !== undefined

it.skipIf(!isThere)('builds the expected rows from the shared data (skipped where that folder is absent)', async () => {
  await using context = await testContext()
  await collectShared(context)
  const result = await buildMarts({}, context)
  expect(result.partitions.map(({ table, partition, status, rows }) => [table, partition, status, rows])).toEqual([
    ['managed_smartcar_status_info', '20200322', 'built', 108_005],
    ['managed_smartcar_drive_info', '20200322', 'built', 216_005],
    ['managed_smartcar_symptom_info', '20200322', 'built', 5],
    ['managed_smartcar_emergency_check_info', '20200322', 'built', 2],
    ['managed_smartcar_item_buylist_info', '202003', 'built', 94_178],
  ])
  await using warehouse = await openWarehouse(context)
  const total = async (table: string, column: string) =>
    (await warehouse.rows(`SELECT count(*) AS rows, sum(${column}) AS sum FROM ${table}`, count))[0]
  expect(await total('smartcar_master', 'NULL::INTEGER')).toEqual({ rows: 2600, sum: null })
  expect(await total('smartcar_master_over18', 'NULL::INTEGER')).toEqual({ rows: 2449, sum: null })
  expect(await total('managed_smartcar_status_info', 'tire_fl')).toEqual({ rows: 108_005, sum: 9_385_979 })
  expect(await total('managed_smartcar_status_info', 'battery')).toEqual({ rows: 108_005, sum: 9_444_419 })
  expect(await total('managed_smartcar_drive_info', 'speed')).toEqual({ rows: 216_005, sum: 13_941_419 })
  expect(await total('managed_smartcar_item_buylist_info', 'score')).toEqual({ rows: 94_178, sum: 282_849 })
  const anything = z.record(z.string(), z.unknown())
  const symptoms = await warehouse.rows('SELECT * FROM managed_smartcar_symptom_info ORDER BY car_number', anything)
  expect(symptoms).toHaveLength(5)
  const steering = symptoms.find((row) => row.car_number === 'E0022')
  expect(steering?.speed_p_avg).toBeCloseTo(1.55582, 5)
  expect(steering?.break_p_avg).toBeCloseTo(0.300317, 6)
  expect(steering).toMatchObject({ steer_a_cnt: 8649, steer_p_symptom: 'abnormal', biz_date: '20200322' })
  const checks = await warehouse.rows(
    'SELECT * FROM managed_smartcar_emergency_check_info ORDER BY car_number',
    anything,
  )
  const none = { tire_check: null, light_check: null, engine_check: null, break_check: null, battery_check: null }
  expect(checks).toEqual([
    { ...none, car_number: 'G0023', tire_check: 'Tire Check', engine_check: 'Engine Check', biz_date: '20200322' },
    { ...none, car_number: 'T0022', light_check: 'Light Check', biz_date: '20200322' },
  ])
  const again = await buildMarts({}, context)
  expect(again).toMatchObject({ built: 0, unchanged: 5, rows: 0 })
})
