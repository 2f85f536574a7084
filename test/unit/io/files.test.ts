import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { localFiles } from '../../../src/io/files.js'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-files-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('shows an atomic file under its name only when it is complete', async () => {
  const target = path.join(folder, 'deep', 'a.txt')
  {
    await using file = await localFiles.createAtomic(target)
    await file.write('half')
    expect(await localFiles.stat(target)).toBeUndefined()
  }
  expect(await readdir(path.dirname(target))).toEqual([])
  await localFiles.writeAtomic(target, 'whole', { mode: 0o600 })
  expect(await readFile(target, 'utf8')).toBe('whole')
  if (process.platform !== 'win32') expect((await import('node:fs')).statSync(target).mode & 0o777).toBe(0o600)
  expect(await readdir(path.dirname(target))).toEqual(['a.txt'])
})

it('replaces an existing file at once, also when another program wrote the temporary one', async () => {
  const target = path.join(folder, 'a.txt')
  await writeFile(target, 'old')
  await using file = await localFiles.createAtomic(target)
  await writeFile(file.temporaryPath, 'from elsewhere')
  expect(await readFile(target, 'utf8')).toBe('old')
  await file.commit()
  expect(await readFile(target, 'utf8')).toBe('from elsewhere')
})

it('lists sorted, with kinds, and takes an absent folder as empty', async () => {
  await mkdir(path.join(folder, 'b'))
  await writeFile(path.join(folder, 'a'), 'xyz')
  expect(
    (await localFiles.list(folder)).map(({ name, kind, size }) => ({ name, kind, size: kind === 'file' ? size : 0 })),
  ).toEqual([
    { name: 'a', kind: 'file', size: 3 },
    { name: 'b', kind: 'directory', size: 0 },
  ])
  expect(await localFiles.list(path.join(folder, 'none'))).toEqual([])
})

it('reads by position and in sequence', async () => {
  const file = path.join(folder, 'a')
  await writeFile(file, '0123456789')
  await using reader = await localFiles.open(file)
  const three = new Uint8Array(3)
  expect(await reader.read(three)).toBe(3)
  expect(await reader.read(three)).toBe(3)
  expect(Buffer.from(three).toString()).toBe('345')
  expect(await reader.read(three, 8)).toBe(2)
  expect(await reader.read(three, 10)).toBe(0)
})

it('appends and tells the size', async () => {
  const file = path.join(folder, 'log')
  for (const text of ['one\n', 'two\n']) {
    await using log = await localFiles.append(file)
    await log.write(text)
    await log.sync()
  }
  await using log = await localFiles.append(file)
  expect(await log.size()).toBe(8)
})

it('tells what the operating system lets it write', async () => {
  expect(await localFiles.isWritable(folder)).toBe(true)
  expect(await localFiles.isWritable(path.join(folder, 'none'))).toBe(false)
  if (process.getuid?.() !== 0 && process.platform !== 'win32') {
    await chmod(folder, 0o500)
    expect(await localFiles.isWritable(folder)).toBe(false)
    await chmod(folder, 0o700)
  }
  expect(await localFiles.freeBytes(folder)).toBeGreaterThan(0)
})

it('makes folders with their parents, and says what is in the way', async () => {
  const deep = path.join(folder, 'a', 'b', 'c')
  await localFiles.mkdir(deep)
  await localFiles.mkdir(deep)
  expect((await localFiles.stat(deep))?.kind).toBe('directory')
  await writeFile(path.join(folder, 'file'), '')
  await expect(localFiles.mkdir(path.join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(localFiles.mkdir(path.join(folder, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
})

it.skipIf(process.platform !== 'linux')('gives up below /proc, where Node 20 alone would try for ever', async () => {
  await expect(localFiles.mkdir('/proc/smartcar/x')).rejects.toMatchObject({ code: 'ENOENT' })
})
