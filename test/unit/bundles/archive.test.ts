import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBundle, verifyBundle, writeArchive } from '../../../src/bundles/archive.js'
import { type BundleItem, makeManifest } from '../../../src/bundles/manifest.js'
import { localFiles } from '../../../src/io/files.js'

let folder: string
let file: string
const context = { files: localFiles, signal: new AbortController().signal }
const data = { 'el7/a-1.rpm': randomBytes(3000), 'el7/b+c~2.rpm': randomBytes(512), 'notes/later.json': randomBytes(7) }

function items(): BundleItem[] {
  return Object.entries(data).map(([name, bytes]) => {
    const about = { path: name, size: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
    if (!name.startsWith('el7/')) return { kind: 'of-a-later-smartcar', ...about, more: 1 }
    const source = `http://x/${name}`
    return { kind: 'package', ...about, family: 'el7', name, version: '1', arch: 'noarch', repository: 'base', source }
  })
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-archive-'))
  file = path.join(folder, 'bundle.tar')
  const families = { el7: { architecture: 'x86_64', repositories: [], wanted: ['a'] } }
  const manifest = makeManifest({ site: 'test', created: '2026-11-27T00:00:00Z', families, items: items() })
  const size = await writeArchive(file, manifest, (name) => ({ data: data[name as keyof typeof data] }), context)
  expect((await readFile(file)).byteLength).toBe(size)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A copy of the bundle, changed by `damage`. */
async function damagedCopy(damage: (bytes: Buffer) => Buffer | undefined): Promise<string> {
  const copy = path.join(folder, 'damaged.tar')
  const bytes = await readFile(file)
  await writeFile(copy, damage(bytes) ?? bytes)
  return copy
}

test('it is whole, its places are known, and any tar unpacks it', async () => {
  const { manifest } = await verifyBundle(file, context)
  expect(manifest.items.map(({ kind }) => kind)).toEqual(['package', 'package', 'of-a-later-smartcar'])
  const { entries } = await openBundle(file, localFiles)
  const entry = entries.get('el7/b+c~2.rpm')
  const bytes = await readFile(file)
  expect(bytes.subarray(entry?.offset, (entry?.offset ?? 0) + 512).equals(data['el7/b+c~2.rpm'])).toBe(true)
  await mkdir(path.join(folder, 'out'), { recursive: true })
  execFileSync('tar', ['-xf', file, '-C', path.join(folder, 'out')])
  expect((await readFile(path.join(folder, 'out/el7/a-1.rpm'))).equals(data['el7/a-1.rpm'])).toBe(true)
  execFileSync('sha256sum', ['--quiet', '-c', 'manifest.json.sha256'], { cwd: path.join(folder, 'out') })
})

test('a changed byte is noticed wherever it is: headers, manifest, contents, padding, end', async () => {
  const whole = await readFile(file)
  for (let at = 0; at < whole.byteLength; at += 29) {
    const copy = await damagedCopy((bytes) => {
      bytes[at] = (bytes[at] ?? 0) ^ 0x11
      return bytes
    })
    await expect(verifyBundle(copy, context), `byte ${at}`).rejects.toMatchObject({
      code: 'BUNDLE_DAMAGED',
      exit: 'check',
    })
  }
})

test.each([
  ['within a package', 4000, /cut off within|cut off/],
  ['at a block', 2048, /cut off/],
  ['to nothing', 0, /cut off at its beginning/],
])('cut off %s', async (_, length, message) => {
  const copy = await damagedCopy(() => undefined)
  await truncate(copy, length)
  await expect(verifyBundle(copy, context)).rejects.toThrow(message)
})

test('changed bytes, foreign files, missing files and what stands behind are named', async () => {
  const whole = await readFile(file)
  const at = whole.indexOf(data['el7/a-1.rpm'])
  const changed = await damagedCopy((bytes) => {
    bytes[at] = (bytes[at] ?? 0) ^ 1
    return bytes
  })
  await expect(verifyBundle(changed, context)).rejects.toThrow('el7/a-1.rpm has changed bytes')
  // By its headers alone it opens: what is sent to a host is compared then.
  await expect(openBundle(changed, localFiles)).resolves.toBeDefined()
  await writeFile(path.join(folder, 'extra.rpm'), 'x')
  const foreign = await damagedCopy(() => undefined)
  execFileSync('tar', ['--format=ustar', '-rf', foreign, '-C', folder, 'extra.rpm'])
  await expect(verifyBundle(foreign, context)).rejects.toThrow(/extra\.rpm is foreign/)
  const without = await damagedCopy(() => undefined)
  execFileSync('tar', ['--format=ustar', '--delete', '-f', without, 'el7/a-1.rpm'])
  await expect(verifyBundle(without, context)).rejects.toThrow(/el7\/a-1\.rpm is missing/)
  await expect(openBundle(without, localFiles)).rejects.toThrow(/el7\/a-1\.rpm is not in it/)
  const longer = await damagedCopy(() => undefined)
  await appendFile(longer, 'more')
  await expect(verifyBundle(longer, context)).rejects.toThrow('4 foreign bytes stand behind its end')
})

test('what is no bundle, and what is not there, says so', async () => {
  const text = path.join(folder, 'text.tar')
  await writeFile(text, 'hello\n'.repeat(500))
  await expect(verifyBundle(text, context)).rejects.toThrow(/no tar archive of smartcar/)
  const other = path.join(folder, 'other.tar')
  execFileSync('tar', ['--format=ustar', '-cf', other, '-C', folder, 'text.tar'])
  await expect(verifyBundle(other, context)).rejects.toThrow(/does not begin with manifest\.json/)
  await expect(verifyBundle(path.join(folder, 'none.tar'), context)).rejects.toMatchObject({ code: 'BUNDLE_ABSENT' })
})

test('a write that fails leaves no archive behind', async () => {
  const target = path.join(folder, 'full.tar')
  let writes = 0
  const full: typeof localFiles = {
    ...localFiles,
    createAtomic: async (name, options) => {
      const real = await localFiles.createAtomic(name, options)
      return {
        ...real,
        write: async (bytes) => {
          if (++writes > 6) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
          await real.write(bytes)
        },
        [Symbol.asyncDispose]: () => real[Symbol.asyncDispose](),
      }
    },
  }
  const { manifest } = await verifyBundle(file, context)
  const sourceOf = (name: string) => ({ data: data[name as keyof typeof data] })
  await expect(writeArchive(target, manifest, sourceOf, { ...context, files: full })).rejects.toMatchObject({
    code: 'ENOSPC',
  })
  expect((await localFiles.list(folder)).map(({ name }) => name).filter((name) => name.includes('full'))).toEqual([])
})
