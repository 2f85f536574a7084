import { describe, expect, it } from 'vitest'
import { FailedError } from '../../../../src/core/errors.js'
import { gatherReport } from '../../../../src/jobs/report/gather.js'
import { writeRun } from '../../../../src/jobs/report/runs.js'
import { renderReport } from '../../../../src/render/report/page.js'
import { testContext } from '../../../support/context.js'
import { makeSite, writeAlerts, writePartition } from './warehouse-site.js'

const day = '20200322'

const site = { site: 'test', ruleFiles: [] }

describe('gatherReport', () => {
  it('counts the fleet and its owners', async () => {
    await using context = await testContext()
    await makeSite(context)
    const { fleet, ...data } = await gatherReport(site, context)
    expect(data.site).toBe('test')
    expect(data.day).toBe(day)
    expect(fleet).toMatchObject({ activeCars: 3, statusRows: 12, driveRows: 12, averageSpeed: 62.5, topSpeed: 100 })
    expect(fleet.sexes).toEqual([{ label: '남', count: 3 }])
    expect(fleet.ages).toEqual([{ label: '40\u201349', count: 3 }])
    expect(fleet.regions).toEqual([{ label: '서울', count: 3 }])
    expect(fleet.models).toEqual([{ label: 'C', count: 3 }])
    expect(fleet.masterCars).toBeUndefined()
    const days = [{ day, statusRows: 12, driveRows: 12, windows: 4, emergencies: 1, abnormal: 1 }]
    expect(fleet.days).toEqual({ rows: days, total: 1 })
  })

  it('says which part is broken, where and since when', async () => {
    await using context = await testContext()
    await makeSite(context)
    const { emergencies } = await gatherReport(site, context)
    expect(emergencies.total).toBe(1)
    expect(emergencies.rows[0]).toEqual({
      car: 'C0001',
      sex: '남',
      age: 42,
      model: 'C',
      year: 2010,
      region: '서울',
      reasons: [
        { part: 'tire', positions: ['FL'], average: 40, since: undefined },
        { part: 'light', positions: ['FR'], average: undefined, since: `${day}100000` },
        { part: 'engine', positions: [], average: undefined, since: `${day}090000` },
      ],
    })
    expect(emergencies.byPart.find(({ part }) => part === 'engine')?.count).toBe(1)
    expect(emergencies.byPart.find(({ part }) => part === 'battery')?.count).toBe(0)
  })

  it('carries the scores of the symptom rule, the most unusual car first', async () => {
    await using context = await testContext()
    await makeSite(context)
    const { symptoms } = await gatherReport(site, context)
    // Averages 1, 1, 4: mean 2, population deviation sqrt(2).
    expect(symptoms?.speed.mean).toBeCloseTo(2, 12)
    expect(symptoms?.speed.deviation).toBeCloseTo(Math.SQRT2, 12)
    expect(symptoms?.rows.map((row) => row.car)).toEqual(['C0001', 'A0001', 'B0001'])
    expect(symptoms?.rows[0]?.speed).toEqual({ average: 4, z: expect.closeTo(Math.SQRT2, 12), abnormal: true })
    expect(symptoms?.brake.deviation).toBeUndefined()
    expect(symptoms?.rows[0]?.brake).toEqual({ average: 1, z: undefined, abnormal: false })
    expect(symptoms?.abnormal).toEqual({ pedals: 1, speed: 1, brake: 0, steering: 0 })
    const filled = symptoms?.speed.bins.filter(({ count }) => count > 0)
    expect(filled).toEqual([
      { from: -1, count: 2 },
      { from: 1, count: 1 },
    ])
    expect(symptoms?.brake.bins.every(({ count }) => count === 0)).toBe(true)
  })

  it('spreads speeding over the hours, the clock 240000 in the last one', async () => {
    await using context = await testContext()
    await makeSite(context)
    const { speeding } = await gatherReport(site, context)
    expect(speeding?.windows).toBe(4)
    expect(speeding?.hours[13]).toBe(2)
    expect(speeding?.hours[23]).toBe(2)
    expect(speeding?.cars.rows.map(({ car, windows, fastest }) => ({ car, windows, fastest }))).toEqual([
      { car: 'A0001', windows: 3, fastest: 120 },
      { car: 'B0001', windows: 1, fastest: 81 },
    ])
    expect(speeding?.cars.rows[0]?.hours[23]).toBe(2)
    expect(speeding?.fastest.rows[0]).toEqual({
      car: 'A0001',
      start: `${day}240000`,
      end: `${day}240030`,
      average: 120,
      rows: 1,
    })
    expect(speeding?.rule).toMatchObject({ seconds: 30, limit: 80 })
  })

  it('averages speed by area and hour', async () => {
    await using context = await testContext()
    await makeSite(context)
    const { areas } = await gatherReport(site, context)
    expect(areas?.rows.map(({ area, rows, average }) => ({ area, rows, average }))).toEqual([
      { area: 'A01', rows: 8, average: 62.5 },
      { area: 'B02', rows: 4, average: 62.5 },
    ])
    const hours = areas?.rows[0]?.hours
    expect([hours?.[0], hours?.[1], hours?.[13], hours?.[23]]).toEqual([50, undefined, 50, 75])
  })

  it('ranks the items of the month', async () => {
    await using context = await testContext()
    await makeSite(context)
    const { purchases } = await gatherReport(site, context)
    expect(purchases).toMatchObject({ month: '202003', rows: 3, buyers: 2 })
    expect(purchases?.averageScore).toBeCloseTo(8 / 3, 12)
    expect(purchases?.sold.rows[0]).toEqual({ item: 'Item-001', count: 2, score: 1.5 })
    expect(purchases?.liked.rows[0]).toEqual({ item: 'Item-002', count: 1, score: 5 })
  })

  it('takes the newest day, or the one that was asked for', async () => {
    await using context = await testContext()
    await makeSite(context)
    await makeSite(context, '20200321')
    expect((await gatherReport(site, context)).day).toBe(day)
    const older = await gatherReport({ ...site, day: '20200321' }, context)
    expect(older.day).toBe('20200321')
    expect(older.fleet.days.rows.map((row) => row.day)).toEqual([day, '20200321'])
    expect(older.speeding?.fastest.rows[0]?.start).toBe('20200321240000')
  })

  it('refuses a day that was not built, and says which were', async () => {
    await using context = await testContext()
    await makeSite(context)
    const refusal = await gatherReport({ ...site, day: '20200101' }, context).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(FailedError)
    expect(refusal).toMatchObject({
      code: 'REPORT_DAY_NOT_BUILT',
      hints: expect.arrayContaining([expect.stringContaining('2020-03-22')]),
    })
  })

  it('says what to do in an empty site', async () => {
    await using context = await testContext()
    await expect(gatherReport(site, context)).rejects.toMatchObject({ code: 'REPORT_NOTHING_BUILT' })
  })

  it('works with a day of status rows alone', async () => {
    await using context = await testContext()
    await makeSite(context)
    await context.files.removeTree(`${context.layout.warehouse}/managed_smartcar_drive_info`)
    await context.files.removeTree(`${context.layout.warehouse}/managed_smartcar_symptom_info`)
    await context.files.removeTree(context.layout.alerts)
    const data = await gatherReport(site, context)
    expect(data).toMatchObject({ areas: undefined, symptoms: undefined, speeding: undefined })
    expect(data.fleet).toMatchObject({ activeCars: 3, driveRows: 0, averageSpeed: undefined })
    expect(renderReport(data, 'en')).toContain('Speeding detection has not run over this day.')
  })

  it('tells a quiet day from one that was not looked at', async () => {
    await using context = await testContext()
    await makeSite(context)
    await writeAlerts(context, day, [])
    const { speeding } = await gatherReport(site, context)
    expect(speeding).toMatchObject({ windows: 0, cars: { rows: [], total: 0 } })
  })

  it('shows the stages as of the last run that had work', async () => {
    await using context = await testContext()
    await makeSite(context)
    const run = { schemaVersion: 1 as const, startedAt: '2026-01-01T00:00:00.000Z', days: [day] }
    const done = (rows: number, ms: number) => ({ id: 'collect', title: 'collect', outcome: 'done' as const, rows, ms })
    await writeRun({ ...run, sequence: 1, stages: [done(10, 500)] }, context)
    await writeRun({ ...run, sequence: 2, stages: [done(20, 700)] }, context)
    await writeRun({ ...run, sequence: 3, stages: [{ ...done(0, 1), outcome: 'unchanged' as const }] }, context)
    await writeRun({ ...run, sequence: 4, days: ['20200101'], stages: [done(99, 9)] }, context)
    const { stages } = await gatherReport(site, context)
    expect(stages.rows).toMatchObject([{ id: 'collect', rows: 20, ms: 700 }])
  })

  it('counts only what is of the day when other days lie beside it', async () => {
    await using context = await testContext()
    await makeSite(context)
    const before = await gatherReport({ ...site, day }, context)
    await makeSite(context, '20200401')
    await writePartition(
      context,
      'managed_smartcar_emergency_check_info',
      'biz_date=20200401',
      `SELECT 'A0001' AS car_number, NULL::VARCHAR AS tire_check, NULL::VARCHAR AS light_check, 'Engine Check' AS engine_check,
         NULL::VARCHAR AS break_check, NULL::VARCHAR AS battery_check`,
    )
    const after = await gatherReport({ ...site, day }, context)
    const { days: _before, ...fleetBefore } = before.fleet
    const { days: _after, ...fleetAfter } = after.fleet
    expect({ ...after, fleet: fleetAfter }).toEqual({ ...before, fleet: fleetBefore })
  })
})
