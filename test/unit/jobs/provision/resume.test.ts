import { expect, it } from 'vitest'
import type { RunLine } from '../../../../src/core/plan/run-record.js'
import { siteDigest } from '../../../../src/jobs/provision/context.js'
import { runToResume } from '../../../../src/jobs/provision/provision.js'
import { openRunRecord } from '../../../../src/jobs/runs/run-store.js'
import { type HostsTestContext, hostsContext } from '../../../support/hosts-context.js'

const site = 'name: pilot\nhosts: { one: { address: 10.0.0.1 }, two: { address: 10.0.0.2 } }\n'
const at = '2026-11-22T00:00:00.000Z'

type Outcome = Extract<RunLine, { t: 'end' }>['outcome']
interface Run {
  readonly outcome: Outcome
  readonly only?: readonly string[]
  readonly hosts?: readonly string[]
  readonly command?: string
}

async function record(runs: readonly Run[], context: HostsTestContext): Promise<void> {
  for (const [number, { outcome, only = [], hosts = ['one', 'two'], command = 'provision' }] of runs.entries()) {
    await using file = await openRunRecord(`2026112${number}-000000`, context)
    const digest = siteDigest(context.site)
    const head = { version: 1, id: `run${number}`, command, site: 'pilot', digest, at, pid: 1, changes: [] } as const
    await file.write({ t: 'run', ...head, hosts, only })
    await file.write({ t: 'end', at, outcome })
  }
}

const resumed = async (...runs: readonly Run[]) => {
  await using context = await hostsContext(site)
  await record(runs, context)
  return runToResume('provision', context).then(
    ({ id }) => id,
    (error: { code: string }) => error.code,
  )
}

it('goes on with the newest run that did not end well, also when smaller ones have ended well since', async () => {
  expect(await resumed({ outcome: 'unreachable' })).toBe('run0')
  expect(await resumed({ outcome: 'failed' }, { outcome: 'done', only: ['selinux'] })).toBe('run0')
  expect(await resumed({ outcome: 'failed' }, { outcome: 'done', hosts: ['one'] })).toBe('run0')
  expect(await resumed({ outcome: 'failed' }, { outcome: 'interrupted', only: ['jdk'] })).toBe('run1')
  expect(await resumed({ outcome: 'failed' }, { outcome: 'done', command: 'teardown' })).toBe('run0')
})

it('has nothing to do when a later run has made good what was left', async () => {
  expect(await resumed({ outcome: 'failed' }, { outcome: 'done' })).toBe('NOTHING_TO_RESUME')
  expect(await resumed({ outcome: 'failed', only: ['jdk'], hosts: ['two'] }, { outcome: 'done' })).toBe(
    'NOTHING_TO_RESUME',
  )
  expect(await resumed({ outcome: 'done' })).toBe('NOTHING_TO_RESUME')
  expect(await resumed()).toBe('NOTHING_TO_RESUME')
})
