import { appendFile, rename, stat, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Files } from '../../../../src/core/ports.js'
import { systemClock } from '../../../../src/io/clock.js'
import { localFiles } from '../../../../src/io/files.js'
import type { TailPosition } from '../../../../src/jobs/stream/tail.js'
import { type TestContext, testContext } from '../../../support/context.js'
import {
  drawDay,
  lineOf,
  type Row,
  random,
  reference,
  shuffleWithin,
  speedingReference,
  textOf,
} from '../../rules/support.js'
import { put, run, runFiles, stored } from './support.js'

const cars = ['A0001', 'B0002', 'C0003']
const day = '20200322'

/** Rows over midnight, some late, some twice. */
function drawRows(seed: number): Row[] {
  const next = random(seed)
  const rows = [...drawDay(next, day, cars, 86_000, 86_400), ...drawDay(next, '20200323', cars, 0, 300)]
  return shuffleWithin(
    rows.flatMap((row) => (next() < 0.05 ? [row, row] : [row])),
    110,
    next,
  )
}

const follow = (context: TestContext, file: string, more: { fromStart?: boolean } = {}) =>
  run(context, { kind: 'follow', path: file }, { once: true, ...more })

async function lateRows(context: TestContext): Promise<string[]> {
  const files = await context.files.list(context.layout.rejects)
  const texts = await Promise.all(files.map(({ path: file }) => context.files.readText(file)))
  return texts.flatMap((text) => (text ?? '').split('\n').slice(1, -1))
}

describe('following a log that grows', () => {
  it.each([1, 2])(
    'stopped and gone on with again and again, it finds what one run over the file finds (seed %i)',
    async (seed) => {
      const rows = drawRows(seed)
      const text = textOf(rows)
      const wanted = reference(speedingReference, rows)
      await using context = await testContext()
      const file = await put(context, 'app.log', '')
      const next = random(seed + 100)
      for (let at = 0; at < text.length; ) {
        const size = 1 + Math.floor(next() * 6000)
        await appendFile(file, text.slice(at, at + size))
        at += size
        await follow(context, file)
      }
      expect(await stored(context)).toEqual(wanted.alerts)
      expect(wanted.late).toBeGreaterThan(0)
      const late = await lateRows(context)
      expect(late).toHaveLength(wanted.late)
      const lines = text.split('\n')
      for (const row of late) {
        const [, line = '', , kept = ''] = /^app\.log,(\d+),(late by \d+ s),"(.*)"$/.exec(row) ?? []
        expect(lines[Number(line) - 1]).toBe(kept)
      }
      // One run over the whole changes nothing.
      expect(await runFiles(context, file)).toMatchObject({ unchanged: true })
    },
  )

  it('at each stop the alerts are those of the rows so far, also when more rows take one back', async () => {
    const line = (second: number, speed: number) => `2020032200000${second},A0001,1,0,F,N,${speed},A01\n`
    await using context = await testContext()
    const file = await put(context, 'app.log', line(0, 200))
    await follow(context, file)
    expect((await stored(context)).map(({ rows, values }) => [rows, ...values])).toEqual([[1, 200]])
    await appendFile(file, line(2, 0) + line(4, 0))
    const result = await follow(context, file)
    expect(result.rules[0]?.days).toMatchObject([{ day, removed: 1, alerts: 0 }])
    expect(await stored(context)).toEqual([])
    await appendFile(file, line(6, 250) + line(8, 250))
    await follow(context, file)
    expect((await stored(context)).map(({ rows, values }) => [rows, ...values])).toEqual([[5, 140]])
  })

  it('nothing new is unchanged; --from-start reads it again and finds the same', async () => {
    await using context = await testContext()
    const rows = drawRows(5)
    const file = await put(context, 'app.log', textOf(rows))
    expect(await follow(context, file)).toMatchObject({ unchanged: false, rows: { rows: rows.length } })
    const before = await stored(context)
    const late = await lateRows(context)
    expect(await follow(context, file)).toMatchObject({ unchanged: true, rows: { rows: 0 } })
    expect(await follow(context, file, { fromStart: true })).toMatchObject({
      unchanged: true,
      rows: { rows: rows.length },
    })
    expect(await stored(context)).toEqual(before)
    expect(await lateRows(context)).toEqual(late)
  })

  it('half a line waits for its other half', async () => {
    await using context = await testContext()
    const file = await put(context, 'app.log', '20200322000000,A0001,1,0,F,N,200,A')
    expect(await follow(context, file)).toMatchObject({ rows: { read: 0 } })
    await appendFile(file, '01\n20200322000002,A0001,1,0,F,N,1')
    expect(await follow(context, file)).toMatchObject({ rows: { read: 1, rows: 1, rejected: 0 } })
    await appendFile(file, '00,A10\n')
    await follow(context, file)
    expect((await stored(context)).map(({ rows, values }) => [rows, ...values])).toEqual([[2, 150]])
  })

  it('a rule that changed starts again', async () => {
    await using context = await testContext()
    const file = await put(context, 'app.log', textOf(drawRows(6)))
    await follow(context, file)
    const own = await put(
      context,
      'rules/own.yaml',
      (await localFiles.readText(path.join(context.templates, 'rules', 'speeding.yaml')))?.replace('> 80', '> 120') ??
        '',
    )
    await run(context, { kind: 'follow', path: file }, { once: true, ruleFiles: [own] })
    const found = await stored(context)
    const wanted = reference({ ...speedingReference, holds: ([average = 0]) => average > 120 }, drawRows(6))
    expect(found).toEqual(wanted.alerts)
    expect(context.events).toContainEqual(
      expect.objectContaining({ t: 'note', text: expect.stringContaining('rule speeding changed') }),
    )
  })

  it('a damaged checkpoint is told and does no harm', async () => {
    await using context = await testContext()
    const rows = drawRows(7)
    const file = await put(context, 'app.log', textOf(rows))
    await follow(context, file)
    const [state] = await context.files.list(path.join(context.layout.state, 'stream'))
    await writeFile(state?.path ?? '', '{"schemaVersion":1')
    expect(await follow(context, file)).toMatchObject({ unchanged: true })
    expect(context.events).toContainEqual(expect.objectContaining({ text: expect.stringContaining('cannot be read') }))
  })
})

describe('rotation and truncation', () => {
  const halves = (rows: readonly Row[], parts: number) =>
    Array.from({ length: parts }, (_, i) =>
      textOf(rows.slice(Math.floor((rows.length * i) / parts), Math.floor((rows.length * (i + 1)) / parts))),
    )

  it.each([1, 2])('renamed while nobody looked, also more than once (seed %i)', async (seed) => {
    const rows = drawRows(seed)
    const [one = '', two = '', three = '', four = ''] = halves(rows, 4)
    await using context = await testContext()
    const file = await put(context, 'app.log', one.slice(0, 700))
    await follow(context, file)
    await appendFile(file, one.slice(700))
    await rename(file, `${file}.1`)
    await writeFile(file, two)
    await new Promise((done) => setTimeout(done, 20))
    await rename(`${file}.1`, `${file}.2`)
    await rename(file, `${file}.1`)
    await writeFile(file, three)
    await follow(context, file)
    await appendFile(file, four)
    await follow(context, file)
    expect(await stored(context)).toEqual(reference(speedingReference, rows).alerts)
    expect(await lateRows(context)).toHaveLength(reference(speedingReference, rows).late)
  })

  it('truncated: read from its beginning', async () => {
    const rows = drawRows(8)
    const [one = '', two = ''] = halves(rows, 2)
    await using context = await testContext()
    const file = await put(context, 'app.log', one)
    await follow(context, file)
    await truncate(file)
    await appendFile(file, two)
    await follow(context, file)
    expect(await stored(context)).toEqual(reference(speedingReference, rows).alerts)
    expect(context.events).toContainEqual(
      expect.objectContaining({ text: expect.stringContaining('was truncated or replaced') }),
    )
  })

  it('renamed, truncated and written to while it is followed; Ctrl-C ends it', async () => {
    const rows = drawRows(9)
    const text = halves(rows, 6)
    await using context = await testContext()
    const stop = new AbortController()
    const file = path.join(context.layout.root, 'input', 'app.log')
    const following = run({ ...context, signal: stop.signal }, { kind: 'follow', path: file })
    /** Waits until everything that the log holds was taken: what is truncated before that is lost for anybody. */
    const caughtUp = async (name = file): Promise<void> => {
      const { ino, size } = await stat(name)
      for (;;) {
        const [state] = await context.files.list(path.join(context.layout.state, 'stream'))
        const text = state === undefined ? undefined : await context.files.readText(state.path)
        const position = text === undefined ? undefined : (JSON.parse(text) as { position: TailPosition }).position
        if (position?.inode === ino && position.offset === size) return
        await new Promise((done) => setTimeout(done, 10))
      }
    }
    await put(context, 'app.log', text[0] ?? '')
    await caughtUp()
    await appendFile(file, text[1] ?? '')
    await rename(file, `${file}.1`)
    await caughtUp(`${file}.1`)
    await appendFile(`${file}.1`, (text[2] ?? '').slice(0, -1))
    await writeFile(file, text[3] ?? '')
    await caughtUp()
    await truncate(file)
    await appendFile(file, text[4] ?? '')
    await caughtUp()
    await appendFile(file, text[5] ?? '')
    await caughtUp()
    stop.abort()
    const result = await following
    expect(result.rows.rows).toBe(rows.length)
    expect(await stored(context)).toEqual(reference(speedingReference, rows).alerts)
  })
})

/** The real file system that fails at the n-th change, whatever it is, and at every one after it: a kill. */
function dyingFiles(dieAt: number): { files: Files; changes: () => number } {
  let changes = 0
  const change = () => {
    if (++changes >= dieAt) throw Object.assign(new Error('killed'), { code: 'EIO' })
  }
  const files: Files = {
    ...localFiles,
    async createAtomic(file, options) {
      const target = await localFiles.createAtomic(file, options)
      return {
        ...target,
        async write(data) {
          change()
          await target.write(data)
        },
        async commit() {
          change()
          await target.commit()
        },
      }
    },
    async writeAtomic(file, data, options) {
      change()
      await localFiles.writeAtomic(file, data, options)
    },
    async append(file, options) {
      const target = await localFiles.append(file, options)
      return {
        ...target,
        async write(data) {
          // Half of it gets to the disk.
          const bytes = Buffer.from(data)
          if (changes + 1 >= dieAt) await target.write(bytes.subarray(0, bytes.byteLength / 2))
          change()
          await target.write(data)
        },
      }
    },
    async remove(file) {
      change()
      await localFiles.remove(file)
    },
    async rename(from, to) {
      change()
      await localFiles.rename(from, to)
    },
  }
  return { files, changes: () => changes }
}

describe('killed at any change of the disk', () => {
  const rows = drawRows(10).filter((_, i) => i % 4 === 0)
  const text = textOf(rows)
  const wanted = reference(speedingReference, rows)
  const cut = text.indexOf('\n', text.length / 3) + 1

  it('a followed log: going on gives the same alerts and the same late rows', async () => {
    const total = await (async () => {
      await using context = await testContext()
      const file = await put(context, 'app.log', text.slice(0, cut))
      await follow(context, file)
      await appendFile(file, text.slice(cut))
      const counted = dyingFiles(Number.POSITIVE_INFINITY)
      await follow({ ...context, files: counted.files }, file)
      return counted.changes()
    })()
    expect(total).toBeGreaterThan(8)
    for (let dieAt = 1; dieAt <= total; dieAt++) {
      await using context = await testContext()
      const file = await put(context, 'app.log', text.slice(0, cut))
      await follow(context, file)
      await appendFile(file, text.slice(cut))
      await expect(follow({ ...context, files: dyingFiles(dieAt).files }, file)).rejects.toThrow('killed')
      await follow(context, file)
      expect(await stored(context)).toEqual(wanted.alerts)
      expect(await lateRows(context)).toHaveLength(wanted.late)
    }
  })

  it('a file: running it again gives the same alerts', async () => {
    for (let dieAt = 1; ; dieAt++) {
      await using context = await testContext()
      const file = await put(context, 'app.log', text)
      const dying = { ...context, files: dyingFiles(dieAt).files }
      const died = await run(dying, { kind: 'files', paths: [file] }).then(
        () => false,
        () => true,
      )
      if (!died) {
        expect(dieAt).toBeGreaterThan(5)
        break
      }
      await runFiles(context, file)
      expect(await stored(context)).toEqual(wanted.alerts)
      expect(await lateRows(context)).toHaveLength(wanted.late)
    }
  })
})

it('the checkpoint is written at most as often as it is allowed', async () => {
  let writes = 0
  await using context = await testContext(undefined, {
    clock: systemClock,
    files: {
      ...localFiles,
      writeAtomic: async (file, data) => {
        if (file.includes('.smartcar')) writes++
        await localFiles.writeAtomic(file, data)
      },
    },
  })
  const file = await put(
    context,
    'app.log',
    drawRows(1)
      .map((row) => `${lineOf(row)}\n`)
      .join(''),
  )
  await follow(context, file)
  expect(writes).toBeLessThanOrEqual(2)
})
