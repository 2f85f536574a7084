import { FailedError } from '../../core/errors.js'
import type { Catalogue, Need, Operator, Relation, Rules, SourceRepository } from '../catalogue.js'
import { compareVersions } from './version.js'

/** A paragraph of a Packages file: its text and its fields by name. */
export interface Stanza {
  readonly text: string
  field(name: string): string | undefined
}

function stanza(lines: readonly string[]): Stanza {
  const text = `${lines.join('\n')}\n`
  return {
    text,
    field(name) {
      const at = lines.findIndex((line) => line.startsWith(`${name}:`))
      if (at === -1) return undefined
      const value = [(lines[at] ?? '').slice(name.length + 1).trim()]
      for (let next = at + 1; /^[ \t]/.test(lines[next] ?? ''); next++) value.push((lines[next] ?? '').trim())
      return value.join(' ')
    },
  }
}

/** The paragraphs of a text in pieces. */
export async function* stanzas(text: AsyncIterable<string>): AsyncGenerator<Stanza> {
  let rest = ''
  let lines: string[] = []
  for await (const chunk of text) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) {
      if (line.trim() !== '') lines.push(line)
      else if (lines.length > 0) {
        yield stanza(lines)
        lines = []
      }
    }
  }
  if (rest.trim() !== '') lines.push(rest)
  if (lines.length > 0) yield stanza(lines)
}

const operators: Readonly<Record<string, Operator>> = {
  '<<': '<',
  '<=': '<=',
  '=': '=',
  '>=': '>=',
  '>>': '>',
  // Old spellings, which dpkg reads as these.
  '<': '<=',
  '>': '>=',
}

/** `libc6:any (>= 2.36)` */
function parseRelation(text: string): Relation | undefined {
  const match = /^([a-zA-Z0-9][a-zA-Z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*([<>=]+)\s*([^)\s]+)\s*\))?/.exec(text.trim())
  if (match === null) return undefined
  const [, name = '', sign, version] = match
  const operator = sign === undefined ? undefined : operators[sign]
  return operator === undefined || version === undefined ? { name } : { name, operator, version }
}

function parseNeeds(text: string): readonly Need[] {
  return text
    .split(',')
    .map((one) => one.split('|').flatMap((alternative) => parseRelation(alternative) ?? []))
    .filter((need) => need.length > 0)
}

/** apt's and dpkg's understanding of versions and dependencies. */
export const debianRules: Rules = { compare: compareVersions, parseNeeds, bareOfferSatisfies: false }

const priorities = ['extra', 'optional', 'standard', 'important', 'required']

/** Adds the packages of a Packages file for amd64 to the catalogue. `root`: what their file names are below. */
export async function readPackages(
  text: AsyncIterable<string>,
  repository: SourceRepository,
  root: string,
  catalogue: Catalogue,
): Promise<void> {
  for await (const one of stanzas(text)) {
    const [name, version, arch, file] = ['Package', 'Version', 'Architecture', 'Filename'].map(one.field)
    if (name === undefined || version === undefined || file === undefined) continue
    if (arch !== 'amd64' && arch !== 'all') continue
    const sha256 = one.field('SHA256')
    if (sha256 === undefined) {
      throw new FailedError('REPOSITORY_INVALID', `${repository.url} gives no SHA256 for ${name}`, {
        place: { thing: repository.url },
        hints: ['make its Packages file anew with a newer dpkg-scanpackages or apt-ftparchive'],
      })
    }
    const depends = [one.field('Pre-Depends'), one.field('Depends')].filter((text) => text !== undefined)
    const provides = parseNeeds(one.field('Provides') ?? '').flat()
    catalogue.add(
      {
        name,
        version,
        arch,
        repository,
        url: new URL(file.split('/').map(encodeURIComponent).join('/'), root).href,
        size: Number(one.field('Size')),
        checksum: { algorithm: 'sha256', hex: sha256 },
        needs: depends.join(', '),
        rank: priorities.indexOf(one.field('Priority') ?? 'optional'),
      },
      provides,
    )
  }
}

/** Name, size and SHA-256 of the files that a Release file lists. */
export function releaseFiles(release: string): ReadonlyMap<string, { readonly size: number; readonly sha256: string }> {
  const found = new Map<string, { readonly size: number; readonly sha256: string }>()
  let inside = false
  for (const line of release.split('\n')) {
    if (/^\S/.test(line)) inside = line.startsWith('SHA256:')
    const [, sha256, size, name] = /^ ([0-9a-f]{64})\s+(\d+)\s+(\S+)$/.exec(line) ?? []
    if (inside && sha256 !== undefined && name !== undefined) found.set(name, { size: Number(size), sha256 })
  }
  return found
}
