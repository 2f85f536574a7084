import { z } from 'zod'
import type { Emergencies, Emergency, Part, Reason } from '../../render/report/data.js'
import type { Rows } from './rows.js'

const shown = 100
const positions = ['fl', 'fr', 'bl', 'br'] as const

const totals = z.object({
  cars: z.number(),
  tire: z.number(),
  light: z.number(),
  engine: z.number(),
  brake: z.number(),
  battery: z.number(),
})

const totalSql = `
SELECT CAST(count(*) AS DOUBLE) AS cars, CAST(count(tire_check) AS DOUBLE) AS tire,
  CAST(count(light_check) AS DOUBLE) AS light, CAST(count(engine_check) AS DOUBLE) AS engine,
  CAST(count(break_check) AS DOUBLE) AS brake, CAST(count(battery_check) AS DOUBLE) AS battery
FROM managed_smartcar_emergency_check_info
WHERE biz_date = $1`

const found = z.object({
  car: z.string(),
  sex: z.string().nullable(),
  age: z.number().nullable(),
  region: z.string().nullable(),
  model: z.string().nullable(),
  year: z.number().nullable(),
  tire: z.string().nullable(),
  light: z.string().nullable(),
  engine: z.string().nullable(),
  brake: z.string().nullable(),
  battery: z.string().nullable(),
  tires: z.array(z.number()),
  lights: z.array(z.string().nullable()),
  engineSince: z.string().nullable(),
  brakeSince: z.string().nullable(),
  batteryAverage: z.number(),
})

/** The cars with their day's rows aggregated once more, to say which tire, since when. */
const foundSql = `
SELECT e.car_number AS car, any_value(s.sex) AS sex, CAST(any_value(s.age) AS DOUBLE) AS age,
  any_value(s.region) AS region, any_value(s.car_model) AS model, CAST(any_value(s.car_year) AS DOUBLE) AS year,
  any_value(e.tire_check) AS tire, any_value(e.light_check) AS light, any_value(e.engine_check) AS engine,
  any_value(e.break_check) AS brake, any_value(e.battery_check) AS battery,
  [${positions.map((position) => `CAST(avg(s.tire_${position}) AS DOUBLE)`).join(', ')}] AS tires,
  [${positions.map((position) => `min(s.reg_date) FILTER (WHERE CAST(s.light_${position} AS VARCHAR) = '2')`).join(', ')}] AS lights,
  min(s.reg_date) FILTER (WHERE s.engine = 'C') AS "engineSince",
  min(s.reg_date) FILTER (WHERE s."break" = 'C') AS "brakeSince",
  CAST(avg(s.battery) AS DOUBLE) AS "batteryAverage"
FROM (
  SELECT * FROM managed_smartcar_emergency_check_info WHERE biz_date = $1 ORDER BY car_number LIMIT ${shown}
) e
JOIN managed_smartcar_status_info s ON s.car_number = e.car_number AND s.biz_date = $1
GROUP BY e.car_number
ORDER BY e.car_number`

function reasonsOf(row: z.infer<typeof found>): Reason[] {
  const reasons: Reason[] = []
  const add = (part: Part, details: Partial<Reason>) =>
    reasons.push({ part, positions: [], average: undefined, since: undefined, ...details })
  const named = (indexes: readonly number[]) => indexes.map((index) => (positions[index] ?? '').toUpperCase())
  const places = [0, 1, 2, 3]
  if (row.tire !== null) {
    const low = places.filter((index) => (row.tires[index] ?? 100) < 80)
    add('tire', { positions: named(low), average: Math.min(...row.tires) })
  }
  if (row.light !== null) {
    const since = row.lights.filter((time) => time !== null).sort()[0]
    add('light', { positions: named(places.filter((index) => row.lights[index] != null)), since })
  }
  if (row.engine !== null) add('engine', { since: row.engineSince ?? undefined })
  if (row.brake !== null) add('brake', { since: row.brakeSince ?? undefined })
  if (row.battery !== null) add('battery', { average: row.batteryAverage })
  return reasons
}

/** `built`: the status mart has rows of this day, so that an empty list means that all is well. */
export async function emergenciesOf(warehouse: Rows, day: string, built: boolean): Promise<Emergencies> {
  const [total] = await warehouse.rows(totalSql, totals, [day])
  const cars = total === undefined || total.cars === 0 ? [] : await warehouse.rows(foundSql, found, [day])
  const parts = ['tire', 'light', 'engine', 'brake', 'battery'] as const
  return {
    built,
    total: total?.cars ?? 0,
    byPart: parts.map((part) => ({ part, count: total?.[part] ?? 0 })),
    rows: cars.map(
      (row): Emergency => ({
        car: row.car,
        sex: row.sex ?? '',
        age: row.age ?? undefined,
        model: row.model ?? '',
        year: row.year ?? undefined,
        region: row.region ?? '',
        reasons: reasonsOf(row),
      }),
    ),
  }
}
