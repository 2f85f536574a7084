import { UsageError } from '../../core/errors.js'
import { readLakeManifests } from '../../core/lake.js'
import type { RecordKind } from '../../core/layout.js'
import type { JobContext } from '../../core/ports.js'
import { number, plural } from '../../render/format.js'
import { collect } from '../collect/collect.js'
import { type CollectResult, collectFailure } from '../collect/result.js'
import { exportMart } from '../export/export.js'
import type { ExportResult } from '../export/result.js'
import type { ExportSetting } from '../export/target.js'
import { type BuildInput, type BuildResult, buildMarts } from '../mart/build.js'
import { runStream } from '../stream/run.js'
import type { StageOutcome } from './run.js'

/** What lies in the lake after collecting. */
export interface Collected {
  readonly result: CollectResult
  /** Days (yyyyMMdd) of the files that were given, ascending. */
  readonly days: readonly string[]
  /** Days of these that have drive rows. */
  readonly driveDays: readonly string[]
  readonly kinds: ReadonlySet<RecordKind>
}

/** Files into the lake. A file that is none of the four kinds is said and passed over, unless there is no other. */
export async function collectFiles(paths: readonly string[], context: JobContext): Promise<StageOutcome<Collected>> {
  const result = await collect({ paths }, context)
  const failure = collectFailure(result)
  const useful = result.files.filter(({ status }) => status !== 'failed')
  if (failure !== undefined && useful.length === 0) throw failure
  if (useful.length === 0) {
    const skipped = result.skipped.map(({ path, reason }) => `${path} is passed over: ${reason}`)
    throw new UsageError('NOTHING_TO_COLLECT', `there is no file to collect in ${paths.join(', ')}`, {
      hints: [...skipped.slice(0, 3), 'give status, drive, master or purchase files, or a folder of them'],
    })
  }
  for (const { error } of result.files) {
    if (error === null) continue
    context.emit({ t: 'note', level: 'warn', text: `left out: ${error.message}` })
  }
  const daysOf = (files: CollectResult['files']) => [...new Set(files.flatMap(({ days }) => days))].sort()
  const { collected, kept, read, rejected } = result.totals
  const parts = [
    collected === 0 ? 'unchanged' : `${plural(collected, 'file')}, ${number(kept)} of ${plural(read, 'row')} kept`,
    ...(rejected === 0 ? [] : [`${number(rejected)} rejected`]),
  ]
  return {
    outcome: collected === 0 ? 'unchanged' : 'done',
    summary: parts.join(', '),
    rows: useful.reduce((sum, file) => sum + (file.rows?.read ?? 0), 0),
    value: {
      result,
      days: daysOf(useful),
      driveDays: daysOf(useful.filter(({ kind }) => kind === 'drive')),
      kinds: new Set((await readLakeManifests(context)).map(({ kind }) => kind)),
    },
  }
}

/** The stream rules over every day of drive rows. */
export async function detect(
  days: readonly string[],
  ruleFiles: readonly string[],
  context: JobContext,
): Promise<StageOutcome<undefined>> {
  if (days.length === 0) return { outcome: 'skipped', summary: 'no drive rows', value: undefined }
  let [rows, alerts, unchanged] = [0, 0, true]
  for (const day of days) {
    const result = await runStream({ source: { kind: 'day', day }, ruleFiles }, context)
    rows += result.rows.rows
    alerts += result.rules.reduce((sum, rule) => sum + rule.alerts, 0)
    unchanged &&= result.unchanged
  }
  return {
    outcome: unchanged ? 'unchanged' : 'done',
    summary: `${unchanged ? 'unchanged: ' : ''}${plural(alerts, 'alert')} in ${plural(rows, 'row')}`,
    rows,
    value: undefined,
  }
}

/** The marts of these days, data tests included. Without the master there is no owner, so no row of any mart. */
export async function build(
  selection: BuildInput,
  kinds: ReadonlySet<RecordKind>,
  context: JobContext,
): Promise<StageOutcome<BuildResult | undefined>> {
  if (!kinds.has('master')) return { outcome: 'skipped', summary: 'no car master was collected', value: undefined }
  const missing = (['status', 'drive', 'purchases'] as const).filter((kind) => !kinds.has(kind))
  if (missing.length === 3) return { outcome: 'skipped', summary: 'nothing but a car master', value: undefined }
  for (const kind of missing) {
    context.emit({ t: 'note', level: 'info', text: `no ${kind} file was collected: its marts are left out` })
  }
  const result = await buildMarts(selection, context)
  const tests = result.partitions.reduce((sum, partition) => sum + partition.tests.length, 0)
  const parts = [
    result.built === 0
      ? `unchanged: ${plural(result.unchanged, 'partition')}`
      : `${plural(result.built, 'partition')}, ${plural(result.rows, 'row')}`,
    `${plural(tests, 'test')} passed`,
  ]
  return {
    outcome: result.built === 0 ? 'unchanged' : 'done',
    summary: parts.join(', '),
    rows: result.partitions.reduce((sum, partition) => sum + partition.rows, 0),
    value: result,
  }
}

const exportedMart = 'managed_smartcar_symptom_info'

/** The symptom mart to the site's PostgreSQL (pilot.md, section 6: Sqoop); rows are counted and compared there. */
export async function exportSymptoms(
  days: readonly string[],
  built: BuildResult | undefined,
  setting: ExportSetting,
  context: JobContext,
): Promise<StageOutcome<ExportResult | undefined>> {
  const there = built?.partitions.some(({ table, status }) => table === exportedMart && status !== 'removed') ?? false
  const [from, to] = [days[0], days.at(-1)]
  if (!there || from === undefined || to === undefined) {
    return { outcome: 'skipped', summary: 'no symptom mart was built', value: undefined }
  }
  const result = await exportMart({ mart: exportedMart, range: { from, to } }, setting, context)
  const exported = result.partitions.filter(({ status }) => status === 'exported')
  const rows = result.partitions.reduce((sum, partition) => sum + partition.rows, 0)
  const where = `${result.table ?? exportedMart} of ${result.target}`
  return {
    outcome: exported.length === 0 ? 'unchanged' : 'done',
    summary: exported.length === 0 ? `unchanged: ${where}` : `${plural(rows, 'row')}, verified, in ${where}`,
    rows,
    value: result,
  }
}
