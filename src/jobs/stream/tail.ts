/** A log that grows, read by whole lines across rotation (renamed, a new file in its place) and truncation. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import type { FileInfo, FileReader, JobContext } from '../../core/ports.js'
import { type Block, lineBlocks, rangeContent } from '../collect/source.js'
import type { TailPosition } from './checkpoint.js'

export interface TailHandlers {
  take(block: Block): Promise<void>
  /** Another file begins: line numbers start anew. */
  newFile(): void
  /** After each block, and when nothing more is there (`idle`). */
  reached(position: () => Promise<TailPosition>, idle: boolean): Promise<void>
  /** Once, when reading ended because the signal aborted; not when no file was there at all. */
  stopped(position: TailPosition): Promise<void>
}

export interface TailOptions {
  readonly from?: TailPosition
  /** Milliseconds between two looks at the file. */
  readonly pollMs: number
}

type TailContext = Pick<JobContext, 'files' | 'clock' | 'signal' | 'emit'>

const fingerprintBytes = 4096

async function fingerprint(reader: FileReader, offset: number): Promise<string> {
  const bytes = new Uint8Array(Math.min(fingerprintBytes, offset))
  let filled = 0
  while (filled < bytes.byteLength) {
    const count = await reader.read(bytes.subarray(filled), offset - bytes.byteLength + filled)
    if (count === 0) break
    filled += count
  }
  return createHash('sha256').update(bytes.subarray(0, filled)).digest('hex')
}

/** Is this the file in which the position was taken? Where nothing was read yet only the inode can tell. */
async function isSameLog(reader: FileReader, position: TailPosition): Promise<boolean> {
  const info = await reader.info()
  if (position.offset === 0) return info.inode === position.inode
  return info.size >= position.offset && (await fingerprint(reader, position.offset)) === position.fingerprint
}

async function withReader<T>(opening: Promise<FileReader>, use: (reader: FileReader) => Promise<T>): Promise<T> {
  await using reader = await opening
  return use(reader)
}

/** `app.log.10` before `app.log.2`: of files of one time the higher number is the older. */
function byAge(a: FileInfo, b: FileInfo): number {
  const number = (info: FileInfo) => Number(/\.(\d+)$/.exec(info.name)?.[1] ?? 0)
  return a.modified - b.modified || number(b) - number(a)
}

/** What the log was renamed to by rotation, oldest first; packed ones are left out. */
async function rotatedFiles(log: string, context: TailContext): Promise<FileInfo[]> {
  const name = path.basename(log)
  const entries = await context.files.list(path.dirname(log))
  return entries
    .filter(
      (entry) => entry.kind === 'file' && entry.name.startsWith(`${name}.`) && !/\.(gz|tmp|xz|zst)$/.test(entry.name),
    )
    .sort(byAge)
}

/**
 * Reads from `from` (or the beginning) until the signal aborts. A line without its newline is left until it is whole,
 * or until its file is rotated away.
 */
export async function tailLog(
  log: string,
  handlers: TailHandlers,
  options: TailOptions,
  context: TailContext,
): Promise<void> {
  const { signal, files } = context
  const warn = (text: string) => context.emit({ t: 'note', level: 'warn', text: `${log}: ${text}` })
  let offset = 0
  /** Fingerprint at `offset` of what was read. */
  let print = ''
  let reported = false

  const sleep = async (): Promise<void> => {
    try {
      await context.clock.sleep(options.pollMs, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  const positionIn = (reader: FileReader) => async (): Promise<TailPosition> => ({
    inode: (await reader.info()).inode,
    offset,
    fingerprint: await fingerprint(reader, offset),
  })

  const reportStop = async (reader: FileReader): Promise<void> => {
    if (reported) return
    reported = true
    await handlers.stopped(await positionIn(reader)())
  }

  /** Takes the whole lines from `offset` on; `last`: the file is complete, so its end is the end of a line. */
  const readOn = async (reader: FileReader, last: boolean): Promise<boolean> => {
    const from = offset
    const { size } = await reader.info()
    let longBytes = 0
    for await (const block of lineBlocks(rangeContent(log, reader, offset, size))) {
      if (block.long) {
        const whole = block.last && (last || block.contentEnd > block.end)
        if (block.last && !whole) break
        longBytes += block.contentEnd
        await handlers.take(block)
        if (!block.last) continue
        offset += longBytes
        longBytes = 0
      } else {
        if (!last && block.contentEnd < block.end) break
        await handlers.take(block)
        offset += block.contentEnd
      }
      if (signal.aborted) {
        await reportStop(reader)
        return true
      }
      await handlers.reached(positionIn(reader), false)
    }
    if (offset > from) print = await fingerprint(reader, offset)
    return offset > from
  }

  const begin = (): void => {
    offset = 0
    print = ''
    handlers.newFile()
  }

  /** Files that were rotated away: the first from `offset` on, the others, which came after it, whole. */
  const readRotated = async (found: readonly FileInfo[]): Promise<void> => {
    for (const [place, info] of found.entries()) {
      if (place > 0) begin()
      await using reader = await files.open(info.path)
      await readOn(reader, true)
      if (signal.aborted) return reportStop(reader)
    }
    begin()
  }

  /** Where to go on in `reader`; reads what is left in rotated files first. */
  const resume = async (reader: FileReader, from: TailPosition): Promise<void> => {
    offset = from.offset
    print = from.fingerprint
    if (await isSameLog(reader, from)) return
    const rotated = await rotatedFiles(log, context)
    for (const [place, info] of rotated.entries()) {
      const same = await withReader(files.open(info.path), (candidate) => isSameLog(candidate, from))
      if (same) return readRotated(rotated.slice(place))
    }
    warn('is not the file that was followed, and that one is not there any more: its last rows may be missing')
    begin()
  }

  const openLog = async (): Promise<FileReader | undefined> => {
    for (let waited = false; !signal.aborted; waited = true) {
      if ((await files.stat(log)) !== undefined) return files.open(log)
      if (!waited) context.emit({ t: 'note', level: 'info', text: `waiting for ${log}` })
      await sleep()
    }
    return undefined
  }

  /** The log's name stands for another file now: the rest of the old one, then those in between. */
  const afterRotation = async (reader: FileReader, inode: number): Promise<void> => {
    // Rows may have been written between the last reading and the renaming.
    await readOn(reader, true)
    if (signal.aborted) return reportStop(reader)
    const rotated = await rotatedFiles(log, context)
    const own = rotated.findIndex((info) => info.inode === inode)
    begin()
    if (own !== -1 && own < rotated.length - 1) await readRotated(rotated.slice(own + 1))
  }

  let reader = await openLog()
  try {
    if (reader !== undefined && options.from !== undefined) await resume(reader, options.from)
    while (reader !== undefined && !signal.aborted) {
      const info = await reader.info()
      if (info.size < offset || (info.size > offset && (await fingerprint(reader, offset)) !== print && offset > 0)) {
        warn('was truncated: reading it from its beginning')
        begin()
      }
      if (info.size > offset && (await readOn(reader, false))) continue
      await handlers.reached(positionIn(reader), true)
      const present = await files.stat(log)
      if (present !== undefined && present.inode !== info.inode) {
        await afterRotation(reader, info.inode)
        if (signal.aborted) break
        await reader[Symbol.asyncDispose]()
        reader = undefined
        reader = await openLog()
      } else await sleep()
    }
    if (reader !== undefined) await reportStop(reader)
  } finally {
    await reader?.[Symbol.asyncDispose]()
  }
}
