/** What an SQL engine writes in its own way; a dialect is pure and knows no mart by name. */
import type { LogicalType, Mart, SourceTable, TableDefinition } from './mart.js'

export const dialectNames = ['duckdb', 'hive', 'impala', 'spark'] as const
export type DialectName = (typeof dialectNames)[number]

export interface OneRowEach {
  readonly table: TableDefinition
  /** Rows with the same values here are the same row. */
  readonly keys: readonly string[]
  /** A condition on the rows to look at. */
  readonly where: string
  /** True when it is known that no key repeats: an engine may then read the table as it is. */
  readonly distinct: boolean
}

export interface Dialect {
  readonly name: DialectName
  type(type: LogicalType): string
  /** A column or table name, quoted where it has to be. Throws BugError for a name that no definition may have. */
  identifier(name: string): string
  /** A value; strings are quoted so that nothing in them can end the literal. */
  literal(value: string | number): string
  /** CREATE TABLE or VIEW, one statement per element, without `;`. `select` is needed for views. */
  create(table: TableDefinition, select?: string): readonly string[]
  /** Makes one partition of an external table known; nothing where folders are found by themselves. */
  addPartition(table: SourceTable, value: string): readonly string[]
  /** Replaces one partition of a mart by the rows of `select`: running it twice leaves the same rows. */
  overwritePartition(mart: Mart, value: string, select: string): readonly string[]
  /**
   * A SELECT in parentheses: of the rows with the same key the greatest one (compared column by column), so that every
   * engine keeps the same row whatever the order in which it reads them.
   */
  oneRowEach(input: OneRowEach): string
}
