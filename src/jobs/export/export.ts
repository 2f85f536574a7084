import path from 'node:path'
import { throwIfInterrupted, UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { Mart } from '../../core/mart.js'
import type { JobContext } from '../../core/ports.js'
import { openPostgres } from '../../engines/postgres/session.js'
import { shownUrl } from '../../engines/postgres/target.js'
import type { StoredPartition } from '../../marts/partitions.js'
import { findMart, loadTables } from '../../marts/registry.js'
import { plural, rate } from '../../render/format.js'
import { choosePartitions, type PartitionRange } from './partitions.js'
import type { ExportedPartition, ExportResult } from './result.js'
import { chooseTarget, type ExportSetting, reachTarget, type Target } from './target.js'
import { exportFile } from './to-file.js'
import { exportPartition } from './to-postgres.js'

export interface ExportRequest {
  readonly mart: string | undefined
  /** Everything that is built when left out. */
  readonly range?: PartitionRange
  /** `embedded`, `postgres`, `csv`, `parquet`, a target of the site, or a URL without a password; the site's default when left out. */
  readonly to?: string | undefined
  /** Schema of the tables, instead of the target's. */
  readonly schema?: string | undefined
  /** File (for one partition) or folder of CSV and Parquet files. */
  readonly output?: string | undefined
  /** Also what the target holds already. */
  readonly full?: boolean
  /** Drops a table with other columns. */
  readonly recreate?: boolean
}

type Work = (partition: StoredPartition, progress: (rows: number) => void) => Promise<ExportedPartition>

/**
 * Exports partitions of a mart, one after the other, each whole or not at all; what the target holds already is left.
 * Throws UnreachableError when the target does not answer or goes away (what was finished stays), CheckError when a
 * target has other content than the source, FailedError and UsageError for the rest.
 */
export async function exportMart(
  request: ExportRequest,
  setting: ExportSetting,
  context: JobContext,
): Promise<ExportResult> {
  if (request.mart === undefined)
    throw new UsageError('MART_MISSING', 'no mart is named', { hints: ['smartcar mart list names them all'] })
  const mart = findMart(await loadTables(), request.mart)
  const target = chooseTarget(request.to, setting.site, setting.passwords.environment)
  refuseMixtures(request, target)
  const partitions = await choosePartitions(mart, request.range ?? {}, context)
  if (target.kind === 'csv' || target.kind === 'parquet') {
    return exportFiles(mart, target.kind, request, partitions, context)
  }
  await using reached = await reachTarget(target, setting, context)
  const { connection, schema, password } = reached
  await using session = await openPostgres(connection, password, context)
  const input = {
    mart,
    schema: request.schema ?? schema,
    full: request.full ?? false,
    recreate: request.recreate ?? false,
  }
  const done = await eachPartition(mart, partitions, context, (partition, progress) =>
    exportPartition(input, partition, session, context, progress),
  )
  return {
    mart: mart.name,
    kind: 'postgres',
    target: shownUrl(connection),
    table: `${input.schema}.${mart.name}`,
    partitions: done,
  }
}

function refuseMixtures(request: ExportRequest, target: Target): void {
  const isFile = target.kind === 'csv' || target.kind === 'parquet'
  const misplaced = isFile
    ? [request.schema !== undefined && '--schema', request.recreate === true && '--recreate']
    : [request.output !== undefined && '--output']
  const flag = misplaced.find((name) => name !== false)
  if (flag === undefined) return
  throw new UsageError('FLAG_MISPLACED', `${flag} means nothing for ${isFile ? 'a file' : 'a database'}`, {
    hints: [isFile ? `leave ${flag} out` : 'add --to csv or --to parquet to write files'],
  })
}

async function exportFiles(
  mart: Mart,
  format: 'csv' | 'parquet',
  request: ExportRequest,
  partitions: readonly StoredPartition[],
  context: JobContext,
): Promise<ExportResult> {
  const output = path.resolve(request.output ?? path.join(context.layout.exports, mart.name))
  const isFile = output.toLowerCase().endsWith(`.${format}`)
  if (isFile && partitions.length > 1) {
    throw new UsageError('ONE_FILE', `${plural(partitions.length, 'partition')} do not go into one file`, {
      hints: ['choose one with --day or --month, or give a folder with -o'],
    })
  }
  const fileOf = (partition: StoredPartition) =>
    isFile ? output : path.join(output, `${mart.name}_${partition.value}.${format}`)
  const done = await eachPartition(mart, partitions, context, (partition) =>
    exportFile({ mart, format, file: fileOf(partition), full: request.full ?? false }, partition, context),
  )
  return { mart: mart.name, kind: format, target: output, partitions: done }
}

async function eachPartition(
  mart: Mart,
  partitions: readonly StoredPartition[],
  context: JobContext,
  work: Work,
): Promise<readonly ExportedPartition[]> {
  const done: ExportedPartition[] = []
  for (const partition of partitions) {
    throwIfInterrupted(context.signal)
    const id = `export/${mart.name}/${partition.value}`
    const exported = await stage(
      context.emit,
      { id, title: `${mart.name} ${partition.value}` },
      (progress) => work(partition, (rows) => progress(rows, 'rows')),
      (result) => ({
        outcome: result.status === 'exported' ? 'done' : 'unchanged',
        summary: result.status === 'exported' ? `verified${speed(result)}` : 'unchanged',
        counts: { rows: result.rows },
      }),
    )
    done.push(exported)
  }
  return done
}

/** Of a few rows a rate says nothing but how long it takes to begin. */
function speed(result: ExportedPartition): string {
  return result.rows < 100_000 ? '' : `, ${rate(result.rows, result.ms)}`
}
