/** One partition into a PostgreSQL table: deleted, copied, compared and committed together, or not at all. */
import { CheckError, FailedError } from '../../core/errors.js'
import type { Mart } from '../../core/mart.js'
import { allColumns } from '../../core/mart.js'
import type { JobContext } from '../../core/ports.js'
import { openDuckDB } from '../../engines/duckdb/connect.js'
import { duckdbDialect } from '../../engines/duckdb/dialect.js'
import { duckdbError } from '../../engines/duckdb/errors.js'
import { loadBindings } from '../../engines/duckdb/vectors.js'
import { copyEncoder } from '../../engines/postgres/copy-text.js'
import {
  addKey,
  checksumQuery,
  commentOn,
  copyFrom,
  createTable,
  postgresName,
  postgresType,
  qualified,
  rowHashVersion,
  tableBytes,
} from '../../engines/postgres/dialect.js'
import type { HashedBy } from '../../engines/postgres/row-hash.js'
import type { PostgresSession } from '../../engines/postgres/session.js'
import { shownUrl } from '../../engines/postgres/target.js'
import type { StoredPartition } from '../../marts/partitions.js'
import { number } from '../../render/format.js'
import { type Fingerprint, fingerprintPartition, requireSameFile } from './partitions.js'
import type { ExportedPartition } from './result.js'

export interface PostgresExport {
  readonly mart: Mart
  readonly schema: string
  /** Also what the target holds already. */
  readonly full: boolean
  /** Drops a table with other columns. */
  readonly recreate: boolean
}

/** Table in the target's schema that remembers what was exported. */
const exportsTable = 'smartcar_exports'
const progressRows = 100_000
/** From here on reading the whole table is quicker than finding the partition's rows in it. */
const largeShare = 0.2

/** Every partition in a transaction of its own: what was committed stays, so a run that was cut off is resumed. */
export async function exportPartition(
  input: PostgresExport,
  partition: StoredPartition,
  session: PostgresSession,
  context: JobContext,
  progress: (rows: number) => void,
): Promise<ExportedPartition> {
  const started = context.clock.monotonic()
  const fingerprint = await fingerprintPartition(input.mart, partition, context)
  const done = await session.transaction(async () => {
    await lockTable(input, session, context)
    await prepareSchema(input, session)
    const isNew = await prepareTable(input, session)
    const known = isNew || input.full ? undefined : await knownExport(input, partition, fingerprint, session)
    if (known !== undefined) return { ...known, status: 'unchanged' as const }
    if (!isNew) await deletePartition(input, partition, session)
    const copied = await copyPartition(input, partition, fingerprint, session, context, progress)
    // One sort instead of a search for each row; nobody else can see the table yet.
    if (isNew) await session.query(`${addKey(input.schema, input.mart)};\n${commentOn(input.schema, input.mart)}`)
    await verify(input, partition, copied, isNew, session)
    await remember(input, partition, fingerprint, copied, session)
    return { rows: copied.rows, checksum: copied.checksum, status: 'exported' as const }
  })
  return { partition: partition.value, ms: Math.round(context.clock.monotonic() - started), ...done }
}

async function lockTable(input: PostgresExport, session: PostgresSession, context: JobContext): Promise<void> {
  const key = `smartcar export ${input.schema}.${input.mart.name}`
  const rows = await session.query<{ free: boolean }>('SELECT pg_try_advisory_xact_lock(hashtext($1)) AS free', [key])
  if (rows[0]?.free === true) return
  context.emit({
    t: 'note',
    level: 'info',
    text: `waiting for another export of ${input.mart.name} into the same target`,
  })
  await session.query('SELECT pg_advisory_xact_lock(hashtext($1))', [key])
}

async function prepareSchema(input: PostgresExport, session: PostgresSession): Promise<void> {
  const found = await session.query<{ schema: string | null; log: string | null }>(
    `SELECT (SELECT nspname FROM pg_namespace WHERE nspname = $1) AS schema,
            (SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename = $2) AS log`,
    [input.schema, exportsTable],
  )
  const statements = [
    ...(found[0]?.schema == null ? [`CREATE SCHEMA ${postgresName(input.schema)}`] : []),
    ...(found[0]?.log == null
      ? [
          `CREATE TABLE ${qualified(input.schema, exportsTable)} (
  mart text, partition text, fingerprint text NOT NULL, rows bigint NOT NULL, checksum text NOT NULL,
  exported_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (mart, partition))`,
          `COMMENT ON TABLE ${qualified(input.schema, exportsTable)} IS 'what smartcar export wrote, by partition'`,
        ]
      : []),
  ]
  if (statements.length > 0) await session.query(statements.join(';\n'))
}

/** Makes the table where there is none; true when it is new and has no key yet. Throws FailedError for other columns. */
async function prepareTable(input: PostgresExport, session: PostgresSession): Promise<boolean> {
  const { mart, schema } = input
  const found = await session.query<{ name: string; type: string }>(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
    [schema, mart.name],
  )
  if (found.length > 0) {
    const differences = compareColumns(mart, new Map(found.map((column) => [column.name, column.type])))
    if (differences.length === 0) return false
    if (!input.recreate) {
      throw new FailedError(
        'EXPORT_TABLE_DIFFERS',
        `the table ${schema}.${mart.name} of ${shownUrl(session.target)} has other columns: ${differences.join(', ')}`,
        {
          hints: [
            '--recreate drops it and makes it anew, with every partition that is exported then',
            'or export into another schema with --schema',
          ],
          data: { differences },
        },
      )
    }
    await session.query(`DROP TABLE ${qualified(schema, mart.name)}`)
  }
  await session.query(createTable(schema, mart))
  await session.query(`DELETE FROM ${qualified(schema, exportsTable)} WHERE mart = $1`, [mart.name])
  return true
}

function compareColumns(mart: Mart, found: ReadonlyMap<string, string>): string[] {
  const wanted = new Map(allColumns(mart).map((column) => [column.name, postgresType(column.type)]))
  return [
    ...[...wanted].flatMap(([name, type]) => {
      const other = found.get(name)
      if (other === undefined) return [`${name} is missing`]
      return other === type ? [] : [`${name} is ${other} instead of ${type}`]
    }),
    ...[...found.keys()].filter((name) => !wanted.has(name)).map((name) => `${name} is too many`),
  ]
}

/** What an earlier export says about this very content, if the target still has as many rows. */
async function knownExport(
  input: PostgresExport,
  partition: StoredPartition,
  fingerprint: Fingerprint,
  session: PostgresSession,
): Promise<{ rows: number; checksum: string } | undefined> {
  const { mart, schema } = input
  const rows = await session.query<{ fingerprint: string; rows: string; checksum: string; now: string }>(
    `SELECT fingerprint, rows::text AS rows, checksum,
       (SELECT count(*)::text FROM ${qualified(schema, mart.name)} WHERE ${postgresName(mart.partition.name)} = $2) AS now
     FROM ${qualified(schema, exportsTable)} WHERE mart = $1 AND partition = $2`,
    [mart.name, partition.value],
  )
  const known = rows[0]
  if (known === undefined || known.fingerprint !== fingerprint.digest || known.rows !== known.now) return undefined
  return { rows: Number(known.rows), checksum: known.checksum }
}

async function deletePartition(input: PostgresExport, partition: StoredPartition, session: PostgresSession) {
  const { mart, schema } = input
  await session.query(`DELETE FROM ${qualified(schema, mart.name)} WHERE ${postgresName(mart.partition.name)} = $1`, [
    partition.value,
  ])
}

interface Copied {
  readonly rows: number
  readonly checksum: string
  readonly by: HashedBy
  /** Part of the table's size that this partition makes up, 0 to 1. */
  readonly share: number
}

async function copyPartition(
  input: PostgresExport,
  partition: StoredPartition,
  fingerprint: Fingerprint,
  session: PostgresSession,
  context: JobContext,
  progress: (rows: number) => void,
): Promise<Copied> {
  const { mart, schema } = input
  const bindings = await loadBindings()
  // One thread is quicker than what PostgreSQL takes in, and leaves it the other cores.
  await using database = await openDuckDB(context, { threads: 1 })
  const connection = await database.connect()
  await connection.run('SET preserve_insertion_order = true')
  const columns = mart.columns.map((column) => duckdbDialect.identifier(column.name)).join(', ')
  const file = duckdbDialect.literal(partition.file)
  const sql = `SELECT ${columns} FROM read_parquet(${file}, hive_partitioning = false)`
  const result = await connection.stream(sql).catch((cause: unknown) => {
    throw duckdbError(context, `${mart.name} ${partition.value}`, cause)
  })
  const by = session.version >= rowHashVersion ? 'rows' : 'columns'
  const before = await sizeOf(input, session)
  const encoder = copyEncoder(
    bindings,
    mart.columns.map((column) => column.type),
    partition.value,
    by,
  )
  // Read ahead while the last chunk is encoded and sent.
  let ahead = result.fetchChunk()
  async function* lines() {
    let told = 0
    for (;;) {
      let chunk: Awaited<typeof ahead>
      try {
        chunk = await ahead
      } catch (cause) {
        throw duckdbError(context, `${mart.name} ${partition.value}`, cause)
      }
      if (chunk === null || chunk.rowCount === 0) return
      ahead = result.fetchChunk()
      ahead.catch(() => {})
      yield encoder.encode(chunk)
      if (encoder.rows - told >= progressRows) {
        told = encoder.rows
        progress(told)
      }
    }
  }
  let counted: number
  try {
    counted = await session.copyIn(copyFrom(schema, mart), lines())
  } finally {
    // The database may be closed only when nothing is being read any more.
    await ahead.catch(() => {})
  }
  progress(encoder.rows)
  await requireSameFile(mart, partition, fingerprint, context)
  if (counted !== encoder.rows)
    throw differs(input, partition, `${number(encoder.rows)} rows sent, ${number(counted)} counted`)
  const after = await sizeOf(input, session)
  const share = after === 0 ? 0 : (after - before) / after
  return { rows: encoder.rows, by, checksum: encoder.checksum, share }
}

async function sizeOf(input: PostgresExport, session: PostgresSession): Promise<number> {
  const found = await session.query<{ bytes: string }>(tableBytes(input.schema, input.mart))
  return Number(found[0]?.bytes)
}

async function verify(
  input: PostgresExport,
  partition: StoredPartition,
  copied: Copied,
  isNew: boolean,
  session: PostgresSession,
): Promise<void> {
  // The planner knows nothing of rows that were just written: it would fetch millions one by one, through the index.
  if (copied.share > largeShare)
    await session.query('SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off')
  const sql = checksumQuery(input.schema, input.mart, copied.by, !isNew)
  const found = await session.query<{ rows: string; checksum: string }>(sql, isNew ? [] : [partition.value])
  const rows = Number(found[0]?.rows)
  if (rows !== copied.rows)
    throw differs(input, partition, `${number(copied.rows)} rows at the source, ${number(rows)} in the table`)
  if (found[0]?.checksum !== copied.checksum)
    throw differs(input, partition, `checksum ${copied.checksum} at the source, ${found[0]?.checksum} in the table`)
}

function differs(input: PostgresExport, partition: StoredPartition, what: string): CheckError {
  return new CheckError(
    'EXPORT_DIFFERS',
    `${input.mart.name} ${partition.value} came out differently in the target: ${what}; it was rolled back`,
    { hints: ['look for a trigger or rule on the table that changes rows', 'then run the same command again'] },
  )
}

async function remember(
  input: PostgresExport,
  partition: StoredPartition,
  fingerprint: Fingerprint,
  copied: Copied,
  session: PostgresSession,
): Promise<void> {
  const table = qualified(input.schema, exportsTable)
  await session.query(`DELETE FROM ${table} WHERE mart = $1 AND partition = $2`, [input.mart.name, partition.value])
  await session.query(
    `INSERT INTO ${table} (mart, partition, fingerprint, rows, checksum) VALUES ($1, $2, $3, $4, $5)`,
    [input.mart.name, partition.value, fingerprint.digest, copied.rows, copied.checksum],
  )
}
