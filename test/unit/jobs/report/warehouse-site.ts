import path from 'node:path'
import { openDuckDB } from '../../../../src/engines/duckdb/connect.js'
import type { TestContext } from '../../../support/context.js'

const master = `'남' AS sex, 42 AS age, '기혼' AS marriage, '서울' AS region, '회사원' AS job, 2000 AS car_capacity,
  2010 AS car_year, 'C' AS car_model`

/** One partition of a mart, as `mart build` leaves it: the rows of a SELECT. */
export async function writePartition(
  context: TestContext,
  table: string,
  partition: string,
  select: string,
): Promise<void> {
  const file = path.join(context.layout.warehouse, table, partition, `${table}.parquet`)
  await context.files.mkdir(path.dirname(file))
  await using database = await openDuckDB(context)
  const connection = await database.connect()
  await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet)`)
}

/** Alerts of a day, as `stream run` leaves them. */
export async function writeAlerts(context: TestContext, day: string, lines: readonly string[]): Promise<void> {
  const folder = path.join(context.layout.alerts, 'speeding_alerts', `day=${day}`)
  const head = 'car_number,window_start,window_end,avg_speed,rows,member'
  await context.files.mkdir(folder)
  await context.files.writeAtomic(path.join(folder, 'alerts.csv'), `${[head, ...lines].join('\n')}\n`)
}

/**
 * Three cars on one day. A0001 accelerates with 1, B0001 with 1, C0001 with 4; C0001's front left tire is worn out, its
 * lights break at 10:00, its engine at 09:00.
 */
export async function makeSite(context: TestContext, day = '20200322'): Promise<void> {
  await writePartition(
    context,
    'managed_smartcar_drive_info',
    `biz_date=${day}`,
    `SELECT car AS car_number, ${master}, CASE car WHEN 'C0001' THEN 4 ELSE 1 END AS speed_pedal, 1 AS break_pedal,
       CASE WHEN car = 'C0001' THEN 'L2' ELSE 'F' END AS steer_angle, 'N' AS direct_light,
       CASE WHEN hour = 23 THEN 100 ELSE 50 END AS speed, CASE WHEN car = 'C0001' THEN 'B02' ELSE 'A01' END AS area_number,
       '${day}' || lpad(hour::VARCHAR, 2, '0') || '0000' AS reg_date
     FROM (SELECT unnest(['A0001', 'B0001', 'C0001']) AS car), (SELECT unnest([0, 13, 23, 24]) AS hour)`,
  )
  await writePartition(
    context,
    'managed_smartcar_status_info',
    `biz_date=${day}`,
    `SELECT car AS car_number, ${master}, CASE WHEN car = 'C0001' THEN 40 ELSE 90 END AS tire_fl, 90 AS tire_fr,
       90 AS tire_bl, 90 AS tire_br, 1 AS light_fl, CASE WHEN car = 'C0001' AND hour >= 10 THEN 2 ELSE 1 END AS light_fr,
       1 AS light_bl, 1 AS light_br, CASE WHEN car = 'C0001' AND hour >= 9 THEN 'C' ELSE 'A' END AS engine,
       'A' AS "break", 95 AS battery, '${day}' || lpad(hour::VARCHAR, 2, '0') || '0000' AS reg_date
     FROM (SELECT unnest(['A0001', 'B0001', 'C0001']) AS car), (SELECT unnest([8, 9, 10, 11]) AS hour)`,
  )
  await writePartition(
    context,
    'managed_smartcar_symptom_info',
    `biz_date=${day}`,
    `SELECT * FROM (VALUES ('A0001', 1.0, 'normal', 1.0, 'normal', 0, 'normal'),
       ('B0001', 1.0, 'normal', 1.0, 'normal', 0, 'normal'),
       ('C0001', 4.0, 'abnormal', 1.0, 'normal', 4, 'normal'))
     t(car_number, speed_p_avg, speed_p_symptom, break_p_avg, break_p_symptom, steer_a_cnt, steer_p_symptom)`,
  )
  await writePartition(
    context,
    'managed_smartcar_emergency_check_info',
    `biz_date=${day}`,
    `SELECT 'C0001' AS car_number, 'Tire Check' AS tire_check, 'Light Check' AS light_check,
       'Engine Check' AS engine_check, NULL::VARCHAR AS break_check, NULL::VARCHAR AS battery_check`,
  )
  await writePartition(
    context,
    'managed_smartcar_item_buylist_info',
    `biz_month=${day.slice(0, 6)}`,
    `SELECT car AS car_number, ${master}, item, score
     FROM (VALUES ('A0001', 'Item-002', 5), ('A0001', 'Item-001', 1), ('B0001', 'Item-001', 2)) t(car, item, score)`,
  )
  await writeAlerts(context, day, [
    `A0001,${day}130000,${day}130030,101.5,15,A0001-${day}130028`,
    `A0001,${day}235930,${day}240000,90.25,15,A0001-${day}235958`,
    `A0001,${day}240000,${day}240030,120,1,A0001-${day}240000`,
    `B0001,${day}130000,${day}130030,81,15,B0001-${day}130028`,
  ])
}
