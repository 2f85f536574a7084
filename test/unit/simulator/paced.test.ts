import { appendFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { InterruptedError } from '../../../src/core/errors.js'
import type { Clock, JobContext } from '../../../src/core/ports.js'
import { parseFaults } from '../../../src/simulator/faults.js'
import { simulateDrive } from '../../../src/simulator/logs.js'
import { type PacedOptions, simulatePaced } from '../../../src/simulator/paced.js'
import { pacedOptions } from '../../../src/simulator/paced-options.js'
import { type DriveTruth, readTruth } from '../../../src/simulator/truth.js'
import { type TestContext, testContext } from '../../support/context.js'
import { isRow, readLines, readRows } from './helpers.js'

/** A clock that is only moved by sleeping; `onSleep` is told the time in ms. */
function sleepingClock(onSleep: (now: number) => void = () => undefined): Clock & { readonly naps: number[] } {
  let now = 0
  const naps: number[] = []
  return {
    naps,
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, signal) => {
      naps.push(ms)
      now += ms
      onSleep(now)
      if (signal?.aborted) throw signal.reason
    },
  }
}

/** Ends a run after so many progress events. */
function interruptedAfter(events: number, context: JobContext): JobContext {
  const stop = new AbortController()
  let seen = 0
  return {
    ...context,
    signal: stop.signal,
    emit: (event) => {
      if (event.t === 'stage.progress' && ++seen === events) stop.abort(new InterruptedError())
    },
  }
}

const logOf = (context: TestContext) => path.join(context.layout.landing, 'SmartCarDriverInfo.log')

/** The log with what was rotated away in front of it. */
async function wholeLog(context: TestContext): Promise<Buffer> {
  const names = await readdir(context.layout.landing)
  const rotated = names.filter((name) => name.startsWith('SmartCarDriverInfo.log.')).sort()
  const files = [...rotated, 'SmartCarDriverInfo.log'].map((name) => path.join(context.layout.landing, name))
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file))))
}

async function wholeDay(context: TestContext, options: Partial<PacedOptions> = {}): Promise<Buffer> {
  const { cars = 3, faults } = options
  const out = path.join(context.layout.root, 'whole')
  const result = await simulateDrive({ cars, out, ...(faults === undefined ? {} : { faults }) }, context)
  return readFile(result.files[0]?.path ?? '')
}

it('keeps the pace: at 60x a step of 2 seconds every 33 ms', async () => {
  await using context = await testContext()
  const sizes: number[] = []
  const clock = sleepingClock()
  const files = {
    ...context.files,
    append: async (file: string) => {
      const append = await context.files.append(file)
      return {
        ...append,
        write: async (data: Uint8Array | string) => {
          sizes.push(clock.monotonic())
          await append.write(data)
        },
      }
    },
  }
  const options = { cars: 2, rate: 60, from: 0, until: 600 } as const
  const result = await simulatePaced(options, { ...context, clock, files })
  expect(result).toMatchObject({ status: 'done', rows: 600, from: '20200322000000', to: '20200322000958' })
  // 300 steps, the first at once: the last is due after 299 x 33.3 ms.
  expect(clock.monotonic()).toBeGreaterThan(9900)
  expect(clock.monotonic()).toBeLessThan(10_050)
  expect(Math.min(...clock.naps)).toBeGreaterThanOrEqual(50)
  expect(sizes.length).toBeGreaterThan(150)
})

it('runs at 1x with one step every 2 seconds', async () => {
  await using context = await testContext()
  const clock = sleepingClock()
  await simulatePaced({ cars: 2, rate: 1, from: 30_000, until: 30_020 }, { ...context, clock })
  expect(clock.naps).toEqual([2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000])
  const rows = await readRows(logOf(context))
  expect(rows).toHaveLength(20)
  expect(rows[0]).toMatch(/^20200322082000,A0001,/)
})

it('ends behind a whole step when the signal comes, and waits no longer', async () => {
  await using context = await testContext()
  const stop = new AbortController()
  const clock = sleepingClock((now) => {
    if (now >= 7000) stop.abort(new InterruptedError())
  })
  const result = await simulatePaced({ cars: 3, rate: 1 }, { ...context, clock, signal: stop.signal })
  expect(result).toMatchObject({ status: 'interrupted', rows: 12, to: '20200322000006' })
  const rows = await readRows(logOf(context))
  expect(rows.filter((row) => !isRow('drive', row))).toEqual([])
  expect(rows).toHaveLength(12)
})

it.each(['', 'malformed=0.01,duplicate=0.01,late=0.02,gap=0.001'])(
  'goes on where an interrupted run ended, as if it had not been interrupted, faults "%s"',
  async (faults) => {
    await using context = await testContext()
    const options: PacedOptions = {
      ...{ cars: 3, rate: 'max', rotateBytes: 1_500_000 },
      ...(faults === '' ? {} : { faults: parseFaults(faults) }),
    }
    const statuses: string[] = []
    const rotated: string[] = []
    for (const events of [1, 2, 1, 1000]) {
      const result = await simulatePaced(options, interruptedAfter(events, context))
      statuses.push(result.status)
      rotated.push(...result.rotated)
    }
    expect(statuses).toEqual(['interrupted', 'interrupted', 'interrupted', 'done'])
    const [log, whole] = [await wholeLog(context), await wholeDay(context, options)]
    if (faults === '') expect(Buffer.compare(log, whole)).toBe(0)
    // Late rows are written when a run ends, so only their places differ.
    const sorted = (bytes: Buffer) => bytes.toString('latin1').split('\n').sort()
    expect(sorted(log)).toEqual(sorted(whole))
    expect(rotated.length).toBe(3)
    for (const file of rotated) {
      const rows = await readRows(file)
      expect((await readFile(file)).length).toBeLessThanOrEqual(1_500_000)
      const times = rows.filter((row) => isRow('drive', row)).map((row) => row.slice(0, 14))
      const last = times.sort().at(-1) ?? ''
      if (faults === '') expect(path.basename(file)).toBe(`SmartCarDriverInfo.log.${last}`)
    }
    const again = await simulatePaced(options, context)
    expect(again).toMatchObject({ status: 'unchanged', rows: 0, from: null, to: null })
    expect(Buffer.compare(await wholeLog(context), log)).toBe(0)
  },
)

it('goes on after a kill in the middle of a row: the torn line stays alone, no row is lost or doubled', async () => {
  await using context = await testContext()
  await simulatePaced({ cars: 3, rate: 'max', until: 3600 }, context)
  const log = logOf(context)
  const bytes = await readFile(log)
  // Three and a half rows of the last steps are lost.
  const rows = bytes.toString('latin1').trimEnd().split('\n')
  const kept = rows.slice(0, -4).join('\n').length + 1
  const torn = (rows.at(-4) ?? '').slice(0, 20)
  await truncate(log, kept + torn.length)

  const result = await simulatePaced({ cars: 3, rate: 'max' }, context)
  expect(result.status).toBe('done')
  const lines = (await readFile(log, 'latin1')).trimEnd().split('\n')
  const whole = (await wholeDay(context)).toString('latin1').trimEnd().split('\n')
  expect(lines.filter((line) => line === torn)).toHaveLength(1)
  expect(lines.filter((line) => line !== torn)).toEqual(whole)
})

it('starts behind a log that was just rotated away, and behind rows of other cars', async () => {
  await using context = await testContext()
  await mkdir(context.layout.landing, { recursive: true })
  await writeFile(`${logOf(context)}.20200322115958`, '20200322115958,A0001,0,0,F,N,0,A01\n')
  const after = await simulatePaced({ cars: 1, rate: 'max' }, context)
  expect(after.from).toBe('20200322120000')
  await appendFile(logOf(context), '20200323000000,Z0001,0,0,F,N,0,A01\n')
  const next = await simulatePaced({ cars: 1, rate: 'max', days: ['20200322', '20200323'] }, context)
  expect(next.from).toBe('20200323000000')
})

it('tells the truth about the rows that it wrote', async () => {
  await using context = await testContext()
  const truth = path.join(context.layout.root, 'truth.json')
  const faults = parseFaults('malformed=0.01,late=0.02')
  const days = ['20200322', '20200323']
  await simulatePaced({ cars: 4, rate: 'max', days, from: 80_000, until: 9_000, faults, truth }, context)
  const told = (await readTruth(context.files, truth)) as DriveTruth
  const rows = (await readRows(logOf(context))).filter((row) => isRow('drive', row))
  const windows = new Map<string, number[]>()
  for (const row of rows) {
    const second = Math.floor(Number(row.slice(12, 14)) / 30) * 30
    const key = `${row.slice(0, 12)}${String(second).padStart(2, '0')} ${row.slice(15, 20)}`
    windows.set(key, [...(windows.get(key) ?? []), Number(row.split(',')[6])])
  }
  const speeding = [...windows].filter(
    ([, speeds]) => speeds.reduce((sum, speed) => sum + speed, 0) > 80 * speeds.length,
  )
  expect(told.speeding.map(({ start, car }) => `${start} ${car}`)).toEqual(speeding.map(([key]) => key).sort())
  expect(told.rows).toMatchObject({ valid: rows.length })
  expect(told.files.map(({ day }) => day)).toEqual(days)
  const before = await readFile(truth)
  await simulatePaced({ cars: 4, rate: 'max', days, from: 80_000, until: 9_000, faults, truth }, context)
  expect(Buffer.compare(await readFile(truth), before)).toBe(0)
})

it('writes to a stream without end or memory', async () => {
  await using context = await testContext()
  const parts: Uint8Array[] = []
  const out = { write: async (bytes: Uint8Array) => void parts.push(bytes) }
  const result = await simulatePaced({ cars: 3, rate: 'max', out }, context)
  expect(result).toMatchObject({ status: 'done', log: '-', rows: 3 * 43_200 })
  expect(Buffer.compare(Buffer.concat(parts), await wholeDay(context))).toBe(0)
})

it('lets two runs on one log take turns', async () => {
  await using context = await testContext()
  const options: PacedOptions = { cars: 2, rate: 'max', until: 7200 }
  const both = await Promise.all([simulatePaced(options, context), simulatePaced(options, context)])
  expect(both.map(({ status }) => status).sort()).toEqual(['done', 'unchanged'])
  expect(await readLines(logOf(context))).toHaveLength(2 * 3600 + 2)
})

it.each([
  [{ rate: 0 }, 'RATE_INVALID'],
  [{ rate: Number.NaN }, 'RATE_INVALID'],
  [{ rate: 1, from: 3 }, 'TIME_INVALID'],
  [{ rate: 1, until: 86_402 }, 'TIME_INVALID'],
  [{ rate: 1, from: 600, until: 600, days: ['20200322'] }, 'TIME_INVALID'],
  [{ rate: 1, rotateBytes: 10 }, 'ROTATE_INVALID'],
] as const)('refuses %o', async (options, code) => {
  await using context = await testContext()
  await expect(simulatePaced(options, context)).rejects.toMatchObject({ code })
})

it('reads the flags of a growing log', () => {
  const clock = { now: () => new Date(2026, 10, 22, 16, 27, 55).getTime() }
  expect(pacedOptions({ rate: '1x', days: 2 }, clock)).toEqual({
    rate: 1,
    days: ['20261122', '20261123'],
    from: 59_274,
  })
  expect(pacedOptions({ rate: '60x', days: 1, rotate: '64MB' }, clock)).toEqual({ rate: 60, rotateBytes: 64e6 })
  expect(pacedOptions({ rate: 'max', days: 1, from: '08:30', until: '240000' }, clock)).toEqual({
    ...{ rate: 'max', from: 30_600, until: 86_400 },
  })
  expect(pacedOptions({ rate: '0.5', days: 1, date: '20200322', rotate: '1.5GiB' }, clock)).toEqual({
    ...{ rate: 0.5, rotateBytes: 1.5 * 1024 ** 3 },
  })
  for (const wrong of ['fast', '0x', '-1', 'x', ''])
    expect(() => pacedOptions({ rate: wrong, days: 1 }, clock)).toThrow(`"${wrong}" is no rate`)
  for (const wrong of ['64 elephants', 'MB', '-1MB'])
    expect(() => pacedOptions({ rate: '1x', days: 1, rotate: wrong }, clock)).toThrow(`"${wrong}" is no size`)
  for (const wrong of ['25:00', '0830a', '236000', '240001', '8'])
    expect(() => pacedOptions({ rate: '1x', days: 1, from: wrong }, clock)).toThrow(`"${wrong}" is no time of the day`)
})
