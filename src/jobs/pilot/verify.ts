import { z } from 'zod'
import { readLakeManifests } from '../../core/lake.js'
import type { JobContext } from '../../core/ports.js'
import { openWarehouse, type Warehouse } from '../../engines/duckdb/warehouse.js'
import { loadRules } from '../../rules/catalog.js'
import { driveRowsPerDay } from '../../simulator/speeding.js'
import { statusRowsPerDay } from '../../simulator/status-parts.js'
import type { DriveTruth, StatusTruth } from '../../simulator/truth.js'
import {
  type Adults,
  adultRows,
  type Check,
  checkCount,
  checkSame,
  collectChecks,
  emergencyTexts,
  lakeRows,
  speedingTexts,
  windowText,
} from './checks.js'
import { adultsOf, purchasesBy } from './owners.js'
import { readTruths, type Simulation } from './simulate.js'

type Rows = Pick<Warehouse, 'rows'>

const counted = z.object({ count: z.number() })

async function countOf(warehouse: Rows, sql: string, parameters: string[] = []): Promise<number> {
  const [row] = await warehouse.rows(sql, counted, parameters)
  return row?.count ?? 0
}

/** Rows of a mart on some days; `table` is a constant of this file. */
function rowsOn(warehouse: Rows, table: string, days: readonly string[]): Promise<number> {
  const list = days.map((_, index) => `$${index + 1}`).join(', ')
  return countOf(warehouse, `SELECT count(*) AS count FROM ${table} WHERE biz_date IN (${list})`, [...days])
}

const alert = z.object({
  car: z.string(),
  start: z.string(),
  average: z.number(),
  rows: z.number(),
  member: z.string(),
})

/** The truth knows the pilot's own speeding rule; a site may have put another in its place. */
async function hasPilotRule(ruleFiles: readonly string[], context: JobContext): Promise<boolean> {
  const rule = (await loadRules(ruleFiles, context)).find((one) => one.rule.output.table === 'speeding_alerts')
  if (rule?.builtIn) return true
  const text = "this site has a speeding rule of its own: its alerts are not compared with the simulator's truth"
  context.emit({ t: 'note', level: 'info', text })
  return false
}

async function speedingCheck(warehouse: Rows, truth: DriveTruth): Promise<Check> {
  const list = truth.days.map((_, index) => `$${index + 1}`).join(', ')
  const alerts = await warehouse.rows(
    `SELECT car_number AS car, window_start AS start, avg_speed AS average, "rows" AS rows, member
     FROM speeding_alerts WHERE day IN (${list})`,
    alert,
    [...truth.days],
  )
  return checkSame('speeding windows', 'truth', speedingTexts(truth), alerts.map(windowText))
}

async function driveChecks(warehouse: Rows, truth: DriveTruth, adults: Adults): Promise<Check[]> {
  const cars = truth.cars.filter((car) => adults.has(car)).length
  return [
    checkCount(
      'drive mart: rows of owners of 18 and more',
      'truth',
      adultRows(truth, driveRowsPerDay, adults),
      await rowsOn(warehouse, 'managed_smartcar_drive_info', truth.days),
    ),
    checkCount(
      'symptom mart: one row a car and day',
      'truth',
      cars * truth.days.length,
      await rowsOn(warehouse, 'managed_smartcar_symptom_info', truth.days),
    ),
  ]
}

const emergency = z.object({ car: z.string(), day: z.string(), checks: z.string() })

async function statusChecks(warehouse: Rows, truth: StatusTruth, adults: Adults): Promise<Check[]> {
  const list = truth.days.map((_, index) => `$${index + 1}`).join(', ')
  const found = await warehouse.rows(
    `SELECT car_number AS car, biz_date AS day,
       concat_ws(', ', battery_check, break_check, engine_check, light_check, tire_check) AS checks
     FROM managed_smartcar_emergency_check_info WHERE biz_date IN (${list})`,
    emergency,
    [...truth.days],
  )
  return [
    checkCount(
      'status mart: rows of owners of 18 and more',
      'truth',
      adultRows(truth, statusRowsPerDay, adults),
      await rowsOn(warehouse, 'managed_smartcar_status_info', truth.days),
    ),
    checkSame(
      'emergency rows with their checks',
      'truth',
      emergencyTexts(truth, adults),
      found.map(({ car, day, checks }) => `${car} ${day} ${checks}`),
    ),
  ]
}

async function listChecks(
  warehouse: Rows,
  simulation: Simulation,
  adults: Adults,
  context: JobContext,
): Promise<Check[]> {
  const files = simulation.purchases.files.map(({ path }) => path)
  const months = files.flatMap((file) => /_(\d{6})\.txt/.exec(file)?.[1] ?? [])
  let bought = 0
  for (const file of files) bought += await purchasesBy(adults, file, context)
  const list = months.map((_, index) => `$${index + 1}`).join(', ')
  return [
    checkCount(
      'owners',
      'input',
      simulation.master.rows,
      await countOf(warehouse, 'SELECT count(*) AS count FROM smartcar_master'),
    ),
    checkCount(
      'owners of 18 and more',
      'input',
      adults.size,
      await countOf(warehouse, 'SELECT count(*) AS count FROM smartcar_master_over18'),
    ),
    checkCount(
      'purchase mart: rows of owners of 18 and more',
      'input',
      bought,
      await countOf(
        warehouse,
        `SELECT count(*) AS count FROM managed_smartcar_item_buylist_info WHERE biz_month IN (${list})`,
        months,
      ),
    ),
  ]
}

/** What came out against the simulator's truth files and the simulated lists. */
export async function verifySimulation(
  simulation: Simulation,
  ruleFiles: readonly string[],
  context: JobContext,
): Promise<readonly Check[]> {
  const truths = await readTruths(context)
  const sources = new Set(Object.values(simulation).flatMap(({ files }) => files.map(({ sha256 }) => sha256)))
  const manifests = (await readLakeManifests(context)).filter(({ sha256 }) => sources.has(sha256))
  const adults = await adultsOf(simulation.master.files[0]?.path ?? '', context)
  await using warehouse = await openWarehouse(context)
  return [
    ...collectChecks(truths.status, manifests),
    ...collectChecks(truths.drive, manifests),
    ...(await statusChecks(warehouse, truths.status, adults)),
    ...((await hasPilotRule(ruleFiles, context)) ? [await speedingCheck(warehouse, truths.drive)] : []),
    ...(await driveChecks(warehouse, truths.drive, adults)),
    ...(await listChecks(warehouse, simulation, adults, context)),
  ]
}

const sourceTables = {
  status: 'smartcar_status_info',
  drive: 'smartcar_drive_info_2',
  purchases: 'smartcar_item_buylist',
} as const

/** Files that nobody simulated have no truth: every row read must be kept or rejected, and every kept one be readable. */
export async function verifyInput(context: JobContext): Promise<readonly Check[]> {
  const manifests = await readLakeManifests(context)
  await using warehouse = await openWarehouse(context)
  const checks: Check[] = []
  for (const kind of ['status', 'drive', 'purchases'] as const) {
    const rows = lakeRows(manifests, kind)
    if (rows.read === 0) continue
    checks.push(
      checkCount(
        `${kind} lines read = kept, rejected or header`,
        'input',
        rows.read,
        rows.kept + rows.rejected + rows.headers,
      ),
      checkCount(
        `${kind} rows kept = rows of ${sourceTables[kind]}`,
        'input',
        rows.kept,
        await countOf(warehouse, `SELECT count(*) AS count FROM ${sourceTables[kind]}`),
      ),
    )
  }
  return checks
}
