/** A log that grows, read by whole lines across rotation (renamed, a new file in its place) and truncation. */
import type { JobContext } from '../../core/ports.js'
import { findPosition, newerThan, type OpenLog, openLog, type Position, tailAt } from '../../logs/log-position.js'
import { type Block, lineBlocks, rangeContent } from '../../logs/source.js'

/** Where reading was left; the number of lines in front of it is known to who takes them. */
export type TailPosition = Pick<Position, 'inode' | 'offset' | 'tail'>

export interface TailHandlers {
  take(block: Block): Promise<void>
  /** Another file begins: line numbers start anew. */
  newFile(): void
  /** After each block, and when nothing more is there. */
  reached(position: () => Promise<TailPosition>): Promise<void>
}

export interface TailOptions {
  readonly from?: TailPosition
  /** Milliseconds between two looks at the file. */
  readonly pollMs: number
  /** End where the log ends now. */
  readonly once: boolean
}

type TailContext = Pick<JobContext, 'files' | 'layout' | 'clock' | 'signal' | 'emit'>

/**
 * Reads from `from` (or the beginning) until the signal aborts, or with `once` to the end. A line without its newline
 * is left until it is whole, or until its file is rotated away. Returns the position at the end; undefined when the log
 * was never there.
 */
export async function tailLog(
  file: string,
  handlers: TailHandlers,
  options: TailOptions,
  context: TailContext,
): Promise<TailPosition | undefined> {
  const { signal, files, clock, emit } = context
  let log: OpenLog | undefined
  /** Older files that come before the log itself. */
  let pending: readonly string[] = []
  let offset = 0
  /** Fingerprint at `offset`. */
  let tail = ''
  /** The end of the file that was left, until the next one is there. */
  let left: TailPosition | undefined
  /** A file that was rotated away had nothing more at the last look. */
  let settled = false

  const position = async (): Promise<TailPosition> =>
    log === undefined && left !== undefined ? left : { inode: log?.inode ?? 0, offset, tail }

  const switchTo = async (next: OpenLog | undefined): Promise<void> => {
    await log?.[Symbol.asyncDispose]()
    log = next
    offset = next?.offset ?? 0
    settled = false
    if (next !== undefined) tail = await tailAt(next.reader, offset)
  }

  /** Goes on where the position is now: in the log, in what it was rotated to, or, when it is nowhere, from the start. */
  const resumeAt = async (from: TailPosition): Promise<void> => {
    const lines = 0
    const found = await findPosition({ schemaVersion: 1, file, kind: 'drive', lines, ...from }, file, context)
    pending = found.pending
    await switchTo(found.log)
    if (found.log !== undefined) return
    handlers.newFile()
    if (from.offset > 0) {
      emit({ t: 'note', level: 'warn', text: `${file} was truncated or replaced: it is read from its beginning` })
    }
  }

  /** The file that comes next, if it is there. */
  const openNext = async (): Promise<void> => {
    const [older, ...rest] = pending
    pending = rest
    const next = older ?? file
    if ((await files.stat(next)) !== undefined) await switchTo(await openLog(next, context))
  }

  const took = async (current: OpenLog, bytes: number): Promise<void> => {
    offset += bytes
    tail = await tailAt(current.reader, offset)
    await handlers.reached(position)
  }

  /** Takes the whole lines from `offset` on; `last`: the file is complete, so its end is the end of a line. */
  const readOn = async (current: OpenLog, size: number, last: boolean): Promise<boolean> => {
    const from = offset
    let longBytes = 0
    for await (const block of lineBlocks(rangeContent(file, current.reader, offset, size))) {
      // A line that is cut off by the end is marked by the newline that was put behind it, or, a long one, was not.
      const cut = block.long ? block.last && block.contentEnd <= block.end : block.contentEnd < block.end
      if (cut && !last) break
      await handlers.take(block)
      longBytes += block.contentEnd
      if (block.long && !block.last) continue
      await took(current, longBytes)
      longBytes = 0
      if (signal.aborted) break
    }
    return offset > from
  }

  /** The log's name stands for another file now, so nothing more comes into this one. */
  const isRotated = async (current: OpenLog): Promise<boolean> => {
    if (current.path !== file) return true
    const named = await files.stat(file)
    return named !== undefined && named.inode !== current.inode
  }

  /** Reads what is there; false when it is time to wait. */
  const step = async (): Promise<boolean> => {
    if (log === undefined) await openNext()
    const current = log
    if (current === undefined) return false
    const before = await current.reader.info()
    if (before.size < offset || (await tailAt(current.reader, offset)) !== tail) {
      await resumeAt(await position())
      return true
    }
    const rotated = await isRotated(current)
    const { size } = await current.reader.info()
    // Whoever writes may still hold the file under its old name: it is complete when nothing came between two looks.
    const complete = rotated && (settled || options.once)
    const read = size > offset && (await readOn(current, size, complete))
    settled = rotated && !read
    if (signal.aborted || read || !complete) return read
    if (current.path === file) pending = await newerThan(await current.reader.info(), file, context)
    left = await position()
    await switchTo(undefined)
    handlers.newFile()
    await openNext()
    return log !== undefined
  }

  try {
    if (options.from !== undefined) await resumeAt(options.from)
    else await openNext()
    if (log === undefined && !options.once) emit({ t: 'note', level: 'info', text: `waiting for ${file}` })
    while (!signal.aborted) {
      if (await step()) continue
      await handlers.reached(position)
      if (options.once) break
      await clock.sleep(options.pollMs, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
    }
    return log === undefined && left === undefined ? undefined : await position()
  } finally {
    await log?.[Symbol.asyncDispose]()
  }
}
