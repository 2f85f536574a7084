import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { InterruptedError, UsageError } from '../../../src/core/errors.js'
import { parseFaults } from '../../../src/simulator/faults.js'
import { simulateDrive, simulateStatus } from '../../../src/simulator/logs.js'
import type { LogOptions, SimulateResult } from '../../../src/simulator/options.js'
import { type DriveTruth, readTruth, type StatusTruth } from '../../../src/simulator/truth.js'
import { testContext } from '../../support/context.js'
import { isRow, readLines, readRows, secondOf } from './helpers.js'

const everyFault = 'malformed=0.004,duplicate=0.004,late=0.02,gap=0.0005'
const sha = (result: SimulateResult) => result.files.map(({ sha256 }) => sha256)

describe('files', () => {
  it('have the names of the pilot, lie in landing and are described', async () => {
    await using context = await testContext()
    const days = ['20200228', '20200229']
    const status = await simulateStatus({ cars: 2, days }, context)
    const drive = await simulateDrive({ cars: 2, days }, context)
    expect(await readdir(context.layout.landing)).toEqual([
      'SmartCarDriverInfo_20200228.log',
      'SmartCarDriverInfo_20200229.log',
      'SmartCarStatusInfo_20200228.txt',
      'SmartCarStatusInfo_20200229.txt',
    ])
    for (const result of [status, drive]) {
      expect(result.status).toBe('done')
      for (const file of result.files) {
        expect((await stat(file.path)).size).toBe(file.bytes)
        expect((await readRows(file.path)).length).toBe(file.rows)
      }
      expect(result.rows).toBe(result.files.reduce((sum, file) => sum + file.rows, 0))
    }
    expect([status.rows, drive.rows]).toEqual([2 * 2 * 21_600, 2 * 2 * 43_200])
    expect((await readRows(drive.files[1]?.path ?? ''))[0]).toMatch(/^20200229000000,A0001,/)
  })

  it.each([
    ['status', ''],
    ['status', everyFault],
    ['drive', ''],
    ['drive', everyFault],
  ] as const)(
    'are the same bytes for any number of threads, compressed or not: %s, faults "%s"',
    async (kind, faults) => {
      await using context = await testContext()
      const run = (name: string, more: Partial<LogOptions>) => {
        const options: LogOptions = {
          cars: 3,
          days: ['20200322', '20200323'],
          out: path.join(context.layout.root, name),
        }
        const truth = path.join(context.layout.root, `${name}.json`)
        const faulty = faults === '' ? {} : { faults: parseFaults(faults) }
        return (kind === 'status' ? simulateStatus : simulateDrive)({ ...options, ...faulty, truth, ...more }, context)
      }
      const single = await run('single', { jobs: 1 })
      const several = await run('several', { jobs: faults === '' ? 2 : 3 })
      expect(sha(several)).toEqual(sha(single))
      expect(several.truth?.sha256).toBe(single.truth?.sha256)
      expect(several.counts).toEqual(single.counts)
      const packed = await run('packed', { gzip: true })
      for (const [index, file] of packed.files.entries()) {
        const plain = single.files[index]?.path ?? ''
        expect(path.basename(file.path)).toBe(`${path.basename(plain)}.gz`)
        expect(Buffer.compare(gunzipSync(await readFile(file.path)), await readFile(plain))).toBe(0)
        expect(file.rows).toBe(single.files[index]?.rows)
      }
    },
  )

  it('are the same bytes on every machine', async () => {
    await using context = await testContext()
    const options = { cars: 3, seed: 42, faults: parseFaults(everyFault) }
    const files = [...(await simulateStatus(options, context)).files, ...(await simulateDrive(options, context)).files]
    expect(files.map(({ bytes, sha256 }) => `${bytes} ${sha256.slice(0, 16)}`)).toMatchInlineSnapshot(`
      [
        "3126401 1d9411950fa2e391",
        "4750896 22c82f02c46f8488",
      ]
    `)
  })

  it('differ by seed, and a car drives the same in a larger fleet', async () => {
    await using context = await testContext()
    const run = async (seed: number, cars: number) => {
      const result = await simulateDrive(
        { seed, cars, out: path.join(context.layout.root, `${seed}-${cars}`) },
        context,
      )
      return (await readRows(result.files[0]?.path ?? '')).filter((row) => row.slice(15, 20) === 'B0001')
    }
    const two = await run(1, 2)
    expect(two).toHaveLength(43_200)
    expect(await run(1, 7)).toEqual(two)
    expect(await run(2, 2)).not.toEqual(two)
  })

  it('go to a stream as well, headers and all', async () => {
    await using context = await testContext()
    const file = await simulateStatus({ cars: 2 }, context)
    const parts: Uint8Array[] = []
    const out = { write: async (bytes: Uint8Array) => void parts.push(bytes) }
    const stream = await simulateStatus({ cars: 2, out }, context)
    expect(sha(stream)).toEqual(sha(file))
    expect(Buffer.compare(Buffer.concat(parts), await readFile(file.files[0]?.path ?? ''))).toBe(0)
  })

  it('are not there at all when the signal comes, or the disk says no', async () => {
    await using context = await testContext()
    const stop = new AbortController()
    const running = simulateDrive(
      { cars: 20, truth: path.join(context.layout.root, 'truth.json') },
      {
        ...context,
        signal: stop.signal,
        emit: (event) => {
          if (event.t === 'stage.progress') stop.abort(new InterruptedError())
        },
      },
    )
    await expect(running).rejects.toThrow(InterruptedError)
    expect(await readdir(context.layout.landing)).toEqual([])
    expect(await readdir(context.layout.root)).not.toContain('truth.json')

    const full = {
      ...context.files,
      createAtomic: async (file: string) => {
        const atomic = await context.files.createAtomic(file)
        return {
          ...atomic,
          write: async (data: Uint8Array | string) => {
            await atomic.write(data)
            if (data.length > 1000) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
          },
        }
      },
    }
    await expect(simulateStatus({ cars: 2 }, { ...context, files: full })).rejects.toThrow('no space left')
    expect(await readdir(context.layout.landing)).toEqual([])
  })
})

describe('a second run', () => {
  it('says unchanged, without writing', async () => {
    await using context = await testContext()
    const options = { cars: 2, truth: path.join(context.layout.root, 'truth.json') }
    const first = await simulateStatus(options, context)
    const before = await stat(first.files[0]?.path ?? '')
    const second = await simulateStatus(options, context)
    expect(second).toEqual({ ...first, status: 'unchanged' })
    expect((await stat(first.files[0]?.path ?? '')).mtimeMs).toBe(before.mtimeMs)
    expect(context.events.at(-1)).toMatchObject({ t: 'stage.end', outcome: 'unchanged' })
  })

  it('makes the files again when one was changed, shortened, removed, or other ones are asked for', async () => {
    await using context = await testContext()
    const truth = path.join(context.layout.root, 'truth.json')
    const options = { cars: 1, truth }
    const first = await simulateStatus(options, context)
    const file = first.files[0]?.path ?? ''
    const good = await readFile(file)

    const other = Buffer.from(good)
    other.write('9', 200)
    await writeFile(file, other)
    expect((await simulateStatus(options, context)).status).toBe('done')
    expect(Buffer.compare(await readFile(file), good)).toBe(0)

    await writeFile(file, good.subarray(0, 5000))
    expect((await simulateStatus(options, context)).status).toBe('done')
    await writeFile(truth, '{}')
    expect((await simulateStatus(options, context)).status).toBe('done')
    expect((await simulateStatus({ ...options, seed: 2 }, context)).status).toBe('done')
    expect((await simulateStatus(options, context)).status).toBe('done')
    expect(Buffer.compare(await readFile(file), good)).toBe(0)
  })

  it('believes the content when only the time of change differs', async () => {
    await using context = await testContext()
    const first = await simulateStatus({ cars: 1 }, context)
    await utimes(first.files[0]?.path ?? '', 1000, 1000)
    expect((await simulateStatus({ cars: 1 }, context)).status).toBe('unchanged')
  })

  it('does not stumble over a damaged record', async () => {
    await using context = await testContext()
    await simulateStatus({ cars: 1 }, context)
    const folder = path.join(context.layout.state, 'simulate')
    for (const name of await readdir(folder)) await writeFile(path.join(folder, name), '{"schemaVersion":1,')
    expect((await simulateStatus({ cars: 1 }, context)).status).toBe('done')
  })

  it('waits for a first one that is still at work', async () => {
    await using context = await testContext()
    const both = await Promise.all([simulateDrive({ cars: 2 }, context), simulateDrive({ cars: 2 }, context)])
    expect(both.map(({ status }) => status).sort()).toEqual(['done', 'unchanged'])
  })
})

/** Distinct sound rows of a file by car, in the order of time: what is left when a reader has done its work. */
async function soundRows(kind: 'status' | 'drive', file: string): Promise<Map<string, string[]>> {
  const byCar = new Map<string, string[]>()
  for (const row of new Set((await readRows(file)).filter((line) => isRow(kind, line)))) {
    const car = row.slice(15, 20)
    const rows = byCar.get(car) ?? []
    rows.push(row)
    byCar.set(car, rows)
  }
  for (const rows of byCar.values()) rows.sort()
  return byCar
}

describe('the truth file', () => {
  it.each(['', everyFault])('names the speeding windows of the drive log, faults "%s"', async (faults) => {
    await using context = await testContext()
    const truth = path.join(context.layout.root, 'truth.json')
    const options = { cars: 6, seed: 3, days: ['20200229', '20200301'], truth }
    const result = await simulateDrive(faults === '' ? options : { ...options, faults: parseFaults(faults) }, context)
    const told = (await readTruth(context.files, truth)) as DriveTruth

    const windows: DriveTruth['speeding'] = []
    for (const file of result.files) {
      for (const [car, rows] of await soundRows('drive', file.path)) {
        const groups = new Map<number, string[]>()
        for (const row of rows) {
          const start = Math.floor(secondOf(row) / 30) * 30
          groups.set(start, [...(groups.get(start) ?? []), row])
        }
        for (const [start, group] of groups) {
          const avg = group.reduce((sum, row) => sum + Number(row.split(',')[6]), 0) / group.length
          if (avg <= 80) continue
          const at = (second: number) =>
            (file.day ?? '') +
            [second / 3600, (second / 60) % 60, second % 60]
              .map((part) => String(Math.floor(part)).padStart(2, '0'))
              .join('')
          const member = `${car}-${group.at(-1)?.slice(0, 14)}`
          windows.push({ car, start: at(start), end: at(start + 30), avg, rows: group.length, member })
        }
      }
    }
    windows.sort((a, b) => (a.start + a.car < b.start + b.car ? -1 : 1))
    expect(windows.length).toBeGreaterThan(2000)
    expect(told.speeding).toEqual(windows)
    expect(windows.some(({ end }) => end.endsWith('240000'))).toBe(true)
    expect(told).toMatchObject({ kind: 'drive', seed: 3, days: ['20200229', '20200301'], rows: result.counts })
    expect(told.cars).toEqual(['A0001', 'B0001', 'C0001', 'D0001', 'E0001', 'F0001'])
  })

  it.each(['', everyFault])('names broken parts and emergencies of the status log, faults "%s"', async (faults) => {
    await using context = await testContext()
    const truth = path.join(context.layout.root, 'truth.json')
    const options = { cars: 26, seed: 3, truth }
    const result = await simulateStatus(faults === '' ? options : { ...options, faults: parseFaults(faults) }, context)
    const told = (await readTruth(context.files, truth)) as StatusTruth
    const columns = [
      'tire_fl',
      'tire_fr',
      'tire_bl',
      'tire_br',
      'light_fl',
      'light_fr',
      'light_bl',
      'light_br',
      'engine',
      'break',
      'battery',
    ]
    const worst = (column: string, value: string) =>
      column.startsWith('tire')
        ? Number(value) < 70
        : column === 'battery'
          ? Number(value) < 50
          : value === '2' || value === 'C'

    const emergencies: StatusTruth['emergencies'] = []
    const broken: string[] = []
    for (const [car, rows] of await soundRows('status', result.files[0]?.path ?? '')) {
      const fields = rows.map((row) => row.split(','))
      const byColumn = new Map(columns.map((column, index) => [column, fields.map((row) => row[index + 2] ?? '')]))
      const values = (column: string) => byColumn.get(column) ?? []
      const mean = (column: string) => values(column).reduce((sum, value) => sum + Number(value), 0) / rows.length
      const checks: StatusTruth['emergencies'][number]['checks'] = []
      if (columns.slice(0, 4).some((tire) => mean(tire) < 80)) checks.push('Tire Check')
      if (columns.slice(4, 8).some((light) => values(light).includes('2'))) checks.push('Light Check')
      if (values('engine').includes('C')) checks.push('Engine Check')
      if (values('break').includes('C')) checks.push('Brake Check')
      if (mean('battery') < 30) checks.push('Battery Check')
      if (checks.length > 0) emergencies.push({ car, day: '20200322', checks })
      for (const column of columns) {
        const first = values(column).findIndex((value) => worst(column, value))
        if (first !== -1) broken.push(`${car} ${column} ${rows[first]?.slice(0, 14)} ${values(column)[first]}`)
      }
    }
    const byCar = (a: { car: string }, b: { car: string }) => (a.car < b.car ? -1 : 1)
    expect([...told.emergencies].sort(byCar)).toEqual(emergencies.sort(byCar))
    expect(told.broken.map(({ car, part, since, value }) => `${car} ${part} ${since} ${value}`).sort()).toEqual(
      broken.sort(),
    )
    expect(new Set(emergencies.flatMap(({ checks }) => checks)).size).toBe(5)
    expect(told.rows).toEqual(result.counts)
  })

  it('is refused with the place when it is damaged or missing', async () => {
    await using context = await testContext()
    const file = path.join(context.layout.root, 'truth.json')
    await expect(readTruth(context.files, file)).rejects.toThrow(/there is no truth file/)
    await writeFile(file, '{"kind":')
    await expect(readTruth(context.files, file)).rejects.toThrow(/is not JSON/)
    await writeFile(file, '{"kind":"drive","schemaVersion":1}')
    await expect(readTruth(context.files, file)).rejects.toThrow(/is no truth file: seed/)
  })
})

describe('faults', () => {
  it.each(['status', 'drive'] as const)('of the %s log are as many as asked for, and listed', async (kind) => {
    await using context = await testContext()
    const truth = path.join(context.layout.root, 'truth.json')
    const faults = parseFaults(`${everyFault},late-seconds=12,gap-seconds=40`)
    const options = { cars: 4, truth, faults }
    const result = await (kind === 'status' ? simulateStatus : simulateDrive)(options, context)
    const { faults: listed, rows } = await readTruth(context.files, truth)
    const file = result.files[0]?.path ?? ''
    const lines = await readLines(file)
    const data = lines.filter((line) => !/^[A-Z]/.test(line))
    const sound = data.filter((line) => isRow(kind, line))
    const perCar = kind === 'status' ? 21_600 : 43_200
    const step = kind === 'status' ? 4 : 2

    expect(rows.headers).toBe(lines.length - data.length)
    expect(rows.valid).toBe(sound.length)
    expect(rows.malformed).toBe(data.length - sound.length)
    expect(rows.distinct).toBe(new Set(sound).size)
    expect(rows.duplicates).toBe(sound.length - new Set(sound).size)
    expect(rows.missing).toBe(4 * perCar - new Set(sound).size)
    expect(result.rows).toBe(data.length)

    // As many as their chances say, within four deviations of a binomial.
    for (const [name, found] of [
      ['malformed', rows.malformed],
      ['duplicate', rows.duplicates],
      ['late', rows.late],
    ] as const) {
      const expected = 4 * perCar * faults[name]
      expect(Math.abs(found - expected), name).toBeLessThan(4 * Math.sqrt(expected) + 0.02 * expected)
      expect(listed.filter(({ fault }) => fault === name)).toHaveLength(found)
    }
    const gaps = listed.flatMap((fault) => (fault.fault === 'gap' ? [fault.rows] : []))
    const replaced = listed.filter((fault) => fault.fault === 'malformed' && fault.replaced)
    expect(gaps.reduce((sum, count) => sum + count, 0) + replaced.length).toBe(rows.missing)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(40 / step)
    expect(replaced.length / rows.malformed).toBeGreaterThan(0.3)

    // Late rows stand behind rows that are newer by what is listed, never by more.
    const newest = new Map<string, number>()
    const behind = new Map<string, number>()
    for (const row of sound) {
      const car = row.slice(15, 20)
      const latest = newest.get(car) ?? 0
      const second = secondOf(row)
      if (second < latest) behind.set(`${car} ${row.slice(0, 14)}`, latest - second)
      newest.set(car, Math.max(latest, second))
    }
    const late = listed.flatMap((fault) => (fault.fault === 'late' ? [fault] : []))
    expect(Math.max(...behind.values())).toBeLessThanOrEqual(12)
    const lateKeys = new Set(late.map(({ car, time }) => `${car} ${time}`))
    expect([...behind.keys()].filter((key) => !lateKeys.has(key))).toEqual([])
    expect(behind.size / late.length).toBeGreaterThan(0.95)
  })

  it('leave the other rows as they are', async () => {
    await using context = await testContext()
    const clean = await simulateStatus({ cars: 2, out: path.join(context.layout.root, 'a') }, context)
    const faulty = await simulateStatus(
      { cars: 2, out: path.join(context.layout.root, 'b'), faults: parseFaults(everyFault) },
      context,
    )
    const good = new Set(await readRows(clean.files[0]?.path ?? ''))
    const found = (await readRows(faulty.files[0]?.path ?? '')).filter((row) => isRow('status', row))
    expect(found.filter((row) => !good.has(row))).toEqual([])
  })
})

it('refuses a file as a folder and a folder as a truth file', async () => {
  await using context = await testContext()
  const file = path.join(context.layout.root, 'file')
  await writeFile(file, '')
  await expect(simulateStatus({ out: file }, context)).rejects.toMatchObject({ code: 'OUT_INVALID' })
  await expect(simulateDrive({ truth: context.layout.root }, context)).rejects.toMatchObject({ code: 'TRUTH_INVALID' })
})

it.each([
  [{ cars: 0 }, 'CARS_INVALID'],
  [{ cars: 260_000 }, 'CARS_INVALID'],
  [{ cars: 1.5 }, 'CARS_INVALID'],
  [{ days: [] }, 'DAYS_INVALID'],
  [{ days: ['20200230'] }, 'DAY_INVALID'],
  [{ seed: -1 }, 'SEED_INVALID'],
  [{ seed: 2 ** 53 }, 'SEED_INVALID'],
  [{ jobs: 0 }, 'JOBS_INVALID'],
] as const)('refuses %o', async (options, code) => {
  await using context = await testContext()
  const run = async () => simulateStatus(options, context)
  await expect(run()).rejects.toMatchObject({ code })
  await expect(run()).rejects.toThrow(UsageError)
})
