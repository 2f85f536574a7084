import { z } from 'zod'
import type { Speeding, SpeedingCar, SpeedingRule } from '../../render/report/data.js'
import type { Rows } from './rows.js'

const carsShown = 30
const windowsShown = 12
const table = 'speeding_alerts'

const hourCount = z.object({ hour: z.number(), count: z.number() })
const car = z.object({ car: z.string(), windows: z.number(), fastest: z.number() })
const carHour = z.object({ car: z.string(), hour: z.number(), count: z.number() })
const window = z.object({
  car: z.string(),
  start: z.string(),
  end: z.string(),
  average: z.number(),
  rows: z.number(),
})

/** The clock 240000 opens a window of its own at the end of the day; it is drawn in the last hour. */
const hour = 'least(CAST(substr(CAST(window_start AS VARCHAR), 9, 2) AS INTEGER), 23)'

const hourSql = `
SELECT ${hour} AS hour, CAST(count(*) AS DOUBLE) AS count FROM ${table} WHERE CAST(day AS VARCHAR) = $1 GROUP BY 1`

const carSql = `
SELECT car_number AS car, CAST(count(*) AS DOUBLE) AS windows, CAST(max(avg_speed) AS DOUBLE) AS fastest
FROM ${table}
WHERE CAST(day AS VARCHAR) = $1
GROUP BY 1
ORDER BY 2 DESC, 1`

const carHourSql = `
SELECT car_number AS car, ${hour} AS hour, CAST(count(*) AS DOUBLE) AS count
FROM ${table}
WHERE CAST(day AS VARCHAR) = $1
  AND car_number IN (SELECT car FROM (${carSql} LIMIT ${carsShown}))
GROUP BY 1, 2`

const windowSql = `
SELECT car_number AS car, CAST(window_start AS VARCHAR) AS start, CAST(window_end AS VARCHAR) AS "end",
  CAST(avg_speed AS DOUBLE) AS average, CAST("rows" AS DOUBLE) AS rows
FROM ${table}
WHERE CAST(day AS VARCHAR) = $1
ORDER BY avg_speed DESC, window_start, car_number
LIMIT ${windowsShown}`

function byHour(counts: readonly { readonly hour: number; readonly count: number }[]): number[] {
  return Array.from({ length: 24 }, (_, index) => counts.find((row) => row.hour === index)?.count ?? 0)
}

/** `detected`: detection has run over this day; undefined otherwise, since no alert would then mean nothing. */
export async function speedingOf(
  warehouse: Rows,
  day: string,
  detected: boolean,
  rule: SpeedingRule,
): Promise<Speeding | undefined> {
  if (!detected) return undefined
  const hours = byHour(await warehouse.rows(hourSql, hourCount, [day]))
  const cars = await warehouse.rows(carSql, car, [day])
  const carHours = await warehouse.rows(carHourSql, carHour, [day])
  const fastest = await warehouse.rows(windowSql, window, [day])
  const windows = hours.reduce((sum, count) => sum + count, 0)
  const rows = cars
    .slice(0, carsShown)
    .map((row): SpeedingCar => ({ ...row, hours: byHour(carHours.filter((one) => one.car === row.car)) }))
  return { windows, hours, cars: { rows, total: cars.length }, fastest: { rows: fastest, total: windows }, rule }
}
