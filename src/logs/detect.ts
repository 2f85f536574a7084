/** What kind of file this is, by its content alone: names lie. */
import type { RecordKind } from '../core/layout.js'
import { isHeader, type RowFormat, rowFormats } from './formats.js'
import { newFacts } from './row-checks.js'
import { lineBlocks, type Source, SourceError } from './source.js'

const newline = 0x0a
/** Lines with the right shape but no sound row among them: after this many bytes the shape decides. */
const patience = 8 * 1024 * 1024
/** So many sound rows settle it. */
const enoughRows = 1000

const formats = Object.values(rowFormats)

/** Files of the pilot that are not collected. */
const otherKinds = {
  income: 'the income variant of the car master (10 columns, "|")',
  'income sample': 'a sample of car_capacity, year, age and income (4 columns, "|")',
  incidents: 'driving incidents (11 columns, ",")',
} as const
type OtherKind = keyof typeof otherKinds

/** `income`: `carNum|…|type|income`; `income sample`: `smartcar_master2income.car_capacity|…`; incidents: eleven classes 0 to 2. */
function otherKindOf(line: string): OtherKind | undefined {
  if (/^(?:[A-Z]\d{4}|\p{L}+)(?:\|[^|]*){8}\|(?:income|\d+)$/u.test(line)) return 'income'
  if (/^smartcar_master2income\.\w+(?:\|smartcar_master2income\.\w+)*$/.test(line)) return 'income sample'
  if (/^[0-2](?:,[0-2]){10}$/.test(line) || /^wea,temp,hum,/.test(line) || /^\d+,10,/.test(line)) return 'incidents'
  return undefined
}

/** Has the line the number of columns of the kind, and a first field that could be meant as its first column? */
function hasShape(format: RowFormat, line: string): boolean {
  const fields = line.split(format.separator)
  if (fields.length !== format.columns.length) return false
  if (format.partition === 'day') return /^\d/.test(line)
  return /^\p{L}[\d?]/u.test(line) || (format.kind === 'purchases' && /^Item/i.test(fields[1] ?? ''))
}

interface Votes {
  readonly sound: Map<RecordKind, number>
  /** Lines of the right shape. */
  readonly shape: Map<RecordKind, number>
  readonly other: Map<OtherKind, number>
  readonly header: Map<RecordKind, number>
}

const vote = <K>(votes: Map<K, number>, key: K) => votes.set(key, (votes.get(key) ?? 0) + 1)

/** What most votes are for, if there are at least `least`. */
function most<K>(votes: ReadonlyMap<K, number>, least = 1): K | undefined {
  const found = [...votes].reduce<readonly [K, number] | undefined>(
    (best, entry) => (best === undefined || entry[1] > best[1] ? entry : best),
    undefined,
  )
  return found !== undefined && found[1] >= least ? found[0] : undefined
}

const settled = (votes: Votes) => [...votes.sound.values()].some((count) => count >= enoughRows)

function voteForLine(votes: Votes, bytes: Buffer, start: number, end: number): void {
  const facts = newFacts()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const textEnd = bytes[end - 1] === 0x0d && end > start ? end - 1 : end
  const sound = formats.find((format) => format.check(view, start, facts) === textEnd)
  if (sound !== undefined) {
    vote(votes.sound, sound.kind)
    return
  }
  const line = bytes.toString('utf8', start, textEnd)
  const other = otherKindOf(line)
  if (other !== undefined) vote(votes.other, other)
  for (const format of formats) {
    if (hasShape(format, line)) vote(votes.shape, format.kind)
    else if (isHeader(format, line) && line.split(format.separator).length === format.columns.length)
      vote(votes.header, format.kind)
  }
}

function describeLine(line: string): string {
  const [pipes, commas] = [line.split('|').length, line.split(',').length]
  const columns = pipes > commas ? `${pipes} columns ("|")` : commas > 1 ? `${commas} columns (",")` : '1 column'
  const printable = line.replace(/[\p{C}]/gu, '\ufffd')
  return `${columns}: "${printable.length > 60 ? `${printable.slice(0, 60)}…` : printable}"`
}

const expected = formats
  .map(({ kind, columns, separator }) => `${kind} (${columns.length} columns, "${separator}")`)
  .join(', ')

/**
 * The kind that most of the sound rows at the beginning belong to; where no row is sound, the kind whose shape at
 * least half of the lines have, last the kind of the header lines. Throws SourceError that says what the file looks like.
 */
export async function detectKind(source: Pick<Source, 'path' | 'content'>): Promise<RecordKind> {
  const votes: Votes = { sound: new Map(), shape: new Map(), other: new Map(), header: new Map() }
  let lines = 0
  let filled = 0
  let bytesSeen = 0
  let firstStrange: { line: number; text: string } | undefined
  await using content = source.content()
  for await (const block of lineBlocks(content)) {
    bytesSeen += block.contentEnd
    if (block.long) {
      if (!block.last) continue
      lines++
      firstStrange ??= { line: lines, text: '' }
      continue
    }
    for (let start = 0; start < block.end && !settled(votes); ) {
      const end = block.bytes.indexOf(newline, start)
      lines++
      const marked = block.bytes[start] === 0xef && block.bytes[start + 1] === 0xbb && block.bytes[start + 2] === 0xbf
      const from = marked ? start + 3 : start
      if (end > from) {
        filled++
        voteForLine(votes, block.bytes, from, end)
        firstStrange ??= {
          line: lines,
          text: block.bytes.toString('utf8', from, Math.min(end, from + 65_536)).trimEnd(),
        }
      }
      start = end + 1
    }
    if (votes.sound.size > 0 || (votes.shape.size + votes.other.size > 0 && bytesSeen > patience)) break
  }
  // Without a sound row a few lines prove nothing: prose has commas too.
  const found = most(votes.sound) ?? most(votes.shape, filled / 2)
  if (found !== undefined) return found
  const other = most(votes.other)
  if (other !== undefined)
    throw new SourceError('KIND_NOT_COLLECTED', `${source.path} looks like ${otherKinds[other]}`, {
      place: { file: source.path },
      hints: [`collect takes ${expected}`],
    })
  const headed = most(votes.header, filled / 2)
  if (headed !== undefined) return headed
  const line = firstStrange?.line ?? 1
  const looks =
    firstStrange === undefined
      ? 'it has no line with text'
      : firstStrange.text === ''
        ? `line ${line} is longer than 64 KiB`
        : `line ${line} has ${describeLine(firstStrange.text)}`
  throw new SourceError('KIND_UNKNOWN', `${source.path} is of no known kind: ${looks}`, {
    place: { file: source.path, line },
    hints: [`collect takes ${expected}`, 'check the separator and the number of columns, or name the kind with --kind'],
  })
}
