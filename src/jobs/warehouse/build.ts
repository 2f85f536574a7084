/** `mart build --engine hive|spark`: the marts in HDFS, one partition at a time, each replaced by one INSERT OVERWRITE. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import { CheckError, throwIfInterrupted } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { Mart, TableDefinition } from '../../core/mart.js'
import type { JobContext } from '../../core/ports.js'
import type { ClusterEngine } from '../../engines/hive/address.js'
import { findMart, martsOf } from '../../marts/registry.js'
import { duration, number, plural } from '../../render/format.js'
import { table as textTable } from '../../render/table.js'
import type { HostsContext } from '../provision/context.js'
import { openWarehouse, type Warehouse } from './engine.js'
import { ensureTables, readSources, type SourceFiles, selectFor } from './tables.js'
import { partitionTests } from './tests.js'

export interface EngineBuildInput {
  readonly engine: ClusterEngine
  readonly marts?: readonly string[]
  readonly from?: string
  readonly to?: string
  readonly month?: string
  readonly full?: boolean
  /** Build also what another engine of the site built last: they share the tables. */
  readonly own?: boolean
  /** Tables that are not as they are defined are put aside and made anew; else they are an error. */
  readonly migrate?: boolean
}

export interface EnginePartition {
  readonly table: string
  readonly partition: string
  readonly status: 'built' | 'unchanged' | 'failed'
  readonly reason: string
  readonly rows: number
  readonly tests: number
  readonly failures: readonly { readonly test: string; readonly failures: number }[]
  readonly ms: number
}

export interface EngineBuildResult {
  readonly engine: ClusterEngine
  readonly partitions: readonly EnginePartition[]
  readonly built: number
  readonly unchanged: number
  readonly ms: number
}

const recordShape = z.object({ fingerprint: z.string(), rows: z.number(), tests: z.number() })
/** Whose rows a partition has: that of the table is one for all engines. */
const builderShape = z.object({ engine: z.string() })

function recordFile(engine: string, mart: string, value: string, context: JobContext): string {
  return path.join(context.layout.state, 'engines', engine, mart, `${value}.json`)
}

const builderFile = (mart: string, value: string, context: JobContext): string =>
  recordFile('builder', mart, value, context)

async function readRecord<T>(file: string, shape: z.ZodType<T>, context: JobContext): Promise<T | undefined> {
  const text = await context.files.readText(file)
  if (text === undefined) return undefined
  try {
    return shape.parse(JSON.parse(text))
  } catch {
    // A damaged record costs one build.
    return undefined
  }
}

async function write(file: string, record: unknown, context: JobContext): Promise<void> {
  await context.files.mkdir(path.dirname(file))
  await context.files.writeAtomic(file, JSON.stringify(record))
}

/** The tables that a mart is made from: sources and other marts, looking through views. */
function madeFrom(warehouse: Warehouse, table: TableDefinition): readonly TableDefinition[] {
  if (table.kind === 'source') return []
  return table.reads.flatMap((name) => {
    const read = warehouse.tables.get(name)
    if (read === undefined) return []
    return read.kind === 'view' ? madeFrom(warehouse, read) : [read]
  })
}

function wantedMarts(warehouse: Warehouse, names: readonly string[]): readonly Mart[] {
  const all = martsOf(warehouse.tables)
  if (names.length === 0) return all
  const chosen = new Set<string>()
  const add = (mart: Mart) => {
    chosen.add(mart.name)
    for (const read of madeFrom(warehouse, mart)) if (read.kind === 'mart') add(read)
  }
  for (const name of names) add(findMart(warehouse.tables, name))
  return all.filter((mart) => chosen.has(mart.name))
}

/** Partition values that have rows: folders of a source by day, or the months that its rows name. */
async function availableValues(
  warehouse: Warehouse,
  mart: Mart,
  sources: SourceFiles,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const driver = warehouse.tables.get(mart.drivenBy)
  if (driver?.kind === 'mart') return availableValues(warehouse, driver, sources, signal)
  const partitions = sources.get(mart.drivenBy)
  if (partitions === undefined) return []
  if (mart.partition.unit === 'day') return [...partitions.keys()].filter((value) => value !== '').sort()
  if (partitions.size === 0) return []
  const { connection, dialect } = warehouse
  const months = await connection.rows(
    `SELECT DISTINCT ${dialect.identifier('month')} FROM ${dialect.identifier(mart.drivenBy)}`,
    { signal },
  )
  return months.flatMap(([month]) => (typeof month === 'string' && /^\d{6}$/.test(month) ? [month] : [])).sort()
}

function inRange(input: EngineBuildInput, value: string): boolean {
  const { from, to, month } = input
  if (from !== undefined && value < from.slice(0, value.length)) return false
  if (to !== undefined && value > to.slice(0, value.length)) return false
  return month === undefined || value.slice(0, 6) === month
}

/** Files that a partition is made from, and the fingerprints of the partitions of other marts. */
function inputsOf(
  warehouse: Warehouse,
  mart: Mart,
  value: string,
  sources: SourceFiles,
  made: ReadonlyMap<string, string>,
): readonly unknown[] {
  return madeFrom(warehouse, mart).flatMap((table): readonly unknown[] => {
    if (table.kind === 'mart') return [made.get(`${table.name}/${value}`) ?? 'absent']
    const files = sources.get(table.name)?.get(table.partition === undefined ? '' : value) ?? []
    return files.map((file) => [file.path, file.length, file.modified] as const)
  })
}

async function runTests(warehouse: Warehouse, mart: Mart, value: string, context: HostsContext) {
  const tests = partitionTests(mart, value, warehouse.dialect)
  const [row = []] = await warehouse.connection.rows(tests.pass.sql, { signal: context.signal })
  const failures = tests.pass.labels.flatMap((test, index) => {
    const count = Number(row[index + 1] ?? 0)
    return count > 0 ? [{ test, failures: count }] : []
  })
  // One statement: on a small cluster the start of each costs more than its work.
  const sets = tests.sets.map(({ count }, index) => `SELECT ${index} AS test, failures FROM (${count}) test_${index}`)
  const counts =
    sets.length === 0 ? [] : await warehouse.connection.rows(sets.join(' UNION ALL '), { signal: context.signal })
  for (const [index, failed] of counts) {
    const label = tests.sets[Number(index)]?.label ?? ''
    if (Number(failed) > 0) failures.push({ test: label, failures: Number(failed) })
  }
  return { rows: Number(row[0] ?? 0), tests: tests.pass.labels.length + tests.sets.length, failures }
}

async function buildOne(
  warehouse: Warehouse,
  mart: Mart,
  value: string,
  reason: string,
  context: HostsContext,
): Promise<EnginePartition> {
  const began = context.clock.monotonic()
  return stage(
    context.emit,
    { id: `${warehouse.engine}:${mart.name}/${value}`, title: `${warehouse.engine}: build ${mart.name} ${value}` },
    async (progress): Promise<EnginePartition> => {
      const select = selectFor(warehouse, mart, value) ?? ''
      for (const statement of warehouse.dialect.overwritePartition(mart, value, select)) {
        await warehouse.connection.execute(statement, {
          signal: context.signal,
          onProgress: ({ done }) => progress(Math.round(done * 100), 'steps', 100),
        })
      }
      const { rows, tests, failures } = await runTests(warehouse, mart, value, context)
      return {
        table: mart.name,
        partition: value,
        status: failures.length > 0 ? 'failed' : 'built',
        reason,
        rows,
        tests,
        failures,
        ms: context.clock.monotonic() - began,
      }
    },
    ({ status, rows, tests, failures }) => ({
      outcome: status === 'failed' ? 'skipped' : 'done',
      summary: status === 'failed' ? `${plural(failures.length, 'test')} failed` : `built: ${reason}`,
      counts: { rows, tests },
    }),
  )
}

/**
 * Builds what is not up to date, in the order of the marts' needs. Unchanged files and SQL are not built again. Throws
 * CheckError when a data test fails (the partition stays, as the engine has no way to look before it replaces),
 * InvalidError for tables of another shape.
 */
export async function buildOnEngine(input: EngineBuildInput, context: HostsContext): Promise<EngineBuildResult> {
  const began = context.clock.monotonic()
  await using warehouse = await openWarehouse(input.engine, context)
  await ensureTables(warehouse, context, { migrate: input.migrate ?? false })
  const sources = await readSources(warehouse, context)
  const made = new Map<string, string>()
  const results: EnginePartition[] = []
  for (const mart of wantedMarts(warehouse, input.marts ?? [])) {
    const shown = await warehouse.connection.rows(`SHOW PARTITIONS ${warehouse.dialect.identifier(mart.name)}`, {
      signal: context.signal,
    })
    const there = new Set(shown.map(([partition]) => String(partition).split('=')[1]))
    const values = await availableValues(warehouse, mart, sources, context.signal)
    for (const value of values.filter((one) => inRange(input, one))) {
      throwIfInterrupted(context.signal)
      const inputs = inputsOf(warehouse, mart, value, sources, made)
      const fingerprint = createHash('sha256')
        .update(JSON.stringify([selectFor(warehouse, mart, value), mart.columns, inputs]))
        .digest('hex')
      made.set(`${mart.name}/${value}`, fingerprint)
      const file = recordFile(input.engine, mart.name, value, context)
      const record = await readRecord(file, recordShape, context)
      const builder = await readRecord(builderFile(mart.name, value, context), builderShape, context)
      const foreign = input.own === true && builder?.engine !== input.engine
      if (input.full !== true && there.has(value) && record?.fingerprint === fingerprint && !foreign) {
        results.push({
          table: mart.name,
          partition: value,
          status: 'unchanged',
          reason: 'same files, same SQL',
          rows: record.rows,
          tests: record.tests,
          failures: [],
          ms: 0,
        })
        continue
      }
      const reason = !there.has(value)
        ? 'no partition yet'
        : input.full === true
          ? 'asked for in full'
          : record === undefined
            ? 'not built from here before'
            : 'other files or SQL'
      const result = await buildOne(warehouse, mart, value, reason, context)
      results.push(result)
      await write(builderFile(mart.name, value, context), { engine: input.engine }, context)
      if (result.status === 'built') await write(file, { fingerprint, rows: result.rows, tests: result.tests }, context)
    }
  }
  const outcome: EngineBuildResult = {
    engine: input.engine,
    partitions: results,
    built: results.filter(({ status }) => status === 'built').length,
    unchanged: results.filter(({ status }) => status === 'unchanged').length,
    ms: context.clock.monotonic() - began,
  }
  const failed = results.filter(({ status }) => status === 'failed')
  if (failed.length > 0) {
    const words = failed.flatMap(({ table, partition, failures }) =>
      failures.map(({ test, failures: count }) => `${table} ${partition}: ${test} (${number(count)})`),
    )
    throw new CheckError('DATA_TESTS_FAILED', `data tests failed on ${input.engine}: ${words.slice(0, 3).join('; ')}`, {
      hints: ['look at the rows with smartcar query, mend the source, and build again'],
      data: { result: outcome },
    })
  }
  return outcome
}

/** The result as a table for people. */
export function engineBuildText({ engine, partitions, built, unchanged, ms }: EngineBuildResult): string {
  const rows = partitions.map(({ table, partition, status, reason, rows: count, tests, ms: took }) => [
    table,
    partition,
    status,
    reason,
    number(count),
    String(tests),
    status === 'unchanged' ? '' : duration(took),
  ])
  const text = textTable(
    [
      { title: 'mart' },
      { title: 'partition' },
      { title: 'status' },
      { title: 'why' },
      { title: 'rows', align: 'right' },
      { title: 'tests', align: 'right' },
      { title: 'time', align: 'right' },
    ],
    rows,
  )
  return `${text}\n${engine}: ${built === 0 ? `unchanged: ${plural(unchanged, 'partition')}` : `${plural(built, 'partition')} built, ${unchanged} unchanged`} in ${duration(ms)}\n`
}
