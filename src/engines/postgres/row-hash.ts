/**
 * PostgreSQL's own hash of a row, computed here from DuckDB's values: what is written and what the server then holds are
 * compared by content without reading a row back. Of each value the same 64 bits as PostgreSQL's hashtextextended,
 * hashint4extended, hashint8extended and hashfloat8extended with seed 0 (Bob Jenkins' lookup3: src/common/hashfn.c),
 * folded over a row as hash_record_extended does (src/backend/utils/adt/rowtypes.c), hashed once more as hashint8extended
 * does, since folding alone would not notice two rows that exchange a value, and added up over all rows.
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

/** Flips the order of 32-bit integers from signed to unsigned. */
const signBit = 1 << 31

const intStart = (golden + 4 + offset) | 0

function hashWord(value: number): void {
  finish((intStart + value) | 0, intStart, intStart)
}

function fullWordAt(pool: Uint8Array, at: number): number {
  return (
    (pool[at] as number) |
    ((pool[at + 1] as number) << 8) |
    ((pool[at + 2] as number) << 16) |
    ((pool[at + 3] as number) << 24)
  )
}

function byteAt(pool: Uint8Array, at: number, end: number): number {
  return at < end ? (pool[at] as number) : 0
}

function wordAt(pool: Uint8Array, at: number, end: number): number {
  return (
    byteAt(pool, at, end) |
    (byteAt(pool, at + 1, end) << 8) |
    (byteAt(pool, at + 2, end) << 16) |
    (byteAt(pool, at + 3, end) << 24)
  )
}

/** Up to 12 bytes that lie in three words, zeros behind them, as DuckDB keeps short texts. */
function hashShort(first: number, second: number, third: number, length: number): void {
  const start = (golden + length + offset) | 0
  if (length < 12) {
    // The lowest byte of the third word is reserved for the length.
    finish((start + first) | 0, (start + second) | 0, (start + (third << 8)) | 0)
    return
  }
  mix((start + first) | 0, (start + second) | 0, (start + third) | 0)
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

function hashBytes(pool: Uint8Array, start: number, length: number): void {
  const end = start + length
  let a = (golden + length + offset) | 0
  let b = a
  let c = a
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

/** Hashes of the integers that telemetry is full of. */
const smallCount = 4096
const smallHighs = new Int32Array(smallCount)
const smallLows = new Int32Array(smallCount)
for (let value = 0; value < smallCount; value++) {
  hashWord(value)
  smallHighs[value] = high
  smallLows[value] = low
}

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
  /** Sum of the rows' signed 64-bit hashes, as checksumQuery of dialect.ts gives it. */
  readonly rowSum: bigint
  /** Sum by column of the signed lower 32 bits, as `sum(hashtext(…))` and its like give it: for servers before 14. */
  readonly columnSums: readonly bigint[]
}

export function rowHash(columns: number, maxRows: number): RowHash {
  const highs = new Int32Array(maxRows)
  const lows = new Int32Array(maxRows)
  const columnSums = Array.from({ length: columns }, () => 0n)
  let rowSum = 0n
  let rows = 0
  let column = 0

  // record = (record << 5) - record + value, modulo 2^64, in halves; all of it in 32-bit integers, which is what is quick.
  const fold = (row: number, valueHigh: number, valueLow: number): void => {
    const oldHigh = highs[row] as number
    const oldLow = lows[row] as number
    const shifted = oldLow << 5
    const borrow = (shifted ^ signBit) < (oldLow ^ signBit) ? 1 : 0
    const total = (shifted - oldLow + valueLow) | 0
    const carry = (total ^ signBit) < (valueLow ^ signBit) ? 1 : 0
    lows[row] = total
    highs[row] = ((oldHigh << 5) | (oldLow >>> 27)) - oldHigh - borrow + carry + valueHigh
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
      let sum = 0
      for (let row = 0; row < rows; row++) {
        if (!isValid(validity, row)) {
          fold(row, 0, 0)
          continue
        }
        const value = values[row] as number
        if (value >= 0 && value < smallCount) {
          fold(row, smallHighs[value] as number, smallLows[value] as number)
          sum += smallLows[value] as number
          continue
        }
        hashWord(value)
        fold(row, high, low)
        sum += low
      }
      endColumn(sum)
    },
    bigints(words, validity) {
      let sum = 0
      for (let row = 0; row < rows; row++) {
        if (!isValid(validity, row)) {
          fold(row, 0, 0)
          continue
        }
        const upper = words[row * 2 + 1] as number
        // So that a bigint and an integer of the same value hash alike (hashfunc.c, hashint8).
        hashWord((words[row * 2] as number) ^ (upper >= 0 ? upper : ~upper))
        fold(row, high, low)
        sum += low
      }
      endColumn(sum)
    },
    doubles(words, validity) {
      let sum = 0
      const start = (golden + 8 + offset) | 0
      for (let row = 0; row < rows; row++) {
        if (!isValid(validity, row)) {
          fold(row, 0, 0)
          continue
        }
        let lower = words[row * 2] as number
        let upper = words[row * 2 + 1] as number
        if (lower === 0 && (upper & 0x7fffffff) === 0) {
          // Zero, of either sign, is the seed.
          high = 0
          low = 0
        } else {
          // Every NaN is the same NaN.
          if ((upper & 0x7ff00000) === 0x7ff00000 && ((upper & 0xfffff) !== 0 || lower !== 0)) {
            upper = 0x7ff80000
            lower = 0
          }
          finish((start + lower) | 0, (start + upper) | 0, start)
        }
        fold(row, high, low)
        sum += low
      }
      endColumn(sum)
    },
    texts({ pool, starts, lengths, validity, inline }) {
      let sum = 0
      // Neighbours are often the same text: then the last hash holds.
      let last = -1
      for (let row = 0; row < rows; row++) {
        if (!isValid(validity, row)) {
          fold(row, 0, 0)
          continue
        }
        const word = row * 4
        const length = lengths[row] as number
        const same =
          last >= 0 &&
          inline[word] === inline[last] &&
          inline[word + 1] === inline[last + 1] &&
          inline[word + 2] === inline[last + 2] &&
          inline[word + 3] === inline[last + 3]
        last = word
        if (!same) {
          if (length <= 12) {
            const first = inline[word + 1] as number
            hashShort(first, inline[word + 2] as number, inline[word + 3] as number, length)
          } else hashBytes(pool, starts[row] as number, length)
        }
        fold(row, high, low)
        sum += low
      }
      endColumn(sum)
    },
    constant(text) {
      hashBytes(text, 0, text.length)
      const valueHigh = high
      const valueLow = low
      for (let row = 0; row < rows; row++) fold(row, valueHigh, valueLow)
      endColumn(valueLow * rows)
    },
    end() {
      let highSum = 0
      let lowSum = 0
      for (let row = 0; row < rows; row++) {
        const upper = highs[row] as number
        hashWord((lows[row] as number) ^ (upper >= 0 ? upper : ~upper))
        highSum += high
        lowSum += low >>> 0
      }
      rowSum += BigInt(highSum) * 4_294_967_296n + BigInt(lowSum)
    },
    get rowSum() {
      return rowSum
    },
    get columnSums() {
      return columnSums
    },
  }
}
