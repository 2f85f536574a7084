/**
 * A bundle is a plain tar (ustar): `manifest.json`, its checksum, then the items in the order of the manifest. Any tar
 * unpacks it; smartcar reads it by position, so that no copy is unpacked to send a part of it to a host.
 */
import { createHash } from 'node:crypto'
import { Header } from 'tar/header'
import { BugError, CheckError, FailedError, throwIfInterrupted, UsageError } from '../core/errors.js'
import type { AtomicFile, FileReader, Files } from '../core/ports.js'
import { type BundleManifest, manifestName, manifestSumName, manifestText, parseManifest } from './manifest.js'

const block = 512
const chunkBytes = 1024 * 1024
const largestManifest = 256 * 1024 * 1024

const padding = (size: number) => (block - (size % block)) % block
const hints = ['copy the bundle again from where it was made, or make it anew with smartcar bundle create']

/** Where the bytes of an item come from. */
export type ItemSource = { readonly file: string } | { readonly data: Uint8Array }

function tarHeader(path: string, size: number): Buffer {
  const header = new Header({ path, size, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: 'File' })
  const buffer = Buffer.alloc(block)
  if (header.encode(buffer)) throw new BugError(`${path} does not fit the header of a tar file`)
  return buffer
}

async function writeFileEntry(
  archive: AtomicFile,
  item: { readonly path: string; readonly size: number; readonly sha256: string },
  source: ItemSource,
  files: Files,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  await archive.write(tarHeader(item.path, item.size))
  const hash = createHash('sha256')
  let done = 0
  const put = async (chunk: Uint8Array) => {
    hash.update(chunk)
    await archive.write(chunk)
    done += chunk.byteLength
    onBytes(chunk.byteLength)
  }
  if ('data' in source) await put(source.data)
  else {
    await using reader = await files.open(source.file)
    const buffer = Buffer.allocUnsafe(chunkBytes)
    for (;;) {
      throwIfInterrupted(signal)
      const count = await reader.read(buffer)
      if (count === 0) break
      await put(buffer.subarray(0, count))
    }
  }
  if (done !== item.size || hash.digest('hex') !== item.sha256) {
    throw new FailedError('FILE_CHANGED', `${item.path} changed while the bundle was written`, {
      hints: ['run the same command again; if it happens twice, check memory and disk of this machine'],
    })
  }
  await archive.write(Buffer.alloc(padding(done)))
}

/** Writes a bundle: temporary name, fsync, rename. `sourceOf` gives each item's bytes. Returns the bytes of the file. */
export async function writeArchive(
  file: string,
  manifest: BundleManifest,
  sourceOf: (path: string) => ItemSource,
  context: { readonly files: Files; readonly signal: AbortSignal; readonly onProgress?: (bytes: number) => void },
): Promise<number> {
  const text = Buffer.from(manifestText(manifest))
  const sum = Buffer.from(`${createHash('sha256').update(text).digest('hex')}  ${manifestName}\n`)
  await using archive = await context.files.createAtomic(file)
  let total = 2 * block
  const entry = async (path: string, data: Uint8Array) => {
    await archive.write(tarHeader(path, data.byteLength))
    await archive.write(data)
    await archive.write(Buffer.alloc(padding(data.byteLength)))
    total += block + data.byteLength + padding(data.byteLength)
  }
  await entry(manifestName, text)
  await entry(manifestSumName, sum)
  let done = 0
  for (const item of manifest.items) {
    throwIfInterrupted(context.signal)
    await writeFileEntry(archive, item, sourceOf(item.path), context.files, context.signal, (count) => {
      done += count
      context.onProgress?.(done)
    })
    total += block + item.size + padding(item.size)
  }
  await archive.write(Buffer.alloc(2 * block))
  await archive.commit()
  return total
}

/** An entry of the archive: where its content stands. */
export interface ArchiveEntry {
  readonly path: string
  /** bytes from the start of the archive */
  readonly offset: number
  /** bytes */
  readonly size: number
}

/** Fills `target` from `position`; fewer bytes only at the end. */
async function readFully(reader: FileReader, target: Buffer, position: number): Promise<number> {
  let filled = 0
  while (filled < target.byteLength) {
    const count = await reader.read(target.subarray(filled), position + filled)
    if (count === 0) break
    filled += count
  }
  return filled
}

/** What a walk through an archive meets: entries, and in the end what is wrong with its structure. */
interface Walk {
  readonly entries: readonly ArchiveEntry[]
  readonly problems: readonly string[]
}

/** Reads the headers alone. */
async function walk(reader: FileReader, bytes: number): Promise<Walk> {
  const entries: ArchiveEntry[] = []
  const buffer = Buffer.alloc(block)
  let at = 0
  const stop = (problem: string): Walk => ({ entries, problems: [problem] })
  for (;;) {
    const after = entries.at(-1)?.path
    const where = after === undefined ? 'at its beginning' : `after ${after}`
    if ((await readFully(reader, buffer, at)) < block) return stop(`it is cut off ${where}`)
    const header = new Header(buffer, 0)
    if (buffer.every((byte) => byte === 0)) break
    // The checksum's own eight bytes are not part of the sum.
    const written = /^ *[0-7]+[\0 ]*$/.test(buffer.toString('latin1', 148, 156))
    if (
      !written ||
      !header.cksumValid ||
      header.type !== 'File' ||
      header.path === undefined ||
      header.size === undefined
    )
      return stop(entries.length === 0 ? 'it is no tar archive of smartcar' : `the header ${where} is damaged`)
    const entry = { path: header.path, offset: at + block, size: header.size }
    if (entry.offset + entry.size + padding(entry.size) > bytes) return stop(`it is cut off within ${entry.path}`)
    entries.push(entry)
    at = entry.offset + entry.size + padding(entry.size)
  }
  const last = Buffer.alloc(block)
  if ((await readFully(reader, last, at + block)) < block || last.some((byte) => byte !== 0))
    return { entries, problems: ['its end is damaged or cut off'] }
  const problems = at + 2 * block === bytes ? [] : [`${bytes - at - 2 * block} foreign bytes stand behind its end`]
  return { entries, problems }
}

function damaged(file: string, problems: readonly string[]): CheckError {
  const shown = problems.slice(0, 5).join('; ')
  const more = problems.length > 5 ? `; and ${problems.length - 5} more` : ''
  return new CheckError('BUNDLE_DAMAGED', `${file} is damaged: ${shown}${more}`, {
    place: { file },
    hints,
    data: { file, problems },
  })
}

/** A bundle whose manifest was read. */
export interface OpenBundle {
  /** Absolute path of the archive. */
  readonly file: string
  readonly manifest: BundleManifest
  /** Where the items stand, by their path. */
  readonly entries: ReadonlyMap<string, ArchiveEntry>
}

async function openFile(file: string, files: Files): Promise<{ readonly reader: FileReader; readonly bytes: number }> {
  const info = await files.stat(file)
  if (info?.kind === 'file') return { reader: await files.open(file), bytes: info.size }
  throw new UsageError('BUNDLE_ABSENT', `there is no bundle ${file}${info === undefined ? '' : ': it is no file'}`, {
    place: { file },
    hints: [
      'smartcar bundle create -o FILE makes one, on a machine with internet',
      'smartcar bundle use --none makes the site go without one',
    ],
  })
}

async function readManifest(
  reader: FileReader,
  file: string,
  entries: readonly ArchiveEntry[],
  problems: readonly string[],
): Promise<BundleManifest> {
  const [first, second] = entries
  if (first === undefined || second === undefined || first.path !== manifestName || second.path !== manifestSumName) {
    const other = first !== undefined && first.path !== manifestName
    const reason = `it does not begin with ${manifestName} and ${manifestSumName}`
    throw damaged(file, other || problems.length === 0 ? [reason] : problems)
  }
  if (first.size > largestManifest) throw damaged(file, [`${manifestName} is too large`])
  const text = Buffer.alloc(first.size)
  const sum = Buffer.alloc(64)
  await readFully(reader, text, first.offset)
  await readFully(reader, sum, second.offset)
  if (createHash('sha256').update(text).digest('hex') !== sum.toString('latin1'))
    throw damaged(file, [`${manifestName} does not fit its checksum`])
  return parseManifest(text.toString('utf8'), file)
}

/**
 * Opens a bundle by its headers and manifest: the contents of the items are not read. Throws UsageError BUNDLE_ABSENT,
 * CheckError BUNDLE_DAMAGED.
 */
export async function openBundle(file: string, files: Files): Promise<OpenBundle> {
  const { reader, bytes } = await openFile(file, files)
  await using _ = reader
  const { entries, problems } = await walk(reader, bytes)
  const manifest = await readManifest(reader, file, entries, problems)
  const byPath = new Map(entries.map((entry) => [entry.path, entry]))
  const missing = manifest.items.filter(({ path, size }) => byPath.get(path)?.size !== size)
  const all = [...missing.map(({ path }) => `${path} is not in it as it should be`), ...problems]
  if (all.length > 0) throw damaged(file, all)
  return { file, manifest, entries: byPath }
}

/** The bytes that fill an entry's last block are zero. */
async function hasForeignPadding(reader: FileReader, entry: ArchiveEntry): Promise<boolean> {
  const rest = Buffer.alloc(padding(entry.size))
  await readFully(reader, rest, entry.offset + entry.size)
  return rest.some((byte) => byte !== 0)
}

async function contentProblem(
  reader: FileReader,
  entry: ArchiveEntry,
  sha256: string,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<string | undefined> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(chunkBytes)
  for (let at = 0; at < entry.size; ) {
    throwIfInterrupted(signal)
    const count = await readFully(reader, buffer.subarray(0, Math.min(chunkBytes, entry.size - at)), entry.offset + at)
    if (count === 0) return `${entry.path} is cut off`
    hash.update(buffer.subarray(0, count))
    at += count
    onBytes(count)
  }
  if (hash.digest('hex') !== sha256) return `${entry.path} has changed bytes`
  return (await hasForeignPadding(reader, entry)) ? `foreign bytes stand behind ${entry.path}` : undefined
}

/**
 * Reads all of a bundle and throws CheckError BUNDLE_DAMAGED with everything that is wrong: cut off, bytes changed,
 * items missing, files that the manifest does not know. `onProgress`: bytes read so far, of all.
 */
export async function verifyBundle(
  file: string,
  context: {
    readonly files: Files
    readonly signal: AbortSignal
    readonly onProgress?: (done: number, total: number) => void
  },
): Promise<{ readonly manifest: BundleManifest; readonly bytes: number }> {
  const { reader, bytes } = await openFile(file, context.files)
  await using _ = reader
  const { entries, problems: structure } = await walk(reader, bytes)
  const manifest = await readManifest(reader, file, entries, structure)
  const problems = [...structure]
  const wanted = new Map(manifest.items.map((item) => [item.path, item]))
  if (wanted.size !== manifest.items.length) problems.push('its manifest names a path twice')
  const sum = entries[1]
  if (sum !== undefined) {
    const text = Buffer.alloc(Math.min(sum.size, 1024))
    await readFully(reader, text, sum.offset)
    const [head] = entries
    const foreign = text.toString('latin1', 64) !== `  ${manifestName}\n` || sum.size !== text.byteLength
    if (
      foreign ||
      (await hasForeignPadding(reader, sum)) ||
      (head !== undefined && (await hasForeignPadding(reader, head)))
    )
      problems.push(`foreign bytes stand beside ${manifestName}`)
  }
  let done = 0
  const seen = new Set<string>()
  for (const entry of entries.slice(2)) {
    const item = wanted.get(entry.path)
    if (item === undefined || seen.has(entry.path)) {
      problems.push(
        item === undefined ? `${entry.path} is foreign: the manifest does not know it` : `${entry.path} is in it twice`,
      )
      continue
    }
    seen.add(entry.path)
    if (entry.size !== item.size) {
      problems.push(`${entry.path} has ${entry.size} bytes instead of ${item.size}`)
      continue
    }
    const problem = await contentProblem(reader, entry, item.sha256, context.signal, (count) => {
      done += count
      context.onProgress?.(done, bytes)
    })
    if (problem !== undefined) problems.push(problem)
  }
  for (const path of wanted.keys()) if (!seen.has(path)) problems.push(`${path} is missing`)
  if (problems.length > 0) throw damaged(file, problems)
  return { manifest, bytes }
}
