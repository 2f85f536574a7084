/** The warehouse to read from: every source table and mart as a view of an in-memory DuckDB over the site's files. */
import path from 'node:path'
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import type { z } from 'zod'
import { isDay } from '../../core/calendar.js'
import { BugError, FailedError, throwIfInterrupted } from '../../core/errors.js'
import type { Mart, SourceTable, TableDefinition, TableSet } from '../../core/mart.js'
import type { JobContext } from '../../core/ports.js'
import { type CollectedFiles, collectedFiles } from '../../marts/inputs.js'
import { storedPartitions } from '../../marts/partitions.js'
import { loadTables } from '../../marts/registry.js'
import { loadTemplates, type MartTemplates } from '../../marts/templates.js'
import { renderSelect } from '../../render/sql.js'
import { type DuckDBOptions, openDuckDB } from './connect.js'
import { duckdbDialect } from './dialect.js'
import { damagedFile } from './lake-check.js'
import { reasonOf } from './parquet.js'
import {
  brokenRelation,
  emptyRelation,
  lakeRelation,
  martRelation,
  ownAlertsRelation,
  uncheckedRelation,
} from './relations.js'
import { plainValue } from './values.js'

export type QueryParameters = DuckDBValue[] | Record<string, DuckDBValue>

export interface Warehouse extends AsyncDisposable {
  /** Has a view for every table of the registry and every other alerts table; closed when the warehouse is disposed. */
  readonly connection: DuckDBConnection
  /** Definitions by name: columns, grain, what reads what. */
  readonly tables: TableSet
  /** Another connection to the same database (the same views), for work side by side. */
  connect(): Promise<DuckDBConnection>
  /**
   * Runs a query and checks every row. Values are plain: whole numbers that fit are numbers, larger ones bigint.
   * Parameters: `$1`, `$2` from an array or `$name` from an object. Throws FailedError WAREHOUSE_QUERY_FAILED when
   * DuckDB refuses, BugError when a row does not fit the schema.
   */
  rows<T>(sql: string, schema: z.ZodType<T>, parameters?: QueryParameters): Promise<T[]>
}

/**
 * Opens the warehouse of a site. Tables without data are empty views with the right columns; a table whose files are
 * missing or damaged says so when it is read, the others stay usable. The set of files is that of the moment of
 * opening; a partition that is rebuilt meanwhile is read old or new, never in between.
 */
export async function openWarehouse(context: JobContext, options: DuckDBOptions = {}): Promise<Warehouse> {
  const [tables, collected] = await Promise.all([loadTables(), collectedFiles(context)])
  const templates = await loadTemplates(context, tables)
  const database = await openDuckDB(context, options)
  try {
    const connection = await database.connect()
    for (const table of tables.values()) {
      const cure = table.kind === 'mart' ? `smartcar mart build ${table.name} makes it anew` : 'collect its files again'
      await createView(connection, table, await relation(context, { tables, templates, collected }, table), cure)
    }
    await addOwnAlerts(context, connection, tables)
    // DuckDB crashes when it is closed under a running query, for instance by a `return` without `await`.
    const running = new Set<Promise<unknown>>()
    return {
      connection,
      tables,
      connect: () => database.connect(),
      rows: (sql, schema, parameters) => {
        const rows = readRows(context, connection, sql, schema, parameters)
        running.add(rows)
        const done = () => running.delete(rows)
        rows.then(done, done)
        return rows
      },
      async [Symbol.asyncDispose]() {
        await Promise.allSettled(running)
        await database[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

interface Known {
  readonly tables: TableSet
  readonly templates: MartTemplates
  readonly collected: CollectedFiles
}

async function relation(context: JobContext, known: Known, table: TableDefinition): Promise<string> {
  if (table.kind === 'mart') return martFiles(context, table)
  if (table.kind === 'source' && table.storage.kind !== 'hbase') return sourceFiles(context, table, known.collected)
  const template = known.templates.get(table.name)
  if (template === undefined) throw new BugError(`${table.name} has no template`)
  return renderSelect({ tables: known.tables, table, template, dialect: duckdbDialect })
}

async function martFiles(context: JobContext, mart: Mart): Promise<string> {
  const partitions = await storedPartitions(context, mart)
  return martRelation(
    mart,
    partitions.map((partition) => partition.file),
  )
}

const soundCar = { column: 'car_number', pattern: '[A-Z]\\d{4}' }

async function sourceFiles(context: JobContext, table: SourceTable, collected: CollectedFiles): Promise<string> {
  const { storage } = table
  if (storage.kind === 'lake') {
    const files = collected[storage.record]
    const damage = await damagedFile(context, files)
    return damage === undefined
      ? lakeRelation(
          table,
          files.map((entry) => entry.file),
        )
      : brokenRelation(table, damage.message)
  }
  if (storage.kind === 'alerts') {
    return uncheckedRelation(table, await alertFiles(context, table.name), ',', soundCar, 'day')
  }
  if (storage.kind === 'income') {
    return uncheckedRelation(table, await incomeFiles(context), storage.separator, soundCar)
  }
  return emptyRelation(table)
}

/** `alerts/<table>/day=yyyyMMdd/alerts.csv`, written by `stream run`. */
async function alertFiles(context: JobContext, table: string): Promise<readonly string[]> {
  const folders = (await context.files.list(path.join(context.layout.alerts, table))).filter(
    (entry) => entry.kind === 'directory' && entry.name.startsWith('day=') && isDay(entry.name.slice(4)),
  )
  const files = await Promise.all(folders.map((folder) => context.files.stat(path.join(folder.path, 'alerts.csv'))))
  return files.flatMap((file) => (file?.kind === 'file' ? [file.path] : []))
}

/** What every alerts table has; stands for one whose files cannot be read. */
const ownAlerts: Omit<SourceTable, 'name'> = {
  kind: 'source',
  note: 'alerts of a rule of the user',
  columns: [{ name: 'car_number', type: 'string', note: '' }],
  grain: 'one car in one window',
  storage: { kind: 'alerts' },
}

/** A view for every other alerts table: rules of the user's own write them. */
async function addOwnAlerts(context: JobContext, connection: DuckDBConnection, tables: TableSet): Promise<void> {
  for (const folder of await context.files.list(context.layout.alerts)) {
    if (folder.kind !== 'directory' || !/^[a-z][a-z0-9_]{0,62}$/.test(folder.name) || tables.has(folder.name)) continue
    const files = await alertFiles(context, folder.name)
    if (files.length === 0) continue
    const table: SourceTable = { ...ownAlerts, name: folder.name }
    await createView(connection, table, ownAlertsRelation(files), 'smartcar stream run writes it again')
  }
}

/** CarMaster2Income*.txt where the simulator and users put it: the landing folder and the lake. */
async function incomeFiles(context: JobContext): Promise<readonly string[]> {
  const folders = [context.layout.landing, path.join(context.layout.lake, 'car-master2income')]
  const entries = (await Promise.all(folders.map((folder) => context.files.list(folder)))).flat()
  return entries
    .filter((entry) => entry.kind === 'file' && /^carmaster2income(?!.*test).*\.(txt|log|csv)$/i.test(entry.name))
    .map((entry) => entry.path)
}

async function createView(
  connection: DuckDBConnection,
  table: TableDefinition,
  select: string,
  cure: string,
): Promise<void> {
  const head = `CREATE VIEW ${duckdbDialect.identifier(table.name)} AS `
  try {
    await connection.run(head + select)
  } catch (error) {
    // DuckDB opens the first file when it makes the view.
    await connection.run(head + brokenRelation(table, `${table.name} cannot be read (${reasonOf(error)}): ${cure}`))
  }
}

/** Failures that are the statement's own, whatever the files hold. */
const ofStatement = /^(Parser|Binder|Catalog|Conversion) Error/

/** See Warehouse.rows; for connections that are not the warehouse's own. */
export async function readRows<T>(
  context: Pick<JobContext, 'signal'>,
  connection: DuckDBConnection,
  sql: string,
  schema: z.ZodType<T>,
  parameters?: QueryParameters,
): Promise<T[]> {
  const read = async () => (await connection.runAndReadAll(sql, parameters)).getRowObjectsJS().map(plainValue)
  let found: unknown[]
  try {
    found = await read().catch((cause: unknown) => {
      throwIfInterrupted(context.signal)
      if (ofStatement.test(reasonOf(cause))) throw cause
      // Perhaps a partition was replaced between its footer and its rows, for which DuckDB has many words: then the
      // second look finds the new file whole.
      return read()
    })
  } catch (cause) {
    throwIfInterrupted(context.signal)
    const reason = reasonOf(cause)
    const hints = reason.includes('.parquet') ? ['smartcar mart build makes a damaged partition anew'] : []
    throw new FailedError('WAREHOUSE_QUERY_FAILED', reason, { cause, hints })
  }
  return found.map((row) => {
    const parsed = schema.safeParse(row)
    if (parsed.success) return parsed.data
    throw new BugError(`a row of the warehouse is not as expected: ${parsed.error.message}`, { cause: parsed.error })
  })
}
