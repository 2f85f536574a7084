import { FailedError } from '../../core/errors.js'
import { type AvailablePackage, type Catalogue, compareText } from '../catalogue.js'
import { fetchMetadata, isAbsent, type ReadContext, type RepositoryToRead } from '../repository.js'
import { textOf } from '../text-stream.js'
import { readPackages, releaseFiles, stanzas } from './packages.js'

/** A Debian repository whose packages are in a catalogue; its Packages files stay to be read again. */
export interface DebianRepository {
  readonly repository: RepositoryToRead
  readonly packages: readonly string[]
}

async function firstThatIsThere<T>(names: readonly string[], read: (name: string) => Promise<T>): Promise<T> {
  let last: unknown
  for (const name of names) {
    try {
      return await read(name)
    } catch (error) {
      if (!isAbsent(error)) throw error
      last = error
    }
  }
  throw last
}

/** Reads Release and Packages of a repository, for amd64, into the catalogue. Throws DownloadError, FailedError. */
export async function readDebianRepository(
  repository: RepositoryToRead,
  catalogue: Catalogue,
  context: ReadContext,
): Promise<DebianRepository> {
  const [suite = './', ...components] = (repository.suite ?? './').split(/\s+/)
  const flat = suite.endsWith('/')
  const root = new URL(flat ? suite : `dists/${suite}/`, repository.url).href
  const release = await firstThatIsThere(['InRelease', 'Release'], (name) =>
    fetchMetadata(repository, `${root}${name}`, {}, context),
  ).catch((error: unknown) => {
    // A flat repository may do without; what it lists is then compared with what it holds, and no more.
    if (flat && isAbsent(error)) return undefined
    throw error
  })
  const listed = release === undefined ? undefined : releaseFiles((await context.files.readText(release)) ?? '')
  const files: string[] = []
  for (const folder of flat ? [''] : components.map((component) => `${component}/binary-amd64/`)) {
    const names = [`${folder}Packages.gz`, `${folder}Packages`].filter((name) => listed?.has(name) !== false)
    if (names.length === 0) {
      throw new FailedError('REPOSITORY_INVALID', `${root} lists neither ${folder}Packages.gz nor ${folder}Packages`, {
        place: { thing: root },
        hints: ['check suite and components; smartcar reads amd64, plain or compressed with gzip'],
      })
    }
    const file = await firstThatIsThere(names, (name) => {
      const known = listed?.get(name)
      const expected =
        known === undefined ? {} : { size: known.size, checksum: { algorithm: 'sha256', hex: known.sha256 } as const }
      return fetchMetadata(repository, `${root}${name}`, expected, context)
    })
    await readPackages(textOf(file, context.files), repository, flat ? root : repository.url, catalogue)
    files.push(file)
  }
  return { repository, packages: files }
}

/** The Packages file of a flat repository that holds `packages` alone. */
export async function debianMetadata(
  repositories: readonly DebianRepository[],
  packages: readonly AvailablePackage[],
  fileName: (one: AvailablePackage) => string,
  context: ReadContext,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const wanted = new Map(packages.map((one) => [one.checksum.hex, one]))
  const texts = new Map<string, string>()
  for (const { packages: files } of repositories) {
    for (const file of files) {
      for await (const one of stanzas(textOf(file, context.files))) {
        const found = wanted.get(one.field('SHA256') ?? '')
        if (found !== undefined)
          texts.set(fileName(found), one.text.replace(/^Filename:.*$/m, `Filename: ./${fileName(found)}`))
      }
    }
  }
  const sorted = [...texts].sort(([a], [b]) => compareText(a, b)).map(([, text]) => text)
  return new Map([['Packages', Buffer.from(sorted.join('\n'))]])
}
