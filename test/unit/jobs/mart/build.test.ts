import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { SmartcarError } from '../../../../src/core/errors.js'
import { openWarehouse } from '../../../../src/engines/duckdb/warehouse.js'
import { buildMarts, planMarts } from '../../../../src/jobs/mart/build.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { fillLake } from '../../../support/lake.js'
import { at, days, drive, master, smallSite, status } from './site.js'

const [day, nextDay] = days
const countRow = z.object({ n: z.number() })

async function count(context: TestContext, table: string): Promise<number | undefined> {
  await using warehouse = await openWarehouse(context)
  return (await warehouse.rows(`SELECT count(*) AS n FROM ${table}`, countRow))[0]?.n
}

const parquet = (context: TestContext, table: string, value: string, name = 'biz_date') =>
  path.join(context.layout.warehouse, table, `${name}=${value}`, `${table}.parquet`)

const failure = async (work: Promise<unknown>): Promise<SmartcarError> => {
  try {
    await work
  } catch (error) {
    return error as SmartcarError
  }
  throw new Error('it did not fail')
}

describe('what is built', () => {
  it('is nothing the second time, and only what a new file touches the third', async () => {
    await using context = await testContext()
    await smallSite(context)
    expect((await buildMarts({}, context)).built).toBe(10)
    expect(await buildMarts({}, context)).toMatchObject({ built: 0, unchanged: 10, rows: 0 })
    await fillLake(context, 'drive', [drive({ time: at(nextDay, 100), car: 'A0001' })], 'late.log')
    const plan = await planMarts({}, context)
    const toBuild = plan.partitions.filter((partition) => partition.action === 'build')
    expect(toBuild).toEqual([
      {
        table: 'managed_smartcar_drive_info',
        partition: nextDay,
        action: 'build',
        reason: expect.stringMatching(/^new input: drive-log-000007-[0-9a-f]{12}\.log$/),
      },
      {
        table: 'managed_smartcar_symptom_info',
        partition: nextDay,
        action: 'build',
        reason: `input changed: managed_smartcar_drive_info/biz_date=${nextDay}`,
      },
    ])
    expect(await buildMarts({}, context)).toMatchObject({ built: 2, unchanged: 8, rows: 33 })
    expect(await count(context, 'managed_smartcar_drive_info')).toBe(61)
  })

  it('says no partition yet, --full, SQL changed, input gone, unreadable', async () => {
    await using context = await testContext()
    await smallSite(context)
    const mart = 'managed_smartcar_status_info'
    const reasons = async (own: TestContext, full = false) =>
      (await planMarts({ marts: [mart], from: day, to: day, full }, own)).partitions.map(({ reason }) => reason)
    expect(await reasons(context)).toEqual(['no partition yet'])
    await buildMarts({}, context)
    expect(await reasons(context)).toEqual(['same inputs, same SQL'])
    expect(await reasons(context, true)).toEqual(['--full'])

    const templates = path.join(context.layout.root, 'templates')
    await cp(context.templates, templates, { recursive: true })
    const sql = path.join(templates, 'marts', mart, 'build.sql.eta')
    await writeFile(sql, `${await readFile(sql, 'utf8')} AND 1 = 1`)
    expect(await reasons({ ...context, templates })).toEqual(['SQL changed'])

    await fillLake(context, 'status', [status({ time: at(day, 200), car: 'A0001' })], 'more.txt')
    await buildMarts({}, context)
    await rm(path.join(context.layout.manifests, 'status-7.json'))
    expect((await reasons(context))[0]).toMatch(/^input gone: car-batch-log-000007/)

    await writeFile(parquet(context, mart, day), 'PAR1 this is none')
    expect((await reasons(context))[0]).toMatch(/^the partition cannot be read: /)
    await buildMarts({}, context)
    expect(await reasons(context)).toEqual(['same inputs, same SQL'])
  })

  it('is what is asked for and what that needs, by day, range and month', async () => {
    await using context = await testContext()
    await smallSite(context)
    const planned = async (selection: Parameters<typeof planMarts>[0]) =>
      (await planMarts(selection, context)).partitions.map(({ table, partition }) => `${table.slice(17)} ${partition}`)
    expect(await planned({ marts: ['managed_smartcar_symptom_info'], from: day, to: day })).toEqual([
      `drive_info ${day}`,
      `symptom_info ${day}`,
    ])
    expect(await planned({ marts: ['managed_smartcar_item_buylist_info'], from: day })).toEqual([
      'item_buylist_info 202003',
      'item_buylist_info 202004',
    ])
    expect(await planned({ month: '202004' })).toEqual(['item_buylist_info 202004'])
    expect(await planned({ marts: ['managed_smartcar_status_info'], to: day })).toEqual([`status_info ${day}`])
  })

  it('leaves a plan without any trace on the disk', async () => {
    await using context = await testContext()
    await smallSite(context)
    await planMarts({}, context)
    expect(await context.files.stat(context.layout.warehouse)).toBeUndefined()
    expect(await context.files.stat(context.layout.state)).toBeUndefined()
  })

  it('refuses unknown marts, impossible days and anything that could be SQL or a path', async () => {
    await using context = await testContext()
    await smallSite(context)
    const refused = async (selection: Parameters<typeof buildMarts>[0]) =>
      (await failure(buildMarts(selection, context))).code
    expect((await failure(buildMarts({ marts: ['managed_smartcar_symtom_info'] }, context))).message).toBe(
      'there is no mart "managed_smartcar_symtom_info" (did you mean "managed_smartcar_symptom_info"?)',
    )
    expect(await refused({ marts: ['smartcar_master'] })).toBe('NOT_A_MART')
    expect(await refused({ marts: ["x'; DROP TABLE smartcar_master; --"] })).toBe('UNKNOWN_MART')
    expect(await refused({ marts: ['../../etc'] })).toBe('UNKNOWN_MART')
    for (const bad of ["20200322' OR '1'='1", '../..', '20200230', '00000000']) {
      expect(await refused({ from: bad, to: bad })).toBe('DAY_INVALID')
      expect(await refused({ month: bad })).toBe('MONTH_INVALID')
    }
    expect(await refused({ from: nextDay, to: day })).toBe('RANGE_INVALID')
    expect(await refused({ from: '20210101' })).toBe('NO_SUCH_PARTITION')
  })

  it('says what is missing on an empty site and without a master', async () => {
    await using context = await testContext()
    expect(await failure(buildMarts({}, context))).toMatchObject({ code: 'NOTHING_COLLECTED', exitCode: 1 })
    await fillLake(context, 'status', [status({ time: at(day, 0), car: 'A0001' })])
    const error = await failure(buildMarts({}, context))
    expect(error).toMatchObject({ code: 'SOURCE_EMPTY', hints: ['smartcar collect CarMaster.txt'] })
  })
})

describe('a partition of which nothing is collected any more', () => {
  it('is kept with a warning, and removed by prune', async () => {
    await using context = await testContext()
    await smallSite(context)
    await buildMarts({}, context)
    for (const manifest of await context.files.list(context.layout.manifests)) {
      if ((await readFile(manifest.path, 'utf8')).includes(`wrk_date=${nextDay}`)) await rm(manifest.path)
    }
    const kept = await buildMarts({}, context)
    expect(kept.partitions.filter(({ status: outcome }) => outcome === 'orphaned')).toHaveLength(4)
    expect(context.events).toContainEqual({
      t: 'note',
      level: 'warn',
      text: `managed_smartcar_status_info/biz_date=${nextDay} is kept: nothing is collected for it any more (--prune removes it)`,
    })
    expect(await count(context, 'managed_smartcar_status_info')).toBe(60)
    await buildMarts({ prune: true }, context)
    expect(await count(context, 'managed_smartcar_status_info')).toBe(30)
    expect((await planMarts({}, context)).partitions).toHaveLength(6)
  })
})

describe('a failing data test', () => {
  it('names test and rows, exits 5, and keeps the old partition; the other partitions are built', async () => {
    await using context = await testContext()
    await smallSite(context)
    await buildMarts({}, context)
    await fillLake(context, 'status', [status({ time: at(day, 300), car: 'A0001', light: 3, engine: 'D' })], 'bad.txt')
    await fillLake(context, 'drive', [drive({ time: at(day, 300), car: 'A0001' })], 'good.log')
    const error = await failure(buildMarts({}, context))
    expect(error).toMatchObject({ code: 'DATA_TEST_FAILED', exitCode: 5 })
    expect(error.message).toContain(`managed_smartcar_status_info ${day}: accepted values: light_fl (1, 2): 1 failed`)
    expect(error.message).toContain('accepted values: engine (A, B, C): 1 failed')
    expect(error.message).toContain(`"reg_date":"${at(day, 300)}"`)
    expect(error.hints).toContain('the old partition, if there was one, is kept')
    expect(await count(context, 'managed_smartcar_status_info')).toBe(60)
    expect(await count(context, 'managed_smartcar_drive_info')).toBe(61)
    const folder = path.dirname(parquet(context, 'managed_smartcar_status_info', day))
    expect((await context.files.list(folder)).map((entry) => entry.name)).toEqual([
      'managed_smartcar_status_info.parquet',
    ])
  })

  it('finds rows that a wrong join would lose or repeat', async () => {
    await using context = await testContext()
    await smallSite(context)
    const templates = path.join(context.layout.root, 'templates')
    await cp(context.templates, templates, { recursive: true })
    const sql = path.join(templates, 'marts', 'managed_smartcar_drive_info', 'build.sql.eta')
    const good = await readFile(sql, 'utf8')
    await writeFile(sql, `${good} AND m.age < 25`)
    const lost = await failure(
      buildMarts({ marts: ['managed_smartcar_drive_info'], to: day }, { ...context, templates }),
    )
    expect(lost.message).toContain(
      'conserved: rows of smartcar_drive_info_2 with a car in smartcar_master_over18: 15 failed',
    )
    expect(lost.message).toContain('"car_number":"B0002","rows_in_source":15,"rows_in_mart":0')
    await writeFile(sql, good.replace('m.car_number = d.car_number', "m.car_number IN (d.car_number, 'A0001')"))
    const twice = await failure(
      buildMarts({ marts: ['managed_smartcar_drive_info'], to: day }, { ...context, templates }),
    )
    expect(twice.message).toMatch(/unique: reg_date, car_number: \d+ failed/)
  })
})

describe('damage', () => {
  it('to a collected file is named, and only its marts stay behind', async () => {
    await using context = await testContext()
    await smallSite(context)
    const lost = await fillLake(context, 'status', [status({ time: at(day, 300), car: 'A0001' })], 'lost.txt')
    const file = path.join(context.layout.lake, lost.files[0]?.path ?? '')
    await rm(file)
    const missing = await failure(buildMarts({}, context))
    expect(missing).toMatchObject({ code: 'LAKE_FILE_MISSING', hints: ['collect lost.txt again'] })
    expect(missing.message).toContain('car-batch-log-000007')
    expect(await count(context, 'managed_smartcar_drive_info')).toBe(60)
    expect(await count(context, 'managed_smartcar_status_info')).toBe(30)
    await writeFile(file, 'something else\n')
    expect(await failure(buildMarts({}, context))).toMatchObject({ code: 'LAKE_FILE_CHANGED' })
  })

  it('to rows inside a collected file is named with file and line', async () => {
    await using context = await testContext()
    await smallSite(context)
    const manifest = await fillLake(context, 'status', [status({ time: at(day, 300), car: 'A0001' })], 'bad.txt')
    const file = path.join(context.layout.lake, manifest.files[0]?.path ?? '')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('90', 'xx'))
    const error = await failure(buildMarts({ marts: ['managed_smartcar_status_info'] }, context))
    expect(error.code).toBe('DUCKDB_FAILED')
    expect(error.message).toContain(path.basename(file))
  })

  it('to a built file is repaired by the next build, and a reader is told', async () => {
    await using context = await testContext()
    await smallSite(context)
    await buildMarts({}, context)
    const file = parquet(context, 'managed_smartcar_status_info', day)
    const sound = await readFile(file)
    for (const value of [nextDay, day]) {
      const damaged = parquet(context, 'managed_smartcar_status_info', value)
      await writeFile(damaged, sound.subarray(0, 200))
      const told = await failure(count(context, 'managed_smartcar_status_info'))
      expect(`${told.message} ${told.hints}`).toMatch(/managed_smartcar_status_info.*smartcar mart build/)
    }
    expect(await count(context, 'managed_smartcar_drive_info')).toBe(60)
    const repaired = await buildMarts({}, context)
    expect(repaired.partitions.filter(({ status: outcome }) => outcome === 'built')).toMatchObject([
      { table: 'managed_smartcar_status_info', partition: day, reason: expect.stringContaining('cannot be read') },
      { table: 'managed_smartcar_status_info', partition: nextDay, reason: expect.stringContaining('cannot be read') },
    ])
    expect(await count(context, 'managed_smartcar_status_info')).toBe(60)
  })

  it('to the catalogue is repaired without building', async () => {
    await using context = await testContext()
    await smallSite(context)
    await buildMarts({}, context)
    const catalogue = path.join(context.layout.warehouse, '_catalogue')
    const before = await context.files.list(path.join(catalogue, 'managed_smartcar_drive_info'))
    await rm(catalogue, { recursive: true })
    const again = await buildMarts({}, context)
    expect(again).toMatchObject({ built: 0, unchanged: 10 })
    expect(again.partitions[0]).toMatchObject({ rows: 30, tests: { length: 37 } })
    expect(await context.files.list(path.join(catalogue, 'managed_smartcar_drive_info'))).toHaveLength(before.length)
  })

  it('left by a killed build is cleared', async () => {
    await using context = await testContext()
    await smallSite(context)
    const folder = path.dirname(parquet(context, 'managed_smartcar_status_info', day))
    await context.files.writeAtomic(path.join(folder, '.managed_smartcar_status_info.parquet.12345678.tmp'), 'half')
    await buildMarts({}, context)
    expect((await context.files.list(folder)).map((entry) => entry.name)).toEqual([
      'managed_smartcar_status_info.parquet',
    ])
  })
})

describe('side by side', () => {
  it('a second build waits for the first, says for whom, and builds nothing twice', async () => {
    await using context = await testContext()
    await smallSite(context)
    await using other = await testContext(context.layout.root)
    const both = await Promise.all([buildMarts({}, context), buildMarts({}, other)])
    expect(both[0].built + both[1].built).toBe(10)
    const reasons = both.flatMap((result) => result.partitions.map(({ reason }) => reason))
    expect(reasons.filter((reason) => reason === 'built meanwhile by another process').length).toBeGreaterThan(0)
    const notes = [...context.events, ...other.events].filter((event) => event.t === 'note')
    expect(notes[0]).toMatchObject({
      text: expect.stringMatching(
        /^managed_smartcar_\w+\/biz_\w+=\d+: waiting for process \d+ \(mart build managed_\w+\/biz_\w+=\d+, since \d\d:\d\d:\d\d UTC\)$/,
      ),
    })
  })

  it('readers get the old rows or the new ones, never an error', async () => {
    await using context = await testContext()
    await smallSite(context)
    await buildMarts({}, context)
    let stop = false
    const seen = new Set<number>()
    const reader = async () => {
      await using warehouse = await openWarehouse(context)
      while (!stop) {
        const sql = `SELECT count(*) AS n, sum(speed) AS s, min(age) AS a FROM managed_smartcar_drive_info WHERE biz_date = '${day}'`
        const [row] = await warehouse.rows(sql, z.object({ n: z.number(), s: z.number(), a: z.number() }))
        if (row === undefined) throw new Error('no row')
        expect(row.s).toBe(row.n * 50)
        seen.add(row.n)
      }
    }
    const reading = reader()
    // Awaited below; until then a failure has to wait for it too.
    reading.catch(() => {})
    for (let round = 0; round < 6; round++) {
      await fillLake(context, 'drive', [drive({ time: at(day, 1000 + round * 2), car: 'A0001' })], `more-${round}.log`)
      await buildMarts({ marts: ['managed_smartcar_drive_info'] }, context)
    }
    stop = true
    await reading
    expect(seen.size).toBeGreaterThan(2)
    expect(await count(context, 'managed_smartcar_drive_info')).toBe(66)
  })

  it('an abort ends the build at once and leaves nothing half-written', async () => {
    const abort = new AbortController()
    await using context = await testContext(undefined, { signal: abort.signal })
    await smallSite(context)
    const building = buildMarts(
      {},
      {
        ...context,
        emit: (event) => {
          if (event.t === 'stage.start') abort.abort()
        },
      },
    )
    expect(await failure(building)).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 })
    await using fresh = await testContext(context.layout.root)
    expect((await buildMarts({}, fresh)).built).toBeGreaterThan(0)
    expect(await count(fresh, 'managed_smartcar_drive_info')).toBe(60)
  })
})

it('a master that names a car twice does not repeat rows', async () => {
  await using context = await testContext()
  await fillLake(context, 'master', [master('A0001', 20), master('A0001', 50)])
  await fillLake(context, 'status', [status({ time: at(day, 0), car: 'A0001' })])
  await buildMarts({}, context)
  expect(await count(context, 'managed_smartcar_status_info')).toBe(1)
})
