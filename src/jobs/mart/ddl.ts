/** The SQL of the warehouse in the words of an engine. */

import { isDay, isMonth } from '../../core/calendar.js'
import { UsageError } from '../../core/errors.js'
import type { TableDefinition, TableSet } from '../../core/mart.js'
import type { JobContext } from '../../core/ports.js'
import type { Dialect } from '../../core/sql.js'
import { loadDialect } from '../../engines/registry.js'
import { loadTables, tableOrAll } from '../../marts/registry.js'
import { loadTemplates, type MartTemplates } from '../../marts/templates.js'
import { placeholder, renderSelect } from '../../render/sql.js'

export interface TableSql {
  readonly table: string
  readonly dialect: string
  /** Statements that make the table, without `;`. */
  readonly create: readonly string[]
  /** Statements that make one partition of an external table known. */
  readonly addPartition: readonly string[]
  /** Statements that replace one partition of a mart; empty for what is not built. */
  readonly build: readonly string[]
}

export interface DdlInput {
  /** Left out or empty: all tables. */
  readonly tables?: readonly string[]
  /** duckdb, hive, impala or spark. */
  readonly dialect: string
  /** yyyyMMdd; left out: a placeholder such as `${biz_date}` that Hive and Oozie fill in. */
  readonly day?: string
  /** yyyyMM; left out: the month of the day, or a placeholder. */
  readonly month?: string
  /** The SQL for sources in which no key repeats (see OneRowEach); what a build runs first. */
  readonly distinct?: boolean
}

/** SQL of tables in the order of the registry. Throws UsageError for an unknown table or dialect, or a day that is none. */
export async function tableSql(
  input: DdlInput,
  context: Pick<JobContext, 'files' | 'templates'>,
): Promise<readonly TableSql[]> {
  requireDays(input)
  const [tables, dialect] = await Promise.all([loadTables(), loadDialect(input.dialect)])
  const wanted = tableOrAll(tables, input.tables ?? [])
  const templates = await loadTemplates(context, tables)
  return wanted.map((table) => sqlOf(table, { tables, templates, dialect }, input))
}

function requireDays(input: DdlInput): void {
  if (input.day !== undefined && !isDay(input.day)) throw new UsageError('DAY_INVALID', `"${input.day}" is not a day`)
  if (input.month !== undefined && !isMonth(input.month)) {
    throw new UsageError('MONTH_INVALID', `"${input.month}" is not a month`)
  }
}

function sqlOf(
  table: TableDefinition,
  known: { readonly tables: TableSet; readonly templates: MartTemplates; readonly dialect: Dialect },
  input: DdlInput,
): TableSql {
  const { dialect, tables, templates } = known
  const template = templates.get(table.name)
  const wanted = table.partition?.unit === 'month' ? (input.month ?? input.day?.slice(0, 6)) : input.day
  const partition = wanted ?? placeholder(table)
  const select =
    template === undefined
      ? undefined
      : renderSelect({ tables, table, template, dialect, value: partition, distinct: input.distinct ?? false })
  return {
    table: table.name,
    dialect: dialect.name,
    create: dialect.create(table, select),
    addPartition: table.kind === 'source' ? dialect.addPartition(table, partition) : [],
    build: table.kind === 'mart' && select !== undefined ? dialect.overwritePartition(table, partition, select) : [],
  }
}

/** Statements with `;`, ready for a client of the engine. */
export function ddlText(all: readonly TableSql[]): string {
  const statements = all.flatMap((table) => [...table.create, ...table.addPartition, ...table.build])
  return statements.map((statement) => `${statement}${statement.startsWith('--') ? '' : ';'}\n`).join('\n')
}
