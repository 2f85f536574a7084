import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { allColumns } from '../../../../src/core/mart.js'
import { openWarehouse } from '../../../../src/engines/duckdb/warehouse.js'
import { testContext } from '../../../support/context.js'
import { fillLake } from '../../../support/lake.js'

const count = z.object({ n: z.number() })

describe('openWarehouse', () => {
  it('has an empty view with the right columns for every table of an empty site', async () => {
    await using context = await testContext()
    await using warehouse = await openWarehouse(context)
    const described = z.object({ column_name: z.string(), column_type: z.string() })
    const types = { string: 'VARCHAR', integer: 'INTEGER', bigint: 'BIGINT', double: 'DOUBLE' }
    for (const table of warehouse.tables.values()) {
      const columns = await warehouse.rows(`DESCRIBE ${table.name}`, described)
      expect(columns, table.name).toEqual(
        allColumns(table).map((column) => ({ column_name: column.name, column_type: types[column.type] })),
      )
      expect(await warehouse.rows(`SELECT count(*) AS n FROM ${table.name}`, count), table.name).toEqual([{ n: 0 }])
    }
    expect(warehouse.tables.size).toBe(14)
  })

  it('takes the newest collected row of a car, and owners of 18 or more', async () => {
    await using context = await testContext()
    await fillLake(context, 'master', [
      'A0001|남|17|미혼|서울|학생|1000|2009|F',
      'A0002|남|53|미혼|충남|주부|2500|2015|A',
    ])
    await fillLake(context, 'master', ['A0001|남|18|미혼|서울|학생|1000|2009|F'])
    await using warehouse = await openWarehouse(context)
    const rows = await warehouse.rows(
      'SELECT car_number, age FROM smartcar_master_over18 ORDER BY 1',
      z.object({ car_number: z.string(), age: z.number() }),
    )
    expect(rows).toEqual([
      { car_number: 'A0001', age: 18 },
      { car_number: 'A0002', age: 53 },
    ])
  })

  it('reads logs with mixed line ends by day, and the drive rows by their HBase key, one each', async () => {
    await using context = await testContext()
    await fillLake(context, 'drive', [
      '20200322000000,A0001,1,0,F,N,10,A01\r',
      '20200322000000,A0001,2,0,F,N,10,A01',
      '20200322240000,A0001,1,0,F,N,10,A01',
    ])
    await using warehouse = await openWarehouse(context)
    const all = 'SELECT count(*) AS n FROM smartcar_drive_info_2 WHERE wrk_date = $day'
    expect(await warehouse.rows(all, count, { day: '20200322' })).toEqual([{ n: 3 }])
    const keyed = await warehouse.rows(
      'SELECT r_key, speed_pedal FROM smartcar_drive_info ORDER BY r_date',
      z.object({ r_key: z.string(), speed_pedal: z.number() }),
    )
    expect(keyed).toEqual([
      { r_key: '00000022300202-A0001', speed_pedal: 2 },
      { r_key: '00004222300202-A0001', speed_pedal: 1 },
    ])
  })

  it('reads alerts of the built-in rule and of own ones, and the income file', async () => {
    await using context = await testContext()
    const alerts = path.join(context.layout.alerts, 'speeding_alerts', 'day=20200322', 'alerts.csv')
    await context.files.writeAtomic(
      alerts,
      'car_number,window_start,window_end,avg_speed,rows,member\nA0001,20200322000000,20200322000030,81.5,15,A0001-20200322000028\n',
    )
    await context.files.writeAtomic(
      path.join(context.layout.landing, 'CarMaster2Income.txt'),
      'carNum|sex|age|marriage|region|job|capacity|year|type|income\nA0001|남|64|미혼|전북|주부|4500|2015|B|5850\n',
    )
    await context.files.writeAtomic(
      path.join(context.layout.alerts, 'hard_braking', 'day=20200323', 'alerts.csv'),
      'car_number,window_start,window_end,brakes,rows,member\nA0001,20200323000000,20200323000100,7,30,A0001-20200323000058\n',
    )
    await using warehouse = await openWarehouse(context)
    const own = z.object({ day: z.string(), car_number: z.string(), window_start: z.string(), brakes: z.number() })
    expect(await warehouse.rows('SELECT day, car_number, window_start, brakes FROM hard_braking', own)).toEqual([
      { day: '20200323', car_number: 'A0001', window_start: '20200323000000', brakes: 7 },
    ])
    const alert = z.object({ day: z.string(), avg_speed: z.number(), rows: z.number() })
    expect(await warehouse.rows('SELECT day, avg_speed, "rows" FROM speeding_alerts', alert)).toEqual([
      { day: '20200322', avg_speed: 81.5, rows: 15 },
    ])
    const income = z.object({ car_number: z.string(), income: z.number() })
    expect(await warehouse.rows('SELECT car_number, income FROM smartcar_master2income', income)).toEqual([
      { car_number: 'A0001', income: 5850 },
    ])
  })

  it('names a missing lake file when its table is read, and answers for the others', async () => {
    await using context = await testContext()
    await fillLake(context, 'master', ['A0001|남|20|미혼|서울|학생|1000|2009|F'])
    const lost = await fillLake(context, 'status', ['20200322000000,A0001,81,82,83,84,1,1,1,1,A,A,99'], 'status.txt')
    await context.files.remove(path.join(context.layout.lake, lost.files[0]?.path ?? ''))
    await using warehouse = await openWarehouse(context)
    expect(await warehouse.rows('SELECT count(*) AS n FROM smartcar_master', count)).toEqual([{ n: 1 }])
    await expect(warehouse.rows('SELECT count(*) AS n FROM smartcar_status_info', count)).rejects.toThrow(
      /car-batch-log-000002.* is missing: collect status.txt again/,
    )
  })

  it('works in a folder whose name has spaces, quotes and glob characters', async () => {
    await using outer = await testContext()
    const root = path.join(outer.layout.root, "it's [1] *?{a,b} 가 biz_date=1")
    await using context = await testContext(root)
    await fillLake(context, 'status', ['20200322000000,A0001,81,82,83,84,1,1,1,1,A,A,99'])
    await using warehouse = await openWarehouse(context)
    const row = z.object({ wrk_date: z.string(), tire_fl: z.number() })
    expect(await warehouse.rows('SELECT wrk_date, tire_fl FROM smartcar_status_info', row)).toEqual([
      { wrk_date: '20200322', tire_fl: 81 },
    ])
  })
})
