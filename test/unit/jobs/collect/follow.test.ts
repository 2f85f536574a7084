import { appendFile, copyFile, mkdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readLakeManifests } from '../../../../src/core/lake.js'
import { type FollowInput, followFile } from '../../../../src/jobs/collect/follow.js'
import type { CollectResult } from '../../../../src/jobs/collect/result.js'
import { rotatedFiles } from '../../../../src/logs/log-position.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { driveRow, goodRows } from './rows.js'

const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${driveRow('20200322', (from + i) * 2, 'A0001')}\n`).join('')

async function newLog(context: TestContext): Promise<string> {
  const folder = path.join(context.layout.root, 'logs')
  await mkdir(folder)
  return path.join(folder, 'SmartCarDriverInfo.log')
}

const followOnce = (file: string, context: TestContext, more: Partial<FollowInput> = {}): Promise<CollectResult> =>
  followFile({ file, flushMs: 0, pollMs: 5, once: true, ...more }, context)

/** All rows of the lake in order of arrival. */
async function lakeText(context: TestContext): Promise<string> {
  const manifests = await readLakeManifests(context)
  const texts = await Promise.all(
    manifests.flatMap(({ files }) => files.map((file) => readFile(path.join(context.layout.lake, file.path), 'utf8'))),
  )
  return texts.join('')
}

async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await happened())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Follows until the returned function is called. */
function follow(file: string, context: TestContext, more: Partial<FollowInput> = {}) {
  const stop = new AbortController()
  const running = followFile({ file, flushMs: 0, pollMs: 5, ...more }, { ...context, signal: stop.signal })
  return {
    running,
    end: (): Promise<CollectResult> => {
      stop.abort()
      return running
    },
  }
}

const notes = (context: TestContext) => context.events.flatMap((event) => (event.t === 'note' ? [event.text] : []))

describe('followFile, one run after the other', () => {
  test('goes on where it ended; a line without its newline waits for the rest', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    const [first = '', second = ''] = [rows(0, 1), rows(1, 2)]
    await writeFile(file, `Driver Status\n${first}${second.slice(0, 10)}`)
    expect((await followOnce(file, context)).totals).toMatchObject({ collected: 1, read: 2, kept: 1, headers: 1 })
    expect((await followOnce(file, context)).totals).toMatchObject({ collected: 0 })
    await appendFile(file, `${second.slice(10)}1,2\n`)
    const result = await followOnce(file, context)
    expect(result.totals).toMatchObject({ collected: 1, read: 2, kept: 1, rejected: 1 })
    expect(await lakeText(context)).toBe(first + second)
    // The line number is that of the file, not of the portion.
    expect(await readFile(path.join(context.layout.root, result.files[0]?.rejects ?? ''), 'utf8')).toContain(
      '.log,4,columns,"1,2"',
    )
  })

  test('portions of a limited size, each whole lines, each with a manifest', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 1000))
    const result = await followOnce(file, context, { flushBytes: 10_000 })
    expect(result.totals).toMatchObject({ read: 1000, kept: 1000, rejected: 0 })
    expect(result.files.length).toBe(4)
    expect(await readLakeManifests(context)).toHaveLength(4)
    expect(await lakeText(context)).toBe(rows(0, 1000))
  })

  test('rotated while nobody looked: the rest of the old file first, then those in between, then the new one', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 10))
    await followOnce(file, context)
    await appendFile(file, rows(10, 20).slice(0, -1))
    await rename(file, `${file}.2`)
    await new Promise((resolve) => setTimeout(resolve, 10))
    await writeFile(`${file}.1`, rows(20, 30))
    await writeFile(`${file}.3.gz`, 'packed: not looked at')
    await writeFile(file, rows(30, 40))
    expect((await followOnce(file, context)).totals).toMatchObject({ kept: 30, rejected: 0 })
    expect((await followOnce(file, context)).totals).toMatchObject({ read: 0 })
    expect(await lakeText(context)).toBe(rows(0, 40))
  })

  test.each([
    ['numbers, the highest the oldest', ['.10', '.9', '.2']],
    ['times, the lowest the oldest', ['.20200322000010', '.20200322000020', '.20200323000000']],
  ])('rotated files that were last written in the same moment: %s', async (_, suffixes) => {
    await using context = await testContext()
    const file = await newLog(context)
    for (const [index, suffix] of suffixes.entries()) {
      await writeFile(file + suffix, rows(index * 10, index * 10 + 10))
      await utimes(file + suffix, 1_600_000_000, 1_600_000_000)
    }
    const found = await rotatedFiles(file, context)
    expect(found.map(({ name }) => name.slice(path.basename(file).length))).toEqual(suffixes)
  })

  test('copied and truncated: the copy holds what was not read yet', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 10))
    await followOnce(file, context)
    await appendFile(file, rows(10, 20))
    await copyFile(file, `${file}.1`)
    await truncate(file)
    await appendFile(file, rows(20, 25))
    await followOnce(file, context)
    expect(await lakeText(context)).toBe(rows(0, 25))
  })

  test.each([
    ['shorter than before', 3],
    ['longer than before', 30],
  ])('written anew, now %s: from the beginning, with a warning', async (_, count) => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 10))
    await followOnce(file, context)
    await writeFile(file, rows(100, 100 + count))
    await followOnce(file, context)
    expect(await lakeText(context)).toBe(rows(0, 10) + rows(100, 100 + count))
    expect(notes(context)).toEqual([`${file} was truncated or replaced: it is read again from its beginning`])
  })

  test('moved to another disk: the same bytes under another inode are not read again', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 10))
    await followOnce(file, context)
    await copyFile(file, `${file}-restored`)
    await rm(file)
    await rename(`${file}-restored`, file)
    await appendFile(file, rows(10, 12))
    await followOnce(file, context)
    expect(await lakeText(context)).toBe(rows(0, 12))
  })

  test('two portions of the same bytes are two portions', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 1))
    await followOnce(file, context)
    await appendFile(file, rows(0, 1))
    await followOnce(file, context)
    expect(await lakeText(context)).toBe(rows(0, 1) + rows(0, 1))
  })

  test('a log that is not there, a folder, another kind, an unknown one', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await expect(followOnce(file, context)).rejects.toMatchObject({ code: 'FILE_MISSING' })
    await expect(followOnce(path.dirname(file), context)).rejects.toMatchObject({ code: 'NOT_A_FILE' })
    await writeFile(file, `${goodRows.master.join('\n')}\n`)
    await expect(followOnce(file, context)).rejects.toMatchObject({ code: 'FOLLOW_KIND' })
    await writeFile(file, 'hello\n')
    await expect(followOnce(file, context)).rejects.toMatchObject({ code: 'KIND_UNKNOWN' })
  })

  test('a damaged position names itself and the cure', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 1))
    await followOnce(file, context)
    const folder = path.join(context.layout.state, 'collect')
    const [saved] = await context.files.list(folder)
    await writeFile(saved?.path ?? '', '{"offset": -1}')
    await expect(followOnce(file, context)).rejects.toMatchObject({
      code: 'POSITION_UNREADABLE',
      place: { file: saved?.path },
    })
  })
})

describe('followFile, while the log is written', () => {
  test('a log that appears later', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    const following = follow(file, context)
    await until(() => notes(context).length > 0)
    await writeFile(file, rows(0, 2))
    await until(async () => (await readLakeManifests(context)).length > 0)
    await following.end()
    expect(await lakeText(context)).toBe(rows(0, 2))
    expect(notes(context)).toEqual([`waiting for ${file} to appear`])
  })

  test('a log that appears and is rotated before the first look; what was there before is left alone', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(`${file}.1`, rows(0, 5))
    const following = follow(file, context, { pollMs: 200 })
    await until(() => notes(context).length > 0)
    await writeFile(`${file}.3`, rows(5, 10))
    await writeFile(`${file}.2`, rows(10, 15))
    await writeFile(file, rows(15, 20))
    await until(async () => (await lakeText(context)).length >= rows(5, 20).length)
    await following.end()
    expect(await lakeText(context)).toBe(rows(5, 20))
  })

  test('files what comes, in portions; the signal ends it after the last whole line', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    const following = follow(file, context, { flushMs: 20 })
    for (let row = 0; row < 100; row++) {
      await appendFile(file, rows(row, row + 1))
      if (row % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await until(async () => (await readLakeManifests(context)).length > 0)
    await appendFile(file, rows(100, 105) + rows(105, 106).slice(0, 5))
    const result = await following.end()
    expect(result.totals).toMatchObject({ kept: 105, rejected: 0 })
    expect(await lakeText(context)).toBe(rows(0, 105))
  })

  test('waits for more rows up to the flush time, unless they are many bytes', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 3))
    const following = follow(file, context, { flushMs: 3_600_000, flushBytes: 1000 })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await readLakeManifests(context)).toHaveLength(0)
    await appendFile(file, rows(3, 100))
    await until(async () => (await readLakeManifests(context)).length >= 3)
    // A long backlog is not worked off after the signal; the next run has the rest.
    await following.end()
    expect(rows(0, 100).startsWith(await lakeText(context))).toBe(true)
    await followOnce(file, context)
    expect(await lakeText(context)).toBe(rows(0, 100))
  })

  test('across rotations by rename, a last line without newline included', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 10))
    const following = follow(file, context)
    await until(async () => (await lakeText(context)).length === rows(0, 10).length)
    // Longer than one look at the file may take: the writer goes on writing to the renamed file.
    await rename(file, `${file}.1`)
    await appendFile(`${file}.1`, rows(10, 20).slice(0, -1))
    await writeFile(file, rows(20, 30))
    await until(async () => (await lakeText(context)).length === rows(0, 30).length)
    await rename(file, `${file}.0`)
    await writeFile(file, rows(30, 31))
    await until(async () => (await lakeText(context)).length === rows(0, 31).length)
    await following.end()
    expect(await lakeText(context)).toBe(rows(0, 31))
    expect(notes(context)).toEqual([])
  })

  test('across truncation', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 10))
    const following = follow(file, context)
    await until(async () => (await lakeText(context)).length === rows(0, 10).length)
    await truncate(file)
    await appendFile(file, rows(10, 12))
    await until(async () => (await lakeText(context)).length === rows(0, 12).length)
    await following.end()
    expect(await lakeText(context)).toBe(rows(0, 12))
  })

  test('a second follower of the same log waits for the first', async () => {
    await using context = await testContext()
    const file = await newLog(context)
    await writeFile(file, rows(0, 1))
    const first = follow(file, context)
    await until(async () => (await readLakeManifests(context)).length === 1)
    const second = followOnce(file, context)
    await until(() => notes(context).length > 0)
    expect(notes(context)).toEqual([
      expect.stringContaining(`waiting for process ${process.pid}, which has been following ${file}`),
    ])
    await first.end()
    expect((await second).totals.read).toBe(0)
  })
})
