/**
 * PostgreSQL's own hashes, computed here from DuckDB's values: what is written and what the server then holds are
 * compared by content without reading a row back. Of each value the same 64 bits as PostgreSQL's hashtextextended,
 * hashint4extended, hashint8extended and hashfloat8extended (Bob Jenkins' lookup3: src/common/hashfn.c), combined as
 * checksumQuery of dialect.ts combines them.
 */
import { isValid, type TextColumn, type Validity } from '../duckdb/vectors.js'

/** The two 32-bit halves of the last hash: module state instead of an object for each value. */
let high = 0
let low = 0

const golden = 0x9e3779b9
const offset = 3_923_095

function finish(a0: number, b0: number, c0: number): void {
  let a = a0
  let b = b0
  let c = c0
  c ^= b
  c = (c - ((b << 14) | (b >>> 18))) | 0
  a ^= c
  a = (a - ((c << 11) | (c >>> 21))) | 0
  b ^= a
  b = (b - ((a << 25) | (a >>> 7))) | 0
  c ^= b
  c = (c - ((b << 16) | (b >>> 16))) | 0
  a ^= c
  a = (a - ((c << 4) | (c >>> 28))) | 0
  b ^= a
  b = (b - ((a << 14) | (a >>> 18))) | 0
  c ^= b
  c = (c - ((b << 24) | (b >>> 8))) | 0
  high = b
  low = c
}

/** The state from which hashing begins, for a value of `length` bytes. */
function begin(length: number, seed: number): void {
  const start = (golden + length + offset) | 0
  if (seed === 0) {
    mixedA = start
    mixedB = start
    mixedC = start
  } else mix(start, (start + seed) | 0, start)
}

function fullWordAt(pool: Uint8Array, at: number): number {
  return (
    (pool[at] as number) |
    ((pool[at + 1] as number) << 8) |
    ((pool[at + 2] as number) << 16) |
    ((pool[at + 3] as number) << 24)
  )
}

/** The same where the text may end within the word: zeros behind it. */
function wordAt(pool: Uint8Array, at: number, end: number): number {
  let word = 0
  for (let index = Math.min(end - at, 4) - 1; index >= 0; index--) word = (word << 8) | (pool[at + index] as number)
  return word
}

/** Up to 12 bytes that lie in three words, zeros behind them, as DuckDB keeps short texts. */
function hashShort(first: number, second: number, third: number, length: number, seed: number): void {
  begin(length, seed)
  const a = (mixedA + first) | 0
  const b = (mixedB + second) | 0
  if (length < 12) {
    // The lowest byte of the third word is reserved for the length.
    finish(a, b, (mixedC + (third << 8)) | 0)
    return
  }
  mix(a, b, (mixedC + third) | 0)
  finish(mixedA, mixedB, mixedC)
}

let mixedA = 0
let mixedB = 0
let mixedC = 0

function mix(a0: number, b0: number, c0: number): void {
  let a = a0
  let b = b0
  let c = c0
  a = ((a - c) | 0) ^ ((c << 4) | (c >>> 28))
  c = (c + b) | 0
  b = ((b - a) | 0) ^ ((a << 6) | (a >>> 26))
  a = (a + c) | 0
  c = ((c - b) | 0) ^ ((b << 8) | (b >>> 24))
  b = (b + a) | 0
  a = ((a - c) | 0) ^ ((c << 16) | (c >>> 16))
  c = (c + b) | 0
  b = ((b - a) | 0) ^ ((a << 19) | (a >>> 13))
  a = (a + c) | 0
  c = ((c - b) | 0) ^ ((b << 4) | (b >>> 28))
  b = (b + a) | 0
  mixedA = a
  mixedB = b
  mixedC = c
}

function hashBytes(pool: Uint8Array, start: number, length: number, seed: number): void {
  const end = start + length
  begin(length, seed)
  let a = mixedA
  let b = mixedB
  let c = mixedC
  let at = start
  for (; end - at >= 12; at += 12) {
    a = (a + fullWordAt(pool, at)) | 0
    b = (b + fullWordAt(pool, at + 4)) | 0
    c = (c + fullWordAt(pool, at + 8)) | 0
    mix(a, b, c)
    a = mixedA
    b = mixedB
    c = mixedC
  }
  // The lowest byte of c is reserved for the length.
  finish(
    (a + wordAt(pool, at, end)) | 0,
    (b + wordAt(pool, at + 4, end)) | 0,
    (c + (wordAt(pool, at + 8, end) << 8)) | 0,
  )
}

/** `rows`: one sum over the hashes of whole rows; `columns`: a sum for each column. */
export type HashedBy = 'rows' | 'columns'

/** Adds rows, chunk by chunk, column by column. */
export interface RowHash {
  /** Starts a chunk of `rows` rows; then every column once, in the order of the table; then `end`. */
  begin(rows: number): void
  integers(values: Int32Array, validity: Validity): void
  /** Two 32-bit words a value, the lower first. */
  bigints(words: Int32Array, validity: Validity): void
  doubles(words: Int32Array, validity: Validity): void
  texts(column: TextColumn): void
  /** The same text in every row. */
  constant(text: Uint8Array): void
  end(): void
  /** As checksumQuery gives it for the same rows. */
  readonly checksum: string
}

export function rowHash(columns: number, maxRows: number, by: HashedBy): RowHash {
  const highs = new Int32Array(maxRows)
  const lows = new Int32Array(maxRows)
  const columnSums = Array.from({ length: columns }, () => 0n)
  let rowSum = 0n
  let rows = 0
  let column = 0

  // A seed for each column, so that values that change places change the row.
  const seed = (): number => (by === 'rows' ? column + 1 : 0)
  const fold = (row: number): void => {
    highs[row] = (highs[row] as number) ^ high
    lows[row] = (lows[row] as number) ^ low
  }
  const endColumn = (sum: number): void => {
    columnSums[column] = (columnSums[column] ?? 0n) + BigInt(sum)
    column++
  }

  return {
    begin(count) {
      rows = count
      column = 0
      highs.fill(0, 0, count)
      lows.fill(0, 0, count)
    },
    integers(values, validity) {
      begin(4, seed())
      const [a, b, c] = [mixedA, mixedB, mixedC]
      let sum = 0
      for (let row = 0; row < rows; row++) {
        if (!isValid(validity, row)) continue
        finish((a + (values[row] as number)) | 0, b, c)
        fold(row)
        sum += low
      }
      endColumn(sum)
    },
    bigints(words, validity) {
      begin(4, seed())
      const [a, b, c] = [mixedA, mixedB, mixedC]
      let sum = 0
      for (let row = 0; row < rows; row++) {
        if (!isValid(validity, row)) continue
        finish((a + half(words[row * 2] as number, words[row * 2 + 1] as number)) | 0, b, c)
        fold(row)
        sum += low
      }
      endColumn(sum)
    },
    doubles(words, validity) {
      const seeded = seed()
      begin(8, seeded)
      const [a, b, c] = [mixedA, mixedB, mixedC]
      let sum = 0
      for (let row = 0; row < rows; row++) {
        if (!isValid(validity, row)) continue
        const lower = words[row * 2] as number
        const upper = words[row * 2 + 1] as number
        const isNotANumber = (upper & 0x7ff00000) === 0x7ff00000 && ((upper & 0xfffff) !== 0 || lower !== 0)
        if (lower === 0 && (upper & 0x7fffffff) === 0) {
          // Zero, of either sign, is the seed.
          high = 0
          low = seeded
        } else if (isNotANumber) finish(a, (b + 0x7ff80000) | 0, c)
        else finish((a + lower) | 0, (b + upper) | 0, c)
        fold(row)
        sum += low
      }
      endColumn(sum)
    },
    texts({ pool, starts, lengths, validity, inline }) {
      const seeded = seed()
      let sum = 0
      // Neighbours are often the same text: then the last hash holds.
      let last = -1
      for (let row = 0; row < rows; row++) {
        if (!isValid(validity, row)) continue
        const word = row * 4
        const same =
          last >= 0 &&
          inline[word] === inline[last] &&
          inline[word + 1] === inline[last + 1] &&
          inline[word + 2] === inline[last + 2] &&
          inline[word + 3] === inline[last + 3]
        last = word
        if (!same) {
          const length = lengths[row] as number
          const first = inline[word + 1] as number
          if (length <= 12) hashShort(first, inline[word + 2] as number, inline[word + 3] as number, length, seeded)
          else hashBytes(pool, starts[row] as number, length, seeded)
        }
        fold(row)
        sum += low
      }
      endColumn(sum)
    },
    constant(text) {
      hashBytes(text, 0, text.length, seed())
      for (let row = 0; row < rows; row++) fold(row)
      endColumn(low * rows)
    },
    end() {
      begin(4, 0)
      const [a, b, c] = [mixedA, mixedB, mixedC]
      let highSum = 0
      let lowSum = 0
      for (let row = 0; row < rows; row++) {
        finish((a + half(lows[row] as number, highs[row] as number)) | 0, b, c)
        highSum += high
        lowSum += low >>> 0
      }
      rowSum += BigInt(highSum) * 4_294_967_296n + BigInt(lowSum)
    },
    get checksum() {
      return by === 'rows' ? String(rowSum) : columnSums.join(' ')
    },
  }
}

/** A 64-bit integer as the 32 bits that PostgreSQL hashes, so that it hashes like an integer of the same value. */
function half(lower: number, upper: number): number {
  return lower ^ (upper >= 0 ? upper : ~upper)
}
