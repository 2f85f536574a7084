/** What is in the warehouse right now: `mart list`, `mart show` and `mart docs` look at this. */
import {
  allColumns,
  type Column,
  type DataTest,
  type Mart,
  readsOf,
  type TableDefinition,
  type TableSet,
} from '../../core/mart.js'
import type { JobContext } from '../../core/ports.js'
import { parquetRows } from '../../engines/duckdb/parquet.js'
import { type CollectedFiles, collectedFiles } from '../../marts/inputs.js'
import { storedPartitions } from '../../marts/partitions.js'
import { findTable, loadTables } from '../../marts/registry.js'
import { bytes, number, plural } from '../../render/format.js'
import { table as textTable } from '../../render/table.js'
import { readEntry } from './catalogue.js'
import { testLabels } from './data-tests.js'
import { mapLimited } from './limit.js'
import { type BuildSession, buildSession } from './session.js'

export interface PartitionInfo {
  /** yyyyMMdd or yyyyMM; empty for a table without partitions. */
  readonly partition: string
  /** null: the file cannot be read. */
  readonly rows: number | null
  readonly bytes: number
  /** ISO 8601, marts only. */
  readonly builtAt: string | null
  readonly tests: readonly { readonly test: string; readonly failures: number }[]
}

export interface TableInfo {
  readonly name: string
  readonly kind: TableDefinition['kind']
  readonly note: string
  readonly grain: string
  readonly key: readonly string[]
  readonly partitionedBy: string | null
  readonly columns: readonly Column[]
  readonly reads: readonly string[]
  readonly readBy: readonly string[]
  /** Data tests in words. */
  readonly tests: readonly string[]
  /** Rows that are built or collected; null where they are not counted without reading (views, HBase, alerts). */
  readonly rows: number | null
  readonly partitions: readonly PartitionInfo[]
}

/** All tables in the order of the registry with what is stored of them. Reads footers and manifests, no rows. */
export async function inventory(context: JobContext): Promise<readonly TableInfo[]> {
  await using session = buildSession(context)
  const [tables, collected] = await Promise.all([loadTables(), collectedFiles(context)])
  const found: TableInfo[] = []
  for (const table of tables.values()) found.push(await infoOf(context, session, tables, collected, table))
  return found
}

/** One table. Throws UsageError for an unknown name. */
export async function showTable(name: string, context: JobContext): Promise<TableInfo> {
  await using session = buildSession(context)
  const tables = await loadTables()
  const table = findTable(tables, name)
  return await infoOf(context, session, tables, await collectedFiles(context), table)
}

async function infoOf(
  context: JobContext,
  session: BuildSession,
  tables: TableSet,
  collected: CollectedFiles,
  table: TableDefinition,
): Promise<TableInfo> {
  const partitions =
    table.kind === 'mart' ? await builtPartitions(context, session, table) : collectedPartitions(table, collected)
  const counted = table.kind === 'mart' || (table.kind === 'source' && table.storage.kind === 'lake')
  const tests: readonly DataTest[] = table.kind === 'mart' ? table.tests : []
  return {
    name: table.name,
    kind: table.kind,
    note: table.note,
    grain: table.grain,
    key: table.key ?? [],
    partitionedBy: table.partition?.name ?? null,
    columns: allColumns(table),
    reads: readsOf(table),
    readBy: [...tables.values()].filter((other) => readsOf(other).includes(table.name)).map((other) => other.name),
    tests: testLabels(tests),
    rows: counted ? partitions.reduce((sum, partition) => sum + (partition.rows ?? 0), 0) : null,
    partitions,
  }
}

async function builtPartitions(
  context: JobContext,
  session: BuildSession,
  mart: Mart,
): Promise<readonly PartitionInfo[]> {
  const stored = await storedPartitions(context, mart)
  return mapLimited(32, stored, async ({ value, file, bytes }): Promise<PartitionInfo> => {
    const entry = await readEntry(context, mart, value)
    if (entry !== undefined) {
      return { partition: value, rows: entry.rows, bytes, builtAt: entry.builtAt, tests: entry.tests }
    }
    const connection = await (await session.database()).connect()
    try {
      const rows = await parquetRows(connection, file).catch(() => null)
      return { partition: value, rows, bytes, builtAt: null, tests: [] }
    } finally {
      connection.closeSync()
    }
  })
}

function collectedPartitions(table: TableDefinition, collected: CollectedFiles): readonly PartitionInfo[] {
  if (table.kind !== 'source' || table.storage.kind !== 'lake') return []
  const byValue = new Map<string, PartitionInfo>()
  for (const file of collected[table.storage.record]) {
    const value = file.day ?? ''
    const before = byValue.get(value)
    byValue.set(value, {
      partition: value,
      rows: (before?.rows ?? 0) + file.rows,
      bytes: (before?.bytes ?? 0) + file.bytes,
      builtAt: null,
      tests: [],
    })
  }
  return [...byValue.values()].sort((a, b) => (a.partition < b.partition ? -1 : 1))
}

const span = (partitions: readonly PartitionInfo[]): string => {
  const [first, last] = [partitions[0]?.partition ?? '', partitions.at(-1)?.partition ?? '']
  return first === last ? first : `${first} to ${last}`
}

/** What a person reads after `mart list`. */
export function listText(tables: readonly TableInfo[]): string {
  const rows = tables.map((info) => [
    info.name,
    info.kind,
    info.rows === null ? '-' : number(info.rows),
    info.partitionedBy === null ? '' : number(info.partitions.length),
    span(info.partitions),
    info.note,
  ])
  return textTable(
    [
      { title: 'table' },
      { title: 'kind' },
      { title: 'rows', align: 'right' },
      { title: 'partitions', align: 'right' },
      { title: 'of' },
      { title: 'what' },
    ],
    rows,
  )
}

/** What a person reads after `mart show`. */
export function showText(info: TableInfo): string {
  const facts = [
    `${info.name}: ${info.note}`,
    `one row is ${info.grain}`,
    ...(info.key.length === 0 ? [] : [`key: ${info.key.join(', ')}`]),
    ...(info.partitionedBy === null ? [] : [`partitioned by ${info.partitionedBy}`]),
    ...(info.reads.length === 0 ? [] : [`reads ${info.reads.join(', ')}`]),
    ...(info.readBy.length === 0 ? [] : [`read by ${info.readBy.join(', ')}`]),
  ]
  const columns = textTable(
    [{ title: 'column' }, { title: 'type' }, { title: 'meaning' }],
    info.columns.map((column) => [column.name, column.type, column.note]),
  )
  const tests = info.tests.length === 0 ? '' : `\ndata tests\n${info.tests.map((test) => `  ${test}\n`).join('')}`
  return `${facts.join('\n')}\n\n${columns}${tests}${partitionText(info)}`
}

function partitionText(info: TableInfo): string {
  if (info.partitions.length === 0) return ''
  const rows = info.partitions.map((partition) => {
    const failed = partition.tests.filter((test) => test.failures > 0).length
    return [
      partition.partition,
      partition.rows === null ? 'unreadable' : number(partition.rows),
      bytes(partition.bytes),
      partition.builtAt ?? '',
      partition.tests.length === 0 ? '' : failed === 0 ? `${partition.tests.length} passed` : `${failed} failed`,
    ]
  })
  const columns = [
    { title: info.partitionedBy ?? '' },
    { title: 'rows', align: 'right' as const },
    { title: 'size', align: 'right' as const },
    { title: info.kind === 'mart' ? 'built (UTC)' : '' },
    { title: info.kind === 'mart' ? 'tests' : '' },
  ]
  return `\n${plural(info.partitions.length, 'partition')}\n${textTable(columns, rows)}`
}
