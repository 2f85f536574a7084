/** Tables of the pilot on a cluster's engine: made when absent, compared when there, never dropped. */
import { InvalidError } from '../../core/errors.js'
import { filesTable, type SourceTable, type TableDefinition } from '../../core/mart.js'
import type { JobContext } from '../../core/ports.js'
import { renderSelect } from '../../render/sql.js'
import { filesBelow, type HdfsFile } from '../../services/hdfs/listing.js'
import type { Warehouse } from './engine.js'
import {
  type FoundTable,
  type Migration,
  migrationOf,
  readDescription,
  type SchemaDifference,
  schemaDifference,
} from './schema.js'

/** Tables that this profile has no rows for: HBase's storage handler is in no public artifact. */
export function isOnEngine(table: TableDefinition): boolean {
  if (table.kind !== 'source') return true
  return table.storage.kind === 'lake' || table.storage.kind === 'alerts'
}

export function selectFor(warehouse: Warehouse, table: TableDefinition, value?: string): string | undefined {
  const template = warehouse.templates.get(table.name)
  if (template === undefined) return undefined
  const { tables, dialect } = warehouse
  return renderSelect({ tables, table, template, dialect, distinct: false, ...(value === undefined ? {} : { value }) })
}

/** The table as the engine has it; undefined when there is none. */
async function find(
  { connection, dialect }: Warehouse,
  table: string,
  names: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<FoundTable | undefined> {
  if (!names.has(table)) return undefined
  return readDescription(await connection.rows(`DESCRIBE FORMATTED ${dialect.identifier(table)}`, { signal }))
}

/** Names of tables and views. Spark gives database, name, temporary; Hive the name, and views by a question of their own. */
async function namesOn({ connection, engine }: Warehouse, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const shown = await connection.rows('SHOW TABLES', { signal })
  const views = engine === 'hive' ? await connection.rows('SHOW VIEWS', { signal }) : []
  return new Set([...shown, ...views].map((row) => String(engine === 'spark' ? row[1] : row[0])))
}

interface UnlikeTable {
  readonly definition: TableDefinition
  readonly difference: SchemaDifference
  readonly migration: Migration
}

export interface TablesOptions {
  /** Carry the migration plan out instead of throwing: old tables are put aside, none is dropped. */
  readonly migrate: boolean
}

/**
 * Makes every table and view that is not there. Throws InvalidError TABLE_DIFFERS, with the differences and a plan to
 * migrate, when a table is there that is not as it is defined; nothing is dropped.
 */
export async function ensureTables(
  warehouse: Warehouse,
  context: JobContext,
  { migrate }: TablesOptions = { migrate: false },
): Promise<readonly string[]> {
  const { dialect, tables } = warehouse
  const { signal } = context
  const names = new Set(await namesOn(warehouse, signal))
  const made: string[] = []
  const unlike: UnlikeTable[] = []
  for (const table of tables.values()) {
    if (!isOnEngine(table)) continue
    const found = await find(warehouse, table.name, names, signal)
    const difference = found === undefined ? undefined : schemaDifference(table, found)
    if (found !== undefined && difference !== undefined) {
      const migration = migrationOf(table, difference, found, names, dialect)
      unlike.push({ definition: table, difference, migration })
      if (!migrate) continue
      await carryOut(warehouse, migration, context)
      if (migration.aside === undefined) continue
      names.add(migration.aside)
    } else if (found !== undefined && table.kind !== 'view') continue
    await make(warehouse, table, signal)
    if (table.kind !== 'view') made.push(table.name)
  }
  if (unlike.length > 0 && !migrate) throw tablesDiffer(warehouse, unlike)
  return made
}

async function make(warehouse: Warehouse, table: TableDefinition, signal: AbortSignal): Promise<void> {
  for (const statement of warehouse.dialect.create(table, selectFor(warehouse, table))) {
    if (!statement.startsWith('--')) await warehouse.connection.execute(statement, { signal })
  }
}

async function carryOut(warehouse: Warehouse, migration: Migration, context: JobContext): Promise<void> {
  for (const statement of migration.statements) {
    await warehouse.connection.execute(statement, { signal: context.signal })
    context.emit({ t: 'note', level: 'warn', text: `${warehouse.engine}: ${statement}` })
  }
  context.emit({ t: 'note', level: 'warn', text: `${migration.table}: ${migration.afterwards}` })
}

function tablesDiffer({ engine }: Warehouse, unlike: readonly UnlikeTable[]): InvalidError {
  const one = unlike.length === 1
  return new InvalidError(
    'TABLE_DIFFERS',
    `${one ? 'a table' : `${unlike.length} tables`} of ${engine} ${one ? 'is' : 'are'} not as smartcar defines ${one ? 'it' : 'them'} (- there, + defined)`,
    unlike.map(({ definition, difference, migration }) => ({
      message: difference.lines.join('; '),
      place: { thing: definition.name },
      hint: `plan: ${migration.statements.join('; ')}; ${migration.afterwards}`,
    })),
    {
      hints: [
        `smartcar mart build --engine ${engine} --migrate carries the plan out: old tables are put aside, nothing is dropped`,
      ],
      data: { migrations: unlike.map(({ migration }) => migration) },
    },
  )
}

/** Files of each source table by partition value (empty text for tables without partitions). */
export type SourceFiles = ReadonlyMap<string, ReadonlyMap<string, readonly HdfsFile[]>>

/** What lies in HDFS for the source tables; partitions that have folders are made known to the engine. */
export async function readSources(warehouse: Warehouse, context: JobContext): Promise<SourceFiles> {
  const { cluster, connection, dialect, tables, user } = warehouse
  const sources = new Map<string, ReadonlyMap<string, readonly HdfsFile[]>>()
  for (const table of tables.values()) {
    if (table.kind !== 'source' || !isOnEngine(table)) continue
    if (!('location' in table.storage) || table.storage.location === undefined) continue
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

function partitionValue(definition: SourceTable, path: string): string | undefined {
  const { partition } = filesTable(definition)
  if (partition === undefined) return ''
  return new RegExp(`/${partition.name}=(\\d+)/`).exec(path)?.[1]
}
