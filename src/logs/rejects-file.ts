/** The rejected rows of one file: CSV `file,line,reason,row` (RFC 4180), the row's bytes as they were, valid UTF-8 or not. */
import type { AppendFile } from '../core/ports.js'

const quote = 0x22
const flushAt = 256 * 1024

export const rejectsHeader = 'file,line,reason,row\n'

function csvText(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export interface RejectsFile extends AsyncDisposable {
  /** One whole row. */
  add(line: number, reason: string, row: Uint8Array): void
  /** Begins a row that comes in parts: `append` as often as needed, then `endRow`. */
  beginRow(line: number, reason: string): void
  append(part: Uint8Array): void
  endRow(): void
  /** Writes what has gathered, if that is much. Call it once in a while: the other methods only gather. */
  drain(): Promise<void>
  /** Writes the rest and flushes it to disk; the number of rows. */
  finish(): Promise<number>
}

/** `open` is called when there is a first row to write. `source`: the name for the first column. */
export function rejectsFile(source: string, open: () => Promise<AppendFile>): RejectsFile {
  const name = csvText(source)
  let file: AppendFile | undefined
  let pending = Buffer.allocUnsafe(flushAt)
  let size = 0
  let rows = 0
  const room = (bytes: number) => {
    if (size + bytes <= pending.byteLength) return
    const larger = Buffer.allocUnsafe(Math.max(pending.byteLength * 2, size + bytes))
    pending.copy(larger, 0, 0, size)
    pending = larger
  }
  const text = (value: string) => {
    room(value.length * 3)
    size += pending.write(value, size)
  }
  const beginRow = (line: number, reason: string) => {
    text(`${rows === 0 ? rejectsHeader : ''}${name},${line},${reason},"`)
    rows++
  }
  const append = (part: Uint8Array) => {
    room(part.byteLength * 2)
    if (part.includes(quote)) {
      for (const byte of part) {
        pending[size++] = byte
        if (byte === quote) pending[size++] = quote
      }
    } else {
      pending.set(part, size)
      size += part.byteLength
    }
  }
  const endRow = () => text('"\n')
  const flush = async () => {
    if (size === 0) return
    file ??= await open()
    await file.write(pending.subarray(0, size))
    size = 0
  }
  return {
    add(line, reason, row) {
      beginRow(line, reason)
      append(row)
      endRow()
    },
    beginRow,
    append,
    endRow,
    async drain() {
      if (size >= flushAt) await flush()
    },
    async finish() {
      await flush()
      await file?.sync()
      return rows
    },
    async [Symbol.asyncDispose]() {
      await file?.[Symbol.asyncDispose]()
      file = undefined
    },
  }
}
