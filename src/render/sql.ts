/** The SQL of tables: templates/marts/<table>/build.sql.eta in one of the dialects. Pure. */
import { BugError } from '../core/errors.js'
import { allColumns, type Column, filesTable, type TableDefinition, type TableSet } from '../core/mart.js'
import type { Dialect, OneRowEach } from '../core/sql.js'
import { renderTemplate } from './template.js'

/** Stands for the partition in SQL that is shown, not run; Hive and Oozie put a variable of that name in. */
export function placeholder(table: TableDefinition): string {
  const { partition } = table.kind === 'source' ? filesTable(table) : table
  return `\${${partition?.name ?? 'partition'}}`
}

export interface SelectInput {
  readonly tables: TableSet
  readonly table: TableDefinition
  /** Text of the table's template. */
  readonly template: string
  readonly dialect: Dialect
  /** yyyyMMdd or yyyyMM for marts. */
  readonly value?: string
  /** See OneRowEach.distinct. */
  readonly distinct?: boolean
}

/**
 * The SELECT of a mart, a view or a derived source table. Templates use: `it.id(column)` and `it.table(name)` (quoted),
 * `it.value` (the partition as a literal), `it.oneRowEach(table, keys, condition)`. Throws BugError for an unknown table.
 */
export function renderSelect(input: SelectInput): string {
  const { dialect, tables, table } = input
  const known = (name: string): TableDefinition => {
    const found = tables.get(name)
    if (found === undefined) throw new BugError(`the template of ${table.name} reads an unknown table "${name}"`)
    return found
  }
  const helpers = {
    id: (name: string) => dialect.identifier(name),
    table: (name: string) => dialect.identifier(known(name).name),
    ...(table.kind === 'mart' ? { value: dialect.literal(input.value ?? placeholder(table)) } : {}),
    oneRowEach: (name: string, keys: readonly string[], where: string) =>
      dialect.oneRowEach({ table: known(name), keys, where, distinct: input.distinct ?? false }),
  }
  return renderTemplate(input.template, helpers).trim()
}

/** `a`, `b`, … of a table, quoted, for a SELECT list. */
export function columnList(dialect: Pick<Dialect, 'identifier'>, columns: readonly Column[], alias?: string): string {
  return columns
    .map((column) => `${alias === undefined ? '' : `${alias}.`}${dialect.identifier(column.name)}`)
    .join(', ')
}

const namePattern = /^[a-z][a-z0-9_]*$/

/** Every identifier is quoted: what is reserved differs by engine and version. */
export function quotedIdentifier(quote: '"' | '`', name: string): string {
  if (!namePattern.test(name)) throw new BugError(`"${name}" is no name for a table or column`)
  return `${quote}${name}${quote}`
}

/** The rows with the same key numbered from the greatest one; every engine has this window function. */
export function oneRowByNumber(dialect: Pick<Dialect, 'identifier'>, input: OneRowEach): string {
  const columns = allColumns(input.table).filter((column) => column.name !== input.table.partition?.name)
  const list = columnList(dialect, columns)
  const rest = columns.filter((column) => !input.keys.includes(column.name))
  const order = rest.map((column) => `${dialect.identifier(column.name)} DESC`).join(', ')
  const keys = input.keys.map((key) => dialect.identifier(key)).join(', ')
  return `(
  SELECT ${list}
  FROM (
    SELECT ${list}, ROW_NUMBER() OVER (PARTITION BY ${keys} ORDER BY ${order}) AS row_rank
    FROM ${dialect.identifier(input.table.name)}
    WHERE ${input.where}
  ) ranked
  WHERE row_rank = 1
)`
}
