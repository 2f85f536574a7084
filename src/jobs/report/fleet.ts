import { z } from 'zod'
import type { Capped, DayCounts, Fleet, Share } from '../../render/report/data.js'
import type { DriveDay } from './drive.js'
import type { Rows } from './rows.js'

const daysShown = 31
const counted = z.object({ day: z.string(), count: z.number() })

/** Rows by day of each table; the names and conditions are constants of this file. */
const dayTables = {
  statusRows: { table: 'managed_smartcar_status_info', day: 'biz_date', where: 'TRUE' },
  driveRows: { table: 'managed_smartcar_drive_info', day: 'biz_date', where: 'TRUE' },
  windows: { table: 'speeding_alerts', day: 'day', where: 'TRUE' },
  emergencies: { table: 'managed_smartcar_emergency_check_info', day: 'biz_date', where: 'TRUE' },
  abnormal: {
    table: 'managed_smartcar_symptom_info',
    day: 'biz_date',
    where: "speed_p_symptom = 'abnormal' OR break_p_symptom = 'abnormal'",
  },
} as const satisfies Record<keyof Omit<DayCounts, 'day'>, unknown>

/** Every day of the drive and status marts, newest first. */
export async function builtDays(warehouse: Rows): Promise<readonly DayCounts[]> {
  const days = new Map<string, Record<keyof Omit<DayCounts, 'day'>, number>>()
  const none = { statusRows: 0, driveRows: 0, windows: 0, emergencies: 0, abnormal: 0 }
  for (const name of ['statusRows', 'driveRows', 'windows', 'emergencies', 'abnormal'] as const) {
    const { table, day, where } = dayTables[name]
    const sql = `SELECT CAST(${day} AS VARCHAR) AS day, CAST(count(*) AS DOUBLE) AS count FROM ${table} WHERE ${where} GROUP BY 1`
    for (const row of await warehouse.rows(sql, counted)) {
      const known = days.get(row.day)
      if (known !== undefined) known[name] = row.count
      else if (name === 'statusRows' || name === 'driveRows') days.set(row.day, { ...none, [name]: row.count })
    }
  }
  return [...days].map(([day, counts]) => ({ day, ...counts })).sort((a, b) => (a.day < b.day ? 1 : -1))
}

const one = z.object({ count: z.number() })

async function countOf(warehouse: Rows, table: string): Promise<number | undefined> {
  const [row] = await warehouse.rows(`SELECT CAST(count(*) AS DOUBLE) AS count FROM ${table}`, one)
  return row === undefined || row.count === 0 ? undefined : row.count
}

const owner = z.object({ sex: z.string(), age: z.number(), region: z.string(), model: z.string(), count: z.number() })

/** Owners of the cars that sent anything on the day; marts carry the owner in each row. */
const ownerSql = `
SELECT sex, CAST(age AS DOUBLE) AS age, region, car_model AS model, CAST(count(*) AS DOUBLE) AS count
FROM (
  SELECT DISTINCT car_number, sex, age, region, car_model FROM managed_smartcar_status_info WHERE biz_date = $1
  UNION
  SELECT DISTINCT car_number, sex, age, region, car_model FROM managed_smartcar_drive_info WHERE biz_date = $1
)
GROUP BY 1, 2, 3, 4`

type Owner = z.infer<typeof owner>

function shares(owners: readonly Owner[], label: (owner: Owner) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const one of owners) counts.set(label(one), (counts.get(label(one)) ?? 0) + one.count)
  return counts
}

function largestFirst(counts: ReadonlyMap<string, number>): Share[] {
  return [...counts]
    .map(([label, count]) => ({ label, count }))
    .sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1))
}

function byLabel(counts: ReadonlyMap<string, number>): Share[] {
  return [...counts].map(([label, count]) => ({ label, count })).sort((a, b) => (a.label < b.label ? -1 : 1))
}

/** The marts start at 18, so the first band is shorter than the others. */
function ageBand(age: number): string {
  if (age < 20) return '18\u201319'
  const from = Math.floor(age / 10) * 10
  return `${from}\u2013${from + 9}`
}

export async function fleetOf(
  warehouse: Rows,
  day: string,
  days: readonly DayCounts[],
  drive: DriveDay | undefined,
): Promise<Fleet> {
  const owners = await warehouse.rows(ownerSql, owner, [day])
  const today = days.find((row) => row.day === day)
  const listed: Capped<DayCounts> = { rows: days.slice(0, daysShown), total: days.length }
  return {
    masterCars: await countOf(warehouse, 'smartcar_master'),
    adultCars: await countOf(warehouse, 'smartcar_master_over18'),
    activeCars: owners.reduce((sum, one) => sum + one.count, 0),
    statusRows: today?.statusRows ?? 0,
    driveRows: today?.driveRows ?? 0,
    averageSpeed: drive?.averageSpeed,
    topSpeed: drive?.topSpeed,
    sexes: largestFirst(shares(owners, (one) => one.sex)),
    ages: byLabel(shares(owners, (one) => ageBand(one.age))),
    regions: largestFirst(shares(owners, (one) => one.region)),
    models: byLabel(shares(owners, (one) => one.model)),
    days: listed,
  }
}
