import { StringDecoder } from 'node:string_decoder'

/** A line that is longer comes in pieces: joining ever longer rests costs time in the square of the length. */
const longestLine = 64 * 1024

/** Cuts a stream of bytes into lines; `end` gives the last one when it has no newline. */
export function lineSplitter(onLine: (line: string) => void): { push(chunk: Uint8Array): void; end(): void } {
  const decoder = new StringDecoder('utf8')
  let pieces: string[] = []
  let length = 0
  const flush = () => {
    const line = pieces.join('')
    pieces = []
    length = 0
    onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
  }
  const keep = (text: string) => {
    for (let start = 0; start < text.length; ) {
      const piece = text.slice(start, start + longestLine - length)
      pieces.push(piece)
      length += piece.length
      start += piece.length
      if (length >= longestLine) flush()
    }
  }
  return {
    push(chunk) {
      const text = decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      let start = 0
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
        keep(text.slice(start, end))
        flush()
        start = end + 1
      }
      keep(text.slice(start))
    },
    end() {
      keep(decoder.end())
      if (length > 0) flush()
    },
  }
}

/** Keeps the first `limit` bytes of a stream and counts the rest. */
export function cappedBuffer(limit: number): {
  push(chunk: Uint8Array): void
  bytes(): Buffer
  readonly truncated: boolean
} {
  const chunks: Uint8Array[] = []
  let size = 0
  let truncated = false
  return {
    push(chunk) {
      const room = limit - size
      if (chunk.byteLength > room) truncated = true
      const kept = chunk.byteLength > room ? chunk.subarray(0, room) : chunk
      if (kept.byteLength === 0) return
      chunks.push(kept)
      size += kept.byteLength
    },
    bytes: () => Buffer.concat(chunks),
    get truncated() {
      return truncated
    },
  }
}

/**
 * Drops everything up to the line `<token> <text>` of a stream, so that what a profile script, sudo's prompt or its
 * lecture print never mixes with the command's own output. `onFound` gets the text behind the token.
 */
export function afterToken(
  token: string,
  onFound: (text: string) => void,
  next: (chunk: Uint8Array) => void,
): { push(chunk: Uint8Array): void; readonly before: string } {
  let head = Buffer.alloc(0)
  let found = false
  return {
    push(chunk) {
      if (found) {
        next(chunk)
        return
      }
      head = Buffer.concat([head, chunk])
      const at = head.indexOf(`${token} `)
      const end = at === -1 ? -1 : head.indexOf('\n', at)
      if (end !== -1) {
        found = true
        onFound(head.toString('utf8', at + token.length + 1, end).trim())
        const rest = head.subarray(end + 1)
        head = head.subarray(0, at)
        if (rest.byteLength > 0) next(rest)
      } else if (head.byteLength > 2 * longestLine) head = head.subarray(head.byteLength - longestLine)
    },
    get before() {
      return head.toString('utf8')
    },
  }
}
