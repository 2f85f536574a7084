/** Up to where a growing log was read, and how to find that place again after rotation, truncation or a restart. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import { FailedError } from '../core/errors.js'
import type { FileInfo, FileReader, JobContext } from '../core/ports.js'
import { openReader } from './source.js'

const newline = 0x0a
/** So many bytes in front of the position tell whether a file is the one that was read. */
const tailBytes = 4096

type PositionContext = Pick<JobContext, 'files' | 'layout'>

const savedPosition = z.strictObject({
  schemaVersion: z.literal(1),
  /** The log, absolute. */
  file: z.string(),
  kind: z.enum(['status', 'drive']).nullable(),
  /** Of the file that was read last, which may have another name by now. */
  inode: z.number(),
  /** bytes */
  offset: z.number().int().nonnegative(),
  /** Lines in front of the offset. */
  lines: z.number().int().nonnegative(),
  /** SHA-256 of the bytes in front of the offset, `tailBytes` at most. */
  tail: z.string(),
})
export type Position = z.infer<typeof savedPosition>

/** The file that is being read: the log itself, or an older one that it was rotated to. */
export interface OpenLog extends AsyncDisposable {
  readonly path: string
  readonly reader: FileReader
  readonly inode: number
  readonly offset: number
  readonly lines: number
}

async function readRange(reader: FileReader, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from)
  let filled = 0
  while (filled < bytes.byteLength) {
    const count = await reader.read(bytes.subarray(filled), from + filled)
    if (count === 0) break
    filled += count
  }
  return bytes.subarray(0, filled)
}

/** Fingerprint of the place `offset` in a file. */
export async function tailAt(reader: FileReader, offset: number): Promise<string> {
  const bytes = await readRange(reader, Math.max(0, offset - tailBytes), offset)
  return createHash('sha256').update(bytes).digest('hex')
}

/** Position behind the last newline between `from` and `to`, `from` when there is none. */
export async function endOfLines(reader: FileReader, from: number, to: number): Promise<number> {
  const piece = 64 * 1024
  for (let end = to; end > from; end -= piece) {
    const start = Math.max(from, end - piece)
    const found = (await readRange(reader, start, end)).lastIndexOf(newline)
    if (found >= 0) return start + found + 1
  }
  return from
}

export async function openLog(
  file: string,
  { files }: Pick<PositionContext, 'files'>,
  at: { readonly offset: number; readonly lines: number } = { offset: 0, lines: 0 },
): Promise<OpenLog> {
  const reader = await openReader(file, files)
  const { inode } = await reader.info()
  return { path: file, reader, inode, ...at, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]() }
}

/**
 * The older file first. Of two that were last written in the same moment `name.2` is older than `name.1`, but
 * `name.20200322000000` older than `name.20200323000000`.
 */
function byAge(a: FileInfo, b: FileInfo): number {
  if (a.modified !== b.modified) return a.modified - b.modified
  const isTime = /\d{8}$/.test(a.name) && /\d{8}$/.test(b.name)
  return a.name.localeCompare(b.name, 'en', { numeric: true }) * (isTime ? 1 : -1)
}

/** Older files of the same log (`name.1`, `name-20200322`, …), not packed, the oldest first. */
export async function rotatedFiles(file: string, { files }: PositionContext): Promise<readonly FileInfo[]> {
  const base = path.basename(file)
  return (await files.list(path.dirname(file)))
    .filter(({ name, kind }) => kind === 'file' && (name.startsWith(`${base}.`) || name.startsWith(`${base}-`)))
    .filter(({ name }) => !/\.(gz|xz|bz2|zst|zip|tmp)$/.test(name))
    .sort(byAge)
}

/** What was written to the log after `old` was rotated away and before the log of today, the oldest first. */
export async function newerThan(old: FileInfo, file: string, context: PositionContext): Promise<readonly string[]> {
  const rotated = await rotatedFiles(file, context)
  const index = rotated.findIndex(({ inode }) => inode === old.inode)
  const newer = index >= 0 ? rotated.slice(index + 1) : rotated.filter(({ modified }) => modified > old.modified)
  return newer.map((entry) => entry.path)
}

export interface Resumed {
  /** The file in which the position is; undefined when it is nowhere. */
  readonly log: OpenLog | undefined
  /** Files to read whole after it and before the log itself. */
  readonly pending: readonly string[]
}

/**
 * Finds the file that a position belongs to: the one with its inode, else one with the same bytes in front of the
 * position (a copy: restored, or made before the log was truncated). The log itself comes before its older files.
 */
export async function findPosition(position: Position, file: string, context: PositionContext): Promise<Resumed> {
  const log = await context.files.stat(file)
  const rotated = await rotatedFiles(file, context)
  const candidates = [...(log === undefined ? [] : [log]), ...[...rotated].reverse()].filter(
    ({ kind, size }) => kind === 'file' && size >= position.offset,
  )
  const sameFile = candidates.filter(({ inode }) => inode !== 0 && inode === position.inode)
  const copies = position.offset === 0 ? [] : candidates.filter((candidate) => !sameFile.includes(candidate))
  for (const candidate of [...sameFile, ...copies]) {
    const opened = await openLog(candidate.path, context, position)
    if ((await tailAt(opened.reader, position.offset)) === position.tail) {
      const pending = candidate.path === file ? [] : await newerThan(candidate, file, context)
      return { log: opened, pending }
    }
    await opened[Symbol.asyncDispose]()
  }
  return { log: undefined, pending: [] }
}

/** Short name of a followed log, for files of the state folder. */
export function logId(file: string): string {
  return createHash('sha256').update(path.resolve(file)).digest('hex').slice(0, 12)
}

/** Where the position of a log is kept. */
export const positionPath = (file: string, { layout }: Pick<PositionContext, 'layout'>): string =>
  path.join(layout.collecting, `follow-${logId(file)}.json`)

export const positionText = (position: Position): string => `${JSON.stringify(position, null, 2)}\n`

export async function loadPosition(file: string, context: PositionContext): Promise<Position | undefined> {
  const place = positionPath(file, context)
  const text = await context.files.readText(place)
  if (text === undefined) return undefined
  try {
    return savedPosition.parse(JSON.parse(text))
  } catch (cause) {
    throw new FailedError('POSITION_UNREADABLE', `the position of ${file} cannot be read`, {
      cause,
      place: { file: place },
      hints: ['delete this file to collect the log from its beginning: repeated rows count once in the warehouse'],
    })
  }
}
