import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { InterruptedError } from '../../../src/core/errors.js'
import type { Processes } from '../../../src/core/ports.js'
import { resolveSite } from '../../../src/core/site/resolve.js'
import { parseLock } from '../../../src/distributions/apache/products.js'
import { localProcesses } from '../../../src/io/processes.js'
import { productArchive, readProducts, type SoftwareContext } from '../../../src/jobs/software/software.js'
import { testContext } from '../../support/context.js'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-software-'))
  await mkdir(path.join(folder, 'bin'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const hash = (text: string) => createHash('sha256').update(text).digest('hex')
const files = { 'org/example/a/1.0/a-1.0.jar': 'jar a', 'org/example/b/2.0/b-2.0-tests.jar': 'jar b' } as const

function kafka(content: Readonly<Record<string, string>> = files) {
  const lines = Object.entries(content).map(
    ([place, text]) => `${hash(text)} ${text.length} lib/${path.posix.basename(place)} ${place}\n`,
  )
  const text = `version 3.9.1\n${lines.join('')}`
  return parseLock('kafka', text, hash(text))
}

/** A `mvn` that notes its words and does `body`, with the folder it copies to in $out. */
async function fakeMaven(body: string): Promise<void> {
  const file = path.join(folder, 'bin', 'mvn')
  await writeFile(
    file,
    `#!/bin/sh\nprintf '%s\\n' "$@" >>'${folder}/words'; echo "--" >>'${folder}/words'\nfor w; do case $w in -DoutputDirectory=*) out=\${w#*=};; esac; done\n${body}\n`,
  )
  await chmod(file, 0o755)
}
const copyAll = Object.entries(files)
  .map(
    ([place, text]) =>
      `mkdir -p "$out/${path.posix.dirname(place)}"; printf %s '${text}' >"$out/${place}"; echo '[INFO] Copying ${place}'`,
  )
  .join('\n')
const runs = async () => (await readFile(path.join(folder, 'words'), 'utf8').catch(() => '')).split('--\n').length - 1

/** The job's context with the fake first in PATH (or, without `tools`, nothing but tar). */
async function contextOf(
  site = '',
  more: Partial<SoftwareContext> = {},
): Promise<SoftwareContext & { readonly seen: unknown[] }> {
  const processes: Processes = {
    ...localProcesses,
    run: (argv, options) => {
      const [file, ...rest] = argv
      const found = file === 'mvn' ? path.join(folder, 'bin', 'mvn') : file
      return localProcesses.run([found, ...rest], options)
    },
  }
  const context = await testContext(path.join(folder, 'site'), { cache: path.join(folder, 'the cache'), processes })
  const resolved = resolveSite({
    siteFile: { path: path.join(folder, 'smartcar.yaml'), text: `profile: apache\n${site}` },
    environment: {},
    workingFolder: folder,
  })
  return { ...context, site: resolved, seen: context.events, ...more }
}
const cached = async () =>
  (await readdir(path.join(folder, 'the cache', 'apache')).catch(() => []))
    .filter((name) => !name.endsWith('.lock'))
    .sort()
async function content(archive: string): Promise<readonly string[]> {
  const { stdout } = await localProcesses.run(['tar', '-tf', archive])
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('/'))
    .sort()
}

it('gets the files by Maven, compares and packs them, and does it once', async () => {
  await fakeMaven(copyAll)
  const context = await contextOf()
  const product = kafka()
  const archive = await productArchive(product, context)
  expect(archive).toBe(path.join(folder, 'the cache', 'apache', `kafka-${product.id}.tar`))
  expect(await content(archive)).toEqual(['./lib/a-1.0.jar', './lib/b-2.0-tests.jar'])
  expect((await localProcesses.run(['tar', '-xOf', archive, './lib/a-1.0.jar'])).stdout).toBe('jar a')
  expect(await cached()).toEqual([path.basename(archive)])
  const words = (await readFile(path.join(folder, 'words'), 'utf8')).split('\n')
  expect(words).toContain('dependency:copy-dependencies')
  expect(words[words.indexOf('--file') + 1]).toMatch(/provisioning[\\/]apache[\\/]kafka[\\/]pom\.xml$/)
  expect(words).not.toContain('--settings')
  expect(await productArchive(product, context)).toBe(archive)
  expect(await runs()).toBe(1)
  expect(context.seen).toContainEqual(expect.objectContaining({ summary: '2 files, 10 B, all as pinned' }))
  // Other files are another product, and leave this one alone.
  const other = kafka({ 'org/example/a/1.0/a-1.0.jar': 'jar a' })
  expect(await productArchive(other, context)).not.toBe(archive)
  expect(await runs()).toBe(2)
  expect(await cached()).toHaveLength(2)
})

it('two that ask at the same time get one download', async () => {
  await fakeMaven(`sleep 0.3\n${copyAll}`)
  const context = await contextOf()
  const [one, two] = await Promise.all([productArchive(kafka(), context), productArchive(kafka(), await contextOf())])
  expect(one).toBe(two)
  expect(await runs()).toBe(1)
})

it('a file that is another one is refused, and nothing is kept of it', async () => {
  await fakeMaven(copyAll.replace("'jar b'", "'jar B'"))
  await expect(productArchive(kafka(), await contextOf())).rejects.toMatchObject({
    code: 'ARTIFACT_DIFFERS',
    message: 'org/example/b/2.0/b-2.0-tests.jar is not the file that is pinned for kafka',
    hints: expect.arrayContaining([`pinned SHA-256 ${hash('jar b')}, found ${hash('jar B')}`]),
  })
  expect((await cached()).filter((name) => name.endsWith('.tar'))).toEqual([])
  await fakeMaven(copyAll)
  expect(await content(await productArchive(kafka(), await contextOf()))).toHaveLength(2)
  expect(await cached()).toHaveLength(1)
})

it('a file that Maven did not bring is named', async () => {
  await fakeMaven(copyAll.split('\n')[0] ?? '')
  await expect(productArchive(kafka(), await contextOf())).rejects.toMatchObject({
    code: 'ARTIFACT_ABSENT',
    message: 'the download did not bring org/example/b/2.0/b-2.0-tests.jar of kafka',
  })
})

it.each([
  [
    'the first time',
    'Could not find artifact org.pentaho:pentaho-agg:jar:5.1.5 in central (https://maven.example.com/maven2)',
  ],
  [
    'before 3.9',
    'Failure to find org.pentaho:pentaho-agg:jar:5.1.5 in https://maven.example.com/maven2 was cached in the local repository',
  ],
  [
    'from 3.9 on',
    'org.pentaho:pentaho-agg:jar:5.1.5 was not found in https://maven.example.com/maven2 during a previous attempt',
  ],
])('what the repository lacks is named, as Maven says it %s', async (_, words) => {
  await fakeMaven(
    `echo '[ERROR] Failed to execute goal on project kafka: Could not resolve dependencies for project smartcar.apache:kafka:pom:1: ${words} -> [Help 1]'\necho '[ERROR] Re-run Maven using the -X switch'\nexit 1`,
  )
  await expect(productArchive(kafka(), await contextOf())).rejects.toMatchObject({
    code: 'ARTIFACT_ABSENT',
    message: 'the Maven repository lacks org.pentaho:pentaho-agg:jar:5.1.5',
    data: { product: 'kafka', missing: ['org.pentaho:pentaho-agg:jar:5.1.5'] },
  })
})

it('another failure of Maven is told in its words, without its advice', async () => {
  await fakeMaven(
    `echo '[INFO] Scanning'\necho '[ERROR] Unknown host maven.example.com'\necho '[ERROR] '\necho '[ERROR] For more information run Maven with the -X switch'\nexit 1`,
  )
  await expect(productArchive(kafka(), await contextOf())).rejects.toMatchObject({
    code: 'MAVEN_FAILED',
    message: 'Maven could not get kafka: Unknown host maven.example.com',
    data: { lastLines: ['[ERROR] Unknown host maven.example.com'] },
  })
})

it('without Maven it says so', async () => {
  await expect(productArchive(kafka(), await contextOf())).rejects.toMatchObject({ code: 'MAVEN_ABSENT' })
})

it('a download that is interrupted leaves no archive, and the next one is whole', async () => {
  await fakeMaven(`mkdir -p "$out/half"; : >'${folder}/begun'; exec sleep 1000`)
  const controller = new AbortController()
  const context = await contextOf('', { signal: controller.signal })
  const running = productArchive(kafka(), context)
  const watch = setInterval(() => {
    void readFile(path.join(folder, 'begun')).then(
      () => controller.abort(),
      () => {},
    )
  }, 20)
  await expect(running).rejects.toBeInstanceOf(InterruptedError)
  clearInterval(watch)
  expect((await cached()).filter((name) => name.endsWith('.tar'))).toEqual([])
  await fakeMaven(copyAll)
  expect(await content(await productArchive(kafka(), await contextOf()))).toHaveLength(2)
  expect(await cached()).toHaveLength(1)
})

it('a mirror of the site stands for every repository, settings of the site win', async () => {
  await fakeMaven(copyAll)
  await productArchive(kafka(), await contextOf('services: { maven: { mirror: "https://mirror/a?b=1&c=<2>" } }'))
  const settings = path.join(folder, 'the cache', 'maven-settings.xml')
  let words = (await readFile(path.join(folder, 'words'), 'utf8')).split('\n')
  expect(words[words.indexOf('--settings') + 1]).toBe(settings)
  expect(await readFile(settings, 'utf8')).toContain('<mirrorOf>*</mirrorOf><url>https://mirror/a?b=1&amp;c=&lt;2>')
  await rm(path.join(folder, 'words'))
  await writeFile(path.join(folder, 'mine.xml'), '<settings/>')
  const mine = path.join(folder, 'mine.xml')
  await productArchive(
    kafka({ 'org/example/a/1.0/a-1.0.jar': 'jar a' }),
    await contextOf(`services: { maven: { settings: ${mine} } }`),
  )
  words = (await readFile(path.join(folder, 'words'), 'utf8')).split('\n')
  expect(words[words.indexOf('--settings') + 1]).toBe(mine)
})

it('every product is pinned; a list that is missing or damaged is an error', async () => {
  const context = await contextOf()
  expect([...(await readProducts(context)).keys()]).toEqual([
    'zookeeper',
    'hadoop',
    'kafka',
    'hbase',
    'flume',
    'hive',
    'spark',
    'postgres',
  ])
  await expect(readProducts({ ...context, templates: path.join(folder, 'templates') })).rejects.toMatchObject({
    code: 'LOCK_ABSENT',
  })
})
