import { FailedError } from '../../core/errors.js'
import type { AvailablePackage, Catalogue } from '../catalogue.js'
import { fetchMetadata, type ReadContext, type RepositoryToRead } from '../repository.js'
import { textOf } from '../text-stream.js'
import {
  fileNamesByChecksum,
  findFiles,
  type MetadataFile,
  makeRepodata,
  readPrimary,
  readRepomd,
  selectElements,
} from './metadata.js'

/** An rpm repository whose packages are in a catalogue; its metadata files stay to be read again. */
export interface RpmRepository {
  readonly repository: RepositoryToRead
  readonly primary: string
  /** Fetched when it is first asked for; undefined where the repository has none. */
  readonly filelists: () => Promise<string | undefined>
}

function readable(file: MetadataFile): MetadataFile {
  const ending = /\.(xz|bz2|zst|zck)$/.exec(new URL(file.url).pathname)?.[1]
  if (ending === undefined) return file
  throw new FailedError('REPOSITORY_COMPRESSION', `${file.url} is compressed with ${ending}; smartcar reads gzip`, {
    place: { thing: file.url },
    hints: ['make the metadata of the mirror anew with createrepo_c --general-compress-type=gz'],
  })
}

/** Reads repomd.xml and primary.xml of a repository into the catalogue. Throws DownloadError, FailedError. */
export async function readRpmRepository(
  repository: RepositoryToRead,
  catalogue: Catalogue,
  context: ReadContext,
): Promise<RpmRepository> {
  const repomd = await fetchMetadata(repository, `${repository.url}repodata/repomd.xml`, {}, context)
  const listed = await readRepomd(textOf(repomd, context.files), repository.url)
  const fetched = async (type: string) => {
    const file = listed.find((one) => one.type === type)
    if (file === undefined) return undefined
    const { url, checksum, size } = readable(file)
    return fetchMetadata(repository, url, { checksum, ...(size === undefined ? {} : { size }) }, context)
  }
  const primary = await fetched('primary')
  if (primary === undefined) {
    throw new FailedError('REPOSITORY_INVALID', `${repository.url}repodata/repomd.xml names no primary metadata`, {
      place: { thing: repository.url },
      hints: ['make the metadata of the mirror anew with createrepo_c'],
    })
  }
  await readPrimary(textOf(primary, context.files), repository, catalogue)
  let filelists: Promise<string | undefined> | undefined
  return {
    repository,
    primary,
    filelists: () => {
      filelists ??= fetched('filelists')
      return filelists
    },
  }
}

/** Adds which packages hold `paths`, as far as the full file lists tell; primary.xml names only programs and settings. */
export async function addFiles(
  repositories: readonly RpmRepository[],
  paths: readonly string[],
  catalogue: Catalogue,
  packages: ReadonlyMap<string, AvailablePackage>,
  context: ReadContext,
): Promise<void> {
  for (const one of repositories) {
    const file = await one.filelists()
    if (file === undefined) continue
    await findFiles(textOf(file, context.files), one.repository.url, new Set(paths), (hex, name) => {
      const found = packages.get(hex)
      if (found !== undefined) catalogue.offer(found, { name })
    })
  }
}

/** The metadata of a repository that holds `packages` alone, as files by their path. */
export async function rpmMetadata(
  repositories: readonly RpmRepository[],
  packages: readonly AvailablePackage[],
  fileName: (one: AvailablePackage) => string,
  context: ReadContext,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const primary: string[] = []
  const filelists: string[] = []
  for (const { repository, primary: file, filelists: lists } of repositories) {
    const own = packages.filter((one) => one.repository === repository)
    if (own.length === 0) continue
    const names = fileNamesByChecksum(own, fileName)
    primary.push(...(await selectElements(textOf(file, context.files), repository.url, names)))
    const list = await lists()
    if (list !== undefined)
      filelists.push(...(await selectElements(textOf(list, context.files), repository.url, names)))
  }
  return makeRepodata(primary, filelists)
}
