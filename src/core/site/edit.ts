import { isDeepStrictEqual } from 'node:util'
import { type Document, isMap, isPair, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml'

/** Where a key and its value stand in the text. */
interface Spot {
  readonly pair: Pair
  readonly keyStart: number
  readonly valueEnd: number
}

function spotOf(map: YAMLMap, key: string): Spot | undefined {
  const pair = map.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key)
  if (pair === undefined || !isScalar(pair.key)) return undefined
  const range = (pair.value as { range?: [number, number, number] } | null)?.range
  return { pair, keyStart: pair.key.range?.[0] ?? 0, valueEnd: range?.[1] ?? pair.key.range?.[1] ?? 0 }
}

const lineStart = (text: string, at: number) => text.lastIndexOf('\n', at - 1) + 1

/** A scalar as YAML writes it in one line. */
function scalar(value: string): string {
  return /^[A-Za-z0-9_./][A-Za-z0-9_./+~-]*$/.test(value) ? value : JSON.stringify(value)
}

/** The text with a line put in or a value replaced, without touching anything else; undefined where that is not possible. */
function setInText(text: string, document: Document, section: string, key: string, value: string): string | undefined {
  const root = document.contents
  const line = `${key}: ${scalar(value)}`
  if (root === null || (isMap(root) && spotOf(root, section) === undefined && root.flow !== true)) {
    const before = text === '' || text.endsWith('\n') ? text : `${text}\n`
    return `${before}${before === '' ? '' : '\n'}${section}:\n  ${line}\n`
  }
  const map = isMap(root) ? spotOf(root, section)?.pair.value : undefined
  if (!isMap(map) || map.items.length === 0) return undefined
  const known = spotOf(map, key)
  if (known !== undefined) {
    const range = isScalar(known.pair.value) ? known.pair.value.range : undefined
    return range == null ? undefined : `${text.slice(0, range[0])}${scalar(value)}${text.slice(range[1])}`
  }
  const first = map.items[0]?.key
  const at = isScalar(first) ? first.range?.[0] : undefined
  if (at === undefined) return undefined
  if (map.flow === true) return `${text.slice(0, at)}${line}, ${text.slice(at)}`
  return `${text.slice(0, at)}${line}\n${' '.repeat(at - lineStart(text, at))}${text.slice(at)}`
}

/** The text without the key's line, and without its section when nothing else is in it. */
function removeFromText(text: string, document: Document, section: string, key: string): string | undefined {
  const root = document.contents
  const outer = isMap(root) ? spotOf(root, section) : undefined
  const map = outer?.pair.value
  if (!isMap(map) || outer === undefined) return undefined
  const spot = map.items.length === 1 ? outer : spotOf(map, key)
  if (spot === undefined || (map.flow === true && spot !== outer)) return undefined
  const from = lineStart(text, spot.keyStart)
  const newline = text.indexOf('\n', Math.max(spot.valueEnd - 1, spot.keyStart))
  const before = text.slice(0, from)
  const after = newline === -1 ? '' : text.slice(newline + 1)
  return spot === outer && after.trim() === '' ? before.replace(/\n\n+$/, '\n') : before + after
}

/**
 * A site file's text with `section.key` set to `value`, or removed when undefined. Comments, blanks and the order of
 * everything else stay; only where that cannot be done by putting in a line is the file written anew from its document.
 */
export function editSiteText(text: string, section: string, key: string, value: string | undefined): string {
  const document = parseDocument(text)
  if (document.getIn([section, key]) === value) return text
  const edited =
    value === undefined ? removeFromText(text, document, section, key) : setInText(text, document, section, key, value)
  const wanted = parseDocument(text)
  if (value === undefined) {
    wanted.deleteIn([section, key])
    const rest = wanted.get(section)
    if (isMap(rest) && rest.items.length === 0) wanted.delete(section)
  } else {
    if (isMap(wanted.contents) && !isMap(wanted.get(section))) wanted.delete(section)
    wanted.setIn([section, key], value)
  }
  const same = (one: string) => isDeepStrictEqual(parseDocument(one).toJS() ?? {}, wanted.toJS() ?? {})
  return edited !== undefined && same(edited) ? edited : wanted.toString({ lineWidth: 0 })
}
