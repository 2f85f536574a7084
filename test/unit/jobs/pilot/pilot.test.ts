import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CheckError } from '../../../../src/core/errors.js'
import { type PilotOptions, type PilotResult, pilotFailure, runPilot } from '../../../../src/jobs/pilot/pilot.js'
import { simulate } from '../../../../src/jobs/pilot/simulate.js'
import { pilotSummary } from '../../../../src/jobs/pilot/summary.js'
import { verifySimulation } from '../../../../src/jobs/pilot/verify.js'
import { readRuns } from '../../../../src/jobs/report/runs.js'
import { parseFaults } from '../../../../src/simulator/faults.js'
import { type TestContext, testContext } from '../../../support/context.js'

/** Exports to CSV files: PostgreSQL has tests of its own. */
const base = {
  site: 'test',
  ruleFiles: [],
  locale: 'en',
  export: {
    site: { export: { target: 'csv', targets: {} }, postgres: { port: 'auto' } },
    passwords: { environment: {} },
  },
} as const satisfies Omit<PilotOptions, 'source'>

function simulated(cars: number, faults?: string): PilotOptions {
  const options = { cars, days: ['20200322'], seed: 1, locale: 'en' as const }
  return {
    ...base,
    source: { kind: 'simulate', options: faults === undefined ? options : { ...options, faults: parseFaults(faults) } },
  }
}

const outcomes = (result: PilotResult) =>
  Object.fromEntries(result.stages.map(({ id, outcome }) => [id, outcome] as const))

describe('runPilot', () => {
  let context: TestContext
  let first: PilotResult

  beforeAll(async () => {
    context = await testContext()
    first = await runPilot(simulated(1), context)
  })

  afterAll(async () => {
    await context[Symbol.asyncDispose]()
  })

  it('goes through every stage in order', () => {
    const order = ['simulate', 'collect', 'detect', 'build', 'ask', 'export', 'report', 'check']
    expect(first.stages.map(({ id }) => id)).toEqual(order)
    expect(first.stages.every(({ outcome }) => outcome === 'done')).toBe(true)
    expect(first.changed).toBe(true)
  })

  it('finds what the simulator knows', () => {
    expect(first.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(first.checks.filter(({ against }) => against === 'truth').length).toBeGreaterThanOrEqual(12)
    expect(first.checks.find(({ what }) => what === 'speeding windows')?.found).toBeGreaterThan(100)
    expect(pilotFailure(first)).toBeUndefined()
  })

  it('answers the questions of the pilot', () => {
    expect(first.answers).toHaveLength(5)
    expect(first.answers.every(({ rows, columns }) => rows.length > 0 && columns.length > 0)).toBe(true)
  })

  it('leaves a report with the timings of its stages', async () => {
    const page = await context.files.readText(first.report?.file ?? '')
    expect(page).toContain('Detect speeding</span>')
    expect(page).toContain('managed_<wbr>smartcar_<wbr>symptom_<wbr>info')
  })

  it('ends with the report to open', () => {
    expect(pilotSummary(first).trimEnd().split('\n').at(-1)).toBe(first.report?.file)
  })

  it('shows the stages of the work below its own', () => {
    const starts = context.events.flatMap((event) => (event.t === 'stage.start' ? [event] : []))
    const own = new Set(first.stages.map(({ id }) => id))
    expect(starts.filter(({ parent }) => parent === undefined).every(({ id }) => own.has(id))).toBe(true)
    expect(starts.find(({ id }) => id === 'simulate/drive')?.parent).toBe('simulate')
  })

  it('changes nothing the second time, and says so', async () => {
    const page = await context.files.stat(first.report?.file ?? '')
    const runs = await readRuns(context)
    const second = await runPilot(simulated(1), context)
    expect(outcomes(second)).toEqual({
      simulate: 'unchanged',
      collect: 'unchanged',
      detect: 'unchanged',
      build: 'unchanged',
      ask: 'done',
      export: 'unchanged',
      report: 'unchanged',
      check: 'done',
    })
    expect(second.changed).toBe(false)
    expect(pilotSummary(second)).toContain('unchanged: everything was there already')
    expect(await context.files.stat(first.report?.file ?? '')).toEqual(page)
    expect(await readRuns(context)).toEqual(runs)
  })

  it('sees when the result is not the truth', async () => {
    const truthFile = path.join(context.layout.state, 'truth', 'drive.json')
    const text = (await context.files.readText(truthFile)) ?? ''
    const truth = JSON.parse(text)
    truth.speeding[0].car = 'B0001'
    truth.rows.valid += 1
    const simulation = (await simulate({ cars: 1, days: ['20200322'], seed: 1, locale: 'en' }, context)).value
    await context.files.writeAtomic(truthFile, JSON.stringify(truth))
    const checks = await verifySimulation(simulation, [], context)
    await context.files.writeAtomic(truthFile, text)
    const wrong = checks.filter(({ ok }) => !ok)
    expect(wrong.map(({ what }) => what)).toEqual(['drive rows kept by collect', 'speeding windows'])
    expect(wrong[1]?.detail).toMatch(/^missing: B0001 20200322\d{6} average .*, not expected: A0001 20200322/)
    const result = { ...first, checks }
    const failure = pilotFailure(result)
    expect(failure).toBeInstanceOf(CheckError)
    expect(failure?.exitCode).toBe(5)
    expect(failure?.message).toMatch(
      /^2 of 16 checks differ: drive rows kept by collect: 43,201 expected, 43,200 found; speeding/,
    )
    expect(pilotSummary(result)).toContain('differs: missing: B0001')
    expect(pilotSummary(result)).toContain('2 of 16 checks differ')
  })

  it('refuses to mix its rows with others of the same day', async () => {
    const other = runPilot(simulated(2), context)
    await expect(other).rejects.toMatchObject({ code: 'PILOT_DAY_TAKEN', exit: 'failed' })
  })
})

describe('runPilot, otherwise', () => {
  it('holds with faults in the logs', async () => {
    await using context = await testContext()
    const faults = 'malformed=0.002,duplicate=0.002,late=0.01,gap=0.0005'
    const result = await runPilot(simulated(1, faults), context)
    expect(result.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(result.checks.find(({ what }) => what === 'drive rows rejected by collect')?.found).toBeGreaterThan(10)
    expect(result.checks.find(({ what }) => what === 'status rows repeated')?.found).toBeGreaterThan(5)
  })

  it('does not compare the alerts of another rule', async () => {
    await using context = await testContext()
    const rule = path.join(context.layout.root, 'rule.yaml')
    const builtIn = await context.files.readText(path.join(context.templates, 'rules', 'speeding.yaml'))
    await context.files.writeAtomic(rule, (builtIn ?? '').replace('avg_speed > 80', 'avg_speed > 90'))
    const result = await runPilot({ ...simulated(1), ruleFiles: [rule] }, context)
    expect(result.checks.every(({ ok }) => ok)).toBe(true)
    expect(result.checks.some(({ what }) => what === 'speeding windows')).toBe(false)
    expect(await context.files.readText(result.report?.file ?? '')).toContain('whose average speed is over 90 km/h')
  })

  it('leaves out what was not given', async () => {
    await using context = await testContext()
    const folder = path.join(context.layout.root, 'given')
    await context.files.mkdir(folder)
    await context.files.writeAtomic(path.join(folder, 'owners.txt'), 'A0001|남|32|미혼|서울|회사원|1000|2009|F\n')
    await context.files.writeAtomic(
      path.join(folder, 'status.txt'),
      '20200322000000,A0001,90,90,90,90,1,1,1,1,A,A,95\n20200322000004,A0001,90,90,90,90,1,1,2,1,A,A,95\n',
    )
    const result = await runPilot({ ...base, source: { kind: 'files', paths: [folder] } }, context)
    expect(outcomes(result)).toMatchObject({ collect: 'done', detect: 'skipped', build: 'done', export: 'skipped' })
    expect(result.days).toEqual(['20200322'])
    expect(result.checks.every(({ ok }) => ok)).toBe(true)
    const notes = context.events.flatMap((event) => (event.t === 'note' ? [event.text] : []))
    expect(notes).toContain('no drive file was collected: its marts are left out')
    expect(notes).toContain('no purchases file was collected: its marts are left out')
  })

  it('builds nothing without a car master, and says so', async () => {
    await using context = await testContext()
    const file = path.join(context.layout.root, 'drive.log')
    await context.files.writeAtomic(file, '20200322000000,A0001,3,0,F,N,99,A01\n20200322000002,A0001,3,0,F,N,99,A01\n')
    const result = await runPilot({ ...base, source: { kind: 'files', paths: [file] } }, context)
    expect(outcomes(result)).toEqual({
      collect: 'done',
      detect: 'done',
      build: 'skipped',
      ask: 'skipped',
      export: 'skipped',
      report: 'skipped',
      check: 'done',
    })
    expect(result.report).toBeNull()
    expect(pilotSummary(result)).toContain('no report: no day was built')
  })

  it('refuses a folder without files', async () => {
    await using context = await testContext()
    const folder = path.join(context.layout.root, 'given')
    await context.files.mkdir(path.join(folder, 'inside'))
    await expect(runPilot({ ...base, source: { kind: 'files', paths: [folder] } }, context)).rejects.toMatchObject({
      code: 'NOTHING_TO_COLLECT',
      exit: 'usage',
      hints: [expect.stringContaining('subfolder'), expect.anything()],
    })
  })

  it('passes over a file of another kind, but not when there is no other', async () => {
    await using context = await testContext()
    const [wrong, right] = ['wrong.txt', 'right.log'].map((name) => path.join(context.layout.root, name)) as [
      string,
      string,
    ]
    await context.files.writeAtomic(wrong, 'a,b\n1,2\n')
    await context.files.writeAtomic(right, '20200322000000,A0001,3,0,F,N,99,A01\n')
    await expect(runPilot({ ...base, source: { kind: 'files', paths: [wrong] } }, context)).rejects.toThrow(
      /wrong\.txt/,
    )
    const result = await runPilot({ ...base, source: { kind: 'files', paths: [wrong, right] } }, context)
    expect(outcomes(result).collect).toBe('done')
    const notes = context.events.flatMap((event) => (event.t === 'note' && event.level === 'warn' ? [event.text] : []))
    expect(notes.some((text) => text.startsWith('left out: '))).toBe(true)
  })

  it('goes on where it was stopped, and keeps the timings of what was done before', async () => {
    const stop = new AbortController()
    await using context = await testContext(undefined, { signal: stop.signal })
    const stopping = {
      ...context,
      emit: (event: Parameters<TestContext['emit']>[0]) => {
        if (event.t === 'stage.start' && event.id === 'build') stop.abort()
      },
    }
    await expect(runPilot(simulated(1), stopping)).rejects.toThrow()
    const result = await runPilot(simulated(1), { ...context, signal: new AbortController().signal })
    expect(outcomes(result)).toMatchObject({ simulate: 'unchanged', collect: 'unchanged', build: 'done' })
    expect(result.checks.filter(({ ok }) => !ok)).toEqual([])
    const page = await context.files.readText(result.report?.file ?? '')
    expect(page).toContain('Simulate</span>')
    expect(page).toContain('Build the marts</span>')
  })
})
