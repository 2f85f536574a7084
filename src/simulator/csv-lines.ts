import { UsageError } from '../core/errors.js'
import type { Files } from '../core/ports.js'

/** Some lines of a text file in a row, without their ends: one by one they would cost more than what they hold. */
export interface LineBlock {
  /** Number of the first line, from 1. */
  readonly first: number
  readonly lines: readonly string[]
}

const longestLine = 1_000_000
const blockBytes = 256 * 1024

/** Bytes of a file, block by block. */
async function* fileBlocks(files: Files, path: string): AsyncGenerator<Uint8Array> {
  await using reader = await files.open(path)
  const block = Buffer.alloc(blockBytes)
  for (;;) {
    const read = await reader.read(block)
    if (read === 0) return
    yield Buffer.from(block.subarray(0, read))
  }
}

async function* unzipped(blocks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const { createGunzip } = await import('node:zlib')
  const { Readable } = await import('node:stream')
  const gunzip = createGunzip()
  const source = Readable.from(blocks)
  source.on('error', (error) => gunzip.destroy(error))
  source.pipe(gunzip)
  yield* gunzip as AsyncIterable<Uint8Array>
}

/** The same bytes with the first block looked at. */
async function peek(blocks: AsyncIterable<Uint8Array>): Promise<{ first: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const iterator = blocks[Symbol.asyncIterator]()
  const start = await iterator.next()
  const first = start.done === true ? new Uint8Array() : start.value
  async function* all() {
    if (first.length > 0) yield first
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { first, all: all() }
}

function notText(name: string, what: string): UsageError {
  return new UsageError('REPLAY_UNREADABLE', `${name} ${what}`, {
    place: { file: name },
    hints: ['replay reads CSV in UTF-8, plain or as gzip'],
  })
}

/**
 * Lines of a CSV file (plain or gzip, UTF-8 with or without byte order mark, LF or CRLF) at flat memory. Whoever stops
 * before the end has to call `return`, which closes the file.
 */
export async function* textLines(
  files: Files,
  input: string | AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<LineBlock> {
  if (typeof input !== 'string') {
    yield* linesOf(input, name)
    return
  }
  const blocks = fileBlocks(files, input)
  try {
    yield* linesOf(blocks, name)
  } finally {
    await blocks.return(undefined)
  }
}

async function* linesOf(blocks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<LineBlock> {
  const raw = await peek(blocks)
  const { first, all } = raw.first[0] === 0x1f && raw.first[1] === 0x8b ? await peek(unzipped(raw.all)) : raw
  if ((first[0] === 0xff && first[1] === 0xfe) || (first[0] === 0xfe && first[1] === 0xff))
    throw notText(name, 'is UTF-16')
  if (first.includes(0)) throw notText(name, 'is no text')
  const decoder = new TextDecoder()
  let rest = ''
  let seen = 0
  for await (const block of all) {
    const lines = (rest + decoder.decode(block, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > longestLine)
      throw notText(name, `has a line of more than a million characters (line ${seen + lines.length + 1})`)
    if (lines.length > 0) yield { first: seen + 1, lines: lines.map(withoutReturn) }
    seen += lines.length
  }
  const last = rest + decoder.decode()
  if (last !== '') yield { first: seen + 1, lines: [withoutReturn(last)] }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

const delimiters = [',', ';', '\t', '|'] as const

/** Share of the lines that a delimiter must cut into the same number of fields. */
const leastShare = 0.6

/** The delimiter that cuts most of these lines into the same number of fields; of several the one with more fields. */
export function sniffDelimiter(lines: readonly string[]): string | undefined {
  let best: { readonly delimiter: string; readonly score: number } | undefined
  for (const delimiter of delimiters) {
    const counts = new Map<number, number>()
    for (const line of lines) {
      const fields = splitFields(line, delimiter).length
      counts.set(fields, (counts.get(fields) ?? 0) + 1)
    }
    const [fields, agreeing] = [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most), [0, 0])
    const score = agreeing * fields
    if (fields > 1 && agreeing >= leastShare * lines.length && score > (best?.score ?? 0)) best = { delimiter, score }
  }
  return best?.delimiter
}

/** Fields of a line; a field in double quotes may hold the delimiter, and a doubled quote is one (RFC 4180). */
export function splitFields(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter).map((field) => field.trim())
  const fields: string[] = []
  let field = ''
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    if (character === '"' && quoted && line.charAt(at + 1) === '"') {
      field += '"'
      at++
    } else if (character === '"') quoted = !quoted
    else if (character === delimiter && !quoted) {
      fields.push(field.trim())
      field = ''
    } else field += character
  }
  fields.push(field.trim())
  return fields
}
