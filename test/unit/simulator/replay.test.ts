import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { sniffDelimiter, splitFields } from '../../../src/simulator/csv-lines.js'
import { recordedTime } from '../../../src/simulator/recorded-time.js'
import { type ReplayOptions, type ReplayResult, simulateReplay } from '../../../src/simulator/replay.js'
import { parseMap } from '../../../src/simulator/replay-map.js'
import { type DriveTruth, readTruth } from '../../../src/simulator/truth.js'
import { type TestContext, testContext } from '../../support/context.js'
import { sharedData } from '../../support/shared-data.js'
import { isRow, readLines, readRows, secondOf } from './helpers.js'

async function replay(
  context: TestContext,
  content: string | Buffer,
  options: Partial<ReplayOptions> = {},
): Promise<{ result: ReplayResult; rows: string[] }> {
  const input = path.join(context.layout.root, 'recording.csv')
  await writeFile(input, content)
  const result = await simulateReplay({ input, map: {}, ...options }, context)
  const rows = (await Promise.all(result.files.map((file) => readRows(file.path)))).flat()
  expect(rows.filter((row) => !isRow('drive', row))).toEqual([])
  return { result, rows }
}

const trip = `timestamp,speed,throttle
2021-05-01T10:00:00,0,0
2021-05-01T10:00:02,20,60
2021-05-01T10:00:04,95,100
2021-05-01T10:00:06,60,0
`

describe('a replay', () => {
  it('writes recorded columns and works out the others', async () => {
    await using context = await testContext()
    const { result, rows } = await replay(context, trip, { map: parseMap('date=timestamp,speed_pedal=throttle') })
    expect(rows.map((row) => row.replace(/,[A-F]\d\d$/, ''))).toEqual([
      '20210501100000,A0001,0,0,F,N,0',
      '20210501100002,A0001,3,0,F,N,20',
      '20210501100004,A0001,5,0,F,N,95',
      '20210501100006,A0001,0,3,F,N,60',
    ])
    expect(new Set(rows.map((row) => row.slice(-3, -2))).size).toBe(1)
    expect(result).toMatchObject({ status: 'done', rows: 4, recorded: { lines: 4, moments: 4, skipped: {} } })
    expect(path.basename(result.files[0]?.path ?? '')).toBe('SmartCarDriverInfo_20210501.log')
    expect((await readLines(result.files[0]?.path ?? ''))[0]).toMatch(/^Driver Status Infomation,/)
  })

  it('drives many cars, each behind the one before it, over midnight into the next day', async () => {
    await using context = await testContext()
    const lines = Array.from({ length: 50 }, (_, index) => {
      const seconds = 23 * 3600 + 59 * 60 + index
      return `${Math.floor(seconds / 3600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')};${90 + (index % 3)}`
    })
    const truth = path.join(context.layout.root, 'truth.json')
    const map = parseMap('date=1,speed=2')
    const { result, rows } = await replay(context, lines.join('\r\n'), {
      ...{ map, cars: 40, shiftSeconds: 10, day: '20200228', truth },
    })
    expect(result.files.map((file) => [file.day, file.rows])).toEqual([
      ['20200228', expect.any(Number)],
      ['20200229', expect.any(Number)],
    ])
    expect(rows).toHaveLength(40 * 25)
    const at = (row: string) => secondOf(row) + (row.startsWith('20200229') ? 86_400 : 0)
    const order = rows.map((row) => `${String(at(row)).padStart(6, '0')} ${row.slice(16, 20)}${row.charAt(15)}`)
    expect([...order].sort()).toEqual(order)
    for (const [index, car] of ['A0001', 'B0001', 'N0002'].entries()) {
      const shift = [0, 1, 39][index] ?? 0
      const own = rows.filter((row) => row.slice(15, 20) === car)
      expect(own.map(at)).toEqual(Array.from({ length: 25 }, (_, step) => 86_340 + step * 2 + shift * 10))
      expect(own.map((row) => row.split(',')[6])).toEqual(
        Array.from({ length: 25 }, (_, step) => String(90 + ((step * 2 + 1) % 3))),
      )
    }
    // Every row is over 80, so every window with a row is in the truth file.
    const windows = new Map<string, string[]>()
    for (const row of rows) {
      const key = `${row.slice(0, 8)} ${Math.floor(secondOf(row) / 30)} ${row.slice(15, 20)}`
      windows.set(key, [...(windows.get(key) ?? []), row])
    }
    const told = (await readTruth(context.files, truth)) as DriveTruth
    expect(told.speeding.map(({ member, rows: count }) => `${member} ${count}`).sort()).toEqual(
      [...windows.values()]
        .map((group) => `${group[0]?.slice(15, 20)}-${group.at(-1)?.slice(0, 14)} ${group.length}`)
        .sort(),
    )
    expect(told).toMatchObject({ seed: null, days: ['20200228', '20200229'], rows: { valid: 1000, distinct: 1000 } })
  })

  it('takes the last line of every 2 seconds, and counts what it leaves out', async () => {
    await using context = await testContext()
    const lines = [
      't,v,extra',
      '2021-05-01 10:00:00.0,10,x',
      '2021-05-01 10:00:00.5,11,x',
      '2021-05-01 10:00:01.5,12,x',
      '2021-05-01 10:00:01.9,fast,x',
      '',
      '2021-05-01 10:00:02.0,13,x',
      '2021-05-01 10:00:01.0,99,x',
      'yesterday,14,x',
      '2021-02-30 10:00:04,15,x',
      '2021-05-01 10:00:04',
      '2021-05-01 10:01:00,-5,x',
      '2021-05-01 10:01:00,16,x',
    ]
    const { result, rows } = await replay(context, lines.join('\n'), { map: parseMap('date=t,speed=v') })
    expect(rows.map((row) => `${row.slice(8, 14)} ${row.split(',')[6]}`)).toEqual([
      '100000 12',
      '100002 13',
      '100100 16',
    ])
    expect(result.recorded).toEqual({
      lines: 11,
      moments: 3,
      skipped: { speed: 2, order: 1, date: 2, columns: 1 },
    })
  })

  it('leaves out long stretches without recording, however many cars drive', async () => {
    await using context = await testContext()
    const csv = 'date,speed\n20210501100000,50\n20210501100002,50\n20240501100000,60\n'
    const { result, rows } = await replay(context, csv, { cars: 5, shiftSeconds: 20 })
    expect(result.files.map(({ day, rows }) => [day, rows])).toEqual([
      ['20210501', 10],
      ['20240501', 5],
    ])
    expect(rows.slice(-5).map((row) => row.slice(8, 20))).toEqual([
      ...['100000,A0001', '100020,B0001', '100040,C0001', '100100,D0001', '100120,E0001'],
    ])
  })

  it.each([
    ['kmh', '100', '100'],
    ['mph', '50', '80'],
    ['ms', '25.5', '92'],
    ['kmh', '1234', '250'],
    ['kmh', '99,6', '100'],
  ] as const)('reads a speed in %s: %s is %s', async (speedUnit, recorded, speed) => {
    await using context = await testContext()
    const { rows } = await replay(context, `date;speed\n20210501100000;${recorded}\n`, { speedUnit })
    expect(rows[0]?.split(',')[6]).toBe(speed)
  })

  it('reads steering as words or degrees, lights as words or numbers, areas and places', async () => {
    await using context = await testContext()
    const csv = [
      'date,speed,steer_angle,direct_light,area_number',
      '20210501100000,10,R2,right,b02',
      '20210501100002,10,-45,1,F10',
      '20210501100004,10,4.9,,A01',
      '20210501100006,10,170,off,A01',
      '20210501100008,10,sideways,N,A01',
      '20210501100010,10,F,N,G01',
    ]
    const { rows, result } = await replay(context, csv.join('\n'))
    expect(rows.map((row) => row.split(',').slice(4).join())).toEqual([
      'R2,R,10,B02',
      'L2,L,10,F10',
      'F,N,10,A01',
      'R3,N,10,A01',
    ])
    expect(result.recorded.skipped).toEqual({ value: 2 })

    const turning = [
      'date,speed,heading,lat,lon',
      ...[350, 0, 340, 20].map((heading, index) => `2021050110000${index * 2},10,${heading},-0.005,0.005`),
    ]
    expect((await replay(context, turning.join('\n'))).rows.map((row) => row.split(',').slice(4).join())).toEqual([
      'F,N,10,F01',
      'R1,R,10,F01',
      'L2,L,10,F01',
      'R3,R,10,F01',
    ])
  })

  it('reads gzip, a byte order mark, quotes, CRLF, tabs, and standard input', async () => {
    await using context = await testContext()
    const expected = (await replay(context, trip, { map: parseMap('date=timestamp') })).rows
    const tabs = `\ufeff${trip.replaceAll(',', '\t').replaceAll('\n', '\r\n')}`
    expect((await replay(context, gzipSync(tabs), { map: parseMap('date=timestamp') })).rows).toEqual(expected)
    const quoted = trip.replace('timestamp', '"time, stamp"').replaceAll(/(2021[^,]*)/g, '"$1"')
    expect((await replay(context, quoted, { map: parseMap('date=1') })).rows).toEqual(expected)
    const parts = [trip.slice(0, 37), trip.slice(37)].map((part) => Buffer.from(part))
    async function* stdin() {
      yield* parts
    }
    const { rows } = await replay(context, '', { input: stdin(), map: parseMap('date=timestamp') })
    expect(rows).toEqual(expected)
  })

  it('says unchanged the second time, until the recording changes', async () => {
    await using context = await testContext()
    const options = { map: parseMap('date=timestamp'), truth: path.join(context.layout.root, 'truth.json') }
    const input = path.join(context.layout.root, 'recording.csv')
    const { result } = await replay(context, trip, options)
    const before = await stat(result.files[0]?.path ?? '')
    expect(await simulateReplay({ input, ...options }, context)).toEqual({ ...result, status: 'unchanged' })
    expect((await stat(result.files[0]?.path ?? '')).mtimeMs).toBe(before.mtimeMs)
    expect((await replay(context, trip.replace('95', '96'), options)).result.status).toBe('done')
  })

  it.each([
    ['', {}, 'is empty'],
    ['a;b\nc,d\n', {}, 'cannot tell what separates the columns'],
    ['when,how\n1,2\n', {}, 'no column is mapped to date'],
    [
      'timestamp,speed\n1,2\n',
      { map: { date: 'timestmap' } },
      'no column "timestmap" for date (did you mean "timestamp"?)',
    ],
    ['1,2\n', { map: { date: '1', speed: '3' } }, 'there is no column 3 for speed: the file has 2'],
    ['date,speed\nnever,1\nsoon,2\n', {}, 'none of the 2 lines'],
    ['date,speed\n', {}, 'none of the 0 lines'],
    [Buffer.from('date,speed\n', 'utf16le'), {}, 'is no text'],
    [Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from('date,speed\n', 'utf16le')]), {}, 'is UTF-16'],
    [`date,speed\n${'1'.repeat(1_100_000)}`, {}, 'more than a million characters (line 2)'],
    [trip, { shiftSeconds: 3 }, 'cannot shift clocks by 3 seconds'],
    [trip, { cars: 200_000, shiftSeconds: 3600 }, 'span too long a time'],
    [trip, { delimiter: '::' }, '"::" is no delimiter'],
  ] as const)('refuses %#', async (content, options, message) => {
    await using context = await testContext()
    await expect(replay(context, content, options)).rejects.toThrow(message)
    expect(await readdir(context.layout.root)).not.toContain('landing')
  })

  it('refuses a folder and a file that is not there', async () => {
    await using context = await testContext()
    await mkdir(context.layout.landing)
    const run = (input: string) => simulateReplay({ input, map: {} }, context)
    await expect(run(context.layout.landing)).rejects.toThrow('is not a file')
    await expect(run(path.join(context.layout.root, 'nothing.csv'))).rejects.toThrow('there is no file')
  })
})

it('reads the times that recorders write', () => {
  const at = Date.UTC(2020, 2, 22, 8, 30, 5) / 1000
  for (const text of [
    '2020-03-22T08:30:05',
    '2020-03-22T08:30:05.999Z',
    '2020-03-22T08:30:05+09:00',
    '2020-03-22 08:30:05.25',
    '2020/03/22 08:30:05',
    '20200322083005',
    '20200322 083005',
    '20200322T083005',
    String(at),
    `${at}.75`,
    `${at}123`,
    `${at}123456`,
  ])
    expect(recordedTime(text), text).toEqual({ kind: 'moment', seconds: at })
  expect(recordedTime('2020-03-22')).toEqual({ kind: 'moment', seconds: Date.UTC(2020, 2, 22) / 1000 })
  expect(recordedTime('08:30:05.5')).toEqual({ kind: 'elapsed', seconds: 30_605 })
  expect(recordedTime('12.7')).toEqual({ kind: 'elapsed', seconds: 12 })
  for (const wrong of [
    '',
    'noon',
    '20200230',
    '2020-13-01T00:00:00',
    '2020-03-22T24:30:00',
    '25:00:00',
    '22/03/2020',
    '-5',
    '1e9',
  ])
    expect(recordedTime(wrong), wrong).toBeUndefined()
})

it('reads maps', () => {
  expect(parseMap('date=Date+Time, speed=4')).toEqual({ date: 'Date+Time', speed: '4' })
  expect(() => parseMap('spede=4')).toThrow('unknown field "spede" (did you mean "speed"?)')
  expect(() => parseMap('speed=')).toThrow('no column is given for speed')
  expect(() => parseMap('speed')).toThrow('no column is given for speed')
  expect(() => parseMap('speed=1,speed=2')).toThrow('mapped twice')
})

it('joins a date and a time that stand apart', async () => {
  await using context = await testContext()
  const csv = 'Date,Time,Speed\n2021-05-01,10:00:00,10\n2021-05-01,10:00:02,20\n'
  const { rows } = await replay(context, csv, { map: parseMap('date=Date+Time') })
  expect(rows.map((row) => row.slice(0, 14))).toEqual(['20210501100000', '20210501100002'])
})

it('cuts lines', () => {
  expect(sniffDelimiter(['a,b;c,d', '1,2;3,4'])).toBe(',')
  expect(sniffDelimiter(['a\tb', '1,5\t2'])).toBe('\t')
  expect(sniffDelimiter(['abc', 'def'])).toBeUndefined()
  expect(splitFields('a, "b,""c" ,', ',')).toEqual(['a', 'b,"c', ''])
})

const real = sharedData('SmartCarDriverInfo.log.gz')

it.skipIf(real === undefined)('drives one car of the published log again', async () => {
  await using context = await testContext()
  const { gunzipSync } = await import('node:zlib')
  const { readFile } = await import('node:fs/promises')
  const all = gunzipSync(await readFile(real ?? ''))
    .toString('latin1')
    .split('\n')
  const own = all.filter((row) => row.slice(15, 20) === 'E0022' && row.slice(8, 14) !== '240000')
  const map = parseMap('date=1,speed=7,speed_pedal=3,break_pedal=4,steer_angle=5,direct_light=6,area_number=8')
  const { rows } = await replay(context, `${own.join('\n')}\n`, { map, pedals: 'steps' })
  expect(rows).toEqual(own.map((row) => row.replace('E0022', 'A0001')))
})
