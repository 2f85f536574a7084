import { spawn } from 'node:child_process'
import { readFile, stat, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { collect } from '../../../../src/jobs/collect/collect.js'
import { streamSummary } from '../../../../src/jobs/stream/result.js'
import { chooseSource, runStream } from '../../../../src/jobs/stream/run.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { sharedData } from '../../../support/shared-data.js'
import {
  drawDay,
  lineOf,
  random,
  reference,
  ruleText,
  shuffleWithin,
  speedingReference,
  textOf,
} from '../../rules/support.js'
import { alertText, pieces, put, run, runFiles, stored, table } from './support.js'

const day = '20200322'
const cars = ['A0001', 'B0002', 'C0003', 'D0004']
const header = 'Driver Status Infomation,CarNum,AccStep,BrkStep,WheelStep,DirLightStep,Speed,AreaNum\n'
const row = (second: string, speed: number, car = 'A0001') => `20200322${second},${car},1,0,F,N,${speed},A01\n`

async function collected(context: TestContext, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await collect({ paths: [await put(context, name, content)] }, context)
  }
}

const rejectTexts = async (context: TestContext): Promise<Record<string, string>> => {
  const files = await context.files.list(context.layout.rejects)
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.name, (await context.files.readText(file.path)) ?? ''])),
  )
}

describe('the pilot`s own log', () => {
  const log = sharedData('SmartCarDriverInfo.log.gz')
  it.skipIf(log === undefined)('3,937 windows over 80 from 5 cars, 240000 included', async () => {
    await using context = await testContext()
    const result = await runFiles(context, log ?? '')
    expect(result.rows).toEqual({ read: 216_105, rows: 216_005, headers: 100, rejected: 0 })
    expect(result.rules).toMatchObject([
      {
        rule: 'speeding',
        table,
        cars: 5,
        windows: 14_405,
        alerts: 3937,
        late: 0,
        duplicates: 0,
        days: [{ day, outcome: 'written', alerts: 3937, added: 3937 }],
      },
    ])
    const text = await alertText(context, day)
    const lines = text.split('\n')
    expect(lines).toHaveLength(3939)
    expect(lines.slice(0, 2)).toEqual([
      'car_number,window_start,window_end,avg_speed,rows,member',
      'E0022,20200322000030,20200322000100,87.66666666666667,15,E0022-20200322000058',
    ])
    expect(lines).toContain('W0025,20200322240000,20200322240030,179,1,W0025-20200322240000')
    expect(new Set(lines.slice(1, -1).map((line) => line.slice(0, 5))).size).toBe(5)

    await unlink(path.join(context.layout.alerts, table, `day=${day}`, 'alerts.csv'))
    await collect({ paths: [log ?? ''] }, context)
    expect(await run(context, { kind: 'day', day })).toMatchObject({ rules: [{ alerts: 3937, late: 0 }] })
    expect(await alertText(context, day)).toBe(text)
    const bytes = gunzipSync(await readFile(log ?? ''))
    const plain = await put(context, 'plain.log', bytes)
    expect(await run(context, { kind: 'follow', path: plain }, { once: true })).toMatchObject({ unchanged: true })
    expect(await run(context, { kind: 'stdin', stream: pieces(bytes, 65_536) })).toMatchObject({ unchanged: true })
    expect(await alertText(context, day)).toBe(text)
  })
})

describe('the same rows, however they come', () => {
  it.each([1, 2, 3])('a day, a file, gzip, pieces, a growing log: the same alerts (seed %i)', async (seed) => {
    const next = random(seed)
    const drawn = drawDay(next, day, cars, 84_000, 86_400)
    const rows = shuffleWithin(
      drawn.flatMap((line) => (next() < 0.05 ? [line, line] : [line])),
      120,
      next,
    )
    const text =
      header + rows.map((line) => `${lineOf(line)}\n${next() < 0.01 ? `${header}broken,row\n` : ''}`).join('')
    const bytes = Buffer.from(text)
    const wanted = reference(speedingReference, rows)
    const expected = { late: wanted.late, duplicates: wanted.duplicates, windows: wanted.windows }
    expect(wanted.late).toBeGreaterThan(0)
    await using first = await testContext()
    expect(await runFiles(first, await put(first, 'a.log', bytes))).toMatchObject({ rules: [expected] })
    expect(await stored(first)).toEqual(wanted.alerts)
    const alerts = await alertText(first, day)
    expect(await runFiles(first, await put(first, 'a.log.gz', gzipSync(bytes)))).toMatchObject({ unchanged: true })

    await using second = await testContext()
    await collected(second, { 'a.log': bytes })
    expect(await run(second, { kind: 'day', day })).toMatchObject({ rules: [expected] })
    expect(await alertText(second, day)).toBe(alerts)

    await using third = await testContext()
    const stream = pieces(seed === 1 ? bytes : gzipSync(bytes), 1 + Math.floor(next() * 5000))
    expect(await run(third, { kind: 'stdin', stream })).toMatchObject({ rules: [expected] })
    expect(await alertText(third, day)).toBe(alerts)

    await using fourth = await testContext()
    const file = await put(fourth, 'a.log', bytes)
    expect(await run(fourth, { kind: 'follow', path: file }, { once: true })).toMatchObject({ rules: [expected] })
    expect(await alertText(fourth, day)).toBe(alerts)
  })

  it.each([4, 5, 6])('a replay in another order within the allowed lateness is unchanged (seed %i)', async (seed) => {
    const next = random(seed)
    const rows = [...drawDay(next, day, cars, 85_500, 86_400), ...drawDay(next, '20200323', cars, 0, 900)]
    await using context = await testContext()
    await runFiles(context, await put(context, 'a.log', textOf(rows)))
    expect(await stored(context)).toEqual(reference(speedingReference, rows).alerts)
    const shuffled = await put(context, 'b.log', textOf(shuffleWithin(rows, 60, next)))
    expect(await runFiles(context, shuffled)).toMatchObject({ unchanged: true, rules: [{ late: 0 }] })
  })

  it('files are read in the order of their first rows, given or collected in whatever order', async () => {
    const rows = drawDay(random(7), day, cars, 0, 900)
    const parts = [rows.slice(0, 600), rows.slice(600, 1200), rows.slice(1200)].map(textOf)
    const wanted = reference(speedingReference, rows).alerts
    await using context = await testContext()
    const files = await Promise.all([2, 0, 1].map((part) => put(context, `part${part}.log`, parts[part] ?? '')))
    expect(await runFiles(context, ...files)).toMatchObject({ rules: [{ late: 0 }] })
    expect(await stored(context)).toEqual(wanted)
    await using lake = await testContext()
    await collected(lake, { 'b.log': parts[1] ?? '', 'c.log': parts[2] ?? '', 'a.log': parts[0] ?? '' })
    expect(await run(lake, { kind: 'day', day })).toMatchObject({ rules: [{ late: 0 }] })
    expect(await stored(lake)).toEqual(wanted)
  })

  it('files that overlap: a row that stands in two of them is a repeat, one that stands in the second alone counts', async () => {
    const next = random(21)
    const rows = drawDay(next, day, cars, 0, 3600)
    const holes = rows.filter((_, i) => i < 600 || i > 1200 || i % 3 > 0)
    const wanted = reference(speedingReference, rows)
    await using context = await testContext()
    await collected(context, {
      'a.log': textOf(holes.slice(0, 5000)),
      'b.log': textOf(rows),
      'c.log': textOf(rows.slice(-900)),
    })
    const result = await run(context, { kind: 'day', day })
    const repeats = holes.slice(0, 5000).length + 900
    expect(result).toMatchObject({ rules: [{ late: 0, duplicates: repeats }], rows: { rows: rows.length + repeats } })
    expect(await stored(context)).toEqual(wanted.alerts)
  })

  it('a file for each car, and hundreds of files of a minute', async () => {
    const rows = drawDay(random(22), day, cars, 0, 3600)
    const wanted = reference(speedingReference, rows).alerts
    await using byCar = await testContext()
    const files = cars.map((car) => put(byCar, `${car}.log`, textOf(rows.filter((one) => one.car === car))))
    expect(await runFiles(byCar, ...(await Promise.all(files)))).toMatchObject({ rules: [{ late: 0, duplicates: 0 }] })
    expect(await stored(byCar)).toEqual(wanted)
    await using byMinute = await testContext()
    const parts = Array.from({ length: 300 }, (_, i) => rows.slice(i * 25, (i + 1) * 25))
    const named = parts.map((part, i) => put(byMinute, `${(i * 7) % 300}.log`, textOf(part)))
    expect(await runFiles(byMinute, ...(await Promise.all(named)))).toMatchObject({
      rules: [{ late: 0, duplicates: 0 }],
    })
    expect(await stored(byMinute)).toEqual(wanted)
  })

  it('late rows and rejects of several files stand in the files of their own', async () => {
    await using context = await testContext()
    const files = [
      await put(context, 'a.log', `${row('000000', 50)}${row('000500', 50)}${row('000001', 50)}x,1\n`),
      await put(
        context,
        'b.log',
        `${row('000000', 50, 'B0002')}${row('000400', 50, 'B0002')}7\n${row('000003', 50, 'B0002')}`,
      ),
    ]
    const result = await runFiles(context, ...files)
    expect(result).toMatchObject({
      rows: { read: 8, rows: 6, headers: 1, rejected: 1 },
      rules: [{ late: 2, latest: 299 }],
    })
    expect(Object.values(await rejectTexts(context)).map((text) => text.split('\n')[1])).toEqual([
      `a.log,3,late by 299 s,"${row('000001', 50).trim()}"`,
      `b.log,4,late by 237 s,"${row('000003', 50, 'B0002').trim()}"`,
      'b.log,3,columns,"7"',
    ])
  })

  it('CRLF, a byte order mark and a last line without its newline', async () => {
    const rows = drawDay(random(8), day, cars, 0, 300)
    await using context = await testContext()
    await runFiles(
      context,
      await put(context, 'a.log', `\ufeff${header}${textOf(rows)}`.replaceAll('\n', '\r\n').slice(0, -2)),
    )
    expect(await stored(context)).toEqual(reference(speedingReference, rows).alerts)
  })
})

describe('what stays and what goes', () => {
  it('a part of a day is put right by the whole of it', async () => {
    const rows = drawDay(random(9), day, cars, 0, 600)
    await using context = await testContext()
    await runFiles(context, await put(context, 'a.log', textOf(rows.slice(0, 437))))
    await runFiles(context, await put(context, 'b.log', textOf(rows)))
    expect(await stored(context)).toEqual(reference(speedingReference, rows).alerts)
    // The part again: fewer rows say less than the verdict that is there.
    await runFiles(context, await put(context, 'c.log', textOf(rows.slice(437))))
    expect(await stored(context)).toEqual(reference(speedingReference, rows).alerts)
  })

  it('files of other cars and days add to what is there', async () => {
    await using context = await testContext()
    await runFiles(context, await put(context, 'a.log', row('000000', 100)))
    await runFiles(context, await put(context, 'b.log', row('000000', 120, 'B0002')))
    await runFiles(context, await put(context, 'c.log', row('000000', 120).replace('20200322', '20200323')))
    expect((await stored(context)).map(({ member }) => member)).toEqual([
      'A0001-20200322000000',
      'B0002-20200322000000',
      'A0001-20200323000000',
    ])
  })

  it('a day is replaced: a corrected log leaves no stale alert', async () => {
    await using context = await testContext()
    await runFiles(context, await put(context, 'a.log', row('000000', 100) + row('000000', 100, 'B0002')))
    await collected(context, { 'b.log': row('000000', 90) + row('000100', 20, 'B0002') })
    const result = await run(context, { kind: 'day', day })
    expect(result.rules[0]?.days).toEqual([{ day, outcome: 'written', alerts: 1, added: 0, changed: 1, removed: 1 }])
    expect((await stored(context)).map(({ car, values }) => [car, ...values])).toEqual([['A0001', 90]])
    expect(await run(context, { kind: 'day', day })).toMatchObject({ unchanged: true })
  })

  it('a day without an alert has an empty file', async () => {
    await using context = await testContext()
    const result = await runFiles(context, await put(context, 'a.log', row('000000', 10)))
    expect(result.rules[0]?.days).toEqual([{ day, outcome: 'written', alerts: 0, added: 0, changed: 0, removed: 0 }])
    expect(await alertText(context, day)).toBe('car_number,window_start,window_end,avg_speed,rows,member\n')
  })

  it('an unchanged file is not even written again', async () => {
    await using context = await testContext()
    const file = await put(context, 'a.log', row('000000', 100))
    await runFiles(context, file)
    const alerts = path.join(context.layout.alerts, table, `day=${day}`, 'alerts.csv')
    const before = await stat(alerts)
    await runFiles(context, file)
    expect((await stat(alerts)).mtimeMs).toBe(before.mtimeMs)
    expect((await context.files.list(path.dirname(alerts))).map(({ name }) => name)).toEqual([
      '_alerts.json',
      'alerts.csv',
    ])
  })

  it('rows for one day only from the lake', async () => {
    await using context = await testContext()
    await collected(context, { 'a.log': row('000000', 100) + row('000000', 100).replace('20200322', '20200323') })
    await run(context, { kind: 'day', day: '20200323' })
    expect((await stored(context)).map(({ member }) => member)).toEqual(['A0001-20200323000000'])
  })

  it('several rules each have their table', async () => {
    await using context = await testContext()
    const rows = drawDay(random(10), day, cars, 0, 900)
    const own = await put(
      context,
      'rules/braking.yaml',
      ruleText({
        name: 'hard-braking',
        table: 'braking_alerts',
        size: '10s',
        where: 'break_pedal >= 2',
        aggregates: '{ brakings: { count: break_pedal }, fastest: { max: speed } }',
        condition: 'brakings >= 4 and fastest > 200',
      }),
    )
    const file = await put(context, 'a.log', textOf(rows))
    const result = await run(context, { kind: 'files', paths: [file] }, { ruleFiles: [path.dirname(own)] })
    expect(result.rules.map(({ rule }) => rule)).toEqual(['speeding', 'hard-braking'])
    const braking = reference(
      {
        size: 10,
        lateness: 60,
        where: ({ brake }) => brake >= 2,
        values: (all) => [all.length, Math.max(...all.map(({ speed }) => speed))],
        holds: ([brakings = 0, fastest = 0]) => brakings >= 4 && fastest > 200,
      },
      rows,
    )
    expect(braking.alerts.length).toBeGreaterThan(5)
    expect(await stored(context, 'braking_alerts')).toEqual(braking.alerts)
    expect(await stored(context)).toEqual(reference(speedingReference, rows).alerts)
    expect((await alertText(context, day, 'braking_alerts')).split('\n')[0]).toBe(
      'car_number,window_start,window_end,brakings,fastest,rows,member',
    )
    await runStream({ source: { kind: 'files', paths: [file] }, rule: 'speeding', ruleFiles: [own] }, context)
  })
})

describe('rows that cannot be used', () => {
  const text = `${header}${row('000000', 100)}${row('000200', 100)}${row('000002', 90)}${row('000300', 251)}${row('000202', 90)}x,y\n\n`
  it('are counted and kept, and a run without them takes the files away', async () => {
    await using context = await testContext()
    const file = await put(context, 'a "b",c.log', text)
    const result = await runFiles(context, file)
    expect(result.rows).toEqual({ read: 8, rows: 4, headers: 2, rejected: 2 })
    expect(result.rules).toMatchObject([{ late: 1, latest: 118, duplicates: 0 }])
    const texts = Object.values(await rejectTexts(context))
    expect(texts).toEqual([
      `file,line,reason,row\n"a ""b"",c.log",4,late by 118 s,"${row('000002', 90).trim()}"\n`,
      `file,line,reason,row\n"a ""b"",c.log",5,value:speed,"${row('000300', 251).trim()}"\n"a ""b"",c.log",8,empty,""\n`,
    ])
    const shown = streamSummary(result)
    expect(shown).toContain('2 rows rejected: rejects/stream-a__b__c.log-')
    expect(shown).toContain('1 row late for speeding (up to 118 s, allowed 1m), not counted: rejects/late-speeding-')
    await writeFile(file, row('000000', 100))
    await runFiles(context, file)
    expect(await rejectTexts(context)).toEqual({})
  })

  it('a row of 10 MB without a newline costs one reject', async () => {
    await using context = await testContext()
    const file = await put(context, 'a.log', `${row('000000', 100) + '7'.repeat(10_000_000)}\n${row('000002', 100)}`)
    expect(await runFiles(context, file)).toMatchObject({ rows: { read: 3, rows: 2, rejected: 1 } })
    const [text = ''] = Object.values(await rejectTexts(context))
    expect(text.length).toBeLessThan(1200)
    expect(text).toContain('a.log,2,too-long,"777')
  })

  it.each([
    ['a status log', '20200322000000,A0001,80,80,80,80,1,1,1,1,A,A,90\n'.repeat(3), 'INPUT_NOT_DRIVE'],
    ['a master file', 'A0001|남|30|기혼|서울|학생|1500|2010|A\n', 'INPUT_NOT_DRIVE'],
    ['something else', 'hello world 1 2 3\n'.repeat(2000), 'INPUT_NOT_DRIVE'],
    ['an empty file', '', 'FILE_EMPTY'],
    ['UTF-16', Buffer.from(`\ufeff${row('000000', 100).repeat(9)}`, 'utf16le'), 'ENCODING_UTF16'],
    ['half a gzip', gzipSync(row('000000', 100).repeat(5000)).subarray(0, 100), 'GZIP_DAMAGED'],
  ])('%s is refused, nothing is written', async (_, content, code) => {
    await using context = await testContext()
    await expect(runFiles(context, await put(context, 'a.log', content))).rejects.toMatchObject({ code })
    expect(await context.files.list(context.layout.alerts)).toEqual([])
    expect(await context.files.list(context.layout.rejects)).toEqual([])
  })

  it.each([
    ['another kind', 'a,b,1\n7,7\n'.repeat(2000), 'INPUT_NOT_DRIVE'],
    ['a few lines of another kind', '1,2,3\n', 'INPUT_NOT_DRIVE'],
    ['UTF-16', Buffer.from(`\ufeff${row('000000', 100)}`, 'utf16le'), 'ENCODING_UTF16'],
    ['half a gzip', gzipSync(row('000000', 100).repeat(5000)).subarray(0, 100), 'GZIP_DAMAGED'],
  ])('on stdin: %s', async (_, content, code) => {
    await using context = await testContext()
    const stream = pieces(Buffer.from(content), 64)
    await expect(run(context, { kind: 'stdin', stream })).rejects.toMatchObject({ code })
    expect(await context.files.list(context.layout.alerts)).toEqual([])
  })

  it('nothing on stdin is nothing', async () => {
    await using context = await testContext()
    const result = await run(context, { kind: 'stdin', stream: pieces(new Uint8Array(0), 1) })
    expect(result).toMatchObject({ unchanged: true, rows: { read: 0 } })
    expect(streamSummary(result)).toContain('no rows')
  })

  it('a folder, a file that is not there, a day that is not collected', async () => {
    await using context = await testContext()
    await expect(runFiles(context, context.layout.root)).rejects.toMatchObject({ code: 'NOT_A_FILE' })
    await expect(runFiles(context, path.join(context.layout.root, 'x'))).rejects.toMatchObject({ code: 'FILE_MISSING' })
    await collected(context, { 'a.log': row('000000', 100) })
    await expect(run(context, { kind: 'day', day: '20200323' })).rejects.toMatchObject({
      code: 'DAY_NOT_COLLECTED',
      hints: ['collected days: 20200322'],
    })
  })

  it('an empty file among others is passed over', async () => {
    await using context = await testContext()
    const files = [await put(context, 'a.log', ''), await put(context, 'b.log', row('000000', 100))]
    expect(await runFiles(context, ...files)).toMatchObject({ rules: [{ alerts: 1 }] })
    expect(context.events).toContainEqual(
      expect.objectContaining({ t: 'note', text: expect.stringContaining('a.log is empty') }),
    )
  })
})

it('Ctrl-C in the middle of a file changes nothing', async () => {
  await using context = await testContext()
  const stop = new AbortController()
  const file = await put(context, 'a.log', textOf(drawDay(random(11), day, cars, 0, 40_000)))
  const running = run({ ...context, signal: stop.signal, emit: () => stop.abort() }, { kind: 'files', paths: [file] })
  await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130 })
  expect(await context.files.list(context.layout.alerts)).toEqual([])
})

it('two runs on one site at once: both end, and every alert is there', async () => {
  await using context = await testContext()
  const rows = drawDay(random(12), day, cars, 0, 1800)
  const files = await Promise.all(
    cars.map((car) => put(context, `${car}.log`, textOf(rows.filter((one) => one.car === car)))),
  )
  await Promise.all(files.map((file) => runFiles(context, file)))
  expect(await stored(context)).toEqual(reference(speedingReference, rows).alerts)
})

describe('choosing the input', () => {
  const stdin = async function* () {}
  const choose = (choice: { day?: string; follow?: string; files?: string[] }) =>
    chooseSource({ files: [], ...choice, stdin })
  it('takes exactly one', () => {
    expect(choose({ day })).toEqual({ kind: 'day', day })
    expect(choose({ follow: 'x' })).toEqual({ kind: 'follow', path: 'x' })
    expect(choose({ files: ['a', 'b'] })).toEqual({ kind: 'files', paths: ['a', 'b'] })
    expect(choose({ files: ['-'] })).toMatchObject({ kind: 'stdin' })
  })
  it.each([{}, { day, follow: 'x' }, { day, files: ['a'] }, { files: ['-', 'a'] }, { follow: 'x', files: ['-'] }])(
    'not %j',
    (choice) => {
      expect(() => choose(choice)).toThrow(expect.objectContaining({ exitCode: 2 }))
    },
  )
})

it('a full disk: a clear error, the old alerts stay', async (test) => {
  await using context = await testContext()
  const disk = path.join(context.layout.root, 'disk')
  await context.files.mkdir(disk)
  const command = (...argv: string[]) =>
    new Promise<number>((done, fail) =>
      spawn(argv[0] ?? '', argv.slice(1))
        .on('error', fail)
        .on('close', (code) => done(code ?? 1)),
    )
  const mounted = await command('mount', '-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', disk).catch(() => 1)
  test.skip(mounted !== 0, 'no right to mount a small tmpfs here')
  try {
    await using small = await testContext(disk)
    const rows = drawDay(random(13), day, cars, 0, 86_398)
    const some = await put(context, 'a.log', textOf(rows.slice(0, 1000)))
    await runFiles(small, some)
    const before = await alertText(small, day)
    await expect(runFiles(small, await put(context, 'b.log', textOf(rows)))).rejects.toMatchObject({
      code: 'DISK_FULL',
    })
    expect(await alertText(small, day)).toBe(before)
    expect(await runFiles(small, some)).toMatchObject({ unchanged: true })
  } finally {
    await command('umount', disk)
  }
})
