import path from 'node:path'
import { type AvailablePackage, Catalogue, type SourceRepository } from '../../bundles/catalogue.js'
import { type Closure, closure, type Unresolved, type Wanted } from '../../bundles/closure.js'
import { debianRules } from '../../bundles/debian/packages.js'
import { debianMetadata, readDebianRepository } from '../../bundles/debian/repository.js'
import { isAbsent, type ReadContext, type RepositoryToRead, repositoryError } from '../../bundles/repository.js'
import { rpmRules } from '../../bundles/rpm/metadata.js'
import { addFiles, readRpmRepository, rpmMetadata } from '../../bundles/rpm/repository.js'
import { FailedError, throwIfInterrupted } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { SystemFamily } from '../../core/plan/shell/system.js'
import { number, plural } from '../../render/format.js'
import type { HostsContext } from '../provision/context.js'

/** What a family needs, and where it is. */
export interface FamilyPackages {
  readonly family: SystemFamily
  /** Those that were there. */
  readonly repositories: readonly SourceRepository[]
  readonly wanted: readonly string[]
  readonly packages: readonly AvailablePackage[]
  /** Metadata of a repository of these packages alone, given the name of each one's file. */
  metadata(fileName: (one: AvailablePackage) => string): Promise<ReadonlyMap<string, Uint8Array>>
}

type Metadata = (
  packages: readonly AvailablePackage[],
  fileName: (one: AvailablePackage) => string,
) => Promise<ReadonlyMap<string, Uint8Array>>

interface Read {
  readonly repositories: readonly SourceRepository[]
  readonly resolve: (wanted: readonly Wanted[]) => Promise<Closure>
  readonly metadata: Metadata
}

async function readEach<T>(
  repositories: readonly RepositoryToRead[],
  context: HostsContext,
  read: (repository: RepositoryToRead) => Promise<T>,
): Promise<readonly T[]> {
  const found: T[] = []
  for (const repository of repositories) {
    throwIfInterrupted(context.signal)
    try {
      found.push(await read(repository))
    } catch (error) {
      if (repository.optional === true && isAbsent(error))
        context.emit({ t: 'note', level: 'warn', text: `${repository.url} is not there: left out` })
      else throw repositoryError(repository, error)
    }
  }
  return found
}

async function readRpm(
  repositories: readonly RepositoryToRead[],
  catalogue: Catalogue,
  read: ReadContext,
  context: HostsContext,
): Promise<Read> {
  const found = await readEach(repositories, context, (one) => readRpmRepository(one, catalogue, read))
  const resolve = async (wanted: readonly Wanted[]) => {
    const asked = new Set<string>()
    for (;;) {
      const result = closure(wanted, catalogue)
      const paths = result.unresolved.map(({ need }) => need).filter((need) => need.startsWith('/') && !asked.has(need))
      if (paths.length === 0) return result
      for (const one of paths) asked.add(one)
      await addFiles(found, paths, catalogue, catalogue.byChecksum(), read)
    }
  }
  return {
    repositories: found.map(({ repository }) => repository),
    resolve,
    metadata: (packages, fileName) => rpmMetadata(found, packages, fileName, read),
  }
}

async function readDebian(
  repositories: readonly RepositoryToRead[],
  catalogue: Catalogue,
  read: ReadContext,
  context: HostsContext,
): Promise<Read> {
  const found = await readEach(repositories, context, (one) => readDebianRepository(one, catalogue, read))
  return {
    repositories: found.map(({ repository }) => repository),
    resolve: async (wanted) => closure(wanted, catalogue),
    metadata: (packages, fileName) => debianMetadata(found, packages, fileName, read),
  }
}

function unresolvedText({ need, neededBy, versions }: Unresolved): string {
  const [nearest = '', ...above] = neededBy
  const chain = above.length === 0 ? nearest : `${nearest} (for ${above.slice(-2).join(', ')})`
  return `${need}, which ${chain} needs${versions.length === 0 ? '' : `; there is only ${versions.join(', ')}`}`
}

function unresolvedError(
  family: SystemFamily,
  unresolved: readonly Unresolved[],
  repositories: readonly SourceRepository[],
): FailedError {
  const names = repositories.map(({ name, url }) => `${name} (${url})`).join(', ')
  const shown = unresolved.slice(0, 5).map(unresolvedText).join('; ')
  const more = unresolved.length > 5 ? `; and ${unresolved.length - 5} more` : ''
  return new FailedError('BUNDLE_UNRESOLVED', `no repository of ${family} has ${shown}${more}; asked: ${names}`, {
    hints: [
      'name the repository that has it in provision.repositories.extra',
      'or correct the name in provision.packages or provision.jdk.package',
    ],
    data: { family, unresolved },
  })
}

/** Reads the repositories of a family and finds all that the wanted packages need. Throws what `repositoryError` makes, BUNDLE_UNRESOLVED. */
export async function resolveFamily(
  family: SystemFamily,
  repositories: readonly RepositoryToRead[],
  wanted: ReadonlyMap<string, string>,
  context: HostsContext,
  used: Set<string>,
): Promise<FamilyPackages> {
  const read: ReadContext = {
    files: context.files,
    downloads: context.downloads,
    signal: context.signal,
    cache: path.join(context.layout.bundle, 'metadata'),
    used,
  }
  const debian = family === 'debian'
  const catalogue = new Catalogue(debian ? debianRules : rpmRules)
  const source = await stage(
    context.emit,
    { id: `bundle/read/${family}`, title: `read the repositories of ${family}` },
    () => (debian ? readDebian : readRpm)(repositories, catalogue, read, context),
    (done) => ({
      outcome: 'done',
      summary: `${number(catalogue.size)} packages in ${plural(done.repositories.length, 'repository', 'repositories')}`,
    }),
  )
  const { packages, unresolved } = await source.resolve([...wanted].map(([name, by]) => ({ name, by })))
  if (unresolved.length > 0) throw unresolvedError(family, unresolved, source.repositories)
  return {
    family,
    repositories: source.repositories,
    wanted: [...wanted.keys()],
    packages,
    metadata: (fileName) => source.metadata(packages, fileName),
  }
}
