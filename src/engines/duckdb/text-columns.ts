/** Any column of a result as UTF-8 texts in one pool of bytes: what CSV, JSON and tables are made from. */
import type { DuckDBDataChunk, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { writeAscii, writeBigint, writeDouble, writeInteger } from '../../render/ascii.js'
import { fixedColumn, isValid, type RawBindings, type TextColumn, textColumn, textScratch } from './vectors.js'

/** DuckDB's standard vector size: no chunk has more rows. */
const maxRows = 2048

/** How a value stands in JSON and in a table: `json` is JSON already, `plain` is true or false. */
export type ValueShape = 'integer' | 'double' | 'decimal' | 'plain' | 'text' | 'json'

export type TextCells = Omit<TextColumn, 'inline' | 'bytes'>

/** Reads one column of chunk after chunk. The arrays that it returns are overwritten by its next call. */
export interface ColumnReader {
  readonly shape: ValueShape
  read(chunk: DuckDBDataChunk): TextCells
}

type DuckDBApi = typeof import('@duckdb/node-api')

/**
 * `json`: values inside lists, structs and maps as JSON instead of DuckDB's own text. NULL has length 0 and is not valid.
 */
export function columnReader(
  api: DuckDBApi,
  bindings: RawBindings,
  type: DuckDBType,
  column: number,
  json: boolean,
): ColumnReader {
  const { DuckDBTypeId } = api
  const scratch = textScratch(maxRows)
  const numbers = (
    shape: ValueShape,
    width: number,
    most: number,
    write: (values: DataView, row: number, target: Uint8Array, at: number) => number,
  ): ColumnReader => {
    const pool = new Uint8Array(maxRows * most)
    const { starts, lengths } = scratch
    return {
      shape,
      read(chunk) {
        const rows = chunk.rowCount
        const { bytes, validity } = fixedColumn(bindings, chunk, column, rows, width)
        const values = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        let at = 0
        for (let row = 0; row < rows; row++) {
          starts[row] = at
          if (isValid(validity, row)) at = write(values, row, pool, at)
          lengths[row] = at - (starts[row] as number)
        }
        return { pool, starts, lengths, validity }
      },
    }
  }
  switch (type.typeId) {
    case DuckDBTypeId.VARCHAR:
      return { shape: 'text', read: (chunk) => textColumn(bindings, chunk, column, chunk.rowCount, scratch) }
    case DuckDBTypeId.INTEGER:
      return numbers('integer', 4, 11, (values, row, target, at) =>
        writeInteger(target, at, values.getInt32(row * 4, true)),
      )
    case DuckDBTypeId.BIGINT:
      return numbers('integer', 8, 20, (values, row, target, at) => {
        return writeBigint(target, at, values.getInt32(row * 8, true), values.getInt32(row * 8 + 4, true))
      })
    case DuckDBTypeId.DOUBLE:
      return numbers('double', 8, 24, (values, row, target, at) =>
        writeDouble(target, at, values.getFloat64(row * 8, true)),
      )
    case DuckDBTypeId.BOOLEAN:
      return numbers('plain', 1, 5, (values, row, target, at) =>
        writeAscii(target, at, values.getUint8(row) === 0 ? 'false' : 'true'),
      )
    default:
      return valueReader(api, type, column, json)
  }
}

/** Every other type, by a JavaScript value for each cell: dates, decimals, lists, 128-bit sums, … */
function valueReader(api: DuckDBApi, type: DuckDBType, column: number, json: boolean): ColumnReader {
  const { DuckDBTypeId: id } = api
  const isNested = [id.LIST, id.ARRAY, id.STRUCT, id.MAP, id.UNION].includes(type.typeId)
  const isInteger = [
    id.TINYINT,
    id.SMALLINT,
    id.UTINYINT,
    id.USMALLINT,
    id.UINTEGER,
    id.UBIGINT,
    id.HUGEINT,
    id.UHUGEINT,
    id.BIGNUM,
  ].includes(type.typeId)
  const asJson = json && isNested
  const scalarShape: ValueShape = isInteger
    ? 'integer'
    : type.typeId === id.FLOAT
      ? 'double'
      : type.typeId === id.DECIMAL
        ? 'decimal'
        : 'text'
  const scratch = textScratch(maxRows)
  const encoder = new TextEncoder()
  const texts = (chunk: DuckDBDataChunk): (string | null)[] => {
    if (asJson) {
      const values = chunk.convertColumnValues(column, api.JsonDuckDBValueConverter)
      return values.map((value) => (value === null ? null : JSON.stringify(value)))
    }
    return chunk.getColumnValues(column).map((value) => valueText(value, type.typeId === id.FLOAT))
  }
  return {
    shape: asJson ? 'json' : scalarShape,
    read(chunk) {
      const { starts, lengths } = scratch
      const values = texts(chunk)
      const encoded = values.map((text) => (text === null ? undefined : encoder.encode(text)))
      const total = encoded.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0)
      if (scratch.pool.length < total) scratch.pool = new Uint8Array(total * 2)
      const validity = new Uint8Array(Math.ceil(values.length / 8))
      let at = 0
      for (const [row, bytes] of encoded.entries()) {
        starts[row] = at
        lengths[row] = bytes?.length ?? 0
        if (bytes === undefined) continue
        validity[row >> 3] = (validity[row >> 3] as number) | (1 << (row & 7))
        scratch.pool.set(bytes, at)
        at += bytes.length
      }
      return { pool: scratch.pool, starts, lengths, validity }
    },
  }
}

function valueText(value: DuckDBValue, isFloat: boolean): string | null {
  if (value === null || value === undefined) return null
  return isFloat && typeof value === 'number' ? floatText(value) : String(value)
}

/** The shortest text that reads back as the same 32-bit float: 0.1 and not 0.10000000149011612. */
export function floatText(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits))
    if (Math.fround(text) === value) return String(text)
  }
  return String(Number(value.toPrecision(9)))
}
