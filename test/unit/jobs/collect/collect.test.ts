import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { FailedError } from '../../../../src/core/errors.js'
import { readLakeManifests } from '../../../../src/core/lake.js'
import { localFiles } from '../../../../src/io/files.js'
import { type CollectedFile, collect, collectFailure, collectSummary } from '../../../../src/jobs/collect/collect.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { sharedData } from '../../../support/shared-data.js'
import { driveRow, goodRows } from './rows.js'
import { siteTree } from './site-tree.js'

const [status = ''] = goodRows.status
const [drive = ''] = goodRows.drive
const [master = ''] = goodRows.master
const [purchase = ''] = goodRows.purchases
const header = 'Driver Status Infomation,CarNum,AccStep,BrkStep,WheelStep,DirLightStep,Speed,AreaNum'
const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex')

async function put(context: TestContext, name: string, content: string | Uint8Array): Promise<string> {
  const file = path.join(context.layout.root, 'input', name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
  return file
}

async function collectOne(context: TestContext, file: string): Promise<CollectedFile> {
  const [result] = (await collect({ paths: [file] }, context)).files
  if (result === undefined) throw new Error('no result')
  return result
}

describe('collect', () => {
  test('files rows by their own day, headers and rejects left out, and says so in manifest, rejects and result', async () => {
    await using context = await testContext()
    const days = ['20200322', '20200321']
    const rows = days.map((day) => driveRow(day, 4, 'A0001'))
    const content = `\ufeff${header}\r\n${rows[0]}\r\n20200230000000,A0001,1,0,F,N,5,E06\n${rows[1]}\nsay "hi", you,2\n"${rows[0]}"\n${rows[0]}`
    const file = await put(context, 'any name, at "all".bin', content)
    const result = await collectOne(context, file)
    const digest = sha256(content)
    const name = `drive-log-000001-${digest.slice(0, 12)}.log`
    const rejects = `rejects/drive/any name, at _all_.bin.${digest.slice(0, 8)}.csv`
    expect(result).toMatchObject({
      status: 'collected',
      kind: 'drive',
      days: ['20200321', '20200322'],
      rows: { read: 7, kept: 3, headers: 2, rejected: 2, duplicates: 1 },
      reasons: { date: 2 },
      rejects,
      sha256: digest,
      bytes: Buffer.byteLength(content),
      sequence: 1,
    })
    const tree = await siteTree(context.layout)
    const manifestPath = `lake/_manifests/000001-drive-log-${digest.slice(0, 12)}.json`
    expect(Object.keys(tree)).toEqual([
      manifestPath,
      `lake/drive-log/wrk_date=20200321/${name}`,
      `lake/drive-log/wrk_date=20200322/${name}`,
      rejects,
    ])
    expect(tree[`lake/drive-log/wrk_date=20200322/${name}`]).toBe(`${rows[0]}\n${rows[0]}\n`)
    expect(tree[`lake/drive-log/wrk_date=20200321/${name}`]).toBe(`${rows[1]}\n`)
    expect(tree[rejects]).toBe(
      'file,line,reason,row\n' +
        '"any name, at ""all"".bin",3,date,"20200230000000,A0001,1,0,F,N,5,E06"\n' +
        `"any name, at ""all"".bin",6,date,"""${rows[0]}"""\n`,
    )
    const [manifest] = await readLakeManifests(context)
    expect(manifest).toMatchObject({ sha256: digest, kind: 'drive', sequence: 1, source: path.basename(file), rejects })
    for (const entry of manifest?.files ?? []) {
      const bytes = await readFile(path.join(context.layout.lake, entry.path))
      expect(entry).toMatchObject({ bytes: bytes.byteLength, sha256: sha256(bytes) })
    }
    expect(context.events.filter(({ t }) => t === 'stage.end')).toMatchObject([
      { outcome: 'done', summary: 'kept 3 of 7 rows', counts: { headers: 2, rejected: 2, duplicates: 1 } },
    ])
  })

  test('unpartitioned kinds are one file; purchases count their months', async () => {
    await using context = await testContext()
    const owners = await put(context, 'a', `${master}\n${goodRows.master[1]}\n`)
    const bought = await put(context, 'b', `${purchase}\n${purchase.replace('202003', '202004')}\n${purchase}\n`)
    const { files } = await collect({ paths: [owners, bought] }, context)
    expect(files.map(({ kind, days, rows }) => [kind, days, rows?.kept])).toEqual([
      ['master', [], 2],
      ['purchases', [], 3],
    ])
    const manifests = await readLakeManifests(context)
    expect(
      manifests.map(({ files: [file] }) => [file?.path.replace(/-[0-9a-f]+\./, '.'), file?.day, file?.months]),
    ).toEqual([
      ['car-master/car-master-000001.log', null, undefined],
      ['buy-list/buy-list-000002.log', null, { 202003: 2, 202004: 1 }],
    ])
  })

  test('the same content adds nothing: renamed, packed, with other line ends, a byte order mark or headers', async () => {
    await using context = await testContext()
    const rows = [0, 2, 4].map((second) => driveRow('20200322', second, 'B0002'))
    const content = `${rows.join('\n')}\n`
    await collect({ paths: [await put(context, 'first.log', content)] }, context)
    const before = await siteTree(context.layout)
    const others = await Promise.all([
      put(context, 'first.log', content),
      put(context, 'second.txt', content),
      put(context, 'third.gz', gzipSync(content)),
      put(context, 'fourth', content.replaceAll('\n', '\r\n')),
      put(context, 'fifth', `\ufeff${header}\n${content.trimEnd()}`),
    ])
    const { files, totals } = await collect({ paths: others }, context)
    expect(files.map(({ status: outcome, sameAs }) => [outcome, sameAs])).toEqual(
      others.map(() => ['unchanged', 'first.log']),
    )
    expect(totals).toMatchObject({ collected: 0, unchanged: 5, kept: 0 })
    expect(await siteTree(context.layout)).toEqual(before)
    expect(context.events.at(-1)).toMatchObject({
      outcome: 'unchanged',
      summary: 'unchanged: the same content as first.log',
    })
    // One more row is another content.
    const more = await collectOne(
      context,
      await put(context, 'first.log', `${content}${driveRow('20200322', 6, 'B0002')}\n`),
    )
    expect(more).toMatchObject({ status: 'collected', sequence: 2 })
  })

  test('the same good rows beside other bad ones are another content: no reject gets lost', async () => {
    await using context = await testContext()
    const first = await collectOne(context, await put(context, 'a.log', `${drive}\n1,2\n`))
    const second = await collectOne(context, await put(context, 'b.log', `${drive}\n3,4\n`))
    expect([first, second].map(({ status: outcome, rejects }) => [outcome, rejects !== null])).toEqual([
      ['collected', true],
      ['collected', true],
    ])
  })

  test('a lake file that was deleted by hand comes back under its own name', async () => {
    await using context = await testContext()
    const file = await put(context, 'a.log', `${drive}\n`)
    await put(context, 'b.log', `${status}\n`)
    await collect({ paths: [path.dirname(file)] }, context)
    const before = await siteTree(context.layout)
    await rm(path.join(context.layout.lake, 'drive-log'), { recursive: true })
    expect(await collectOne(context, file)).toMatchObject({ status: 'collected', sequence: 1 })
    expect(await siteTree(context.layout)).toEqual(before)
  })

  test('60 days in one file, in any order, each in its own folder', async () => {
    await using context = await testContext()
    const dayOf = (index: number) =>
      `20${String(10 + Math.floor(index / 28))}02${String(1 + (index % 28)).padStart(2, '0')}`
    const rows = Array.from({ length: 4000 }, (_, i) => driveRow(dayOf((i * 37) % 60), i % 86_400, 'C0003'))
    const result = await collectOne(context, await put(context, 'many.log', `${rows.join('\n')}\n`))
    expect(result.days).toHaveLength(60)
    const [manifest] = await readLakeManifests(context)
    for (const { path: name, day } of [manifest?.files[0], manifest?.files[59]].flatMap((file) => file ?? []))
      expect(await readFile(path.join(context.layout.lake, name), 'utf8')).toBe(
        `${rows.filter((row) => row.startsWith(day ?? '?')).join('\n')}\n`,
      )
    expect(manifest?.files.reduce((sum, file) => sum + file.rows, 0)).toBe(4000)
  })

  test('takes the files of a folder, says what it passes over, and takes no file twice', async () => {
    await using context = await testContext()
    const file = await put(context, 'a.log', `${drive}\n`)
    await Promise.all(
      ['.hidden', 'b.log.tmp', 'c.part', '_SUCCESS', 'sub/d.log'].map((name) => put(context, name, `${drive}\n`)),
    )
    const folder = path.dirname(file)
    const result = await collect({ paths: [folder, file, path.join(folder, '..', 'input', 'a.log')] }, context)
    expect(result.files.map(({ path: name }) => path.relative(folder, name))).toEqual(['a.log'])
    expect(result.skipped.map(({ path: name, reason }) => [path.relative(folder, name), reason])).toEqual([
      ['.hidden', 'hidden'],
      ['_SUCCESS', 'its name starts with _, as those of working files do'],
      ['b.log.tmp', 'unfinished by its name'],
      ['c.part', 'unfinished by its name'],
      ['sub', 'a subfolder: name it to collect its files'],
    ])
  })

  test('one bad file does not stop the others, and is an error in the end', async () => {
    await using context = await testContext()
    const good = await put(context, 'good.log', `${drive}\n`)
    const unknown = await put(context, 'unknown.txt', 'hello\n')
    const empty = await put(context, 'empty.txt', '')
    const result = await collect({ paths: [unknown, path.join(context.layout.root, 'none'), empty, good] }, context)
    expect(result.files.map(({ status: outcome, error }) => [outcome, error?.code])).toEqual([
      ['failed', 'KIND_UNKNOWN'],
      ['failed', 'FILE_MISSING'],
      ['failed', 'FILE_EMPTY'],
      ['collected', undefined],
    ])
    const failure = collectFailure(result)
    expect(failure).toMatchObject({ code: 'COLLECT_INCOMPLETE', exitCode: 1, data: { result } })
    expect(failure?.message).toContain('3 of 4 files could not be collected')
    expect(failure?.message).toContain(`${empty} is empty`)
    expect(collectSummary(result)).toContain('collected 1 file: 1 of 1 row kept, 3 files failed')
    expect(collectFailure(await collect({ paths: [good] }, context))).toBeUndefined()
  })

  test('--kind goes before the look of the rows', async () => {
    await using context = await testContext()
    const file = await put(context, 'a', `${status}\n${status}\n${drive}\n`)
    const [result] = (await collect({ paths: [file], kind: 'drive' }, context)).files
    expect(result).toMatchObject({ kind: 'drive', rows: { kept: 1, rejected: 2 }, reasons: { columns: 2 } })
  })

  test('a file with nothing to keep is collected once, with its rejects', async () => {
    await using context = await testContext()
    const file = await put(context, 'a', drive.replace('20200322', '20200230'))
    expect(await collectOne(context, file)).toMatchObject({
      rows: { read: 1, kept: 0 },
      reasons: { date: 1 },
      days: [],
    })
    expect(await collectOne(context, file)).toMatchObject({ status: 'unchanged' })
    const onlyHeader = await put(context, 'b', `${header}\n`)
    expect(await collectOne(context, onlyHeader)).toMatchObject({
      kind: 'drive',
      rows: { headers: 1, kept: 0 },
      rejects: null,
    })
  })

  test('a row of 10 MB is in the rejects, whole', async () => {
    await using context = await testContext()
    const long = `20200322000000,${'"x'.repeat(5_000_000)}`
    const result = await collectOne(context, await put(context, 'a.log', `${drive}\n${long}\n${drive}\n${long}`))
    expect(result).toMatchObject({ rows: { read: 4, kept: 2, rejected: 2 }, reasons: { 'too-long': 2 } })
    const text = await readFile(path.join(context.layout.root, result.rejects ?? ''), 'utf8')
    const row = `"${long.replaceAll('"', '""')}"\n`
    expect(text === `file,line,reason,row\na.log,2,too-long,${row}a.log,4,too-long,${row}`).toBe(true)
  })

  test('rows that are not UTF-8 are rejected byte for byte, with a word on EUC-KR', async () => {
    await using context = await testContext()
    const row = Buffer.concat([Buffer.from('A0001|'), Buffer.from([0xbf, 0xa9]), Buffer.from(master.slice(7))])
    const result = await collectOne(context, await put(context, 'CarMaster.txt', row))
    expect(result).toMatchObject({ kind: 'master', reasons: { encoding: 1 } })
    const rejects = await readFile(path.join(context.layout.root, result.rejects ?? ''))
    expect(rejects.includes(row)).toBe(true)
    expect(context.events.at(-1)).toMatchObject({ t: 'note', level: 'warn', text: expect.stringContaining('CP949') })
  })

  test('names of 255 bytes and odd characters', async () => {
    await using context = await testContext()
    const odd = await collectOne(context, await put(context, 'a\n:*?"|<>\u0007', '1,2,3,4,5,6,7,8'))
    expect(odd.rejects).toMatch(/^rejects\/drive\/a_{9}\.[0-9a-f]{8}\.csv$/)
    const result = await collectOne(context, await put(context, '가'.repeat(85), '1,2,3,4,5,6,7'.concat(',9')))
    expect(result.rejects).toMatch(/^rejects\/drive\/가{60}\.[0-9a-f]{8}\.csv$/)
    expect(await localFiles.stat(path.join(context.layout.root, result.rejects ?? ''))).toBeDefined()
  })

  test.skipIf(sharedData('CarMaster.txt') === undefined)('keeps every row of the published data', async () => {
    await using context = await testContext()
    const names = [
      'CarMaster.txt',
      'CarItemBuyList_202003.txt',
      'SmartCarStatusInfo_20200322.txt.gz',
      'SmartCarDriverInfo.log.gz',
    ]
    const result = await collect({ paths: names.map((name) => sharedData(name) ?? '') }, context)
    expect(result.files.map(({ kind, days, rows }) => [kind, days, rows])).toEqual([
      ['master', [], { read: 2600, kept: 2600, headers: 0, rejected: 0, duplicates: 0 }],
      ['purchases', [], { read: 100_000, kept: 100_000, headers: 0, rejected: 0, duplicates: 0 }],
      ['status', ['20200322'], { read: 108_105, kept: 108_005, headers: 100, rejected: 0, duplicates: 0 }],
      ['drive', ['20200322'], { read: 216_105, kept: 216_005, headers: 100, rejected: 0, duplicates: 0 }],
    ])
    const owners = (await readLakeManifests(context, 'master'))[0]?.files[0]?.path ?? ''
    expect(await readFile(path.join(context.layout.lake, owners))).toEqual(
      await readFile(sharedData('CarMaster.txt') ?? ''),
    )
  })
})

describe('trouble', () => {
  /** The real files, with one call replaced. */
  const filesWith = (changes: Partial<typeof localFiles>) => ({ ...localFiles, ...changes })
  const systemError = (code: string) => Object.assign(new Error(`${code}: told by the test`), { code })

  test('a folder, a named pipe, an unreadable file: each its own message', async () => {
    await using context = await testContext(undefined, {
      files: filesWith({
        open: async (file) => {
          if (file.endsWith('locked.log')) throw systemError('EACCES')
          return localFiles.open(file)
        },
      }),
    })
    const locked = await put(context, 'locked.log', `${drive}\n`)
    const pipe = path.join(context.layout.root, 'pipe')
    const made = await context.processes.run(['mkfifo', pipe])
    expect(made.code).toBe(0)
    const { files } = await collect({ paths: [locked, pipe] }, context)
    expect(files.map(({ error }) => [error?.code, error?.message])).toEqual([
      ['FILE_UNREADABLE', `${locked} cannot be read: permission denied`],
      ['NOT_A_FILE', `${pipe} is no regular file`],
    ])
  })

  test('a file that changes while it is read is not collected', async () => {
    await using context = await testContext()
    const file = await put(context, 'a.log', `${drive}\n`)
    let reads = 0
    const files = filesWith({
      open: async (name) => {
        const reader = await localFiles.open(name)
        return {
          ...reader,
          read: async (target, position) => {
            if (++reads === 6) await writeFile(file, `${drive}\n`, { flag: 'a' })
            return reader.read(target, position)
          },
        }
      },
    })
    const { files: results } = await collect({ paths: [file] }, { ...context, files })
    expect(reads).toBeGreaterThanOrEqual(6)
    expect(results[0]?.error?.code).toBe('FILE_CHANGED')
    expect(await siteTree(context.layout)).toEqual({})
  })

  test.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EROFS', 'SITE_NOT_WRITABLE'],
    ['EACCES', 'SITE_NOT_WRITABLE'],
  ])('%s while writing is %s, names the site and leaves nothing', async (code, expected) => {
    await using context = await testContext()
    const file = await put(context, 'a.log', `${drive}\n`)
    const files = filesWith({
      append: async () => {
        throw systemError(code)
      },
    })
    const failing = collect({ paths: [file] }, { ...context, files })
    await expect(failing).rejects.toBeInstanceOf(FailedError)
    await expect(failing).rejects.toMatchObject({
      code: expected,
      message: expect.stringContaining(context.layout.root),
      hints: [expect.any(String)],
    })
    expect(await siteTree(context.layout)).toEqual({})
    expect((await collectOne(context, file)).status).toBe('collected')
  })

  test('an unreadable manifest or intent names itself and the cure', async () => {
    await using context = await testContext()
    const file = await put(context, 'a.log', `${drive}\n`)
    await mkdir(path.join(context.layout.lake, '_tmp'), { recursive: true })
    await writeFile(path.join(context.layout.lake, '_tmp', 'intent.json'), '{')
    await expect(collect({ paths: [file] }, context)).rejects.toMatchObject({ code: 'INTENT_UNREADABLE' })
    await rm(path.join(context.layout.lake, '_tmp'), { recursive: true })
    await mkdir(context.layout.manifests, { recursive: true })
    await writeFile(path.join(context.layout.manifests, '000001-x.json'), '{}')
    await expect(collect({ paths: [file] }, context)).rejects.toMatchObject({ code: 'MANIFEST_UNREADABLE' })
  })

  test('an interrupted commit whose staged files were removed by hand is undone, and told', async () => {
    await using context = await testContext()
    const file = await put(context, 'a.log', `${drive}\n1,2\n`)
    await collect({ paths: [file] }, context)
    const before = await siteTree(context.layout)
    const kept = Object.keys(before).find((name) => name.endsWith('.log')) ?? ''
    const moves = [
      { from: 'lake/_tmp/part-0.log', to: kept },
      { from: 'lake/_tmp/part-1.log', to: 'lake/drive-log/never-moved.log' },
    ]
    const folder = path.join(context.layout.lake, '_tmp')
    await mkdir(folder)
    await writeFile(path.join(folder, 'intent.json'), JSON.stringify({ schemaVersion: 1, source: 'a.log', moves }))
    // Found incomplete, and so collected again.
    expect(await collectOne(context, file)).toMatchObject({ status: 'collected', sequence: 1 })
    expect(await siteTree(context.layout)).toEqual(before)
    expect(context.events).toContainEqual({
      t: 'note',
      level: 'warn',
      text: 'undid the interrupted commit of a.log: staged files are gone; collect it again',
    })
  })

  test('two at once: the second waits, says for whom, and finds the content collected', async () => {
    await using context = await testContext()
    const file = await put(context, 'a.log', `${drive}\n`)
    const copy = path.join(context.layout.root, 'copy.log')
    await copyFile(file, copy)
    const results = await Promise.all([collect({ paths: [file] }, context), collect({ paths: [copy] }, context)])
    expect(results.map(({ totals }) => [totals.collected, totals.unchanged]).sort()).toEqual([
      [0, 1],
      [1, 0],
    ])
    const notes = context.events.flatMap((event) => (event.t === 'note' ? [event.text] : []))
    expect(notes).toEqual([
      expect.stringContaining(`waiting for process ${process.pid} (collect ${context.layout.root}`),
    ])
    expect(await readLakeManifests(context)).toHaveLength(1)
  })

  test('a clock that was set back changes nothing but the time in the manifest', async () => {
    await using context = await testContext()
    const early = { ...context.clock, now: () => 0 }
    await collect({ paths: [await put(context, 'a.log', `${master}\n`)] }, context)
    await collect(
      { paths: [await put(context, 'b.log', `${master.replace('32', '33')}\n`)] },
      { ...context, clock: early },
    )
    expect((await readLakeManifests(context)).map(({ source, sequence }) => [source, sequence])).toEqual([
      ['a.log', 1],
      ['b.log', 2],
    ])
  })

  test('an interruption leaves what was finished and nothing else', async () => {
    await using context = await testContext()
    const stop = new AbortController()
    const first = await put(context, 'a.log', `${drive}\n`)
    const second = await put(context, 'b.log', `${status}\n`)
    const interrupted = collect(
      { paths: [first, second] },
      {
        ...context,
        signal: stop.signal,
        emit: (event) => {
          if (event.t === 'stage.start' && event.id.endsWith('b.log')) stop.abort()
        },
      },
    )
    await expect(interrupted).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130 })
    expect((await readLakeManifests(context)).map(({ source }) => source)).toEqual(['a.log'])
    expect(Object.keys(await siteTree(context.layout)).filter((name) => name.includes('_tmp'))).toEqual([])
  })

  test('a lake folder that is a link to another disk works', async () => {
    await using context = await testContext()
    const elsewhere = path.join(context.layout.root, 'elsewhere')
    await mkdir(elsewhere)
    await symlink(elsewhere, context.layout.lake)
    await collect({ paths: [await put(context, 'a.log', `${drive}\n`)] }, context)
    expect(await readLakeManifests(context)).toHaveLength(1)
  })

  test('nothing to collect is a usage error; an empty folder is none', async () => {
    await using context = await testContext()
    await expect(collect({ paths: [] }, context)).rejects.toMatchObject({ code: 'PATH_MISSING', exitCode: 2 })
    const folder = path.join(context.layout.root, 'nothing')
    await mkdir(folder)
    const result = await collect({ paths: [folder] }, context)
    expect(collectSummary(result)).toBe('nothing to collect\n')
  })
})
