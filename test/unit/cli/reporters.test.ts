import { expect, it } from 'vitest'
import { jsonReporter } from '../../../src/cli/reporters/json.js'
import { stageEndText } from '../../../src/cli/reporters/lines.js'
import { plainReporter } from '../../../src/cli/reporters/plain.js'
import { quietReporter } from '../../../src/cli/reporters/reporter.js'
import { type SmartcarEvent, stage } from '../../../src/core/events.js'

it('writes one plain line a stage, and progress only on long work', async () => {
  let time = 0
  const lines: string[] = []
  const reporter = plainReporter(
    (line) => lines.push(line),
    () => time,
  )
  reporter.on({ t: 'stage.start', id: 'a', title: 'collect' })
  reporter.on({ t: 'stage.progress', id: 'a', done: 10, total: 40, unit: 'rows' })
  time = 6000
  reporter.on({ t: 'stage.progress', id: 'a', done: 30_000, total: 40_000, unit: 'rows' })
  reporter.on({ t: 'stage.end', id: 'a', outcome: 'done', summary: '1 file', counts: { kept: 40_000 }, ms: 8000 })
  reporter.on({ t: 'note', level: 'warn', text: 'look here' })
  expect(lines).toEqual([
    'collect: 30,000 of 40,000 rows, 75 %, 5 k rows/s\n',
    'collect: 1 file (kept 40,000) in 8.0 s\n',
    'warning: look here\n',
  ])
})

it('keeps warnings when it is quiet', () => {
  const lines: string[] = []
  const reporter = quietReporter((line) => lines.push(line))
  reporter.on({ t: 'note', level: 'info', text: 'by the way' })
  reporter.on({ t: 'note', level: 'warn', text: 'look here' })
  expect(lines).toEqual(['warning: look here\n'])
})

it('writes every event as one JSON line with its time, and progress once a second', () => {
  let time = 0
  const lines: unknown[] = []
  const reporter = (quiet: boolean) =>
    jsonReporter((line) => lines.push(JSON.parse(line)), { now: () => time }, { quiet })
  const all = reporter(false)
  all.on({ t: 'stage.start', id: 'a', title: 'collect\nall' })
  all.on({ t: 'stage.progress', id: 'a', done: 1, unit: 'rows' })
  time = 1500
  all.on({ t: 'stage.progress', id: 'a', done: 2, unit: 'rows' })
  all.on({ t: 'stage.progress', id: 'a', done: 3, unit: 'rows' })
  all.on({ t: 'stage.end', id: 'a', outcome: 'done', summary: 'x', ms: 1500 })
  all.on({ t: 'note', level: 'info', text: 'by the way' })
  const quiet = reporter(true)
  quiet.on({ t: 'note', level: 'info', text: 'not said' })
  quiet.on({ t: 'note', level: 'warn', text: 'look here' })
  const at = '1970-01-01T00:00:01.500Z'
  expect(lines).toEqual([
    { at: '1970-01-01T00:00:00.000Z', t: 'stage.start', id: 'a', title: 'collect\nall' },
    { at, t: 'stage.progress', id: 'a', done: 2, unit: 'rows' },
    { at, t: 'stage.end', id: 'a', outcome: 'done', summary: 'x', ms: 1500 },
    { at, t: 'note', level: 'info', text: 'by the way' },
    { at, t: 'note', level: 'warn', text: 'look here' },
  ])
})

it('does not time what did nothing', () => {
  expect(stageEndText({ t: 'stage.end', id: 'a', outcome: 'unchanged', summary: 'nothing to do', ms: 12 })).toBe(
    'nothing to do',
  )
})

it('ends a stage as failed when its work throws', async () => {
  const events: SmartcarEvent[] = []
  const work = stage(
    (event) => events.push(event),
    { id: 'a', title: 'A' },
    async () => Promise.reject(new Error('no')),
    () => ({
      outcome: 'done',
      summary: '',
    }),
  )
  await expect(work).rejects.toThrow('no')
  expect(events.map((event) => event.t)).toEqual(['stage.start', 'stage.end'])
  expect(events[1]).toMatchObject({ outcome: 'failed', summary: 'no' })
})
