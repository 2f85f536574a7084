import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { SaxesParser, type SaxesTagPlain } from 'saxes'
import type { Checksum } from '../../core/downloads.js'
import { FailedError } from '../../core/errors.js'
import type { AvailablePackage, Catalogue, Need, Operator, Relation, Rules, SourceRepository } from '../catalogue.js'
import { compareEvr } from './version.js'

/** One file of a repository's metadata, as repomd.xml names it. */
export interface MetadataFile {
  readonly type: string
  readonly url: string
  readonly size: number | undefined
  readonly checksum: Checksum
}

type Attributes = Readonly<Record<string, string>>

interface Handlers {
  readonly open?: (name: string, attributes: Attributes) => void
  readonly text?: (text: string) => void
  readonly close?: (name: string) => void
}

/** Feeds XML to handlers as it comes; throws FailedError REPOSITORY_INVALID, naming `source`, when it is none. */
async function parseXml(text: AsyncIterable<string>, source: string, handlers: Handlers): Promise<void> {
  const parser = new SaxesParser({ xmlns: false })
  parser.on('opentag', (tag: SaxesTagPlain) => handlers.open?.(tag.name, tag.attributes))
  parser.on('text', (piece: string) => handlers.text?.(piece))
  parser.on('closetag', (tag: SaxesTagPlain) => handlers.close?.(tag.name))
  parser.on('error', (cause: Error) => {
    throw new FailedError('REPOSITORY_INVALID', `${source} is no XML: ${cause.message}`, {
      cause,
      place: { thing: source },
      hints: ['is it the URL of a package repository? its folder repodata/ holds repomd.xml'],
    })
  })
  for await (const piece of text) parser.write(piece)
  parser.close()
}

const algorithms: Readonly<Record<string, Checksum['algorithm']>> = {
  md5: 'md5',
  sha: 'sha1',
  sha1: 'sha1',
  sha256: 'sha256',
  sha512: 'sha512',
}

function checksum(type: string | undefined, hex: string, source: string): Checksum {
  const algorithm = algorithms[type ?? '']
  if (algorithm !== undefined) return { algorithm, hex: hex.trim().toLowerCase() }
  throw new FailedError('REPOSITORY_INVALID', `${source} has checksums of the unknown kind ${type ?? '?'}`, {
    place: { thing: source },
  })
}

/** The files that a repomd.xml names. `root`: the repository's URL, with a slash at its end. */
export async function readRepomd(text: AsyncIterable<string>, root: string): Promise<readonly MetadataFile[]> {
  const files: MetadataFile[] = []
  const source = `${root}repodata/repomd.xml`
  let value = ''
  let type = ''
  let href: string | undefined
  let size: number | undefined
  let sum: Checksum | undefined
  let sumType: string | undefined
  await parseXml(text, source, {
    open(name, attributes) {
      value = ''
      if (name === 'data') {
        type = attributes.type ?? ''
        href = size = sum = undefined
      } else if (name === 'location') href = attributes.href
      else if (name === 'checksum') sumType = attributes.type
    },
    text: (piece) => {
      value += piece
    },
    close(name) {
      if (name === 'checksum') sum = checksum(sumType, value, source)
      else if (name === 'size') size = Number(value)
      else if (name === 'data' && href !== undefined && sum !== undefined)
        files.push({ type, url: new URL(href, root).href, size, checksum: sum })
    },
  })
  return files
}

const flags: Readonly<Record<string, Operator>> = { LT: '<', LE: '<=', EQ: '=', GE: '>=', GT: '>' }

function entryRelation({ name = '', flags: flag, epoch, ver, rel }: Attributes): Relation {
  const operator = flags[flag ?? '']
  if (operator === undefined || ver === undefined) return { name }
  return { name, operator, version: `${epoch ?? '0'}:${ver}${rel === undefined ? '' : `-${rel}`}` }
}

/** Kept as text, a line each: only the packages that are chosen have their needs looked at. */
function needLine({ name, operator, version }: Relation): string {
  return `${name}\t${operator ?? ''}\t${version ?? ''}`
}

function parseNeeds(text: string): readonly Need[] {
  return text.split('\n').flatMap((line): Need[] => {
    const [name = '', operator = '', version = ''] = line.split('\t')
    // What rpm itself must understand, and needs with conditions, which rpm of CentOS 6 and 7 does not know.
    if (name === '' || name.startsWith('rpmlib(') || name.startsWith('(')) return []
    return [[operator === '' ? { name } : { name, operator: operator as Operator, version }]]
  })
}

/** yum's and rpm's understanding of versions and dependencies. */
export const rpmRules: Rules = { compare: compareEvr, parseNeeds, bareOfferSatisfies: true }

const arches: readonly string[] = ['x86_64', 'noarch']

/** Adds the packages of a primary.xml for x86_64 to the catalogue. */
export async function readPrimary(
  text: AsyncIterable<string>,
  repository: SourceRepository,
  catalogue: Catalogue,
): Promise<void> {
  const source = `${repository.url}repodata (primary)`
  let value = ''
  let section = ''
  let sumType: string | undefined
  let sum: Checksum | undefined
  let name = ''
  let arch = ''
  let version = ''
  let size = 0
  let href = ''
  let base: string | undefined
  let offers: Relation[] = []
  let needs: string[] = []
  const finish = () => {
    if (!arches.includes(arch) || sum === undefined) return
    catalogue.add(
      {
        name,
        version,
        arch,
        repository,
        url: new URL(href, base === undefined ? repository.url : `${base.replace(/\/$/, '')}/`).href,
        size,
        checksum: sum,
        needs: needs.join('\n'),
        rank: 0,
      },
      offers,
    )
  }
  await parseXml(text, source, {
    open(tag, attributes) {
      value = ''
      if (tag === 'package') {
        offers = []
        needs = []
        sum = base = undefined
      } else if (tag === 'version') {
        version = `${attributes.epoch ?? '0'}:${attributes.ver ?? ''}-${attributes.rel ?? ''}`
      } else if (tag === 'checksum') sumType = attributes.type
      else if (tag === 'size') size = Number(attributes.package)
      else if (tag === 'location') {
        href = attributes.href ?? ''
        base = attributes['xml:base']
      } else if (tag === 'rpm:provides' || tag === 'rpm:requires') section = tag
      else if (tag === 'rpm:entry') {
        if (section === 'rpm:provides') offers.push(entryRelation(attributes))
        else if (section === 'rpm:requires') needs.push(needLine(entryRelation(attributes)))
      }
    },
    text: (piece) => {
      value += piece
    },
    close(tag) {
      if (tag === 'name') name = value
      else if (tag === 'arch') arch = value
      else if (tag === 'checksum') sum = checksum(sumType, value, source)
      else if (tag === 'file') offers.push({ name: value })
      else if (tag.startsWith('rpm:') && tag !== 'rpm:entry') section = ''
      else if (tag === 'package') finish()
    },
  })
}

/** Which packages of a filelists.xml hold which of `paths`: calls `found` with the checksum that names the package. */
export async function findFiles(
  text: AsyncIterable<string>,
  source: string,
  paths: ReadonlySet<string>,
  found: (checksumHex: string, path: string) => void,
): Promise<void> {
  let value = ''
  let id = ''
  await parseXml(text, source, {
    open(tag, attributes) {
      value = ''
      if (tag === 'package') id = attributes.pkgid ?? ''
    },
    text: (piece) => {
      value += piece
    },
    close(tag) {
      if (tag === 'file' && paths.has(value)) found(id, value)
    },
  })
}

const escaped: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => escaped[character] ?? '')

function openTag(name: string, attributes: Attributes): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
  return `<${name}${words.join('')}>`
}

/**
 * The package elements of a primary.xml or filelists.xml whose checksum `fileOf` knows, as text: their location becomes
 * the name that `fileOf` gives, everything else stays.
 */
export async function selectElements(
  text: AsyncIterable<string>,
  source: string,
  fileOf: (checksumHex: string) => string | undefined,
): Promise<readonly string[]> {
  const out: string[] = []
  let piece = ''
  let value = ''
  let id: string | undefined
  let inside = false
  // In filelists.xml known from the start, in primary.xml from the checksum on; until then the text is collected.
  let file: string | undefined
  const skipped = () => inside && id !== undefined && file === undefined
  await parseXml(text, source, {
    open(tag, attributes) {
      value = ''
      if (tag === 'package') {
        inside = true
        id = attributes.pkgid
        file = id === undefined ? undefined : fileOf(id)
        piece = ''
      }
      if (!inside || skipped()) return
      piece += openTag(tag, tag === 'location' && file !== undefined ? { href: file } : attributes)
    },
    text(part) {
      value += part
      if (inside && !skipped()) piece += escapeXml(part)
    },
    close(tag) {
      if (!inside) return
      if (!skipped()) piece += `</${tag}>`
      if (tag === 'checksum') {
        id = value.trim().toLowerCase()
        file = fileOf(id)
      } else if (tag === 'package') {
        if (file !== undefined) out.push(piece)
        inside = false
      }
    },
  })
  return out
}

/** The metadata files of a repository, by name below it. */
export function makeRepodata(
  primary: readonly string[],
  filelists: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
  const one = (type: string, xml: string) => {
    const open = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}\n`)
    const packed = gzipSync(open)
    files.set(`repodata/${type}.xml.gz`, packed)
    // A constant time: yum passes over metadata that is older than what it has.
    return `<data type="${type}"><checksum type="sha256">${sha256(packed)}</checksum><open-checksum type="sha256">${sha256(open)}</open-checksum><location href="repodata/${type}.xml.gz"/><timestamp>1</timestamp><size>${packed.byteLength}</size><open-size>${open.byteLength}</open-size></data>`
  }
  const common = 'http://linux.duke.edu/metadata'
  const data = [
    one(
      'primary',
      `<metadata xmlns="${common}/common" xmlns:rpm="${common}/rpm" packages="${primary.length}">\n${primary.join('\n')}\n</metadata>`,
    ),
    one(
      'filelists',
      `<filelists xmlns="${common}/filelists" packages="${filelists.length}">\n${filelists.join('\n')}\n</filelists>`,
    ),
  ]
  const repomd = `<?xml version="1.0" encoding="UTF-8"?>\n<repomd xmlns="${common}/repo" xmlns:rpm="${common}/rpm"><revision>1</revision>\n${data.join('\n')}\n</repomd>\n`
  files.set('repodata/repomd.xml', Buffer.from(repomd))
  return files
}

/** By the checksum that names a package in its repository's metadata. */
export function fileNamesByChecksum(
  packages: readonly AvailablePackage[],
  fileName: (one: AvailablePackage) => string,
): (checksumHex: string) => string | undefined {
  const names = new Map(packages.map((one) => [one.checksum.hex, fileName(one)]))
  return (hex) => names.get(hex)
}
