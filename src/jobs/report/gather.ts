import { FailedError } from '../../core/errors.js'
import { readLakeManifests } from '../../core/lake.js'
import type { JobContext } from '../../core/ports.js'
import { openWarehouse } from '../../engines/duckdb/warehouse.js'
import type { Capped, ReportData, SpeedingRule, StageRun } from '../../render/report/data.js'
import { isoDay } from '../../render/report/text.js'
import { loadRules } from '../../rules/catalog.js'
import type { CatalogueEntry } from '../mart/catalogue.js'
import { alertDays } from '../stream/alert-files.js'
import { buildsOf, testsOf } from './builds.js'
import { driveDay } from './drive.js'
import { emergenciesOf } from './emergencies.js'
import { builtDays, fleetOf } from './fleet.js'
import { intakeOf } from './intake.js'
import { purchasesOf } from './purchases.js'
import { lastWork, readRuns, type StageRecord } from './runs.js'
import { speedingOf } from './speeding.js'
import { symptomsOf } from './symptoms.js'

export interface GatherOptions {
  /** Name of the site. */
  readonly site: string
  /** yyyyMMdd; the newest day that was built when left out. */
  readonly day?: string
  /** Rule files or folders of the site, absolute (`stream.rules`). */
  readonly ruleFiles: readonly string[]
}

const alertsTable = 'speeding_alerts'

/** The day to show; throws FailedError when nothing, or not this day, was built. */
function chooseDay(days: readonly { readonly day: string }[], wanted: string | undefined): string {
  const newest = days[0]?.day
  if (newest === undefined) {
    throw new FailedError('REPORT_NOTHING_BUILT', 'there is nothing to report yet: no day was built', {
      hints: ['smartcar pilot makes a whole day', 'or: smartcar collect PATH, then smartcar mart build'],
    })
  }
  if (wanted === undefined || days.some(({ day }) => day === wanted)) return wanted ?? newest
  const known = days.slice(0, 5).map(({ day }) => isoDay(day))
  throw new FailedError('REPORT_DAY_NOT_BUILT', `the day ${isoDay(wanted)} was not built`, {
    hints: [`smartcar mart build --day ${wanted}`, `days that were built, newest first: ${known.join(', ')}`],
  })
}

/** Counts and averages of one day of the site, ready to be drawn. Aggregated in SQL: no row of a log comes here. */
export async function gatherReport(options: GatherOptions, context: JobContext): Promise<ReportData> {
  await using warehouse = await openWarehouse(context)
  const days = await builtDays(warehouse)
  const day = chooseDay(days, options.day)
  const drive = await driveDay(warehouse, day)
  const detected = (await alertDays(context, alertsTable)).some((one) => one.day === day)
  const statusBuilt = days.some((one) => one.day === day && one.statusRows > 0)
  const purchases = await purchasesOf(warehouse, day)
  const builds = await buildsOf(context, day, purchases?.month)
  return {
    site: options.site,
    day,
    fleet: await fleetOf(warehouse, day, days, drive),
    emergencies: await emergenciesOf(warehouse, day, statusBuilt),
    symptoms: await symptomsOf(warehouse, day),
    speeding: await speedingOf(warehouse, day, detected, await speedingRule(options.ruleFiles, context)),
    areas: drive?.areas,
    purchases,
    intake: intakeOf(await readLakeManifests(context)),
    stages: stagesOf(lastWork(await readRuns(context), day), builds),
    tests: testsOf(builds),
  }
}

/** The rule that fills the alerts table; the built-in one unless the site has its own. */
async function speedingRule(ruleFiles: readonly string[], context: JobContext): Promise<SpeedingRule> {
  const found = (await loadRules(ruleFiles, context)).find(({ rule }) => rule.output.table === alertsTable)
  const { condition } = found?.rule.text ?? { condition: '' }
  const limit = /^avg_speed\s*>\s*(\d+(?:\.\d+)?)$/.exec(condition.trim())?.[1]
  return {
    seconds: found?.rule.window.size ?? 0,
    condition,
    limit: limit === undefined ? undefined : Number(limit),
  }
}

/** The stages of the pilot; the builds of single tables stand below the stage that made them. */
function stagesOf(recorded: readonly StageRecord[], builds: readonly CatalogueEntry[]): Capped<StageRun> {
  const rows: StageRun[] = []
  const tables = builds.map(
    ({ table, rows: count, ms }): StageRun => ({ id: `build/${table}`, title: table, inside: true, rows: count, ms }),
  )
  for (const { id, title, rows: count, ms } of recorded) {
    rows.push({ id, title, inside: false, rows: count ?? undefined, ms })
    if (id === 'build') rows.push(...tables.splice(0))
  }
  rows.push(...tables)
  return { rows, total: rows.length }
}
