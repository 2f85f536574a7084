/** The rules of pilot.md, section 5, on rows made for them. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openWarehouse } from '../../../../src/engines/duckdb/warehouse.js'
import { buildMarts } from '../../../../src/jobs/mart/build.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { fillLake } from '../../../support/lake.js'
import { at, drive, master, smallSite, status } from './site.js'

const day = '20200322'
const anything = z.record(z.string(), z.unknown())

async function ask(context: TestContext, sql: string): Promise<readonly Record<string, unknown>[]> {
  await using warehouse = await openWarehouse(context)
  return await warehouse.rows(sql, anything)
}

const adults = async (context: TestContext, cars: readonly string[]) => {
  await fillLake(
    context,
    'master',
    cars.map((car) => master(car, 40)),
  )
}

describe('joined marts', () => {
  it('keep the rows of owners of 18 or more, by day and month', async () => {
    await using context = await testContext()
    await smallSite(context)
    const result = await buildMarts({}, context)
    expect(result.partitions.map(({ table, partition, rows }) => `${table} ${partition} ${rows}`)).toEqual([
      'managed_smartcar_status_info 20200322 30',
      'managed_smartcar_status_info 20200323 30',
      'managed_smartcar_drive_info 20200322 30',
      'managed_smartcar_drive_info 20200323 30',
      'managed_smartcar_symptom_info 20200322 2',
      'managed_smartcar_symptom_info 20200323 2',
      'managed_smartcar_emergency_check_info 20200322 0',
      'managed_smartcar_emergency_check_info 20200323 0',
      'managed_smartcar_item_buylist_info 202003 1',
      'managed_smartcar_item_buylist_info 202004 1',
    ])
    const cars = await ask(context, 'SELECT DISTINCT car_number FROM managed_smartcar_status_info ORDER BY 1')
    expect(cars).toEqual([{ car_number: 'A0001' }, { car_number: 'B0002' }])
  })

  it('hold one row per time and car: repeats go, of conflicting rows the greatest stays, also across files', async () => {
    await using context = await testContext()
    await adults(context, ['A0001', 'B0002'])
    const first = drive({ time: at(day, 0), car: 'A0001', pedal: 1, speed: 99 })
    await fillLake(context, 'drive', [first, first, drive({ time: at(day, 0), car: 'B0002' })], 'a.log')
    await fillLake(context, 'drive', [drive({ time: at(day, 0), car: 'A0001', pedal: 3, speed: 10 })], 'b.log')
    await fillLake(context, 'status', [status({ time: at(day, 0), car: 'A0001', battery: 70 })], 'a.txt')
    await fillLake(context, 'status', [status({ time: at(day, 0), car: 'A0001', battery: 80 })], 'b.txt')
    await buildMarts({}, context)
    expect(
      await ask(context, 'SELECT car_number, speed_pedal, speed FROM managed_smartcar_drive_info ORDER BY 1'),
    ).toEqual([
      { car_number: 'A0001', speed_pedal: 3, speed: 10 },
      { car_number: 'B0002', speed_pedal: 1, speed: 50 },
    ])
    expect(await ask(context, 'SELECT battery FROM managed_smartcar_status_info')).toEqual([{ battery: 80 }])
  })

  it('file a row with the clock 240000 under its own day', async () => {
    await using context = await testContext()
    await adults(context, ['A0001'])
    await fillLake(context, 'status', [status({ time: `${day}240000`, car: 'A0001' })])
    await buildMarts({}, context)
    expect(await ask(context, 'SELECT biz_date, reg_date FROM managed_smartcar_status_info')).toEqual([
      { biz_date: day, reg_date: `${day}240000` },
    ])
  })

  it('take owners from the newest master', async () => {
    await using context = await testContext()
    await fillLake(context, 'master', [master('A0001', 17)], 'old.txt')
    await fillLake(context, 'status', [status({ time: at(day, 0), car: 'A0001' })])
    const before = await buildMarts({}, context)
    expect(before.rows).toBe(0)
    await fillLake(context, 'master', [master('A0001', 18)], 'new.txt')
    const after = await buildMarts({ marts: ['managed_smartcar_status_info'] }, context)
    expect(after.partitions).toMatchObject([
      { status: 'built', rows: 1, reason: expect.stringMatching(/^new input: car-master-000003/) },
    ])
  })

  it('add up purchases of one month from several files', async () => {
    await using context = await testContext()
    await adults(context, ['A0001'])
    await fillLake(context, 'purchases', ['A0001,Item-001,5,202003', 'A0001,Item-001,4,202004'], 'a.txt')
    await fillLake(context, 'purchases', ['A0001,Item-001,5,202003'], 'b.txt')
    await buildMarts({}, context)
    const sql =
      'SELECT biz_month, count(*) AS n, sum(score) AS score FROM managed_smartcar_item_buylist_info GROUP BY ALL ORDER BY 1'
    expect(await ask(context, sql)).toEqual([
      { biz_month: '202003', n: 2, score: 10 },
      { biz_month: '202004', n: 1, score: 4 },
    ])
  })
})

describe('symptom mart', () => {
  const symptoms = (context: TestContext) =>
    ask(
      context,
      'SELECT car_number AS car, speed_p_avg AS avg, speed_p_symptom AS speed, break_p_symptom AS brake, steer_a_cnt AS n, steer_p_symptom AS steer FROM managed_smartcar_symptom_info ORDER BY 1',
    )

  it('is normal at a score of exactly 2, abnormal above', async () => {
    // One of n cars apart from equal others has a score of the root of n - 1: 2 for five cars, 2.236 for six.
    for (const [cars, verdict] of [
      [['A0001', 'A0002', 'A0003', 'A0004', 'A0005'], 'normal'],
      [['A0001', 'A0002', 'A0003', 'A0004', 'A0005', 'A0006'], 'abnormal'],
    ] as const) {
      await using context = await testContext()
      await adults(context, cars)
      const rows = cars.flatMap((car) =>
        [0, 2, 4].map((second) =>
          drive({ time: at(day, second), car, pedal: car === 'A0001' ? 5 : second === 0 ? 2 : 1 }),
        ),
      )
      await fillLake(context, 'drive', rows)
      await buildMarts({}, context)
      expect((await symptoms(context)).map((row) => row.speed)).toEqual([verdict, ...cars.slice(1).map(() => 'normal')])
    }
  })

  it('is normal without deviation, and counts no sharp steering as 0', async () => {
    await using context = await testContext()
    await adults(context, ['A0001', 'B0002', 'C0003'])
    const rows = ['A0001', 'B0002', 'C0003'].flatMap((car) =>
      [0, 2, 4].map((second) => drive({ time: at(day, second), car, pedal: second === 0 ? 1 : 0 })),
    )
    await fillLake(context, 'drive', rows)
    await buildMarts({}, context)
    for (const row of await symptoms(context)) {
      expect(row).toMatchObject({ speed: 'normal', brake: 'normal', n: 0, steer: 'normal' })
    }
    const scores = await ask(context, 'SELECT speed_p_score, speed_p_deviation FROM smartcar_symptom_scores')
    expect(scores).toEqual(Array(3).fill({ speed_p_score: null, speed_p_deviation: 0 }))
  })

  it('calls more than 2,000 rows of L2, L3, R2, R3 abnormal', async () => {
    await using context = await testContext()
    await adults(context, ['A0001', 'B0002'])
    const sharp = ['L2', 'L3', 'R2', 'R3']
    const rows = Array.from({ length: 2002 }, (_, index) => [
      drive({ time: at(day, index * 2), car: 'A0001', steer: index < 2001 ? (sharp[index % 4] ?? '') : 'L1' }),
      drive({ time: at(day, index * 2), car: 'B0002', steer: index < 2000 ? (sharp[index % 4] ?? '') : 'R1' }),
    ]).flat()
    await fillLake(context, 'drive', rows)
    await buildMarts({}, context)
    expect(await symptoms(context)).toMatchObject([
      { car: 'A0001', n: 2001, steer: 'abnormal' },
      { car: 'B0002', n: 2000, steer: 'normal' },
    ])
  })

  it('compares with the mean over all rows of its own day only', async () => {
    await using context = await testContext()
    await adults(context, ['A0001', 'B0002'])
    const one = [0, 2, 4].map((second) => drive({ time: at(day, second), car: 'A0001', pedal: 4 }))
    await fillLake(context, 'drive', [...one, drive({ time: at(day, 0), car: 'B0002', pedal: 0 })])
    await fillLake(context, 'drive', [drive({ time: at('20200323', 0), car: 'B0002', pedal: 5 })])
    await buildMarts({}, context)
    const sql =
      'SELECT speed_p_mean, speed_p_deviation, speed_p_score FROM smartcar_symptom_scores ORDER BY biz_date, car_number'
    expect(await ask(context, sql)).toEqual([
      { speed_p_mean: 3, speed_p_deviation: 2, speed_p_score: 0.5 },
      { speed_p_mean: 3, speed_p_deviation: 2, speed_p_score: -1.5 },
      { speed_p_mean: 5, speed_p_deviation: 0, speed_p_score: null },
    ])
  })
})

describe('emergency mart', () => {
  it('lists a car with the checks that hold, the others NULL', async () => {
    await using context = await testContext()
    const none = { tire: null, light: null, engine: null, brake: null, battery: null }
    await adults(context, ['A0001', 'A0002', 'A0003', 'A0004', 'A0005', 'A0006', 'A0007', 'A0008'])
    const two = (car: string, first: object, second: object) => [
      status({ time: at(day, 0), car, ...first }),
      status({ time: at(day, 4), car, ...second }),
    ]
    await fillLake(context, 'status', [
      ...two('A0001', { tires: 60 }, { tires: 99 }),
      ...two('A0002', { tires: 60 }, { tires: 100 }),
      ...two('A0003', { light: 2 }, {}),
      ...two('A0004', {}, { engine: 'C' }),
      ...two('A0005', {}, { brake: 'C' }),
      ...two('A0006', { battery: 59 }, { battery: 0 }),
      ...two('A0007', { battery: 60 }, { battery: 0 }),
      ...two('A0008', { engine: 'B', brake: 'B' }, { battery: 10, tires: 10, light: 2 }),
    ])
    await buildMarts({}, context)
    const sql =
      'SELECT car_number AS car, tire_check AS tire, light_check AS light, engine_check AS engine, break_check AS brake, battery_check AS battery FROM managed_smartcar_emergency_check_info ORDER BY 1'
    expect(await ask(context, sql)).toEqual([
      { ...none, car: 'A0001', tire: 'Tire Check' },
      { ...none, car: 'A0003', light: 'Light Check' },
      { ...none, car: 'A0004', engine: 'Engine Check' },
      { ...none, car: 'A0005', brake: 'Brake Check' },
      { ...none, car: 'A0006', battery: 'Battery Check' },
      { ...none, car: 'A0008', tire: 'Tire Check', light: 'Light Check' },
    ])
  })
})
