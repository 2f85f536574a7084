/** Rows as CSV or JSON, chunk by chunk, from bytes to bytes. Pure. */
import type { TextCells, ValueShape } from '../../engines/duckdb/text-columns.js'
import { isValid } from '../../engines/duckdb/vectors.js'

export interface ResultColumn {
  readonly name: string
  readonly shape: ValueShape
}

/** Encodes one result from its first to its last byte. */
export interface RowWriter {
  head(): Uint8Array
  rows(cells: readonly TextCells[], count: number): Uint8Array
  tail(): Uint8Array
}

/** Bytes that are appended to, as large as they have to be. */
interface Sink {
  bytes: Buffer
  length: number
}

function room(sink: Sink, more: number): void {
  if (sink.length + more <= sink.bytes.length) return
  const larger = Buffer.allocUnsafe(Math.max(sink.bytes.length * 2, sink.length + more))
  sink.bytes.copy(larger, 0, 0, sink.length)
  sink.bytes = larger
}

/** A new buffer each time: the reader of the last one may not have finished with it. */
const newSink = (): Sink => ({ bytes: Buffer.allocUnsafe(1 << 16), length: 0 })
const written = (sink: Sink): Uint8Array => sink.bytes.subarray(0, sink.length)

const quote = 34
const comma = 44
const newline = 10
const backslash = 92
const nothing = new Uint8Array(0)

/** Bytes for which RFC 4180 wants a field in quotes. */
const needsQuotes = new Uint8Array(256)
for (const byte of [quote, comma, newline, 13]) needsQuotes[byte] = 1

/**
 * RFC 4180 with a header line and lines that end in LF. NULL is an empty field, the empty text is `""`.
 */
export function csvWriter(columns: readonly ResultColumn[]): RowWriter {
  return {
    head() {
      const encoded = columns.map(({ name }) => Buffer.from(name))
      const sink = newSink()
      for (const [index, name] of encoded.entries()) {
        room(sink, name.length * 2 + 3)
        if (index > 0) sink.bytes[sink.length++] = comma
        csvText(sink, name, 0, name.length)
      }
      room(sink, 1)
      sink.bytes[sink.length++] = newline
      return written(sink)
    },
    rows(cells, count) {
      const sink = newSink()
      for (let row = 0; row < count; row++) {
        for (let index = 0; index < cells.length; index++) {
          const { pool, starts, lengths, validity } = cells[index] as TextCells
          const length = lengths[row] as number
          room(sink, length * 2 + 4)
          if (index > 0) sink.bytes[sink.length++] = comma
          if (isValid(validity, row)) csvText(sink, pool, starts[row] as number, length)
        }
        room(sink, 1)
        sink.bytes[sink.length++] = newline
      }
      return written(sink)
    },
    tail: () => nothing,
  }
}

function csvText(sink: Sink, pool: Uint8Array, from: number, length: number): void {
  const { bytes } = sink
  const start = sink.length
  const end = from + length
  let at = start
  let plain = length > 0
  for (let index = from; plain && index < end; index++) {
    const byte = pool[index] as number
    bytes[at++] = byte
    plain = needsQuotes[byte] === 0
  }
  if (!plain) {
    at = start
    bytes[at++] = quote
    for (let index = from; index < end; index++) {
      const byte = pool[index] as number
      if (byte === quote) bytes[at++] = quote
      bytes[at++] = byte
    }
    bytes[at++] = quote
  }
  sink.length = at
}

/**
 * Objects, one a line: as an array (`json`) or each by itself (`ndjson`). Whole numbers beyond 2^53 and decimals of more
 * than 15 digits are texts, so that no reader rounds them; so are NaN and infinity, which JSON does not have.
 */
export function jsonWriter(columns: readonly ResultColumn[], layout: 'json' | 'ndjson'): RowWriter {
  const keys = columns.map(({ name }, index) => Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`))
  const isArray = layout === 'json'
  let isFirst = true
  return {
    head: () => (isArray ? Buffer.from('[') : nothing),
    rows(cells, count) {
      const sink = newSink()
      for (let row = 0; row < count; row++) {
        room(sink, 4)
        if (isArray) {
          if (!isFirst) sink.bytes[sink.length++] = comma
          sink.bytes[sink.length++] = newline
        }
        isFirst = false
        for (let index = 0; index < cells.length; index++) {
          const key = keys[index] as Buffer
          const cell = cells[index] as TextCells
          room(sink, key.length + (cell.lengths[row] as number) * 6 + 6)
          sink.bytes.set(key, sink.length)
          sink.length += key.length
          jsonValue(sink, cell, row, (columns[index] as ResultColumn).shape)
        }
        room(sink, 2)
        sink.bytes[sink.length++] = 125
        if (!isArray) sink.bytes[sink.length++] = newline
      }
      return written(sink)
    },
    tail: () => (isArray ? Buffer.from(isFirst ? ']\n' : '\n]\n') : nothing),
  }
}

function jsonValue(sink: Sink, cell: TextCells, row: number, shape: ValueShape): void {
  const { pool, starts, lengths, validity } = cell
  if (!isValid(validity, row)) {
    sink.length += sink.bytes.write('null', sink.length, 'latin1')
    return
  }
  const from = starts[row] as number
  const length = lengths[row] as number
  if (shape === 'text' || !isExact(pool, from, length, shape)) jsonText(sink, pool, from, length)
  else {
    sink.bytes.set(pool.subarray(from, from + length), sink.length)
    sink.length += length
  }
}

/** True when every reader of JSON gets the very same number. */
function isExact(pool: Uint8Array, from: number, length: number, shape: ValueShape): boolean {
  if (shape === 'plain' || shape === 'json') return true
  if (shape !== 'double' && length <= 15) return true
  const text = Buffer.from(pool.buffer, pool.byteOffset + from, length).toString('latin1')
  if (shape === 'double') return Number.isFinite(Number(text))
  if (shape === 'integer') return Number.isSafeInteger(Number(text))
  return text.replace(/[-.]/g, '').replace(/^0+/, '').length <= 15
}

const hex = '0123456789abcdef'

function jsonText(sink: Sink, pool: Uint8Array, from: number, length: number): void {
  const { bytes } = sink
  let at = sink.length
  bytes[at++] = quote
  for (let index = from; index < from + length; index++) {
    const byte = pool[index] as number
    if (byte >= 32 && byte !== quote && byte !== backslash) bytes[at++] = byte
    else if (byte >= 32) {
      bytes[at++] = backslash
      bytes[at++] = byte
    } else {
      at += bytes.write(`\\u00${hex[byte >> 4]}${hex[byte & 15]}`, at, 'latin1')
    }
  }
  bytes[at++] = quote
  sink.length = at
}
