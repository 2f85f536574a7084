/** Rows of a DuckDB result as the bytes of PostgreSQL's COPY text format, with their checksum. */
import type { DuckDBDataChunk } from '@duckdb/node-api'
import type { LogicalType } from '../../core/mart.js'
import { writeBigint, writeDouble, writeInteger } from '../../render/ascii.js'
import {
  fixedColumn,
  isValid,
  type RawBindings,
  type TextColumn,
  textColumn,
  textScratch,
  type Validity,
} from '../duckdb/vectors.js'
import { type HashedBy, rowHash } from './row-hash.js'

export interface CopyEncoder {
  /** Lines for all rows of a chunk whose columns have the types given to `copyEncoder`. */
  encode(chunk: DuckDBDataChunk): Uint8Array
  readonly rows: number
  /** Of the rows so far, as checksumQuery gives it for them. */
  readonly checksum: string
}

type Source =
  | { readonly type: 'integer'; readonly values: Int32Array; readonly validity: Validity }
  | { readonly type: 'bigint'; readonly words: Int32Array; readonly validity: Validity }
  | { readonly type: 'double'; readonly values: Float64Array; readonly validity: Validity }
  | ({ readonly type: 'text' } & TextColumn)

/** DuckDB's standard vector size: no chunk has more rows. */
const maxRows = 2048

/** Longest text of a value that is not a string: -1.7976931348623157e+308 */
const numberBytes = 24
/** Memory is taken in pieces of this size: a piece for each chunk keeps the garbage collector busy. */
const slabBytes = 1 << 22
const tab = 9
const newline = 10
const backslash = 92

/** What stands behind the backslash for a byte that has to be escaped: itself, t, n, r; else 0. */
const escapes = new Uint8Array(256)
escapes[backslash] = backslash
escapes[tab] = 116
escapes[newline] = 110
escapes[13] = 114

/**
 * `types`: those of the result's columns; `constant`: the value of one more column behind them, the partition's.
 * Numbers are written with as many digits as tell them apart, so PostgreSQL reads the very same double.
 */
export function copyEncoder(
  bindings: RawBindings,
  types: readonly LogicalType[],
  constant: string,
  by: HashedBy,
): CopyEncoder {
  const hash = rowHash(types.length + 1, maxRows, by)
  const scratches = types.map(() => textScratch(maxRows))
  const constantBytes = Buffer.from(constant)
  let slab = Buffer.allocUnsafeSlow(slabBytes)
  let used = 0
  let rows = 0

  const source = (chunk: DuckDBDataChunk, column: number, count: number): Source => {
    const type = types[column]
    if (type === 'string') {
      const scratch = scratches[column] ?? textScratch(maxRows)
      return { type: 'text', ...textColumn(bindings, chunk, column, count, scratch) }
    }
    const { bytes, validity } = fixedColumn(bindings, chunk, column, count, type === 'integer' ? 4 : 8)
    if (type === 'integer') return { type, values: new Int32Array(bytes.buffer, bytes.byteOffset, count), validity }
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, count * 2)
    if (type === 'bigint') return { type, words, validity }
    return { type: 'double', values: new Float64Array(bytes.buffer, bytes.byteOffset, count), validity }
  }

  const addToHash = (sources: readonly Source[], count: number): void => {
    hash.begin(count)
    for (const column of sources) {
      if (column.type === 'integer') hash.integers(column.values, column.validity)
      else if (column.type === 'bigint') hash.bigints(column.words, column.validity)
      else if (column.type === 'text') hash.texts(column)
      else {
        const { buffer, byteOffset } = column.values
        hash.doubles(new Int32Array(buffer, byteOffset, count * 2), column.validity)
      }
    }
    hash.constant(constantBytes)
    hash.end()
  }

  return {
    encode(chunk) {
      const count = chunk.rowCount
      const sources = types.map((_, column) => source(chunk, column, count))
      addToHash(sources, count)
      let most = count * (types.length * (numberBytes + 1) + 2 * constantBytes.length + 1)
      for (const column of sources) {
        if (column.type !== 'text') continue
        most += 2 * column.bytes
      }
      if (slab.length - used < most) {
        slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, most))
        used = 0
      }
      const end = writeRows(slab, used, sources, count, constantBytes)
      rows += count
      const lines = slab.subarray(used, end)
      used = end
      return lines
    },
    get rows() {
      return rows
    },
    get checksum() {
      return hash.checksum
    },
  }
}

/** Apart from `encode`, so that V8 optimises the loop together with what stands behind it. */
function writeRows(
  target: Uint8Array,
  start: number,
  sources: readonly Source[],
  count: number,
  constant: Uint8Array,
): number {
  const width = sources.length
  let at = start
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < width; column++) {
      const source = sources[column] as Source
      if (!isValid(source.validity, row)) {
        target[at++] = backslash
        target[at++] = 78
      } else if (source.type === 'text') {
        at = writeText(target, at, source.pool, source.starts[row] as number, source.lengths[row] as number)
      } else if (source.type === 'integer') at = writeInteger(target, at, source.values[row] as number)
      else if (source.type === 'bigint') {
        at = writeBigint(target, at, source.words[row * 2] as number, source.words[row * 2 + 1] as number)
      } else at = writeDouble(target, at, source.values[row] as number)
      target[at++] = tab
    }
    at = writeText(target, at, constant, 0, constant.length)
    target[at++] = newline
  }
  return at
}

function writeText(target: Uint8Array, start: number, pool: Uint8Array, from: number, length: number): number {
  let at = start
  const end = from + length
  for (let index = from; index < end; index++) {
    const byte = pool[index] as number
    const letter = escapes[byte] as number
    if (letter !== 0) target[at++] = backslash
    target[at++] = letter === 0 ? byte : letter
  }
  return at
}
