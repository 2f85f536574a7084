/** One partition: made beside the old one, tested, put in its place by one rename. */
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { CheckError, SmartcarError, throwIfInterrupted } from '../../core/errors.js'
import type { Mart } from '../../core/mart.js'
import type { JobContext, LockHolder } from '../../core/ports.js'
import { parquetOptions } from '../../engines/duckdb/dialect.js'
import { duckdbError } from '../../engines/duckdb/errors.js'
import { parquetRows } from '../../engines/duckdb/parquet.js'
import { martRelation } from '../../engines/duckdb/relations.js'
import { identifier, textLiteral } from '../../engines/duckdb/syntax.js'
import { partitionPath, storedPartition } from '../../marts/partitions.js'
import { type CatalogueEntry, fileMetadata, readEntry, removeEntry, writeEntry } from './catalogue.js'
import { rowsByCar } from './count-rows.js'
import { type DataTestResult, runDataTests } from './data-tests.js'
import { collectedFor, known, partitionName, selectOf } from './fingerprint.js'
import { type Plan, type PlanItem, storedFingerprint, upstreamOf } from './plan.js'
import type { BuildSession } from './session.js'

export interface PartitionResult {
  readonly table: string
  /** yyyyMMdd or yyyyMM */
  readonly partition: string
  readonly status: 'built' | 'unchanged' | 'orphaned' | 'removed'
  readonly reason: string
  readonly rows: number
  readonly bytes: number
  /** Duration of the build, 0 when nothing was built. */
  readonly ms: number
  readonly tests: readonly { readonly test: string; readonly failures: number }[]
}

/** Somebody built in between from other inputs: the plan is no longer true. */
export class StalePlan extends Error {}

export const resultOf = (
  item: Pick<PlanItem, 'table' | 'partition'>,
  status: PartitionResult['status'],
  reason: string,
  entry: Partial<CatalogueEntry> = {},
): PartitionResult => ({
  table: item.table,
  partition: item.partition,
  status,
  reason,
  rows: entry.rows ?? 0,
  bytes: entry.bytes ?? 0,
  ms: status === 'built' ? (entry.ms ?? 0) : 0,
  tests: entry.tests ?? [],
})

/** Holds the partition against other builds; says whom it waits for. */
export async function lockPartition(context: JobContext, mart: Mart, value: string, onWait?: () => void) {
  const name = partitionName(mart, value)
  const tell = (holder: LockHolder) => {
    onWait?.()
    const since = holder.since.slice(11, 19)
    const text = `${name}: waiting for process ${holder.pid} (${holder.purpose}, since ${since} UTC)`
    context.emit({ t: 'note', level: 'info', text })
  }
  const file = path.join(context.layout.locks, `mart-${mart.name}-${value}.lock`)
  return context.files.lock(file, `mart build ${name}`, { signal: context.signal, onWait: tell })
}

/** Removes what a killed build left beside a partition; the caller holds its lock. */
async function removeLeftovers(context: JobContext, mart: Mart, value: string): Promise<void> {
  const file = partitionPath(context, mart, value)
  for (const entry of await context.files.list(path.dirname(file))) {
    if (entry.name.startsWith(`.${path.basename(file)}.`) && entry.name.endsWith('.tmp')) {
      await context.files.remove(entry.path)
    }
  }
}

async function fingerprintNow(context: JobContext, session: BuildSession, mart: Mart, value: string) {
  const stored = await storedPartition(context, mart, value)
  if (stored === undefined) return undefined
  const found = await storedFingerprint(context, () => session.database(), mart, stored)
  return 'unreadable' in found ? undefined : found.fingerprint
}

/** Locks the partitions below; throws StalePlan unless they are those that the plan was made for. */
async function holdUpstream(
  context: JobContext,
  session: BuildSession,
  plan: Plan,
  item: PlanItem,
  held: AsyncDisposable[],
): Promise<void> {
  for (const upstream of upstreamOf(plan, item.mart)) {
    held.push(await lockPartition(context, upstream, item.partition))
    const wanted = item.wanted.inputs.find((input) => input.name === partitionName(upstream, item.partition))
    const found = await fingerprintNow(context, session, upstream, item.partition)
    if (found !== wanted?.digest) throw new StalePlan(partitionName(upstream, item.partition))
  }
}

/**
 * Builds one planned partition. Another build of the same partition is waited for, and then nothing is built twice.
 * Throws CheckError when a data test fails and FailedError when the rows cannot be made; the old partition stays.
 */
export async function buildPartition(
  plan: Plan,
  item: PlanItem,
  session: BuildSession,
  context: JobContext,
  onProgress: (fraction: number) => void,
): Promise<PartitionResult> {
  const held: AsyncDisposable[] = []
  try {
    await holdUpstream(context, session, plan, item, held)
    return await buildLocked(plan, item, session, context, onProgress, held)
  } finally {
    for (const lock of held.reverse()) await lock[Symbol.asyncDispose]()
  }
}

async function buildLocked(
  plan: Plan,
  item: PlanItem,
  session: BuildSession,
  context: JobContext,
  onProgress: (fraction: number) => void,
  held: AsyncDisposable[],
): Promise<PartitionResult> {
  const { mart, partition: value } = item
  let waited = false
  const onWait = () => {
    waited = true
  }
  held.push(await lockPartition(context, mart, value, onWait))
  const now = await fingerprintNow(context, session, mart, value)
  if (now === item.wanted.fingerprint && (waited || item.seen !== now)) {
    return resultOf(item, 'unchanged', 'built meanwhile by another process', await readEntry(context, mart, value))
  }
  if (now !== item.seen) throw new StalePlan(item.id)
  await removeLeftovers(context, mart, value)
  throwIfInterrupted(context.signal)
  const connection = await connect(plan, item, session, context)
  try {
    return resultOf(item, 'built', item.reason, await replace(plan, item, connection, context, onProgress))
  } finally {
    connection.closeSync()
  }
}

async function connect(plan: Plan, item: PlanItem, session: BuildSession, context: JobContext) {
  try {
    return await session.connect(plan, item.mart, item.partition)
  } catch (error) {
    throw error instanceof SmartcarError ? error : duckdbError(context, item.id, error)
  }
}

/** Are the keys of the source likely to differ? Collect counts repeats within a content; across contents they are rare. */
function likelyDistinct(plan: Plan, item: PlanItem): boolean {
  const driver = known(plan.tables, item.mart.drivenBy)
  if (driver.kind !== 'source') return false
  return collectedFor(driver, plan.collected, item.partition).every((file) => file.duplicates === 0)
}

async function replace(
  plan: Plan,
  item: PlanItem,
  connection: DuckDBConnection,
  context: JobContext,
  onProgress: (fraction: number) => void,
): Promise<CatalogueEntry> {
  const { mart, partition: value } = item
  const started = context.clock.monotonic()
  const builtAt = new Date(context.clock.now()).toISOString()
  await using target = await context.files.createAtomic(partitionPath(context, mart, value))
  const attempt = async (distinct: boolean) => {
    const select = selectOf(plan, mart, value, distinct)
    const rows = await copy(connection, select, target.temporaryPath, fileMetadata(item.wanted, builtAt), onProgress)
    return { rows, tests: await testFile(plan, item, connection, context, target.temporaryPath, distinct) }
  }
  let made: { readonly rows: number; readonly tests: readonly DataTestResult[] }
  try {
    const distinct = likelyDistinct(plan, item)
    made = await attempt(distinct)
    // Leaving repeats out costs as much as all the rest: it is done when the test for them says so.
    const repeats = made.tests.some((result) => result.test.startsWith('unique') && result.failures > 0)
    if (distinct && repeats) made = await attempt(false)
  } catch (error) {
    throw error instanceof SmartcarError ? error : duckdbError(context, item.id, error)
  }
  refuseBroken(item, made.tests)
  throwIfInterrupted(context.signal)
  await target.commit()
  return writeEntry(context, mart, {
    partition: value,
    rows: made.rows,
    builtAt,
    ms: context.clock.monotonic() - started,
    ...item.wanted,
    inputs: [...item.wanted.inputs],
    tests: made.tests.map(({ test, failures }) => ({ test, failures })),
  })
}

async function copy(
  connection: DuckDBConnection,
  select: string,
  file: string,
  metadata: Readonly<Record<string, string>>,
  onProgress: (fraction: number) => void,
): Promise<number> {
  const pairs = Object.entries(metadata).map(([key, text]) => `${textLiteral(key)}: ${textLiteral(text)}`)
  await connection.run('SET enable_progress_bar = true; SET enable_progress_bar_print = false')
  let told = 0
  const timer = setInterval(() => {
    const { percentage } = connection.progress
    if (percentage <= told) return
    told = percentage
    onProgress(percentage / 100)
  }, 250)
  try {
    const reader = await connection.runAndReadAll(
      `COPY (\n${select}\n) TO ${textLiteral(file)} (${parquetOptions}, KV_METADATA {${pairs.join(', ')}})`,
    )
    return Number(reader.getRows()[0]?.[0])
  } finally {
    clearInterval(timer)
  }
}

async function testFile(
  plan: Plan,
  item: PlanItem,
  connection: DuckDBConnection,
  context: JobContext,
  file: string,
  distinctSource: boolean,
): Promise<readonly DataTestResult[]> {
  const { mart, partition: value } = item
  const tested = identifier('tested_partition')
  await connection.run(`CREATE OR REPLACE TEMP VIEW ${tested} AS ${martRelation(mart, [file])}`)
  const countedSource = async (name: string) => {
    const table = known(plan.tables, name)
    if (table.kind !== 'source' || table.storage.kind !== 'lake' || table.storage.carAt === undefined) return undefined
    const files = collectedFor(table, plan.collected, value).map((collected) => collected.file)
    return rowsByCar(context, files, table.storage.carAt)
  }
  return runDataTests(connection, { mart, value, tested, distinctSource, countedSource })
}

/** Throws CheckError naming tests and rows when one failed. */
export function refuseBroken(
  item: { readonly table: string; readonly partition: string },
  tests: readonly DataTestResult[],
): void {
  const broken = tests.filter((result) => result.failures > 0)
  if (broken.length === 0) return
  const lines = broken.map((result) => {
    const row = result.sample[0] === undefined ? '' : `, for example ${JSON.stringify(result.sample[0])}`
    return `${result.test}: ${result.failures} failed${row}`
  })
  throw new CheckError('DATA_TEST_FAILED', `${item.table} ${item.partition}: ${lines.join('; ')}`, {
    hints: ['the old partition, if there was one, is kept'],
    place: { thing: `${item.table} ${item.partition}` },
    data: { table: item.table, partition: item.partition, tests: broken },
  })
}

/** Writes the catalogue entry of a partition that has none: the build that made it died before it could. */
export async function repairEntry(
  plan: Plan,
  item: PlanItem,
  session: BuildSession,
  context: JobContext,
): Promise<CatalogueEntry> {
  await using _lock = await lockPartition(context, item.mart, item.partition)
  const connection = await connect(plan, item, session, context)
  try {
    const file = partitionPath(context, item.mart, item.partition)
    const tests = await testFile(plan, item, connection, context, file, false)
    const info = await context.files.stat(file)
    return await writeEntry(context, item.mart, {
      partition: item.partition,
      rows: await parquetRows(connection, file),
      builtAt: new Date(info?.modified ?? context.clock.now()).toISOString(),
      ms: 0,
      ...item.wanted,
      inputs: [...item.wanted.inputs],
      tests: tests.map(({ test, failures }) => ({ test, failures })),
    })
  } catch (error) {
    throw error instanceof SmartcarError ? error : duckdbError(context, item.id, error)
  } finally {
    connection.closeSync()
  }
}

/** Removes a partition whose inputs are gone. */
export async function removePartition(item: PlanItem, context: JobContext): Promise<void> {
  await using _lock = await lockPartition(context, item.mart, item.partition)
  await context.files.removeTree(path.dirname(partitionPath(context, item.mart, item.partition)))
  await removeEntry(context, item.mart, item.partition)
}
