import { FailedError, UsageError } from '../../core/errors.js'
import type { HBase, HBaseRow, TableDescription } from '../../services/hbase/client.js'
import { createSplit, type JavaCommand, type RunOnHost, type SplitAlgorithm } from '../../services/hbase/split.js'

export interface CreateInput {
  readonly table: string
  readonly families: readonly string[]
  readonly regions: number
  readonly split: SplitAlgorithm
  /** The same table that is there already is no error. */
  readonly ifAbsent: boolean
}

/** Makes a table, split into `regions` from the start. `host` is asked for only where there are several. */
export async function createTable(
  hbase: HBase,
  input: CreateInput,
  host: () => { readonly javaCommand: JavaCommand; readonly runOnHost: RunOnHost },
): Promise<TableDescription & { readonly outcome: 'created' | 'unchanged' }> {
  const { table, families, regions } = input
  if (!/^([A-Za-z0-9_][A-Za-z0-9_.-]*:)?[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(table))
    throw new UsageError('HBASE_TABLE_NAME', `"${table}" is no name of a table`, {
      hints: ['letters, digits, _ . and -; a namespace and : may stand before it'],
    })
  for (const family of families)
    if (!/^[\w-]+$/.test(family)) throw new UsageError('HBASE_FAMILY', `"${family}" is no name of a family`)
  if ((await hbase.tables()).includes(table)) return existing(hbase, input)
  if (regions === 1) await hbase.create(table, families)
  else {
    const { javaCommand, runOnHost } = host()
    await createSplit(input, javaCommand, runOnHost)
  }
  return { ...(await hbase.describe(table)), outcome: 'created' }
}

async function existing(hbase: HBase, { table, families, regions, ifAbsent }: CreateInput) {
  const description = await hbase.describe(table)
  const known = description.families.map(({ name }) => name)
  const differs = families.some((name) => !known.includes(name)) || description.regions.length < regions
  if (ifAbsent && !differs) return { ...description, outcome: 'unchanged' as const }
  throw new FailedError(
    'HBASE_TABLE_EXISTS',
    `the table ${table} is there already${differs ? ', with other families or fewer regions' : ''}`,
    {
      hints: [`smartcar hbase describe ${table} shows it`, ...(differs ? [] : ['--if-absent takes it as it is'])],
      data: { ...description },
    },
  )
}

/** Drops a table with its rows; `confirm` has to be its name. */
export async function dropTable(hbase: HBase, table: string, confirm: string | undefined) {
  await hbase.existing(table)
  if (confirm !== table) {
    throw new UsageError(
      confirm === undefined ? 'CONFIRMATION_NEEDED' : 'CONFIRMATION_WRONG',
      confirm === undefined
        ? `this drops ${table} with all its rows, for good`
        : `--confirm ${confirm} is not the name of the table, ${table}`,
      { hints: [`say --confirm ${table}`] },
    )
  }
  await hbase.drop(table)
  return { table }
}

/** One row; HBASE_ROW_ABSENT when it is not there. */
export async function getRow(hbase: HBase, table: string, key: string, columns: readonly string[]): Promise<HBaseRow> {
  const row = await hbase.get(table, key, columns)
  if (row !== undefined) return row
  throw new FailedError(
    'HBASE_ROW_ABSENT',
    `${table} has no row ${key}${columns.length === 0 ? '' : ' with these columns'}`,
    {
      hints: [`smartcar hbase scan ${table} --prefix ${key.slice(0, 8)} --limit 10 shows what is near`],
    },
  )
}
