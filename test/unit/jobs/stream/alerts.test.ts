import { readFile, unlink, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../../src/core/ports.js'
import { systemClock } from '../../../../src/io/clock.js'
import { localFiles } from '../../../../src/io/files.js'
import { collect } from '../../../../src/jobs/collect/collect.js'
import { alertDays, readAlerts, removeExpiredAlerts } from '../../../../src/jobs/stream/alert-files.js'
import {
  alertLine,
  alertsSummary,
  followAlerts,
  intervalMs,
  listAlerts,
} from '../../../../src/jobs/stream/list-alerts.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { speedingText } from '../../rules/support.js'
import { alertText, put, run, runFiles, stored, table } from './support.js'

const day = '20200322'
const row = (clock: string, speed: number, car = 'A0001', of = day) => `${of}${clock},${car},1,0,F,N,${speed},A01\n`
const hours = 3_600_000
const daysLong = 24 * hours

/** A clock whose hands are moved by hand. */
function movableClock(start = Date.UTC(2026, 10, 22)): Clock & { time: number } {
  return {
    ...systemClock,
    time: start,
    now() {
      return this.time
    },
  }
}

async function withClock(): Promise<{ context: TestContext; clock: ReturnType<typeof movableClock> }> {
  const clock = movableClock()
  return { context: await testContext(undefined, { clock }), clock }
}

const daysOf = async (context: TestContext) => (await alertDays(context, table)).map((entry) => entry.day)
const folder = (context: TestContext, of = day) => path.join(context.layout.alerts, table, `day=${of}`)

describe('expiry', () => {
  it('a day is kept for seven days after its last write, then it is neither listed nor there', async () => {
    const { context, clock } = await withClock()
    await using _ = context
    const file = await put(context, 'a.log', row('000000', 100))
    await runFiles(context, file)
    clock.time += 7 * daysLong - 1
    expect(await daysOf(context)).toEqual([day])
    expect(await removeExpiredAlerts(context)).toEqual([])
    clock.time += 1
    expect(await daysOf(context)).toEqual([])
    expect(await readAlerts(context, { table, day })).toBeUndefined()
    expect(await removeExpiredAlerts(context)).toEqual([{ table, day }])
    expect(await context.files.list(path.join(context.layout.alerts, table))).toEqual([])
  })

  it('finding the same alerts again counts as a write, as EXPIRE does', async () => {
    const { context, clock } = await withClock()
    await using _ = context
    const file = await put(context, 'a.log', row('000000', 100))
    await runFiles(context, file)
    clock.time += 6 * daysLong
    expect(await runFiles(context, file)).toMatchObject({ unchanged: true })
    clock.time += 6 * daysLong
    expect(await daysOf(context)).toEqual([day])
  })

  it('the next run takes expired days away and says so, each day on its own', async () => {
    const { context, clock } = await withClock()
    await using _ = context
    await runFiles(context, await put(context, 'a.log', row('000000', 100)))
    clock.time += 4 * daysLong
    await runFiles(context, await put(context, 'b.log', row('000000', 100, 'A0001', '20200323')))
    clock.time += 4 * daysLong
    await runFiles(context, await put(context, 'c.log', row('000000', 100, 'A0001', '20200324')))
    expect(await daysOf(context)).toEqual(['20200323', '20200324'])
    expect((await context.files.list(path.join(context.layout.alerts, table))).map(({ name }) => name)).toEqual([
      'day=20200323',
      'day=20200324',
    ])
    expect(context.events).toContainEqual(
      expect.objectContaining({ text: `removed the expired alerts of ${day} from ${table}` }),
    )
  })

  it('a clock that was set back: nothing goes at once, and nothing stays for ever', async () => {
    const { context, clock } = await withClock()
    await using _ = context
    await runFiles(context, await put(context, 'a.log', row('000000', 100)))
    clock.time -= 300 * daysLong
    await runFiles(context, await put(context, 'b.log', row('000000', 120, 'B0002')))
    expect(await stored(context)).toHaveLength(2)
    clock.time += 7 * daysLong - 1
    expect(await daysOf(context)).toEqual([day])
    clock.time += 1
    expect(await daysOf(context)).toEqual([])
  })

  it('a lost side file: a week from the file`s time, and merging goes on', async () => {
    await using context = await testContext()
    await runFiles(context, await put(context, 'a.log', row('000000', 100)))
    await unlink(path.join(folder(context), '_alerts.json'))
    await runFiles(context, await put(context, 'b.log', row('000000', 120, 'B0002')))
    expect(await stored(context)).toHaveLength(2)
    await writeFile(path.join(folder(context), '_alerts.json'), '{"half')
    expect(await daysOf(context)).toEqual([day])
    const old = (Date.now() - 8 * daysLong) / 1000
    await utimes(path.join(folder(context), 'alerts.csv'), old, old)
    expect(await daysOf(context)).toEqual([])
  })

  it('the rule says how long', async () => {
    const { context, clock } = await withClock()
    await using _ = context
    const own = await put(context, 'own.yaml', speedingText.replace('expiry: 7d', 'expiry: 1h'))
    const file = await put(context, 'a.log', row('000000', 100))
    await runFiles(context, file)
    const { runStream } = await import('../../../../src/jobs/stream/run.js')
    await runStream({ source: { kind: 'files', paths: [file] }, ruleFiles: [own] }, context)
    clock.time += hours
    expect(await daysOf(context)).toEqual([])
  })
})

describe('alert files', () => {
  it('alerts of another version of the rule are replaced, and that is said', async () => {
    await using context = await testContext()
    await runFiles(context, await put(context, 'a.log', row('000000', 100) + row('000000', 90, 'B0002')))
    const own = await put(context, 'own.yaml', speedingText.replace('> 80', '> 95'))
    const { runStream } = await import('../../../../src/jobs/stream/run.js')
    const source = { kind: 'files', paths: [await put(context, 'b.log', row('000000', 100))] } as const
    await runStream({ source, ruleFiles: [own] }, context)
    expect((await stored(context)).map(({ car }) => car)).toEqual(['A0001'])
    expect(context.events).toContainEqual(
      expect.objectContaining({ level: 'warn', text: expect.stringContaining('another version of the rule') }),
    )
  })

  it.each([
    ['no header', (text: string) => text.split('\n').slice(1).join('\n')],
    [
      'rows out of order',
      (text: string) => text.split('\n').slice(0, 1).concat(text.split('\n').slice(1, 3).reverse(), '').join('\n'),
    ],
    ['something else', () => 'hello\n'],
  ])('%s: refused with its place when merged with, mended by --day', async (_, damage) => {
    await using context = await testContext()
    const file = await put(context, 'a.log', row('000000', 100) + row('000000', 90, 'B0002'))
    await runFiles(context, file)
    const alerts = path.join(folder(context), 'alerts.csv')
    await writeFile(alerts, damage(await readFile(alerts, 'utf8')))
    await expect(runFiles(context, file)).rejects.toMatchObject({ code: 'ALERTS_UNREADABLE', place: { file: alerts } })
    await collect({ paths: [file] }, context)
    await run(context, { kind: 'day', day })
    expect(await stored(context)).toHaveLength(2)
  })
})

it('what a killed run left behind is taken away by the next one', async () => {
  await using context = await testContext()
  const file = await put(context, 'a.log', row('000000', 100))
  await runFiles(context, file)
  const left = path.join(folder(context), '.alerts.csv.0a1b2c3d.tmp')
  const other = path.join(folder(context), '.alerts.csv.notes.tmp')
  await writeFile(left, 'car_nu')
  await writeFile(other, 'somebody else wrote this')
  await runFiles(context, file)
  expect((await context.files.list(folder(context))).map(({ name }) => name)).toEqual([
    '.alerts.csv.notes.tmp',
    '_alerts.json',
    'alerts.csv',
  ])
})

describe('listing', () => {
  async function filled(): Promise<TestContext> {
    const context = await testContext()
    const lines = ['A0001', 'B0002', 'C0003'].map((car) => row('000000', 100, car) + row('000100', 85, car))
    await runFiles(context, await put(context, 'a.log', lines.join('')))
    await runFiles(context, await put(context, 'b.log', row('235959', 81, 'A0001', '20200321')))
    return context
  }

  it('a day, a car, a limit', async () => {
    await using context = await filled()
    const all = await listAlerts({ ruleFiles: [], day }, context)
    expect(all).toMatchObject({ table, day, known: true, days: ['20200321', day], more: false })
    expect(all.alerts).toHaveLength(6)
    expect(all.alerts[0]).toEqual({
      day,
      carNumber: 'A0001',
      windowStart: '20200322000000',
      windowEnd: '20200322000030',
      values: { avg_speed: 100 },
      rows: 1,
      member: 'A0001-20200322000000',
    })
    const one = await listAlerts({ ruleFiles: [], day, car: 'B0002', limit: 1 }, context)
    expect(one.alerts.map(({ member }) => member)).toEqual(['B0002-20200322000000'])
    expect(one.more).toBe(true)
    expect(await listAlerts({ ruleFiles: [], day, car: 'B0002', limit: 2 }, context)).toMatchObject({ more: false })
  })

  it('without a day the newest; a day that was not run; no rule run at all', async () => {
    await using context = await filled()
    expect(await listAlerts({ ruleFiles: [] }, context)).toMatchObject({ day })
    const other = await listAlerts({ ruleFiles: [], day: '20200401' }, context)
    expect(other).toMatchObject({ known: false, alerts: [] })
    expect(alertsSummary(other)).toContain('days there: 20200321, 20200322')
    await using empty = await testContext()
    const none = await listAlerts({ ruleFiles: [] }, empty)
    expect(none).toMatchObject({ day: null, alerts: [] })
    expect(alertsSummary(none)).toContain('no alerts in speeding_alerts')
  })

  it('as a table', async () => {
    await using context = await filled()
    const text = alertsSummary(await listAlerts({ ruleFiles: [], day: '20200321' }, context))
    expect(text.split('\n').slice(0, 4)).toEqual([
      'car    from      to        avg_speed  rows  member',
      '-----  --------  --------  ---------  ----  --------------------',
      'A0001  23:59:30  24:00:00         81     1  A0001-20200321235959',
      '1 alert on 20200321',
    ])
  })

  it('a car number that is none, a rule that is not known, an interval that is none', async () => {
    await using context = await testContext()
    await expect(listAlerts({ ruleFiles: [], car: "A1' or 1" }, context)).rejects.toMatchObject({ code: 'CAR_INVALID' })
    await expect(listAlerts({ ruleFiles: [], rule: 'sped' }, context)).rejects.toMatchObject({ code: 'RULE_UNKNOWN' })
    expect(intervalMs('10s')).toBe(10_000)
    expect(() => intervalMs('10')).toThrow(expect.objectContaining({ exitCode: 2 }))
    expect(() => intervalMs('0s')).toThrow(expect.objectContaining({ exitCode: 2 }))
  })

  it('expired days are not listed where they cannot be removed', async () => {
    const { context, clock } = await withClock()
    await using _ = context
    await runFiles(context, await put(context, 'a.log', row('000000', 100)))
    clock.time += 8 * daysLong
    const refuse = async () => {
      throw Object.assign(new Error('read-only'), { code: 'EROFS' })
    }
    const readOnly = { ...context, files: { ...localFiles, removeTree: refuse, lock: refuse } }
    expect(await listAlerts({ ruleFiles: [] }, readOnly)).toMatchObject({ day: null })
    expect(await alertText(context, day)).toContain('A0001')
  })

  it('--follow gives what is there, then what comes, and what changed', async () => {
    await using context = await testContext()
    await runFiles(context, await put(context, 'a.log', row('000000', 100)))
    const stop = new AbortController()
    const seen: string[] = []
    let round = 0
    for await (const alerts of followAlerts({ ruleFiles: [] }, 5, { ...context, signal: stop.signal })) {
      seen.push(...alerts.map(alertLine))
      round++
      if (round === 1) await runFiles(context, await put(context, 'b.log', row('000100', 90, 'B0002')))
      if (round === 2) await runFiles(context, await put(context, 'c.log', row('000000', 100) + row('000002', 120)))
      if (round === 3) stop.abort()
    }
    expect(seen).toEqual([
      '20200322 00:00:00-00:00:30 A0001 avg_speed 100 rows 1\n',
      '20200322 00:01:00-00:01:30 B0002 avg_speed 90 rows 1\n',
      '20200322 00:00:00-00:00:30 A0001 avg_speed 110 rows 2\n',
    ])
  })
})
