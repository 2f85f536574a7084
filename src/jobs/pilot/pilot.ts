import { CheckError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { number, plural } from '../../render/format.js'
import type { Locale } from '../../render/report/text.js'
import type { ExportResult } from '../export/result.js'
import type { ExportSetting } from '../export/target.js'
import type { BuildResult } from '../mart/build.js'
import { type ReportResult, writeReport } from '../report/report.js'
import type { StageRecord } from '../report/runs.js'
import type { VerifyResult } from '../warehouse/verify.js'
import { type Answer, askQuestions } from './ask.js'
import { type Check, checkCount } from './checks.js'
import type { ClusterStages } from './on-cluster.js'
import { type PilotRun, type StageOutcome, startRun } from './run.js'

import { refuseOtherLogs, type Simulation, type SimulationOptions, simulate, simulatedFiles } from './simulate.js'
import { build, collectFiles, detect, exportSymptoms } from './stages.js'
import { verifyInput, verifySimulation } from './verify.js'

export interface PilotOptions {
  /** Name of the site. */
  readonly site: string
  /** Rule files or folders of the site, absolute. */
  readonly ruleFiles: readonly string[]
  /** What to simulate, or the files (or folders of files) to use instead. */
  readonly source:
    | { readonly kind: 'simulate'; readonly options: SimulationOptions }
    | { readonly kind: 'files'; readonly paths: readonly string[] }
  /** Language in which the report shows first. */
  readonly locale: Locale
  readonly export: ExportSetting
  /** The site's services (profile apache): the marts are also built there, and compared. */
  readonly cluster?: ClusterStages
}

export interface PilotResult {
  /** yyyyMMdd of the rows that went in. */
  readonly days: readonly string[]
  readonly stages: readonly StageRecord[]
  readonly answers: readonly Answer[]
  readonly checks: readonly Check[]
  /** False: everything was there already. */
  readonly changed: boolean
  /** null when no day could be built. */
  readonly report: ReportResult | null
  readonly ms: number
}

interface Input {
  readonly files: readonly string[]
  readonly simulation: Simulation | undefined
}

async function makeInput(run: PilotRun, { source }: PilotOptions, context: JobContext): Promise<Input> {
  if (source.kind === 'files') return { files: source.paths, simulation: undefined }
  const simulation = await run.stage('simulate', 'simulate', (inside) => simulate(source.options, inside))
  await refuseOtherLogs(simulation, context)
  return { files: simulatedFiles(simulation), simulation }
}

/**
 * The whole pilot: simulate (or take files), collect, detect, build, ask, export, report, check. Every stage repairs and
 * continues what an earlier run left, and says `unchanged` when nothing was to do. A check that differs is a result,
 * see `pilotFailure`. Throws FailedError PILOT_DAY_TAKEN when other rows of the simulated days are collected already.
 */
export async function runPilot(options: PilotOptions, context: JobContext): Promise<PilotResult> {
  const started = context.clock.monotonic()
  const run = startRun(context)
  const { files, simulation } = await makeInput(run, options, context)
  const { days, driveDays, kinds } = await run.stage('collect', 'collect', (inside) => collectFiles(files, inside))
  await run.record(days)
  await run.stage('detect', 'detect speeding', (inside) => detect(driveDays, options.ruleFiles, inside))
  await run.record(days)
  const range = { from: days[0] ?? '', to: days.at(-1) ?? '' }
  const built = await run.stage('build', 'build marts', (inside) =>
    build(days.length === 0 ? {} : range, kinds, inside),
  )
  await run.record(days)
  const { cluster } = options
  const compared = cluster === undefined ? undefined : await runOnCluster(run, cluster, days.length === 0 ? {} : range)
  await run.record(days)
  const day = reportDay(built?.partitions ?? [], days)
  const answers = await run.stage('ask', 'ask', (inside) => askQuestions(day, inside))
  const exported = await run.stage('export', 'export', (inside) => exportSymptoms(days, built, options.export, inside))
  await run.record(days)
  const report = await run.stage('report', 'report', (inside) => makeReport(day, options, inside))
  const checks = await run.stage('check', 'check', (inside) =>
    check({ simulation, built, exported, compared }, options.ruleFiles, inside),
  )
  const { stages, changed } = run
  return { days, stages, answers, checks, changed, report, ms: context.clock.monotonic() - started }
}

/** The newest day that has rows in the status or drive mart. */
function reportDay(partitions: readonly { readonly partition: string }[], days: readonly string[]): string | undefined {
  return days.findLast((day) => partitions.some(({ partition }) => partition === day))
}

async function makeReport(
  day: string | undefined,
  options: PilotOptions,
  context: JobContext,
): Promise<StageOutcome<ReportResult | null>> {
  if (day === undefined) return { outcome: 'skipped', summary: 'no day was built', value: null }
  const { site, ruleFiles, locale } = options
  const value = await writeReport({ site, ruleFiles, locale, day }, context)
  return {
    outcome: value.outcome === 'unchanged' ? 'unchanged' : 'done',
    summary: value.outcome === 'unchanged' ? `unchanged: ${value.file}` : value.file,
    value,
  }
}

interface Made {
  readonly simulation: Simulation | undefined
  readonly built: BuildResult | undefined
  readonly exported: ExportResult | undefined
  readonly compared: VerifyResult | undefined
}

/** HDFS by Flume, the engine's marts, and both sides of each compared. */
async function runOnCluster(
  run: PilotRun,
  cluster: ClusterStages,
  range: { readonly from?: string; readonly to?: string },
): Promise<VerifyResult> {
  const { compareStage, engineStage, loadStage } = await import('./on-cluster.js')
  const inside = (emit: JobContext['emit']): ClusterStages => ({ ...cluster, context: { ...cluster.context, emit } })
  await run.stage('load', 'load into HDFS', ({ emit }) => loadStage(inside(emit)))
  await run.stage('engine', `build on ${cluster.engine}`, ({ emit }) => engineStage(inside(emit), range))
  return run.stage('compare', `compare with ${cluster.engine}`, ({ emit }) => compareStage(inside(emit), range))
}

/** A build whose tests fail ends the run; this says how many there were. */
function testCheck({ built }: Made): Check[] {
  const tests = built?.partitions.flatMap((partition) => partition.tests) ?? []
  if (tests.length === 0) return []
  const passed = tests.filter(({ failures }) => failures === 0).length
  return [checkCount('data tests passed', 'input', tests.length, passed)]
}

/** exportMart has compared the contents; here the rows that arrived are those that were built. */
function exportCheck({ built, exported }: Made): Check[] {
  if (exported === undefined) return []
  const rowsIn = (partitions: readonly { readonly rows: number }[]) =>
    partitions.reduce((sum, { rows }) => sum + rows, 0)
  const source = built?.partitions.filter(({ table }) => table === exported.mart) ?? []
  return [checkCount(`${exported.mart} in ${exported.kind}`, 'input', rowsIn(source), rowsIn(exported.partitions))]
}

async function check(
  made: Made,
  ruleFiles: readonly string[],
  context: JobContext,
): Promise<StageOutcome<readonly Check[]>> {
  const { simulation } = made
  const checks = [
    ...(simulation === undefined ? await verifyInput(context) : await verifySimulation(simulation, ruleFiles, context)),
    ...testCheck(made),
    ...exportCheck(made),
    ...(made.compared === undefined ? [] : (await import('./on-cluster.js')).comparisonChecks(made.compared)),
  ]
  const wrong = checks.filter(({ ok }) => !ok).length
  const against = simulation === undefined ? 'the files that were given' : "the simulator's truth files"
  return {
    outcome: 'done',
    looksOnly: true,
    summary:
      wrong === 0
        ? `${plural(checks.length, 'check')} against ${against}, all ok`
        : `${wrong} of ${checks.length} differ`,
    value: checks,
  }
}

/** The error of a run whose checks differ; undefined when all are ok. `data` is the result. */
export function pilotFailure(result: PilotResult): CheckError | undefined {
  const wrong = result.checks.filter(({ ok }) => !ok)
  if (wrong.length === 0) return undefined
  const said = wrong.map(
    ({ what, expected, found, detail }) =>
      `${what}: ${number(expected)} expected, ${number(found)} found${detail === undefined ? '' : ` (${detail})`}`,
  )
  return new CheckError(
    'PILOT_DIFFERS',
    `${wrong.length} of ${plural(result.checks.length, 'check')} differ: ${said.join('; ')}`,
    {
      hints: [
        'a fault of smartcar, unless somebody changed files of this site: try again with --site and a new folder',
      ],
      data: { result },
    },
  )
}
