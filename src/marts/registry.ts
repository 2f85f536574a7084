import { didYouMean } from '../core/did-you-mean.js'
import { UsageError } from '../core/errors.js'
import type { Mart, TableDefinition, TableSet } from '../core/mart.js'

/** Every table of the warehouse; those that are read stand before those that read them. */
const modules: Readonly<Record<string, () => Promise<{ readonly table: TableDefinition }>>> = {
  smartcar_status_info: () => import('./smartcar_status_info/index.js'),
  smartcar_drive_info_2: () => import('./smartcar_drive_info_2/index.js'),
  smartcar_drive_info: () => import('./smartcar_drive_info/index.js'),
  smartcar_master: () => import('./smartcar_master/index.js'),
  smartcar_master_over18: () => import('./smartcar_master_over18/index.js'),
  smartcar_item_buylist: () => import('./smartcar_item_buylist/index.js'),
  smartcar_master2income: () => import('./smartcar_master2income/index.js'),
  speeding_alerts: () => import('./speeding_alerts/index.js'),
  managed_smartcar_status_info: () => import('./managed_smartcar_status_info/index.js'),
  managed_smartcar_drive_info: () => import('./managed_smartcar_drive_info/index.js'),
  smartcar_symptom_scores: () => import('./smartcar_symptom_scores/index.js'),
  managed_smartcar_symptom_info: () => import('./managed_smartcar_symptom_info/index.js'),
  managed_smartcar_emergency_check_info: () => import('./managed_smartcar_emergency_check_info/index.js'),
  managed_smartcar_item_buylist_info: () => import('./managed_smartcar_item_buylist_info/index.js'),
}

export const tableNames: readonly string[] = Object.keys(modules)

/** All definitions in the order of the registry. */
export async function loadTables(): Promise<TableSet> {
  const loaded = await Promise.all(Object.values(modules).map((load) => load()))
  return new Map(loaded.map(({ table }) => [table.name, table]))
}

/** The table of that name; throws UsageError with the nearest name when there is none. */
export function findTable(tables: TableSet, name: string): TableDefinition {
  const table = tables.get(name)
  if (table !== undefined) return table
  throw new UsageError('UNKNOWN_TABLE', `there is no table "${name}"${didYouMean(name, tables.keys())}`, {
    hints: ['smartcar mart list names them all'],
    data: { name },
  })
}

/** The mart of that name; throws UsageError for an unknown name and for a table that is not built. */
export function findMart(tables: TableSet, name: string): Mart {
  const marts = martsOf(tables)
  const mart = marts.find((candidate) => candidate.name === name)
  if (mart !== undefined) return mart
  if (tables.has(name)) {
    throw new UsageError(
      'NOT_A_MART',
      `${name} is a ${findTable(tables, name).kind === 'view' ? 'view' : 'source table'}: there is nothing to build`,
      {
        hints: [`marts are ${marts.map((candidate) => candidate.name).join(', ')}`],
      },
    )
  }
  const near = didYouMean(
    name,
    marts.map((candidate) => candidate.name),
  )
  throw new UsageError('UNKNOWN_MART', `there is no mart "${name}"${near}`, {
    hints: [`marts are ${marts.map((candidate) => candidate.name).join(', ')}`],
    data: { name },
  })
}

export function martsOf(tables: TableSet): readonly Mart[] {
  return [...tables.values()].flatMap((table) => (table.kind === 'mart' ? [table] : []))
}

/** The named tables in the order of the registry, all of them when none is named. */
export function tableOrAll(tables: TableSet, names: readonly string[]): readonly TableDefinition[] {
  const wanted = new Set(names.map((name) => findTable(tables, name)))
  return [...tables.values()].filter((table) => wanted.size === 0 || wanted.has(table))
}
