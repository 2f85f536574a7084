import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { FailedError } from '../core/errors.js'
import type { Files } from '../core/ports.js'

const chunkBytes = 256 * 1024

async function* fileChunks(file: string, files: Files): AsyncGenerator<Buffer> {
  await using reader = await files.open(file)
  for (;;) {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    const count = await reader.read(chunk)
    if (count === 0) return
    yield chunk.subarray(0, count)
  }
}

/** The UTF-8 text of a file in pieces, unpacked when its name ends with .gz; at flat memory. */
export async function* textOf(file: string, files: Files): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  if (!file.endsWith('.gz')) {
    for await (const chunk of fileChunks(file, files)) yield decoder.decode(chunk, { stream: true })
    return
  }
  const gunzip = createGunzip({ chunkSize: chunkBytes })
  const input = Readable.from(fileChunks(file, files), { objectMode: false })
  input.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const chunk of input.pipe(gunzip)) yield decoder.decode(chunk as Buffer, { stream: true })
  } catch (cause) {
    if (!String((cause as { code?: unknown }).code).startsWith('Z_')) throw cause
    throw new FailedError('GZIP_DAMAGED', `${file} is a damaged gzip file`, { cause, place: { file } })
  } finally {
    input.destroy()
    gunzip.destroy()
  }
}
