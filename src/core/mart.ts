/** What a table of the warehouse is, told once; dialects (core/sql.ts) and engines make it real. */
import type { RecordKind } from './layout.js'

/** Types that every engine has under some name. */
export type LogicalType = 'string' | 'integer' | 'bigint' | 'double'

export interface Column {
  readonly name: string
  readonly type: LogicalType
  /** Meaning and unit, for people. */
  readonly note: string
}

/** The one column that a table is cut by; it is a folder name (`biz_date=20200322`), never stored in the files. */
export interface PartitionColumn {
  readonly name: string
  /** `day`: yyyyMMdd, `month`: yyyyMM */
  readonly unit: PartitionUnit
  readonly note: string
}

export type PartitionUnit = 'day' | 'month'

/**
 * A check on the rows of a table, as data. Row tests look at one row, the others at the whole partition that was built.
 * `conserved`: the partition holds exactly the rows of `from` (those whose car stands in `joined.to`, where that is
 * given), one per `key` (every row when `key` is left out): none lost, none twice.
 */
export type DataTest =
  | { readonly test: 'notNull'; readonly columns: readonly string[] }
  | { readonly test: 'accepted'; readonly column: string; readonly values: readonly (string | number)[] }
  | { readonly test: 'between'; readonly column: string; readonly least: number; readonly most: number }
  | {
      readonly test: 'unique'
      readonly columns: readonly string[]
      /** One of the columns, a log time: within a day its clock (00:00:00 to 24:00:00) tells the rows of the others apart. */
      readonly clock?: string
    }
  | { readonly test: 'relationship'; readonly column: string; readonly to: string; readonly toColumn: string }
  | {
      readonly test: 'conserved'
      readonly from: string
      /** Column of `from` that holds the partition's value. */
      readonly fromPartition: string
      readonly joined?: { readonly column: string; readonly to: string; readonly toColumn: string }
      readonly key?: readonly string[]
    }
  | {
      /** A condition that no row may meet, as portable SQL. */
      readonly test: 'never'
      readonly name: string
      readonly condition: string
      /** Portable SQL over aggregates that proves the same more quickly; where it is not true, the rows are looked at. */
      readonly proof?: string
    }

interface Table {
  readonly name: string
  /** One line. */
  readonly note: string
  readonly columns: readonly Column[]
  /** What one row stands for. */
  readonly grain: string
  /** Columns that tell the rows of one partition apart; left out where rows may repeat. */
  readonly key?: readonly string[]
  readonly partition?: PartitionColumn
}

/** Where the rows of a source table come from, in the pilot (`location`, `hbase`) and on one machine. */
export type SourceStorage =
  | {
      readonly kind: 'lake'
      readonly record: RecordKind
      readonly separator: ',' | '|'
      /** The folder in HDFS (pilot.md, section 3). */
      readonly location: string
      /** Byte at which the car number starts in every row, where that is always the same. */
      readonly carAt?: number
      /** Of several rows with the same key only the one of the newest collected file counts. */
      readonly newest?: readonly string[]
    }
  | {
      /** Rows in HBase; on one machine a view over `reads` by the table's template. */
      readonly kind: 'hbase'
      readonly hbaseTable: string
      /** Column of the table to HBase's (`:key` or `family:qualifier`). */
      readonly mapping: Readonly<Record<string, string>>
      readonly reads: readonly string[]
    }
  | {
      /** Written by `stream run` on one machine, a folder a day; in the pilot alerts live in Redis. */
      readonly kind: 'alerts'
      /** The folder in HDFS that `load` brings them to; left out for rules of the user's own. */
      readonly location?: string
    }
  | {
      /** The published variant of the master with a header line and the income; collect does not file it. */
      readonly kind: 'income'
      readonly separator: '|'
      readonly location: string
    }

/** Rows that something else writes. */
export interface SourceTable extends Table {
  readonly kind: 'source'
  readonly storage: SourceStorage
}

/** A saved SELECT over other tables. */
export interface ViewTable extends Table {
  readonly kind: 'view'
  readonly reads: readonly string[]
}

/** Rows that `mart build` makes, one partition at a time. */
export interface Mart extends Table {
  readonly kind: 'mart'
  readonly reads: readonly string[]
  readonly partition: PartitionColumn
  /** The table whose partitions (or rows by month) say which partitions there are to build. */
  readonly drivenBy: string
  readonly tests: readonly DataTest[]
}

export type TableDefinition = SourceTable | ViewTable | Mart

/** Every table by its name, those that are read before those that read them. */
export type TableSet = ReadonlyMap<string, TableDefinition>

/** Names of the tables that a table reads. */
export function readsOf(table: TableDefinition): readonly string[] {
  if (table.kind !== 'source') return table.reads
  return table.storage.kind === 'hbase' ? table.storage.reads : []
}

const alertDay = 'day'

/** A source table as its files are: the day of alerts is the name of their folder. */
export function filesTable(table: SourceTable): SourceTable {
  const day = table.columns.find(({ name }) => name === alertDay)
  if (table.storage.kind !== 'alerts' || day === undefined) return table
  return {
    ...table,
    columns: table.columns.filter((column) => column !== day),
    partition: { name: alertDay, unit: 'day', note: day.note },
  }
}

/** All columns in the order of `SELECT *`: the stored ones, then the partition's. */
export function allColumns(table: TableDefinition): readonly Column[] {
  if (table.partition === undefined) return table.columns
  return [...table.columns, { name: table.partition.name, type: 'string', note: table.partition.note }]
}
