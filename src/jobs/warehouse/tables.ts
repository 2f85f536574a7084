/** Tables of the pilot on a cluster's engine: made when absent, compared when there, never dropped. */
import { InvalidError } from '../../core/errors.js'
import { allColumns, type SourceTable, type TableDefinition } from '../../core/mart.js'
import type { JobContext } from '../../core/ports.js'
import { renderSelect } from '../../render/sql.js'
import { filesBelow, type HdfsFile } from '../../services/hdfs/listing.js'
import type { Warehouse } from './engine.js'

/** Tables that this profile has no rows for: HBase's storage handler is in no public artifact, alerts are in Redis. */
export function isOnEngine(table: TableDefinition): boolean {
  if (table.kind !== 'source') return true
  return table.storage.kind === 'lake'
}

export function selectFor(warehouse: Warehouse, table: TableDefinition, value?: string): string | undefined {
  const template = warehouse.templates.get(table.name)
  if (template === undefined) return undefined
  const { tables, dialect } = warehouse
  return renderSelect({ tables, table, template, dialect, distinct: false, ...(value === undefined ? {} : { value }) })
}

const sameType: Readonly<Record<string, readonly string[]>> = {
  string: ['string', 'varchar'],
  integer: ['int'],
  bigint: ['bigint'],
  double: ['double'],
}

/** Columns of a table as the engine has them, partition columns last; undefined when there is no such table. */
async function describe(
  warehouse: Warehouse,
  table: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string> | undefined> {
  const { connection, dialect } = warehouse
  const names = (await connection.rows(`SHOW TABLES LIKE '${table}'`, { signal })).map((row) => row.map(String))
  // Spark: database, name, temporary; Hive: name.
  if (!names.some((row) => row.includes(table))) return undefined
  const columns = new Map<string, string>()
  for (const [name, type] of await connection.rows(`DESCRIBE ${dialect.identifier(table)}`, { signal })) {
    if (typeof name !== 'string' || name.trim() === '' || name.startsWith('#')) continue
    columns.set(name.trim(), String(type ?? '').trim())
  }
  return columns
}

/** What is there and should not be so, in words, with the statement that mends it where one does. */
function differences(table: TableDefinition, found: ReadonlyMap<string, string>): readonly string[] {
  const wanted = allColumns(table)
  const missing = wanted.filter(({ name }) => !found.has(name)).map(({ name, type }) => `lacks ${name} ${type}`)
  const foreign = [...found.keys()]
    .filter((name) => !wanted.some((column) => column.name === name))
    .map((name) => `has ${name}`)
  const other = wanted.flatMap(({ name, type }) => {
    const is = found.get(name)
    return is === undefined || sameType[type]?.includes(is.replace(/\(.*$/, '')) === true
      ? []
      : [`${name} is ${is} instead of ${type}`]
  })
  return [...missing, ...foreign, ...other]
}

/**
 * Makes every table and view that is not there. Throws InvalidError TABLE_DIFFERS, with the differences and a way to
 * migrate, when a table is there with other columns; nothing is dropped.
 */
export async function ensureTables(warehouse: Warehouse, context: JobContext): Promise<readonly string[]> {
  const { connection, dialect, tables } = warehouse
  const made: string[] = []
  const problems: { message: string; place: { thing: string }; hint: string }[] = []
  for (const table of tables.values()) {
    if (!isOnEngine(table)) continue
    const found = table.kind === 'view' ? undefined : await describe(warehouse, table.name, context.signal)
    if (found !== undefined) {
      const unlike = differences(table, found)
      if (unlike.length > 0) {
        const old = `${table.name}_old`
        problems.push({
          message: `${table.name} ${unlike.join(', ')}`,
          place: { thing: table.name },
          hint:
            table.kind === 'mart'
              ? `ALTER TABLE ${table.name} RENAME TO ${old}; then build it anew, compare, and drop ${old}`
              : `its files are external: DROP TABLE ${table.name} keeps them, and the next build makes the table anew`,
        })
      }
      continue
    }
    for (const statement of dialect.create(table, selectFor(warehouse, table))) {
      if (!statement.startsWith('--')) await connection.execute(statement, { signal: context.signal })
    }
    if (table.kind !== 'view') made.push(table.name)
  }
  if (problems.length > 0) {
    throw new InvalidError(
      'TABLE_DIFFERS',
      `${problems.length === 1 ? 'a table' : `${problems.length} tables`} of ${warehouse.engine} ${problems.length === 1 ? 'is' : 'are'} not as smartcar defines them`,
      problems,
    )
  }
  return made
}

/** Files of each source table by partition value (empty text for tables without partitions). */
export type SourceFiles = ReadonlyMap<string, ReadonlyMap<string, readonly HdfsFile[]>>

/** What lies in HDFS for the source tables; partitions that have folders are made known to the engine. */
export async function readSources(warehouse: Warehouse, context: JobContext): Promise<SourceFiles> {
  const { cluster, connection, dialect, tables, user } = warehouse
  const sources = new Map<string, ReadonlyMap<string, readonly HdfsFile[]>>()
  for (const table of tables.values()) {
    if (table.kind !== 'source' || table.storage.kind !== 'lake') continue
    const files = await filesBelow(cluster, context.http, table.storage.location, user, context.signal)
    const partitions = new Map<string, HdfsFile[]>()
    for (const file of files) {
      const value = partitionValue(table, file.path)
      if (value === undefined) continue
      const known = partitions.get(value)
      if (known === undefined) partitions.set(value, [file])
      else known.push(file)
    }
    for (const value of partitions.keys()) {
      for (const statement of value === '' ? [] : dialect.addPartition(table, value))
        await connection.execute(statement, { signal: context.signal })
    }
    sources.set(table.name, partitions)
  }
  return sources
}

function partitionValue(table: SourceTable, path: string): string | undefined {
  if (table.partition === undefined) return ''
  return new RegExp(`/${table.partition.name}=(\\d+)/`).exec(path)?.[1]
}
