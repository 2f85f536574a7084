import { InvalidError } from '../../core/errors.js'

/** Fields of one line of comma separated text (RFC 4180, a field ends on its line); undefined for an open quote. */
export function csvFields(line: string, delimiter: string): string[] | undefined {
  if (!line.includes('"')) return line.split(delimiter)
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (line[at] !== '"') {
      const end = line.indexOf(delimiter, at)
      fields.push(end < 0 ? line.slice(at) : line.slice(at, end))
      if (end < 0) return fields
      at = end + 1
      continue
    }
    let field = ''
    for (;;) {
      const quote = line.indexOf('"', at + 1)
      if (quote < 0) return undefined
      field += line.slice(at + 1, quote)
      at = quote + 1
      if (line[at] !== '"') break
      field += '"'
    }
    fields.push(field)
    if (at >= line.length) return fields
    if (line[at] !== delimiter) return undefined
    at++
  }
}

/** Lines of text that comes in pieces, with their numbers from 1. */
export async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<[line: string, number: number]> {
  const decoder = new TextDecoder('utf-8')
  let rest = ''
  let number = 0
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield [line.endsWith('\r') ? line.slice(0, -1) : line, ++number]
  }
  if (rest !== '') yield [rest, ++number]
}

export function badLine(file: string, line: number, message: string, hint?: string): InvalidError {
  const problem = { message, place: { file, line }, ...(hint === undefined ? {} : { hint }) }
  return new InvalidError('HBASE_ROWS_INVALID', `${file} cannot be stored`, [problem])
}
