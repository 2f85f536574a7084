/** The rows of an answer, whatever engine gives them. */
import type { TextCells } from '../../engines/duckdb/text-columns.js'
import type { ResultColumn } from './rows.js'

export interface RowChunk {
  readonly rows: number
  /** A column each; overwritten when the next chunk is read. */
  cells(): readonly TextCells[]
}

export interface RowSource {
  readonly columns: readonly (ResultColumn & { readonly type: string })[]
  /** The answer to EXPLAIN: a drawing, no table. */
  readonly isExplained: boolean
  /** undefined at the end. Throws InterruptedError. */
  next(): Promise<RowChunk | undefined>
}
