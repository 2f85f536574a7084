/** Files to collect: opened, unpacked when they are gzip, and cut into blocks of whole lines at flat memory. */
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type ErrorDetails, FailedError, systemCode } from '../core/errors.js'
import type { FileInfo, FileReader, Files } from '../core/ports.js'
import { longestRow } from './formats.js'
import { lookAhead } from './row-checks.js'

/** This one file cannot be collected; others can. */
export class SourceError extends FailedError {}

const newline = 0x0a
const blockSize = 1024 * 1024
// One more for the newline that a last line may lack.
const spareBytes = lookAhead + 1

/** The uncompressed bytes of a file, once from the beginning to the end. */
export interface Content extends AsyncDisposable {
  /** Fills `target`, perhaps not wholly; 0 at the end. Throws SourceError. */
  read(target: Uint8Array): Promise<number>
  /** Bytes of the file (compressed, if it is) that were used so far. */
  readonly consumed: number
}

export interface Source extends AsyncDisposable {
  readonly path: string
  readonly name: string
  readonly info: FileInfo
  readonly compressed: boolean
  /** Uncompressed size as far as it can be told without unpacking: modulo 4 GiB for gzip, of its last member. */
  readonly contentBytes: number
  /** The content from its beginning; one at a time. */
  content(): Content
  /** Throws SourceError when the file is not what it was when it was opened. */
  assertUnchanged(): Promise<void>
}

/** A system error of reading `path` as one of that file. */
export function unreadable(path: string, cause: unknown): SourceError {
  const code = systemCode(cause)
  const reason = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : (code ?? String(cause))
  return new SourceError('FILE_UNREADABLE', `${path} cannot be read: ${reason}`, {
    cause,
    place: { file: path },
    hints:
      code === 'EACCES' || code === 'EPERM'
        ? ['give this user the right to read it, or run as a user who may']
        : ['check the disk or the mount that holds it'],
  })
}

function plainContent(path: string, reader: FileReader, from: number, to = Number.POSITIVE_INFINITY): Content {
  let position = from
  return {
    get consumed() {
      return position - from
    },
    async read(target) {
      const wanted = Math.min(target.byteLength, to - position)
      if (wanted <= 0) return 0
      try {
        const count = await reader.read(wanted === target.byteLength ? target : target.subarray(0, wanted), position)
        position += count
        return count
      } catch (error) {
        throw unreadable(path, error)
      }
    },
    async [Symbol.asyncDispose]() {},
  }
}

function gzipContent(path: string, reader: FileReader): Content {
  const packed = plainContent(path, reader, 0)
  async function* chunks() {
    for (;;) {
      const chunk = Buffer.allocUnsafe(128 * 1024)
      const count = await packed.read(chunk)
      if (count === 0) return
      yield chunk.subarray(0, count)
    }
  }
  const input = Readable.from(chunks(), { objectMode: false })
  const gunzip = createGunzip({ chunkSize: 256 * 1024 })
  input.on('error', (error) => gunzip.destroy(error))
  input.pipe(gunzip)
  const output = gunzip[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  let rest: Uint8Array = new Uint8Array(0)
  return {
    get consumed() {
      return packed.consumed
    },
    async read(target) {
      try {
        while (rest.byteLength === 0) {
          const next = await output.next()
          if (next.done) return 0
          rest = next.value
        }
      } catch (cause) {
        if (cause instanceof SourceError) throw cause
        throw new SourceError('GZIP_DAMAGED', `${path} is a damaged or incomplete gzip file`, {
          cause,
          place: { file: path },
          hints: [`check it with gzip -t, copy it again from where it came from`],
        })
      }
      const count = Math.min(rest.byteLength, target.byteLength)
      target.set(rest.subarray(0, count))
      rest = rest.subarray(count)
      return count
    },
    async [Symbol.asyncDispose]() {
      input.destroy()
      gunzip.destroy()
    },
  }
}

/** The bytes `from` to `to` of an open file as content, for a log that grows. The reader stays open. */
export const rangeContent = (path: string, reader: FileReader, from: number, to: number): Content =>
  plainContent(path, reader, from, to)

const otherCompressions: readonly (readonly [string, readonly number[]])[] = [
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
]

const startsWith = (bytes: Uint8Array, magic: readonly number[]) => magic.every((byte, i) => bytes[i] === byte)

/** UTF-16 has a mark in front, or, in ASCII text, a NUL in every other byte. */
function isUtf16(head: Uint8Array): boolean {
  if (startsWith(head, [0xff, 0xfe]) || startsWith(head, [0xfe, 0xff])) return true
  const nuls = [0, 0]
  head.forEach((byte, i) => {
    if (byte === 0) nuls[i % 2] = (nuls[i % 2] ?? 0) + 1
  })
  const half = head.byteLength / 2
  return head.byteLength >= 8 && Math.max(...nuls) > half * 0.4 && Math.min(...nuls) < half * 0.1
}

async function checkHead(source: Source): Promise<void> {
  const fail = (code: string, message: string, details: ErrorDetails): never => {
    throw new SourceError(code, `${source.path} ${message}`, { ...details, place: { file: source.path } })
  }
  await using content = source.content()
  const head = Buffer.alloc(4096)
  let filled = 0
  for (let count = -1; count !== 0 && filled < head.byteLength; filled += count)
    count = await content.read(head.subarray(filled))
  const bytes = head.subarray(0, filled)
  if (filled === 0 || (filled === 3 && startsWith(bytes, [0xef, 0xbb, 0xbf])))
    fail('FILE_EMPTY', 'is empty', { hints: ['check the program that writes it, or leave it out'] })
  for (const [name, magic] of otherCompressions)
    if (startsWith(bytes, magic))
      fail('COMPRESSION_UNKNOWN', `is compressed with ${name}; collect reads plain text and gzip`, {
        hints: ['unpack it first'],
      })
  if (isUtf16(bytes))
    fail('ENCODING_UTF16', 'is UTF-16; collect reads UTF-8', {
      hints: [`convert it: iconv -f UTF-16 -t UTF-8 ${source.name} > ${source.name}.utf8`],
    })
}

export function missing(path: string): SourceError {
  return new SourceError('FILE_MISSING', `${path} does not exist`, { place: { file: path }, hints: ['check the path'] })
}

/** Opens a regular file. Throws SourceError: not there, a folder, unreadable. */
export async function openReader(path: string, files: Files): Promise<FileReader> {
  try {
    const found = await files.stat(path)
    if (found === undefined) throw missing(path)
    if (found.kind !== 'file')
      throw new SourceError('NOT_A_FILE', `${path} is ${found.kind === 'directory' ? 'a folder' : 'no regular file'}`, {
        place: { file: path },
        hints: ['give a file'],
      })
    return await files.open(path)
  } catch (error) {
    throw error instanceof SourceError ? error : unreadable(path, error)
  }
}

/** Opens a file and looks at its first bytes. Throws SourceError: as openReader; empty, UTF-16, other compression. */
export async function openSource(path: string, files: Files): Promise<Source> {
  const reader = await openReader(path, files)
  try {
    const info = await reader.info()
    const ends = Buffer.alloc(8)
    await reader.read(ends.subarray(0, 3), 0)
    const compressed = startsWith(ends, [0x1f, 0x8b, 0x08])
    if (compressed) await reader.read(ends.subarray(4), Math.max(0, info.size - 4))
    const source: Source = {
      path,
      name: info.name,
      info,
      compressed,
      contentBytes: compressed ? ends.readUInt32LE(4) : info.size,
      content: () => (compressed ? gzipContent(path, reader) : plainContent(path, reader, 0)),
      async assertUnchanged() {
        const now = await reader.info()
        if (now.size === info.size && now.modified === info.modified) return
        throw new SourceError('FILE_CHANGED', `${path} changed while it was read`, {
          place: { file: path },
          hints: ['wait until it is complete, or collect a growing log with --follow'],
        })
      },
      [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    }
    await checkHead(source)
    return source
  } catch (error) {
    await reader[Symbol.asyncDispose]()
    throw error instanceof SourceError ? error : unreadable(path, error)
  }
}

/** Whole lines, the last one ended by a newline that the file itself may lack. */
export interface LinesBlock {
  readonly long: false
  readonly bytes: Buffer
  readonly end: number
  /** End of what the file holds: `end`, or one less when the newline was added. */
  readonly contentEnd: number
}

/** A part of a line that is too long to be a row. */
export interface LongLineBlock {
  readonly long: true
  readonly bytes: Buffer
  /** End of the line's bytes in this block; behind them may stand its newline. */
  readonly end: number
  readonly contentEnd: number
  readonly first: boolean
  readonly last: boolean
}

export type Block = LinesBlock | LongLineBlock

/** Cuts content into blocks that start at 0 of their buffer. A block is valid until the next one is asked for. */
export async function* lineBlocks(content: Content): AsyncGenerator<Block> {
  const bytes = Buffer.allocUnsafeSlow(blockSize + longestRow + spareBytes)
  const capacity = bytes.byteLength - spareBytes
  let filled = 0
  let insideLong = false
  const keepFrom = (position: number) => {
    bytes.copyWithin(0, position, filled)
    filled -= position
  }
  for (;;) {
    const count = await content.read(bytes.subarray(filled, capacity))
    if (count === 0) break
    filled += count
    if (insideLong) {
      const end = bytes.subarray(0, filled).indexOf(newline)
      if (end === -1) {
        yield { long: true, bytes, end: filled, contentEnd: filled, first: false, last: false }
        filled = 0
        continue
      }
      yield { long: true, bytes, end, contentEnd: end + 1, first: false, last: true }
      insideLong = false
      keepFrom(end + 1)
    }
    const end = bytes.subarray(0, filled).lastIndexOf(newline) + 1
    if (end > 0) {
      yield { long: false, bytes, end, contentEnd: end }
      keepFrom(end)
    }
    if (filled > longestRow) {
      yield { long: true, bytes, end: filled, contentEnd: filled, first: true, last: false }
      insideLong = true
      filled = 0
    }
  }
  if (insideLong) yield { long: true, bytes, end: 0, contentEnd: 0, first: false, last: true }
  else if (filled > 0) {
    bytes[filled] = newline
    yield { long: false, bytes, end: filled + 1, contentEnd: filled }
  }
}
