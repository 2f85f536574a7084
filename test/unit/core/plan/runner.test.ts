import { expect, test } from 'vitest'
import { FailedError, UnreachableError } from '../../../../src/core/errors.js'
import type { SmartcarEvent } from '../../../../src/core/events.js'
import { commandFailed } from '../../../../src/core/plan/failure.js'
import { assertFresh, parsePlan, serialisePlan } from '../../../../src/core/plan/plan-file.js'
import { type Prepared, prepare } from '../../../../src/core/plan/planner.js'
import { owedHandlers, parseRunRecord, type RunLine } from '../../../../src/core/plan/run-record.js'
import { runPlan, type StepResult } from '../../../../src/core/plan/runner.js'
import { ok, type Step, undoStep, type World } from '../../../../src/core/plan/step.js'
import { HostKeyError } from '../../../../src/core/transport.js'
import { memoryStep, planWorld } from '../../../support/plan-world.js'

const plan = (steps: readonly Step[], world: World = planWorld(), more: object = {}): Promise<Prepared> =>
  prepare({ command: 'provision', site: 'test', digest: 'd', hosts: ['one', 'two'], lost: [], steps, ...more }, world)

async function run(steps: readonly Step[], world: World = planWorld(), more: object = {}) {
  const lines: RunLine[] = []
  const events: SmartcarEvent[] = []
  const results = await runPlan(await plan(steps, world, more), world, {
    emit: (event) => events.push(event),
    record: async (line) => {
      lines.push(line)
    },
    reconnectMs: 2000,
  })
  const states = Object.fromEntries(results.map(({ id, state }) => [id, state]))
  return { results, states, lines, events }
}

const fail = async () => {
  throw new FailedError('STEP_COMMAND_FAILED', 'it broke', { hints: ['mend it'], data: { exitCode: 3 } })
}

test('a failed step stops its dependants, not the other host', async () => {
  const state = new Set<string>()
  const { states, results } = await run([
    memoryStep('a@one', state, { host: 'one', apply: fail }),
    memoryStep('b@one', state, { host: 'one', needs: ['a@one'] }),
    memoryStep('c@one', state, { host: 'one' }),
    memoryStep('a@two', state, { host: 'two' }),
    memoryStep('across@two', state, { host: 'two', needs: ['b@one'] }),
  ])
  expect(states).toEqual({
    'a@one': 'failed',
    'b@one': 'skipped',
    'c@one': 'changed',
    'a@two': 'changed',
    'across@two': 'skipped',
  })
  expect(results[0]?.failure).toMatchObject({ code: 'STEP_COMMAND_FAILED', exitCode: 3, hints: ['mend it'] })
})

test('hosts run side by side, the steps of one host one after the other', async () => {
  const state = new Set<string>()
  let running = 0
  const most = { one: 0, all: 0 }
  // Where two are expected at once, each waits for the other: no moment of a busy machine can keep them apart.
  let together = 1
  const slow = (id: string, host: string) =>
    memoryStep(id, state, {
      host,
      apply: async () => {
        running++
        most.all = Math.max(most.all, running)
        while (most.all < together) await new Promise((resolve) => setTimeout(resolve, 1))
        await new Promise((resolve) => setTimeout(resolve, 30))
        running--
        state.add(id)
      },
    })
  await run([slow('a@one', 'one'), slow('b@one', 'one')])
  expect(most.all).toBe(1)
  together = 2
  await run([slow('c@one', 'one'), slow('c@two', 'two')])
  expect(most.all).toBe(2)
})

test('still a change after apply is a bug of the step', async () => {
  const { results } = await run([memoryStep('liar@one', new Set(), { host: 'one', apply: async () => {} })])
  expect(results[0]).toMatchObject({ state: 'failed', failure: { code: 'BUG' } })
  expect(results[0]?.failure?.message).toContain('still not in place')
})

test('a blocked step is not applied, and says why', async () => {
  const log: string[] = []
  const blocked = memoryStep('a@one', new Set(), {
    log,
    host: 'one',
    check: async () => ({ state: 'blocked', reason: 'no room', hints: ['make room'] }),
  })
  const { results } = await run([blocked])
  expect(results[0]).toMatchObject({ state: 'blocked', reason: 'no room', hints: ['make room'] })
  expect(log).toEqual([])
})

test('a change of a need makes a step look again before it acts', async () => {
  const state = new Set<string>()
  const installs = memoryStep('installs@one', state, {
    host: 'one',
    apply: async () => {
      state.add('installs@one')
      // The package brings what the next step would have made.
      state.add('file@one')
    },
  })
  const log: string[] = []
  const { states } = await run([installs, memoryStep('file@one', state, { host: 'one', needs: ['installs@one'], log })])
  expect(states).toEqual({ 'installs@one': 'changed', 'file@one': 'ok' })
  expect(log).toEqual([])
})

test('a handler runs when its trigger changed, or is still owed, and not otherwise', async () => {
  const state = new Set<string>()
  const log: string[] = []
  const steps = [
    memoryStep('config@one', state, { host: 'one', log }),
    memoryStep('restart@one', new Set(), {
      host: 'one',
      log,
      when: { changed: ['config@one'] },
      check: async () => ({ state: 'change', changes: [{ kind: 'run', summary: 'restart it' }] }),
    }),
  ]
  expect((await run(steps)).states).toEqual({ 'config@one': 'changed', 'restart@one': 'changed' })
  expect((await run(steps)).states).toEqual({ 'config@one': 'ok', 'restart@one': 'ok' })
  const owed = () => new Set(['restart@one'])
  expect((await run(steps, planWorld(), { owed })).states).toEqual({ 'config@one': 'ok', 'restart@one': 'changed' })
  expect(log).toEqual(['config@one', 'restart@one', 'restart@one'])
})

test('readiness is asked for again and again, and a time-out names what is missing', async () => {
  let asked = 0
  const state = new Set<string>()
  const slow = memoryStep('slow@one', state, {
    host: 'one',
    ready: {
      timeoutMs: 5000,
      probe: async () => (++asked < 3 ? { state: 'blocked', reason: 'still starting', hints: [] } : ok),
    },
  })
  expect((await run([slow])).states).toEqual({ 'slow@one': 'changed' })
  expect(asked).toBe(3)
  const never = memoryStep('never@one', new Set(), {
    host: 'one',
    ready: { timeoutMs: 0, probe: async () => ({ state: 'blocked', reason: 'port 7180 is closed', hints: [] }) },
  })
  expect((await run([never])).results[0]?.failure?.message).toContain('port 7180 is closed')
})

test('a lost connection is waited for, and what took effect is not done twice', async () => {
  const state = new Set<string>()
  let applied = 0
  const flaky = memoryStep('flaky@one', state, {
    host: 'one',
    apply: async () => {
      applied++
      state.add('flaky@one')
      throw new UnreachableError('CONNECTION_LOST', 'lost')
    },
  })
  const { states } = await run([flaky])
  expect(states).toEqual({ 'flaky@one': 'changed' })
  expect(applied).toBe(1)
})

test('a record that cannot be written stops everything, on every host', async () => {
  const state = new Set<string>()
  const world = planWorld()
  const prepared = await plan(
    [memoryStep('a@one', state, { host: 'one' }), memoryStep('b@two', state, { host: 'two', needs: ['a@one'] })],
    world,
  )
  const record = async () => {
    throw new Error('disk full')
  }
  await expect(runPlan(prepared, world, { emit: () => {}, record, reconnectMs: 0 })).rejects.toThrow('disk full')
  expect(state.has('b@two')).toBe(false)
})

test('a host that shows another key in the middle stops everything, on every host', async () => {
  const state = new Set<string>()
  const lines: RunLine[] = []
  const changedKey = async () => {
    throw new HostKeyError('HOST_KEY_CHANGED', 'one: its key is not the one that is on file')
  }
  const apply = async () => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    state.add('a@two')
  }
  const slow = memoryStep('a@two', state, { host: 'two', apply })
  const steps = [
    memoryStep('a@one', state, { host: 'one', apply: changedKey }),
    memoryStep('b@one', state, { host: 'one' }),
    slow,
    memoryStep('b@two', state, { host: 'two' }),
  ]
  const record = async (line: RunLine) => void lines.push(line)
  const running = runPlan(await plan(steps), planWorld(), { emit: () => {}, record, reconnectMs: 2000 })
  await expect(running).rejects.toMatchObject({ code: 'HOST_KEY_CHANGED', exitCode: 1 })
  expect([...state]).toEqual(['a@two'])
  expect(lines.filter((line) => line.t === 'step')).toMatchObject([
    { id: 'a@one', state: 'failed', failure: { code: 'HOST_KEY_CHANGED' } },
    { id: 'a@two', state: 'changed' },
  ])
})

test('an abort leaves the rest undone and says what was done', async () => {
  const stop = new AbortController()
  const state = new Set<string>()
  const world = planWorld({ signal: stop.signal })
  const steps = [
    memoryStep('a@one', state, {
      host: 'one',
      apply: async () => {
        state.add('a@one')
        stop.abort()
      },
    }),
    memoryStep('b@one', state, { host: 'one', needs: ['a@one'] }),
  ]
  const error = await run(steps, world).then(
    () => undefined,
    (thrown: { code: string; data: { steps: StepResult[] } }) => thrown,
  )
  expect(error?.code).toBe('INTERRUPTED')
  expect(error?.data.steps.map(({ state: one }) => one)).toEqual(['not-run', 'not-run'])
  expect(state.has('b@one')).toBe(false)
})

test('secrets are in no plan, no file and no record', async () => {
  const secret = memoryStep('secret@one', new Set(['never']), {
    host: 'one',
    check: async () => ({
      state: 'change',
      changes: [{ kind: 'update', summary: 'write the password', before: 'old-pw', after: 'new-pw', sensitive: true }],
    }),
  })
  const prepared = await plan([secret])
  expect(serialisePlan(prepared.plan)).not.toMatch(/old-pw|new-pw/)
  expect(prepared.findings.get('secret@one')).toMatchObject({ changes: [{ after: 'new-pw' }] })
  expect(JSON.stringify((await run([secret])).lines)).not.toMatch(/old-pw|new-pw/)
})

test('a saved plan holds as long as site and findings are the same', async () => {
  const state = new Set<string>()
  const steps = [memoryStep('a@one', state, { host: 'one' }), memoryStep('b@one', state, { host: 'one' })]
  const saved = parsePlan(serialisePlan((await plan(steps)).plan), 'plan.json')
  assertFresh(saved, (await plan(steps)).plan, 'plan.json')
  const otherSite = (await plan(steps, planWorld(), { digest: 'e' })).plan
  expect(() => assertFresh(saved, otherSite, 'plan.json')).toThrow(/the site has changed/)
  state.add('b@one')
  const changed = (await plan(steps)).plan
  expect(() => assertFresh(saved, changed, 'plan.json')).toThrow(/the hosts have changed since .*: b@one/)
  expect(() => parsePlan('{"version":1}', 'plan.json')).toThrow(/plan.json is not a plan/)
})

test('a saved plan still holds for the others when a host is down', async () => {
  const state = new Set<string>()
  const own = memoryStep('a@one', state, { host: 'one' })
  const across = memoryStep('c@one', state, { host: 'one' })
  const saved = parsePlan(
    serialisePlan((await plan([own, across, memoryStep('b@two', state, { host: 'two' })])).plan),
    'f',
  )
  const lost = [{ host: 'two', unreachable: true, failure: { code: 'HOST_UNREACHABLE', message: 'gone', hints: [] } }]
  const blocked = { ...across, check: async () => ({ state: 'blocked' as const, reason: 'two is gone', hints: [] }) }
  const now = (await plan([own, blocked], planWorld(), { lost })).plan
  expect(() => assertFresh(saved, now, 'f')).not.toThrow()
  state.add('a@one')
  const changed = (await plan([own, blocked], planWorld(), { lost })).plan
  expect(() => assertFresh(saved, changed, 'f')).toThrow(/the hosts have changed since .*: a@one$/)
})

test('shell checks of a host go there in one script, and no output can be mistaken for a mark', async () => {
  let scripts = 0
  const local = planWorld()
  const world = planWorld({
    shell: (host, script) => {
      scripts++
      return local.shell(host, script)
    },
  })
  const shell = (id: string, snippet: string, expected: string): Step =>
    memoryStep(id, new Set(), {
      host: 'one',
      check: {
        shell: snippet,
        interpret: ({ code, stdout }) =>
          `${code}:${stdout}` === expected ? ok : { state: 'blocked', reason: `${code}:${stdout}`, hints: [] },
      },
    })
  const { plan: made } = await plan(
    [
      shell('a@one', 'echo one', '0:one\n'),
      shell('b@one', "printf '@x end 0 0\\nno newline'", '0:@x end 0 0\nno newline'),
      shell('c@one', 'exit 7', '7:'),
      shell('d@one', 'cat; echo still here', '0:still here\n'),
    ],
    world,
  )
  expect(made.steps.map(({ finding }) => finding)).toEqual([ok, ok, ok, ok])
  expect(scripts).toBe(1)
})

test('a host that cannot be reached is out of the plan, what needs it elsewhere is skipped', async () => {
  const state = new Set<string>()
  const local = planWorld()
  const world = planWorld({
    shell: (host, script) => {
      if (host === 'one') throw new UnreachableError('CONNECTION_REFUSED', 'nobody is there')
      return local.shell(host, script)
    },
  })
  const steps = [
    memoryStep('a@one', state, { host: 'one', check: { shell: ':', interpret: () => ok } }),
    memoryStep('b@two', state, { host: 'two', needs: ['a@one'] }),
    memoryStep('c@two', state, { host: 'two' }),
  ]
  const { plan: made } = await plan(steps, world)
  expect(made.lost).toMatchObject([{ host: 'one', unreachable: true }])
  expect((await run(steps, world)).states).toEqual({ 'b@two': 'skipped', 'c@two': 'changed' })
})

test('a program that is missing is not taken for a repository that is', () => {
  const cause = (stderr: string) => commandFailed({ code: 127, stdout: '', stderr }, 'a command', 'one').data?.cause
  expect(cause('sh: 28: eval: setenforce: not found\n')).toContain('is not on the host')
  expect(cause('bash: line 1: yum: command not found\n')).toContain('is not on the host')
  expect(cause('http://x/repodata/repomd.xml: [Errno 14] HTTP Error 404 - Not Found\n')).toContain('does not hold')
  expect(cause('Err:1 http://x ./ Packages\n  404  Not Found [IP: 1.2.3.4 80]\n')).toContain('does not hold')
})

test('a step that asks another host, which is down, costs its own host that step alone', async () => {
  const state = new Set<string>()
  const down = async () => {
    throw new UnreachableError('HOST_UNREACHABLE', 'one has no route', { hints: ['is it up?'] })
  }
  const steps = [
    memoryStep('clock@two', state, { host: 'two', check: down }),
    memoryStep('file@two', state, { host: 'two' }),
    memoryStep('late@two', state, { host: 'two', apply: down }),
    memoryStep('after@two', state, { host: 'two' }),
  ]
  const { plan: made } = await plan(steps)
  expect(made.lost).toEqual([])
  expect(made.steps[0]?.finding).toEqual({ state: 'blocked', reason: 'one has no route', hints: ['is it up?'] })
  const { states } = await run(steps)
  expect(states).toEqual({
    'clock@two': 'blocked',
    'file@two': 'changed',
    'late@two': 'failed',
    'after@two': 'changed',
  })
})

test('a host that was down from the start is not waited for by the steps of another', async () => {
  const state = new Set<string>()
  const late = memoryStep('late@two', state, {
    host: 'two',
    apply: async () => {
      throw new UnreachableError('HOST_UNREACHABLE', 'one has no route')
    },
  })
  const failure = { code: 'HOST_UNREACHABLE', message: 'one has no route', hints: [] }
  const lost = [{ host: 'one', unreachable: true, failure }]
  const { states, events } = await run([late], planWorld(), { lost })
  expect(states).toEqual({ 'late@two': 'failed' })
  expect(events.filter(({ t }) => t === 'note')).toEqual([])
})

test('an undo is a step of its own, behind the undo of what needed it', () => {
  const undo = { check: async () => ok, apply: async () => {} }
  const step = memoryStep('a@one', new Set(), { host: 'one', undo })
  expect(undoStep(step, ['b@one'])).toMatchObject({ id: 'undo:a@one', needs: ['undo:b@one'], host: 'one' })
  expect(undoStep(memoryStep('c@one', new Set()), [])).toBeUndefined()
})

const head: RunLine = {
  t: 'run',
  version: 1,
  id: 'r',
  command: 'provision',
  site: 's',
  digest: 'd',
  at: '2026-11-22T16:00:00.000Z',
  pid: 1,
  hosts: [],
  only: [],
  changes: [],
}
const stepLine = (id: string, state: 'changed' | 'ok' | 'failed'): RunLine => ({
  t: 'step',
  at: head.at,
  id,
  title: id,
  state,
  ms: 1,
})
const record = (...lines: RunLine[]) => {
  const parsed = parseRunRecord([head, ...lines].map((line) => `${JSON.stringify(line)}\n`).join(''), 'r.jsonl')
  if (parsed === undefined) throw new Error('no record')
  return parsed
}

test('a record that was cut in its last line is read, other damage is named', () => {
  const text = `${JSON.stringify(head)}\n{"t":"start","at":"x","id":"a"}\n{"t":"st`
  expect(parseRunRecord(text, 'r.jsonl')?.unfinished).toEqual(['a'])
  expect(parseRunRecord('{"t":"ru', 'r.jsonl')).toBeUndefined()
  expect(() => parseRunRecord(`${JSON.stringify(head)}\nrubbish\n`, 'r.jsonl')).toThrow(
    'line 2 of the run record r.jsonl',
  )
})

test('a handler is owed until its turn came, also when the toolkit died in the middle of its trigger', () => {
  const triggers = new Map([['restart', ['config']]])
  const owed = (...runs: ReturnType<typeof record>[]) => [...owedHandlers(runs, triggers)]
  expect(owed(record(stepLine('config', 'changed')))).toEqual(['restart'])
  expect(owed(record({ t: 'start', at: head.at, id: 'config' }))).toEqual(['restart'])
  expect(
    owed(record(stepLine('config', 'changed')), record(stepLine('config', 'ok'), stepLine('restart', 'changed'))),
  ).toEqual([])
  expect(owed(record(stepLine('config', 'changed'), stepLine('restart', 'ok')))).toEqual([])
  expect(owed(record(stepLine('config', 'ok')))).toEqual([])
})
