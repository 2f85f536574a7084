import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { FailedError } from '../../../../src/core/errors.js'
import { readLakeManifests } from '../../../../src/core/lake.js'
import { localFiles } from '../../../../src/io/files.js'
import { collect } from '../../../../src/jobs/collect/collect.js'
import { type WatchInput, watchFolder } from '../../../../src/jobs/collect/watch.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { driveRow, goodRows } from './rows.js'

async function spool(context: TestContext, content: Record<string, string> = {}): Promise<string> {
  const folder = path.join(context.layout.root, 'spool')
  await mkdir(folder)
  for (const [name, text] of Object.entries(content)) await writeFile(path.join(folder, name), text)
  return folder
}

const inputFor = (folder: string, more: Partial<WatchInput> = {}): WatchInput => ({
  folder,
  done: path.join(folder, 'done'),
  failed: path.join(folder, 'failed'),
  settleMs: 20,
  ...more,
})

const row = (second: number) => `${driveRow('20200322', second, 'A0001')}\n`

/** Waits until something is so; the test's own time limit ends it. */
async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await happened())) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe('watchFolder', () => {
  test('once: collects what is there, moves it to done, what fails to failed', async () => {
    await using context = await testContext()
    const folder = await spool(context, {
      'a.log': row(0),
      'b.txt': 'hello',
      'c.log': row(2),
      '.d': row(4),
      'e.tmp': row(6),
    })
    const result = await watchFolder(inputFor(folder, { once: true }), context)
    expect(result.totals).toMatchObject({ collected: 2, failed: 1, kept: 2 })
    expect(await readdir(folder)).toEqual(['.d', 'done', 'e.tmp', 'failed'])
    expect(await readdir(path.join(folder, 'done'))).toEqual(['a.log', 'c.log'])
    expect(await readdir(path.join(folder, 'failed'))).toEqual(['b.txt'])
    const notes = context.events.flatMap((event) => (event.t === 'note' ? [event.text] : []))
    expect(notes).toEqual([`moved ${path.join(folder, 'b.txt')} to ${path.join(folder, 'failed', 'b.txt')}`])
  })

  test('a name that comes again does not replace the older file', async () => {
    await using context = await testContext()
    const folder = await spool(context, { 'a.log': row(0) })
    await watchFolder(inputFor(folder, { once: true }), context)
    await writeFile(path.join(folder, 'a.log'), row(2))
    await watchFolder(inputFor(folder, { once: true }), context)
    expect(await readdir(path.join(folder, 'done'))).toEqual(['a.log', 'a.log.1'])
  })

  test('deletes, and deletes what a killed watch had collected but not deleted', async () => {
    await using context = await testContext()
    const folder = await spool(context, { 'a.log': row(0), 'b.log': row(2) })
    await collect({ paths: [path.join(folder, 'a.log')] }, context)
    const result = await watchFolder(inputFor(folder, { done: 'delete', once: true }), context)
    expect(result.totals).toMatchObject({ collected: 1, unchanged: 1 })
    expect(await readdir(folder)).toEqual([])
  })

  test('until the signal: files that arrive later, each only when it has stood still', async () => {
    await using context = await testContext()
    const folder = await spool(context)
    const stop = new AbortController()
    const watching = watchFolder(inputFor(folder, { settleMs: 200, pollMs: 10 }), { ...context, signal: stop.signal })
    const growing = path.join(folder, 'growing.log')
    // A row at a time, more often than the settling time; never seen half.
    for (let second = 0; second < 20; second += 2) {
      await writeFile(growing, row(second), { flag: 'a' })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await writeFile(path.join(folder, 'late.part'), row(90))
    await until(async () => (await readLakeManifests(context)).length === 1)
    await rename(path.join(folder, 'late.part'), path.join(folder, 'late.log'))
    await until(async () => (await readLakeManifests(context)).length === 2)
    await until(async () => (await localFiles.stat(path.join(folder, 'late.log'))) === undefined)
    stop.abort()
    const result = await watching
    expect(result.files.map(({ path: name, rows }) => [path.basename(name), rows?.kept])).toEqual([
      ['growing.log', 10],
      ['late.log', 1],
    ])
  })

  test('a clock that is set back does not matter', async () => {
    await using context = await testContext()
    const folder = await spool(context, { 'a.log': row(0) })
    let now = 2_000_000_000_000
    const clock = {
      ...context.clock,
      now: () => {
        now -= 3_600_000
        return now
      },
    }
    const result = await watchFolder(inputFor(folder, { once: true }), { ...context, clock })
    expect(result.totals.collected).toBe(1)
  })

  test('a failed file that cannot be moved is reported once and left', async () => {
    await using context = await testContext()
    const folder = await spool(context, { 'b.txt': 'hello', 'a.log': row(0) })
    const files = {
      ...localFiles,
      rename: async (from: string, to: string) => {
        if (from.endsWith('b.txt')) throw Object.assign(new Error('EACCES: told by the test'), { code: 'EACCES' })
        await localFiles.rename(from, to)
      },
    }
    const result = await watchFolder(inputFor(folder, { once: true }), { ...context, files })
    expect(result.totals).toMatchObject({ collected: 1, failed: 1 })
    expect(await readdir(folder)).toContain('b.txt')
    expect(context.events).toContainEqual({
      t: 'note',
      level: 'warn',
      text: `${path.join(folder, 'b.txt')} stays where it is: EACCES: told by the test`,
    })
  })

  test('done on another file system: copied whole, then removed', async () => {
    await using context = await testContext()
    const folder = await spool(context, { 'a.log': row(0) })
    const files = {
      ...localFiles,
      rename: async (from: string, to: string) => {
        if (from.startsWith(folder)) throw Object.assign(new Error('EXDEV'), { code: 'EXDEV' })
        await localFiles.rename(from, to)
      },
    }
    await watchFolder(inputFor(folder, { once: true }), { ...context, files })
    expect(await readdir(folder)).toEqual(['done'])
    expect(await localFiles.readText(path.join(folder, 'done', 'a.log'))).toBe(row(0))
  })

  test('trouble with the site ends it and leaves the file where it is', async () => {
    await using context = await testContext()
    const folder = await spool(context, { 'a.log': goodRows.master.join('\n') })
    const files = {
      ...localFiles,
      append: async () => {
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
      },
    }
    await expect(watchFolder(inputFor(folder, { once: true }), { ...context, files })).rejects.toMatchObject({
      code: 'DISK_FULL',
    })
    expect(await readdir(folder)).toEqual(['a.log'])
  })

  test('a folder that is not there', async () => {
    await using context = await testContext()
    const watching = watchFolder(inputFor(path.join(context.layout.root, 'none')), context)
    await expect(watching).rejects.toBeInstanceOf(FailedError)
    await expect(watching).rejects.toMatchObject({ code: 'FOLDER_MISSING' })
  })
})
