import { UsageError } from './errors.js'

/**
 * All of a stream (stdin) as UTF-8 text, for small inputs such as a query or a password.
 * Throws UsageError for more than `limit` bytes and for bytes that are not UTF-8.
 */
export async function readText(chunks: AsyncIterable<Uint8Array>, what: string, limit = 1_000_000): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  try {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength
      if (bytes > limit) throw new UsageError('INPUT_TOO_LONG', `${what} on stdin is longer than ${limit} bytes`)
      text += decoder.decode(chunk, { stream: true })
    }
    return text + decoder.decode()
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new UsageError('ENCODING_INVALID', `${what} on stdin is not UTF-8`, { cause })
  }
}
