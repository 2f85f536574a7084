import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openWarehouse, type Warehouse } from '../../src/engines/duckdb/warehouse.js'
import { testContext } from '../support/context.js'
import { runCli } from '../support/run-cli.js'
import { sharedData, sharedDataFolder } from '../support/shared-data.js'

// The pilot's published files and two logs of the original generator; the numbers are those of the issue.
const inputs = [
  'CarMaster.txt',
  'CarItemBuyList_202003.txt',
  'SmartCarStatusInfo_20200322.txt.gz',
  'SmartCarDriverInfo.log.gz',
].map(sharedData)
const files = inputs.filter((file) => file !== undefined)

describe.skipIf(files.length < inputs.length)(`real input (skipped where ${sharedDataFolder} is not there)`, () => {
  let site = ''
  let warehouse: Warehouse
  const numbers = async (sql: string) => (await warehouse.rows(sql, z.record(z.string(), z.unknown())))[0]

  beforeAll(async () => {
    site = await mkdtemp(path.join(os.tmpdir(), 'smartcar-acceptance-'))
    for (const args of [
      ['collect', ...files],
      ['stream', 'run', '--day', '20200322'],
      ['mart', 'build'],
    ]) {
      const run = await runCli([...args, '--site', site, '--json'])
      expect(run.code, run.stderr + run.stdout).toBe(0)
    }
    warehouse = await openWarehouse(await testContext(site))
  })
  afterAll(async () => {
    await warehouse?.[Symbol.asyncDispose]()
    await rm(site, { recursive: true, force: true })
  })

  it.each([
    ['smartcar_master', 'count(*)::int n', { n: 2600 }],
    ['smartcar_master_over18', 'count(*)::int n', { n: 2449 }],
    [
      'managed_smartcar_status_info',
      'count(*)::int n, sum(tire_fl)::int tire_fl, sum(battery)::int battery',
      { n: 108_005, tire_fl: 9_385_979, battery: 9_444_419 },
    ],
    ['managed_smartcar_drive_info', 'count(*)::int n, sum(speed)::int speed', { n: 216_005, speed: 13_941_419 }],
    ['managed_smartcar_symptom_info', 'count(*)::int n', { n: 5 }],
    ['managed_smartcar_emergency_check_info', 'count(*)::int n', { n: 2 }],
    ['managed_smartcar_item_buylist_info', 'count(*)::int n, sum(score)::int score', { n: 94_178, score: 282_849 }],
    ['speeding_alerts', 'count(*)::int n, count(distinct car_number)::int cars', { n: 3937, cars: 5 }],
  ])('%s', async (table, columns, expected) => {
    expect(await numbers(`SELECT ${columns} FROM ${table}`)).toEqual(expected)
  })

  it('symptoms of E0022', async () => {
    const row = await numbers(`SELECT * FROM managed_smartcar_symptom_info WHERE car_number = 'E0022'`)
    expect(row).toMatchObject({
      speed_p_symptom: 'normal',
      break_p_symptom: 'normal',
      steer_a_cnt: 8649,
      steer_p_symptom: 'abnormal',
      biz_date: '20200322',
    })
    expect(row?.speed_p_avg).toBeCloseTo(1.55582, 5)
    expect(row?.break_p_avg).toBeCloseTo(0.300317, 6)
  })

  it('emergencies with their reasons', async () => {
    const schema = z.record(z.string(), z.string().nullable())
    const none = { tire_check: null, light_check: null, engine_check: null, break_check: null, battery_check: null }
    const rows = await warehouse.rows(
      'SELECT * EXCLUDE (biz_date) FROM managed_smartcar_emergency_check_info ORDER BY car_number',
      schema,
    )
    expect(rows).toEqual([
      { ...none, car_number: 'G0023', tire_check: 'Tire Check', engine_check: 'Engine Check' },
      { ...none, car_number: 'T0022', light_check: 'Light Check' },
    ])
  })

  it('changes nothing when it is done again', async () => {
    const collected = await runCli(['collect', ...files, '--site', site])
    expect(collected.stdout).toMatch(/unchanged/)
    const built = await runCli(['mart', 'build', '--site', site])
    expect(built.stdout).toContain('nothing to build, 5 unchanged')
    const streamed = await runCli(['stream', 'run', '--day', '20200322', '--site', site])
    expect(streamed.stdout).toContain('unchanged')
  })
})
