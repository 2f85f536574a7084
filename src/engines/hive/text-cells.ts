/** Columns of a page as UTF-8 texts in one pool of bytes each: what the writers of answers take. Pure. */
import { floatText, type TextCells, type ValueShape } from '../duckdb/text-columns.js'
import type { HiveValue } from './protocol.js'

/** `decimal(10,2)` to `decimal` */
const family = (type: string): string => type.replace(/\(.*$/, '')

const shapes: Readonly<Record<string, ValueShape>> = {
  boolean: 'plain',
  tinyint: 'integer',
  smallint: 'integer',
  int: 'integer',
  bigint: 'integer',
  float: 'double',
  double: 'double',
  decimal: 'decimal',
}

export const shapeOf = (type: string): ValueShape => shapes[family(type)] ?? 'text'

function valueText(value: NonNullable<HiveValue>, type: string): string {
  if (typeof value !== 'number') return String(value)
  // Spark widens a float to a double on its way here.
  if (type === 'float' && Number.isFinite(value)) return floatText(Math.fround(value))
  return Object.is(value, -0) ? '-0' : String(value)
}

const encoder = new TextEncoder()

export function textCells(values: readonly HiveValue[], type: string): TextCells {
  const starts = new Int32Array(values.length)
  const lengths = new Int32Array(values.length)
  const validity = new Uint8Array(Math.ceil(values.length / 8))
  const texts = values.map((value) => (value === null ? '' : valueText(value, type)))
  // The longest that UTF-8 can get.
  let pool = new Uint8Array(texts.reduce((sum, text) => sum + text.length * 3, 0))
  let at = 0
  for (const [row, text] of texts.entries()) {
    starts[row] = at
    if (values[row] === null) continue
    validity[row >> 3] = (validity[row >> 3] as number) | (1 << (row & 7))
    const { written } = encoder.encodeInto(text, pool.subarray(at))
    lengths[row] = written
    at += written
  }
  pool = pool.subarray(0, at)
  return { pool, starts, lengths, validity }
}

const parquetTypes: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  tinyint: 'TINYINT',
  smallint: 'SMALLINT',
  int: 'INTEGER',
  bigint: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  timestamp: 'TIMESTAMP',
  date: 'DATE',
  binary: 'BLOB',
}

/** The type of a column in DuckDB, which writes Parquet; times of zones, intervals and nested values stay text. */
export function duckdbType(type: string): string {
  if (family(type) === 'decimal') return type.toUpperCase()
  return parquetTypes[type] ?? 'VARCHAR'
}
