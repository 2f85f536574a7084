import { createHash } from 'node:crypto'
import path from 'node:path'
import { type ItemSource, openBundle, verifyBundle, writeArchive } from '../../bundles/archive.js'
import { type AvailablePackage, compareText } from '../../bundles/catalogue.js'
import { type AptSource, aptSourcesSnippet, parseAptSources } from '../../bundles/debian/sources.js'
import {
  type BundleItem,
  type BundleManifest,
  type FamilySummary,
  makeManifest,
  type SoftwareSummary,
  summarise,
  summariseSoftware,
} from '../../bundles/manifest.js'
import { type RepositoryToRead, repositoryError } from '../../bundles/repository.js'
import { CheckError, FailedError, throwIfInterrupted, UnreachableError, UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import { parseSystem, supportedFamily, systemSnippet } from '../../core/hosts/system.js'
import { shellPrelude } from '../../core/plan/batch.js'
import { commandFailed } from '../../core/plan/failure.js'
import { type SystemFamily, systemFamilies } from '../../core/plan/shell/system.js'
import { bytes, plural } from '../../render/format.js'
import { hostSteps } from '../../services/host/steps.js'
import { wantedPackages } from '../provision/bundle.js'
import { type HostsContext, hostsWorld } from '../provision/context.js'
import { chosenHosts } from '../provision/prepare.js'
import { repositoriesOf } from './repositories.js'
import { type FamilyPackages, resolveFamily } from './resolve.js'
import { type PackedSoftware, packSoftware } from './software.js'

export interface CreateBundleInput {
  /** Where the archive goes; `<site>-bundle.tar` beside the site file when left out. */
  readonly output?: string
  /** Systems; the hosts are asked for theirs when empty. */
  readonly families: readonly SystemFamily[]
  /** Hosts to ask; all when empty. */
  readonly hosts: readonly string[]
  /** Repositories of Debian hosts, when those are not asked. */
  readonly apt: readonly AptSource[]
  /** Downloads at once. */
  readonly parallel: number
}

export interface CreateBundleResult {
  /** Absolute path. */
  readonly file: string
  readonly id: string
  readonly status: 'written' | 'unchanged'
  /** Of the archive. */
  readonly bytes: number
  readonly families: readonly FamilySummary[]
  /** Of the services of profile `apache`. */
  readonly software: readonly SoftwareSummary[]
  readonly downloaded: { readonly packages: number; readonly bytes: number }
}

/** Where a bundle of this site goes unless said: beside the site file. */
function defaultFile(context: HostsContext): string {
  const folder = context.site.file === undefined ? process.cwd() : path.dirname(context.site.file)
  return path.join(folder, `${context.site.name}-bundle.tar`)
}

interface Asked {
  readonly families: readonly SystemFamily[]
  readonly apt: readonly AptSource[]
}

/** Hosts that packages are installed on: on `apache` not the machine at hand. */
function hostsWithPackages(names: readonly string[], context: HostsContext) {
  const chosen = chosenHosts({ hosts: names, only: [] }, context)
  return context.site.profile === 'apache' ? chosen.filter(({ connection }) => connection !== 'local') : chosen
}

/** Asks hosts what they are, one round trip each; all have to answer, else the bundle would lack something unseen. */
async function askHosts(names: readonly string[], context: HostsContext): Promise<Asked> {
  const world = hostsWorld(context)
  const mark = '@apt@'
  const answers = await Promise.all(
    hostsWithPackages(names, context).map(async ({ name }) => {
      try {
        const output = await world.shell(name, `${shellPrelude}${systemSnippet}\necho ${mark}\n${aptSourcesSnippet}`)
        if (output.code !== 0) throw commandFailed(output, 'ask for the system', name)
        const [system = '', apt = ''] = output.stdout.split(`${mark}\n`)
        return { family: supportedFamily(name, parseSystem(system)), apt: parseAptSources(apt) }
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error
        throw new UnreachableError(error.code, error.message, {
          cause: error,
          hints: [
            'say what the hosts are: smartcar bundle create --family el7 (el6, debian), then none is asked',
            ...error.hints,
          ],
          ...(error.place === undefined ? {} : { place: error.place }),
        })
      }
    }),
  )
  const families = systemFamilies.filter((family) => answers.some((answer) => answer.family === family))
  const apt = answers.filter(({ family }) => family === 'debian').flatMap((answer) => answer.apt)
  return { families, apt: [...new Map(apt.map((one) => [`${one.url} ${one.suite}`, one])).values()] }
}

/** What provisioning would install on a host of the family. */
function packagesOf(family: SystemFamily, context: HostsContext): ReadonlyMap<string, string> {
  const { hosts, provision } = context.site
  const steps = hostsWithPackages([], context).flatMap((host) =>
    hostSteps({ host, hosts, provision, family, passwords: new Map() }),
  )
  return wantedPackages(steps)
}

/** A file name that is one in a tar, in a URL and for sh. */
function fileNames(packages: readonly AvailablePackage[]): (one: AvailablePackage) => string {
  const taken = new Set<string>()
  const names = new Map<AvailablePackage, string>()
  for (const one of packages) {
    const plain = decodeURIComponent(path.posix.basename(new URL(one.url).pathname)).replace(/[^A-Za-z0-9._+~-]/g, '_')
    const free = taken.has(plain) ? `${one.checksum.hex.slice(0, 8)}-${plain}` : plain
    const name = free.length <= 90 ? free : `${one.checksum.hex.slice(0, 32)}${path.posix.extname(plain)}`
    taken.add(name)
    names.set(one, name)
  }
  return (one) => names.get(one) ?? ''
}

interface Download {
  readonly one: AvailablePackage
  readonly repository: RepositoryToRead
  readonly target: string
}

interface Downloaded {
  readonly sha256: string
  readonly bytes: number
}

function cachedFile(one: AvailablePackage, context: HostsContext): string {
  return path.join(context.layout.bundle, 'packages', `${one.checksum.algorithm}-${one.checksum.hex}`)
}

/** Throws FailedError DISK_FULL before anything is fetched that would not fit. */
async function assertSpace(
  wanted: readonly Download[],
  software: readonly PackedSoftware[],
  file: string,
  context: HostsContext,
): Promise<void> {
  let missing = 0
  let all = software.reduce((sum, { item }) => sum + item.size, 0)
  for (const { one, target } of wanted) {
    all += one.size
    if ((await context.files.stat(target))?.size !== one.size) missing += one.size
  }
  await context.files.mkdir(context.layout.bundle)
  await context.files.mkdir(path.dirname(file))
  for (const [folder, needed] of [
    [context.layout.bundle, missing],
    [path.dirname(file), all],
  ] as const) {
    const free = await context.files.freeBytes(folder)
    if (free >= needed) continue
    throw new FailedError('DISK_FULL', `${folder} has ${bytes(free)} free, the bundle needs ${bytes(needed)} there`, {
      place: { file: folder },
      hints: ['free some space, or write the bundle elsewhere with -o'],
    })
  }
}

/** Fetches packages, several at once; the first failure stops the others and names the repository. */
async function downloadAll(
  wanted: readonly Download[],
  parallel: number,
  context: HostsContext,
): Promise<{ readonly sums: ReadonlyMap<string, Downloaded>; readonly fetched: { packages: number; bytes: number } }> {
  const sums = new Map<string, Downloaded>()
  const fetched = { packages: 0, bytes: 0 }
  const total = wanted.reduce((sum, { one }) => sum + one.size, 0)
  const stop = new AbortController()
  const signal = AbortSignal.any([context.signal, stop.signal])
  return stage(
    context.emit,
    { id: 'bundle/download', title: 'download packages' },
    async (progress) => {
      const queue = [...wanted]
      const partial = new Map<string, number>()
      const report = () =>
        progress(
          [...partial.values()].reduce((sum, value) => sum + value, 0),
          'bytes',
          total,
        )
      const work = async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const { one, repository, target } = next
          try {
            const result = await context.downloads.download({
              url: one.url,
              target,
              size: one.size,
              checksum: one.checksum,
              signal,
              onProgress: (done) => {
                partial.set(target, done)
                report()
              },
              ...(repository.credentials === undefined ? {} : { credentials: repository.credentials }),
            })
            sums.set(target, { sha256: result.sha256, bytes: result.bytes })
            partial.set(target, result.bytes)
            report()
            if (result.status === 'unchanged') continue
            fetched.packages++
            fetched.bytes += result.bytes - result.resumedFrom
          } catch (error) {
            stop.abort(error)
            throw repositoryError(repository, error)
          }
        }
      }
      const results = await Promise.allSettled(Array.from({ length: Math.max(1, parallel) }, work))
      throwIfInterrupted(context.signal)
      const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
      // Those that were stopped by the first failure say only that.
      const first = failures.find((error) => !(error instanceof Error && error.name === 'AbortError')) ?? failures[0]
      if (first !== undefined) throw first
      return { sums, fetched }
    },
    () => ({
      outcome: fetched.packages === 0 ? 'unchanged' : 'done',
      summary:
        fetched.packages === 0
          ? `${plural(wanted.length, 'package')}, ${bytes(total)}: all here already`
          : `${plural(fetched.packages, 'package')}, ${bytes(fetched.bytes)}, checksums compared${wanted.length > fetched.packages ? `; ${wanted.length - fetched.packages} here already` : ''}`,
    }),
  )
}

interface Content {
  readonly manifest: BundleManifest
  readonly sources: ReadonlyMap<string, ItemSource>
}

/** The manifest and where each item's bytes are. */
async function contentOf(
  families: readonly FamilyPackages[],
  sums: ReadonlyMap<string, Downloaded>,
  software: readonly PackedSoftware[],
  context: HostsContext,
): Promise<Content> {
  const items: BundleItem[] = software.map(({ item }) => item)
  const sources = new Map<string, ItemSource>(software.map(({ item, file }) => [item.path, { file }]))
  for (const { family, packages, metadata } of families) {
    const names = fileNames(packages)
    for (const one of packages) {
      const file = cachedFile(one, context)
      const itemPath = `${family}/${names(one)}`
      items.push({
        kind: 'package',
        path: itemPath,
        size: one.size,
        sha256: sums.get(file)?.sha256 ?? '',
        family,
        name: one.name,
        version: one.version,
        arch: one.arch,
        repository: one.repository.name,
        source: one.url,
      })
      sources.set(itemPath, { file })
    }
    for (const [name, data] of await metadata(names)) {
      const itemPath = `${family}/${name}`
      const sha256 = createHash('sha256').update(data).digest('hex')
      items.push({ kind: 'repository-metadata', path: itemPath, size: data.byteLength, sha256, family })
      sources.set(itemPath, { data })
    }
  }
  const described = families.map(({ family, repositories, wanted }) => [
    family,
    {
      architecture: 'x86_64',
      repositories: repositories.map(({ name, url }) => ({ name, url })),
      wanted: [...wanted].sort(compareText),
    },
  ])
  const manifest = makeManifest({
    site: context.site.name,
    created: new Date(context.clock.now()).toISOString(),
    families: Object.fromEntries(described),
    items,
  })
  return { manifest, sources }
}

/** The size of an archive that holds this content already, and whole; undefined when it does not. */
async function existing(file: string, id: string, context: HostsContext): Promise<number | undefined> {
  if ((await context.files.stat(file)) === undefined) return undefined
  try {
    if ((await openBundle(file, context.files)).manifest.id !== id) return undefined
    return (await verifyBundle(file, context)).bytes
  } catch (error) {
    if (error instanceof CheckError || error instanceof UsageError) return undefined
    throw error
  }
}

/** Removes what no later run would use: other packages than these, and metadata that was replaced. */
async function tidyCache(keep: ReadonlySet<string>, context: HostsContext): Promise<void> {
  for (const folder of ['packages', 'metadata']) {
    for (const { path: file } of await context.files.list(path.join(context.layout.bundle, folder)))
      if (!keep.has(file)) await context.files.remove(file)
  }
}

/**
 * Makes the archive of all packages that provisioning would install, with all that they need, and on `apache` of the
 * services' software, for hosts and control machines without internet. Packages that are here already are not fetched again; an archive with the same content stays as it is.
 * Throws UsageError, UnreachableError (a host, a repository), FailedError BUNDLE_UNRESOLVED, DISK_FULL.
 */
export async function createBundle(input: CreateBundleInput, context: HostsContext): Promise<CreateBundleResult> {
  const file = path.resolve(input.output ?? defaultFile(context))
  const asked = input.families.length === 0 ? await askHosts(input.hosts, context) : undefined
  const wantedFamilies = asked?.families ?? systemFamilies.filter((family) => input.families.includes(family))
  const apt = input.apt.length > 0 ? input.apt : (asked?.apt ?? [])
  await using _ = await context.files.lock(path.join(context.layout.locks, 'bundle'), 'smartcar bundle create', {
    signal: context.signal,
    onWait: ({ pid }) =>
      context.emit({ t: 'note', level: 'info', text: `waiting for another bundle create, pid ${pid}` }),
  })
  const families: FamilyPackages[] = []
  const used = new Set<string>()
  const downloads = new Map<string, Download>()
  for (const family of wantedFamilies) {
    const repositories = await repositoriesOf(family, apt, context)
    const resolved = await resolveFamily(family, repositories, packagesOf(family, context), context, used)
    families.push(resolved)
    for (const one of resolved.packages) {
      const repository = repositories.find((known) => known === one.repository)
      const target = cachedFile(one, context)
      if (repository !== undefined) downloads.set(target, { one, repository, target })
    }
  }
  const list = [...downloads.values()]
  const software = await packSoftware(context)
  await assertSpace(list, software, file, context)
  const { sums, fetched } = await downloadAll(list, input.parallel, context)
  const { manifest, sources } = await contentOf(families, sums, software, context)
  const result = {
    file,
    id: manifest.id,
    families: summarise(manifest),
    software: summariseSoftware(manifest),
    downloaded: fetched,
  }
  const present = await existing(file, manifest.id, context)
  if (present !== undefined) return { ...result, status: 'unchanged', bytes: present }
  const total = manifest.items.reduce((sum, { size }) => sum + size, 0)
  const written = await stage(
    context.emit,
    { id: 'bundle/write', title: `write ${path.basename(file)}` },
    (progress) =>
      writeArchive(file, manifest, (itemPath) => sources.get(itemPath) ?? { data: new Uint8Array() }, {
        files: context.files,
        signal: context.signal,
        onProgress: (done) => progress(done, 'bytes', total),
      }),
    (size) => ({ outcome: 'done', summary: bytes(size) }),
  )
  await tidyCache(new Set([...downloads.keys(), ...used]), context)
  return { ...result, status: 'written', bytes: written }
}
