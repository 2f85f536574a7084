/** What `mart build` would do, and why. Reads, never writes. */
import { isDay, isMonth } from '../../core/calendar.js'
import { FailedError, UsageError } from '../../core/errors.js'
import type { Mart, TableDefinition } from '../../core/mart.js'
import type { JobContext } from '../../core/ports.js'
import type { DuckDB } from '../../engines/duckdb/connect.js'
import { keyValueMetadata, reasonOf } from '../../engines/duckdb/parquet.js'
import { type CollectedFiles, collectedFiles } from '../../marts/inputs.js'
import { type StoredPartition, storedPartitions } from '../../marts/partitions.js'
import { findMart, loadTables, martsOf } from '../../marts/registry.js'
import { loadTemplates } from '../../marts/templates.js'
import { fingerprintFrom, readEntry, type StoredFingerprint } from './catalogue.js'
import {
  type Definitions,
  difference,
  type Fingerprint,
  filesReadBy,
  fingerprintOf,
  known,
  partitionName,
} from './fingerprint.js'
import { mapLimited } from './limit.js'

export interface BuildSelection {
  /** Left out or empty: all marts. */
  readonly marts?: readonly string[]
  /** yyyyMMdd, both included. */
  readonly from?: string
  readonly to?: string
  /** yyyyMM */
  readonly month?: string
  /** Also what is up to date. */
  readonly full?: boolean
}

/** `orphaned`: a partition is there, but nothing is collected any more that it could be made from; `remove` with --prune. */
export type PlannedAction = 'build' | 'unchanged' | 'orphaned' | 'remove'

export interface PlannedPartition {
  readonly table: string
  /** yyyyMMdd or yyyyMM */
  readonly partition: string
  readonly action: PlannedAction
  readonly reason: string
}

export interface PlanItem extends PlannedPartition {
  readonly id: string
  readonly mart: Mart
  readonly wanted: Fingerprint
  /** Is there a partition now, of whatever inputs? */
  readonly exists: boolean
  /** Fingerprint of the file that was there when the plan was made. */
  readonly seen: string | undefined
  /** Ids of the partitions of this plan that must be finished first. */
  readonly needs: readonly string[]
}

export interface Plan extends Definitions {
  readonly collected: CollectedFiles
  /** Partitions before those that are made from them. */
  readonly items: readonly PlanItem[]
}

/** First and last value that the selection allows for days or months; a month overlaps each of its days. */
function rangeOf(selection: BuildSelection): (mart: Mart, value: string) => boolean {
  const { from, to, month } = selection
  for (const day of [from, to]) {
    if (day !== undefined && !isDay(day)) throw new UsageError('DAY_INVALID', `"${day}" is not a day (yyyyMMdd)`)
  }
  if (month !== undefined && !isMonth(month))
    throw new UsageError('MONTH_INVALID', `"${month}" is not a month (yyyyMM)`)
  if (from !== undefined && to !== undefined && from > to) {
    throw new UsageError('RANGE_INVALID', `the first day ${from} is after the last day ${to}`)
  }
  return (_mart, value) => {
    const length = value.length
    if (from !== undefined && value < from.slice(0, length)) return false
    if (to !== undefined && value > to.slice(0, length)) return false
    return month === undefined || value.slice(0, 6) === month
  }
}

/** The wanted marts and every mart that they are made from, in the order of the registry. */
function selectMarts(definitions: Definitions, wanted: readonly string[]): readonly Mart[] {
  const all = martsOf(definitions.tables)
  if (wanted.length === 0) return all
  const chosen = new Set<string>()
  const add = (mart: Mart) => {
    chosen.add(mart.name)
    for (const read of filesReadBy(definitions.tables, mart)) if (read.kind === 'mart') add(read)
  }
  for (const name of wanted) add(findMart(definitions.tables, name))
  return all.filter((mart) => chosen.has(mart.name))
}

/** Every day or month that has collected rows for a mart, in order. */
export function availableValues(definitions: Definitions, mart: Mart, collected: CollectedFiles): readonly string[] {
  const driver = known(definitions.tables, mart.drivenBy)
  if (driver.kind === 'mart') return availableValues(definitions, driver, collected)
  if (driver.kind !== 'source' || driver.storage.kind !== 'lake') return []
  const files = collected[driver.storage.record].filter((file) => file.rows > 0)
  const values = files.flatMap((file) =>
    mart.partition.unit === 'day' ? (file.day === null ? [] : [file.day]) : Object.keys(file.months),
  )
  return [...new Set(values)].sort()
}

/** A source without which every partition would be empty: the master. */
function requireSources(definitions: Definitions, mart: Mart, collected: CollectedFiles): void {
  const missing = filesReadBy(definitions.tables, mart).find(
    (table: TableDefinition) =>
      table.kind === 'source' &&
      table.storage.kind === 'lake' &&
      table.name !== mart.drivenBy &&
      collected[table.storage.record].length === 0,
  )
  if (missing === undefined) return
  throw new FailedError('SOURCE_EMPTY', `${mart.name} cannot be built: nothing is collected for ${missing.name}`, {
    hints: missing.name === 'smartcar_master' ? ['smartcar collect CarMaster.txt'] : ['smartcar collect its files'],
    data: { mart: mart.name, source: missing.name },
  })
}

/** What the file of a partition says it was made from; undefined when there is none. */
export async function storedFingerprint(
  context: JobContext,
  database: () => Promise<DuckDB>,
  mart: Mart,
  stored: StoredPartition,
): Promise<StoredFingerprint> {
  const entry = await readEntry(context, mart, stored.value)
  if (entry !== undefined) return entry
  const connection = await (await database()).connect()
  try {
    return fingerprintFrom(await keyValueMetadata(connection, stored.file))
  } catch (error) {
    return { unreadable: reasonOf(error) }
  } finally {
    connection.closeSync()
  }
}

function decide(
  stored: StoredFingerprint | undefined,
  wanted: Fingerprint,
  full: boolean,
): { action: 'build' | 'unchanged'; reason: string } {
  if (stored === undefined) return { action: 'build', reason: 'no partition yet' }
  if ('unreadable' in stored) return { action: 'build', reason: `the partition cannot be read: ${stored.unreadable}` }
  const reason = difference(stored, wanted)
  if (reason !== undefined) return { action: 'build', reason }
  return full ? { action: 'build', reason: '--full' } : { action: 'unchanged', reason: 'same inputs, same SQL' }
}

/**
 * Compares what is collected with what is built. Throws UsageError for unknown marts and impossible days, FailedError
 * when nothing is collected that the selection could be made from.
 */
export async function planBuild(
  selection: BuildSelection,
  context: JobContext,
  database: () => Promise<DuckDB>,
): Promise<Plan> {
  const tables = await loadTables()
  const definitions: Definitions = { tables, templates: await loadTemplates(context, tables) }
  const marts = selectMarts(definitions, selection.marts ?? [])
  const allowed = rangeOf(selection)
  const collected = await collectedFiles(context)
  const wantedOf = fingerprints(definitions, collected)
  const items: PlanItem[] = []
  for (const mart of marts) {
    const stored = await storedPartitions(context, mart)
    const available = availableValues(definitions, mart, collected).filter((value) => allowed(mart, value))
    const values = [
      ...new Set([...available, ...stored.map((entry) => entry.value).filter((value) => allowed(mart, value))]),
    ]
    if (available.length > 0) requireSources(definitions, mart, collected)
    const known = new Set(available)
    const planned = await mapLimited(32, values.sort(), async (value): Promise<PlanItem> => {
      const file = stored.find((entry) => entry.value === value)
      const found = file === undefined ? undefined : await storedFingerprint(context, database, mart, file)
      const wanted = wantedOf(mart, value)
      const verdict = known.has(value)
        ? decide(found, wanted, selection.full ?? false)
        : { action: 'orphaned' as const, reason: `nothing is collected for it any more` }
      return {
        id: partitionName(mart, value),
        table: mart.name,
        partition: value,
        mart,
        wanted,
        exists: file !== undefined,
        seen: found === undefined || 'unreadable' in found ? undefined : found.fingerprint,
        needs: upstreamOf(definitions, mart).map((upstream) => partitionName(upstream, value)),
        ...verdict,
      }
    })
    items.push(...planned)
  }
  if (!items.some((item) => item.action !== 'orphaned')) refuse(definitions, marts, collected, items)
  return { ...definitions, collected, items }
}

export const upstreamOf = (definitions: Definitions, mart: Mart): readonly Mart[] =>
  filesReadBy(definitions.tables, mart).flatMap((table) => (table.kind === 'mart' ? [table] : []))

/** Fingerprints by partition, each computed once. */
function fingerprints(definitions: Definitions, collected: CollectedFiles): (mart: Mart, value: string) => Fingerprint {
  const cache = new Map<string, Fingerprint>()
  const of = (mart: Mart, value: string): Fingerprint => {
    const id = partitionName(mart, value)
    const cached = cache.get(id)
    if (cached !== undefined) return cached
    const made = fingerprintOf(definitions, mart, value, collected, (upstream, of_) => of(upstream, of_).fingerprint)
    cache.set(id, made)
    return made
  }
  return of
}

function refuse(
  definitions: Definitions,
  marts: readonly Mart[],
  collected: CollectedFiles,
  items: readonly PlanItem[],
): void {
  if (items.length > 0) return
  const available = [...new Set(marts.flatMap((mart) => availableValues(definitions, mart, collected)))].sort()
  if (available.length === 0) {
    throw new FailedError(
      'NOTHING_COLLECTED',
      `nothing is collected that ${marts.map((mart) => mart.name).join(', ')} could be built from`,
      {
        hints: ['smartcar collect PATH files logs into the lake'],
      },
    )
  }
  throw new FailedError('NO_SUCH_PARTITION', 'nothing is collected for the days that were asked for', {
    hints: [`collected are ${listed(available)}`],
    data: { available },
  })
}

const listed = (values: readonly string[]): string =>
  values.length <= 6
    ? values.join(', ')
    : `${values.slice(0, 3).join(', ')}, … ${values.slice(-2).join(', ')} (${values.length})`
