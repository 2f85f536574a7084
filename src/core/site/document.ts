import {
  type Document,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLParseError,
} from 'yaml'
import type { z } from 'zod'
import { didYouMean } from '../did-you-mean.js'
import type { Diagnostic, Place } from '../errors.js'

/** A YAML file that a person wrote, with the place of every value. */
export interface YamlFile {
  readonly file: string
  readonly value: unknown
  /** Place of the value (or of the key, when there is only that) at a path; the nearest parent's when it is not there. */
  place(path: readonly PropertyKey[]): Place
  /** Place of the key itself. */
  keyPlace(path: readonly PropertyKey[]): Place
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Diagnostic[] }

/** What a person who never heard of the parser understands. */
function inOurWords(error: YAMLParseError, text: string): Pick<Diagnostic, 'message' | 'hint'> {
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^[^:\n]*/.exec(text.slice(error.pos[0]))?.[0].trim() ?? ''
    return { message: `the key "${key}" is there twice`, hint: 'delete one of them' }
  }
  if (error.code === 'MULTIPLE_DOCS')
    return { message: 'a second document begins here', hint: 'a file holds one: delete the line ---' }
  return { message: error.message, ...(/tab/i.test(error.message) ? { hint: 'indent with spaces' } : {}) }
}

/** Parses YAML; syntax errors, duplicate keys and tabs come back as diagnostics with line and column. */
export function parseYaml(text: string, file: string): Parsed<YamlFile> {
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    const hint = `it may be UTF-16: iconv -f UTF-16 -t UTF-8 ${file}`
    const line = text.slice(0, nul).split('\n').length
    return { ok: false, problems: [{ message: 'this is no UTF-8 text', place: { file, line, column: 1 }, hint }] }
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => ({ ...inOurWords(error, text), place: at(error.pos[0]) })),
    }
  }
  const nodeAt = (path: readonly PropertyKey[]): Node | undefined => {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
      if (node !== null && typeof node === 'object' && 'range' in node) return node as Node
    }
    return undefined
  }
  return {
    ok: true,
    value: {
      file,
      value: document.toJS() ?? {},
      place: (path) => at(nodeAt(path)?.range?.[0] ?? 0),
      keyPlace: (path) => at(keyOffset(document, path) ?? nodeAt(path)?.range?.[0] ?? 0),
    },
  }
}

function keyOffset(document: Document, path: readonly PropertyKey[]): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return undefined
  const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === path.at(-1))
  return isScalar(pair?.key) ? pair.key.range?.[0] : undefined
}

interface JsonSchemaNode {
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>
  readonly additionalProperties?: JsonSchemaNode | boolean
  readonly items?: JsonSchemaNode
  readonly anyOf?: readonly JsonSchemaNode[]
}

/** Names of the keys that a schema knows at a path. */
function knownKeys(schema: JsonSchemaNode, path: readonly PropertyKey[]): string[] {
  let node: JsonSchemaNode | undefined = schema
  for (const step of path) {
    if (node === undefined) return []
    const additional: JsonSchemaNode | undefined =
      typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined
    node = typeof step === 'number' ? node.items : (node.properties?.[String(step)] ?? additional)
  }
  return Object.keys(node?.properties ?? {})
}

/** Validates against a zod schema; every issue becomes a diagnostic at its line, unknown keys with a "did you mean". */
export function validateYaml<T>(yaml: YamlFile, schema: z.ZodType<T>, jsonSchema: JsonSchemaNode): Parsed<T> {
  const result = schema.safeParse(yaml.value)
  if (result.success) return { ok: true, value: result.data }
  const problems = result.error.issues.flatMap((issue): Diagnostic[] => {
    const name = issue.path.map(String).join('.')
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(jsonSchema, issue.path)
      return issue.keys.map((key) => ({
        message: `unknown key "${[...issue.path.map(String), key].join('.')}"${didYouMean(key, known)}`,
        place: yaml.keyPlace([...issue.path, key]),
        hint: `known here: ${known.join(', ')}`,
      }))
    }
    if (issue.code === 'invalid_key') {
      return issue.issues.map(({ message }) => ({
        message: `the key "${name}" ${message}`,
        place: yaml.keyPlace(issue.path),
      }))
    }
    return [{ message: `${name === '' ? 'the file' : name}: ${issue.message}`, place: yaml.place(issue.path) }]
  })
  problems.sort((a, b) => (a.place.line ?? 0) - (b.place.line ?? 0) || (a.place.column ?? 0) - (b.place.column ?? 0))
  return { ok: false, problems }
}
