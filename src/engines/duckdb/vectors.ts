/**
 * The bytes of a DuckDB result without a JavaScript value for each cell, which is what makes exports and long answers
 * quick: a call of `getItem` on a text costs about as much as encoding a whole row from these arrays.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api'
import type Bindings from '@duckdb/node-bindings'

export type RawBindings = typeof Bindings

export async function loadBindings(): Promise<RawBindings> {
  return (await import('@duckdb/node-bindings')).default
}

/** One bit a row, least significant first; null when no value is NULL. */
export type Validity = Uint8Array | null

export function isValid(validity: Validity, row: number): boolean {
  return validity === null || (((validity[row >> 3] as number) >> (row & 7)) & 1) === 1
}

/** UTF-8 texts of one column: row `r` is `pool[starts[r], starts[r] + lengths[r])`. NULL rows have length 0. */
export interface TextColumn {
  readonly pool: Uint8Array
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly validity: Validity
  /**
   * Four words a row as DuckDB keeps them: the length, then the text itself with zeros behind it (up to 12 bytes) or
   * its first 4 bytes and its address. Equal words mean equal texts.
   */
  readonly inline: Int32Array
  /** Length of all texts together. */
  readonly bytes: number
}

export interface FixedColumn {
  /** The values as they lie in memory; valid as long as the chunk lives. */
  readonly bytes: Uint8Array
  readonly validity: Validity
}

function vectorOf(bindings: RawBindings, chunk: DuckDBDataChunk, column: number) {
  return bindings.data_chunk_get_vector(chunk.chunk, column)
}

function validityOf(bindings: RawBindings, vector: ReturnType<typeof vectorOf>, rows: number): Validity {
  // DuckDB keeps them in 64-bit words; there is no mask when nothing is NULL.
  const mask: Uint8Array | null = bindings.vector_get_validity(vector, Math.ceil(rows / 64) * 8)
  return mask ?? null
}

/** A column of numbers, `width` bytes a value. */
export function fixedColumn(
  bindings: RawBindings,
  chunk: DuckDBDataChunk,
  column: number,
  rows: number,
  width: number,
): FixedColumn {
  const vector = vectorOf(bindings, chunk, column)
  return {
    bytes: bindings.vector_get_data(vector, rows * width),
    validity: validityOf(bindings, vector, rows),
  }
}

/** DuckDB's string_t: 4 bytes of length, then up to 12 bytes of text, or 4 bytes of prefix and a pointer. */
const stringBytes = 16
const inlineBytes = 12

/** Reused between chunks, so that a column costs no allocation. */
export interface TextScratch {
  starts: Int32Array
  lengths: Int32Array
  pool: Uint8Array
}

export function textScratch(rows: number): TextScratch {
  return { starts: new Int32Array(rows), lengths: new Int32Array(rows), pool: new Uint8Array(0) }
}

/** A column of texts. The arrays belong to `scratch` and are overwritten by its next use. */
export function textColumn(
  bindings: RawBindings,
  chunk: DuckDBDataChunk,
  column: number,
  rows: number,
  scratch: TextScratch,
): TextColumn {
  const vector = vectorOf(bindings, chunk, column)
  const raw = bindings.vector_get_data(vector, rows * stringBytes)
  const validity = validityOf(bindings, vector, rows)
  const words = new Uint32Array(raw.buffer, raw.byteOffset, rows * 4)
  const inline = new Int32Array(raw.buffer, raw.byteOffset, rows * 4)
  const { starts, lengths } = scratch
  let longBytes = 0
  let bytes = 0
  for (let row = 0; row < rows; row++) {
    const length = isValid(validity, row) ? (words[row * 4] as number) : 0
    starts[row] = row * stringBytes + 4
    lengths[row] = length
    bytes += length
    if (length > inlineBytes) longBytes += length
  }
  if (longBytes === 0) return { pool: raw, starts, lengths, validity, inline, bytes }
  if (scratch.pool.length < raw.length + longBytes) scratch.pool = new Uint8Array((raw.length + longBytes) * 2)
  const pool = scratch.pool
  pool.set(raw)
  let end = raw.length
  let row = 0
  while (row < rows) {
    const length = lengths[row] as number
    if (length <= inlineBytes) {
      row++
      continue
    }
    const pointer = pointerAt(words, row)
    // The same text again (a dictionary), or texts that lie one behind the other: one call reads them all.
    let last = row
    let run = length
    starts[row] = end
    for (let next = row + 1; next < rows; next++) {
      const nextLength = lengths[next] as number
      if (nextLength <= inlineBytes) break
      const nextPointer = pointerAt(words, next)
      if (nextPointer === pointerAt(words, last) && nextLength === lengths[last]) starts[next] = starts[last] as number
      else if (nextPointer === pointer + run) {
        starts[next] = end + run
        run += nextLength
      } else break
      last = next
    }
    pool.set(
      bindings.get_data_from_pointer(raw.buffer as ArrayBuffer, raw.byteOffset + row * stringBytes + 8, run),
      end,
    )
    end += run
    row = last + 1
  }
  return { pool, starts, lengths, validity, inline, bytes }
}

/** Addresses have at most 48 bits in use, so a double holds them. */
function pointerAt(words: Uint32Array, row: number): number {
  return (words[row * 4 + 2] as number) + (words[row * 4 + 3] as number) * 4_294_967_296
}
