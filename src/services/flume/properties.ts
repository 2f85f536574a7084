/**
 * Reader of Java properties files that knows where everything stands. The rules are those of java.util.Properties.load
 * (JDK 17): a comment only where a logical line starts, the key ends at the first `=`, `:` or blank that no backslash
 * precedes, one backslash is eaten before every other character, an odd number of them at a line's end continues it.
 */

/** From 1, as editors count. */
export interface TextPlace {
  readonly line: number
  readonly column: number
}

/** A piece of unescaped text and where each of its characters comes from. */
export interface PlacedText {
  readonly text: string
  /** Place of the character at `index`; behind the last one for the length. */
  at(index: number): TextPlace
}

export interface Property {
  readonly key: PlacedText
  readonly value: PlacedText
  /** Characters whose single backslash was eaten: `\d` became `d`. Line ends, `\t \n \r \f \uXXXX` are not among them. */
  readonly eaten: readonly { readonly index: number; readonly character: string }[]
  /** The value as it stands in the file, on one line, for showing a cure. */
  readonly raw: string
}

export interface PropertiesProblem {
  /** `repeated`: set again to the same value. */
  readonly kind: 'duplicate' | 'repeated' | 'escape' | 'continuation'
  readonly place: TextPlace
  readonly message: string
  readonly hint?: string
}

export interface PropertiesFile {
  /** In the file's order, repeated keys included. */
  readonly all: readonly Property[]
  /** What Java ends up with: the last of each key. */
  readonly entries: ReadonlyMap<string, Property>
  readonly problems: readonly PropertiesProblem[]
}

const isBlank = (character: string) => character === ' ' || character === '\t' || character === '\f'
const isLineEnd = (character: string) => character === '\n' || character === '\r'

/** Offsets in the file of the characters of one logical line, without line ends and leading blanks. */
type LogicalLine = readonly number[]

/** LineReader.readLine of the JDK: joins continued lines, leaves out comments and blank lines. */
function logicalLines(source: string): LogicalLine[] {
  const lines: LogicalLine[] = []
  let line: number[] = []
  let skipBlanks = true
  let continued = false
  let backslash = false
  for (let offset = 0; offset < source.length; offset++) {
    const character = source.charAt(offset)
    if (skipBlanks) {
      if (isBlank(character) || (!continued && isLineEnd(character))) continue
      skipBlanks = false
      continued = false
    }
    if (line.length === 0 && (character === '#' || character === '!')) {
      while (offset + 1 < source.length && !isLineEnd(source.charAt(offset + 1))) offset++
      skipBlanks = true
      continue
    }
    if (!isLineEnd(character)) {
      line.push(offset)
      backslash = character === '\\' ? !backslash : false
      continue
    }
    if (line.length === 0) {
      skipBlanks = true
      continue
    }
    if (backslash) {
      line.pop()
      skipBlanks = true
      continued = true
      backslash = false
      if (character === '\r' && source[offset + 1] === '\n') offset++
      continue
    }
    lines.push(line)
    line = []
    skipBlanks = true
  }
  if (line.length > 0) lines.push(backslash ? line.slice(0, -1) : line)
  return lines
}

function lineStarts(source: string): number[] {
  const starts = [0]
  for (let offset = 0; offset < source.length; offset++) {
    const character = source[offset]
    if (character === '\n' || (character === '\r' && source[offset + 1] !== '\n')) starts.push(offset + 1)
  }
  return starts
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

/** Reads a whole file. Never throws: what Java refuses is a problem with its place. */
export function readProperties(source: string): PropertiesFile {
  const starts = lineStarts(source)
  const problems: PropertiesProblem[] = []

  function place(offset: number): TextPlace {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }

  function convert(line: LogicalLine, from: number, to: number) {
    let text = ''
    const offsets: number[] = []
    const eaten: { index: number; character: string }[] = []
    for (let index = from; index < to; index++) {
      const offset = line[index] as number
      const character = source.charAt(offset)
      if (character !== '\\') {
        offsets.push(offset)
        text += character
        continue
      }
      index++
      // A backslash at the very end of the file stands for nothing.
      if (index >= to) break
      const escaped = source.charAt(line[index] as number)
      offsets.push(offset)
      if (escaped === 'u') {
        const digits = line
          .slice(index + 1, Math.min(index + 5, to))
          .map((at) => source.charAt(at))
          .join('')
        if (/^[0-9a-fA-F]{4}$/.test(digits)) {
          text += String.fromCharCode(Number.parseInt(digits, 16))
          index += 4
        } else {
          problems.push({
            kind: 'escape',
            place: place(offset),
            message: `\\u${digits} is no character: Java refuses the whole file`,
            hint: 'write four hexadecimal digits behind \\u, or \\\\u for a backslash and a u',
          })
          text += 'u'
        }
      } else {
        text += escapes[escaped] ?? escaped
        if (escapes[escaped] === undefined && escaped !== '\\') {
          eaten.push({ index: text.length - 1, character: escaped })
        }
      }
    }
    const last = to > from ? (line[to - 1] as number) + 1 : ((line[from] ?? (line.at(-1) ?? -1) + 1) as number)
    const at = (index: number) => place(offsets[index] ?? last)
    return { placed: { text, at } satisfies PlacedText, eaten }
  }

  const all = logicalLines(source).map((line): Property => {
    let keyEnd = 0
    let valueStart = line.length
    let separated = false
    let backslash = false
    for (; keyEnd < line.length; keyEnd++) {
      const character = source.charAt(line[keyEnd] as number)
      if (!backslash && (character === '=' || character === ':')) {
        valueStart = keyEnd + 1
        separated = true
        break
      }
      if (!backslash && isBlank(character)) {
        valueStart = keyEnd + 1
        break
      }
      backslash = character === '\\' ? !backslash : false
    }
    for (; valueStart < line.length; valueStart++) {
      const character = source.charAt(line[valueStart] as number)
      if (isBlank(character)) continue
      if (separated || (character !== '=' && character !== ':')) break
      separated = true
    }
    const key = convert(line, 0, keyEnd)
    const value = convert(line, valueStart, line.length)
    const raw = line
      .slice(valueStart)
      .map((at) => source.charAt(at))
      .join('')
    // A backslash before trailing blanks was meant to continue the line.
    const trailing = /(?<!\\)(?:\\\\)*\\[ \t\f]+$/.exec(raw)
    if (trailing !== null) {
      problems.push({
        kind: 'continuation',
        place: place(line[valueStart + trailing.index] as number),
        message: 'a backslash before a blank at the end of the line does not continue it',
        hint: 'remove the blanks behind the backslash',
      })
    }
    return { key: key.placed, value: value.placed, eaten: value.eaten, raw }
  })

  const entries = new Map<string, Property>()
  for (const property of all) {
    const before = entries.get(property.key.text)
    if (before !== undefined) {
      const same = before.value.text.trim() === property.value.text.trim()
      problems.push({
        kind: same ? 'repeated' : 'duplicate',
        place: property.key.at(0),
        message: `${property.key.text} is set again${same ? ' to the same value' : ''}: line ${before.key.at(0).line} does not count`,
        hint: 'the last one wins: keep one of them',
      })
    }
    // Java keeps no order; ours is that of the winning lines.
    entries.delete(property.key.text)
    entries.set(property.key.text, property)
  }
  return { all, entries, problems }
}

/** Text as a key or a value of a properties file: pure ASCII, since Flume 1.10 and later read the file as ISO 8859-1. */
function escaped(text: string, special: RegExp): string {
  return text
    .replaceAll('\\', '\\\\')
    .replace(special, (mark) => `\\${mark}`)
    .replace(/[\n\r\t\f]/g, (mark) => ({ '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' })[mark] ?? mark)
    .replace(/[^\x20-\x7e]/g, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** `key = value`, one a line, so that Java reads back what was given. */
export function javaPropertiesText(entries: readonly (readonly [string, string | number | boolean])[]): string {
  return entries.map(([key, value]) => `${escaped(key, /[:=# !]/g)} = ${escaped(String(value), /^ /)}\n`).join('')
}
