import { createHash } from 'node:crypto'
import { FailedError, UnreachableError } from '../../core/errors.js'
import type { Clock, Files } from '../../core/ports.js'
import { HdfsChecksum } from '../../services/hdfs/checksum.js'
import type { Hdfs, HdfsEntry } from '../../services/hdfs/client.js'

export const chunkBytes = 1024 * 1024
/** Tries without a byte in between before a cut connection is an error. */
const readTries = 5

/** A file of this machine from `start` to `end`, in pieces of 1 MiB. */
export async function* localChunks(files: Files, name: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  await using reader = await files.open(name)
  for (let at = start; at < end; ) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, end - at))
    const read = await reader.read(chunk, at)
    if (read === 0) throw new FailedError('FILE_CHANGED', `${name} became shorter while it was read`)
    yield chunk.subarray(0, read)
    at += read
  }
}

/** What a file of this machine, or its beginning, would have as its checksum on HDFS. */
export async function localChecksum(
  files: Files,
  name: string,
  size: number,
  blockSize: number,
  onBytes: (count: number) => void = () => {},
): Promise<HdfsChecksum> {
  const checksum = new HdfsChecksum(blockSize)
  for await (const chunk of localChunks(files, name, 0, size)) {
    checksum.update(chunk)
    onBytes(chunk.length)
  }
  return checksum
}

async function sha256(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

/** A whole file of HDFS from `offset`; a cut connection is taken up again where it broke. */
export async function* remoteChunks(
  hdfs: Hdfs,
  entry: Pick<HdfsEntry, 'path' | 'size'>,
  offset: number,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let at = offset
  for (let tries = 0; at < entry.size; tries++) {
    try {
      for await (const chunk of hdfs.read(entry.path, at)) {
        at += chunk.length
        tries = 0
        yield chunk
      }
      if (at < entry.size) throw new UnreachableError('SERVICE_UNREACHABLE', `${entry.path}: the answer ended early`)
    } catch (error) {
      if (!(error instanceof UnreachableError) || tries >= readTries) throw error
      await clock.sleep(Math.min(5000, 200 * 2 ** tries), signal)
    }
  }
}

/**
 * Whether the first `entry.size` bytes of a file of this machine are what HDFS has: by HDFS's own checksum, and where it
 * is set to another one, by reading both.
 */
export async function sameContent(
  hdfs: Hdfs,
  entry: HdfsEntry,
  local: string,
  context: { readonly files: Files; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<boolean> {
  if (entry.size === 0) return true
  const theirs = await hdfs.checksum(entry.path)
  if (theirs !== undefined) {
    return (await localChecksum(context.files, local, entry.size, entry.blockSize)).digest() === theirs
  }
  const [here, there] = await Promise.all([
    sha256(localChunks(context.files, local, 0, entry.size)),
    sha256(remoteChunks(hdfs, entry, 0, context.clock, context.signal)),
  ])
  return here === there
}
