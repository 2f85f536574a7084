import type { TextCells } from '../../engines/duckdb/text-columns.js'
import { isValid } from '../../engines/duckdb/vectors.js'
import { table } from '../../render/table.js'
import type { ResultColumn, RowWriter } from './rows.js'

const decoder = new TextDecoder()

/**
 * Rows as a table for people; kept until the end, since the widest value decides the width. NULL is shown as NULL.
 * `plain`: the texts of the last column as they are, for the drawings of EXPLAIN.
 */
export function tableWriter(columns: readonly ResultColumn[], plain = false): RowWriter {
  const lines: string[][] = []
  return {
    head: () => new Uint8Array(0),
    rows(cells, count) {
      for (let row = 0; row < count; row++) lines.push(cells.map((cell) => textOf(cell, row)))
      return new Uint8Array(0)
    },
    tail() {
      if (plain) return Buffer.from(lines.map((line) => `${line.at(-1)?.trimEnd()}\n`).join(''))
      const titles = columns.map(({ name, shape }) => ({
        title: name,
        align:
          shape === 'integer' || shape === 'double' || shape === 'decimal' ? ('right' as const) : ('left' as const),
      }))
      return Buffer.from(table(titles, lines))
    },
  }
}

function textOf(cell: TextCells, row: number): string {
  if (!isValid(cell.validity, row)) return 'NULL'
  const from = cell.starts[row] as number
  return decoder.decode(cell.pool.subarray(from, from + (cell.lengths[row] as number)))
}
