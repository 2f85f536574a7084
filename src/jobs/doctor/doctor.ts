import { randomBytes } from 'node:crypto'
import { SmartcarError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import { parseSystem, systemSnippet } from '../../core/hosts/system.js'
import { batchScript, parseBatch, shellPrelude } from '../../core/plan/batch.js'
import type { Plan } from '../../core/plan/planner.js'
import { lostHost } from '../../core/plan/planner.js'
import type { World } from '../../core/plan/step.js'
import type { SiteHost } from '../../core/site/hosts.js'
import { bytes } from '../../render/format.js'
import { clockOffset } from '../../services/host/steps/time.js'
import { type HostsContext, hostsWorld } from '../provision/context.js'
import { chosenHosts } from '../provision/prepare.js'
import { provision } from '../provision/provision.js'
import { readRuns, runOutcome } from '../runs/run-store.js'
import type { Diagnosis, DoctorResult, HostCheck } from './check.js'
import { diskSpace, inodes } from './checks/disk.js'
import { firewall } from './checks/firewall.js'
import { leftovers } from './checks/leftovers.js'
import { names } from './checks/names.js'
import { ports } from './checks/ports.js'
import { repositories } from './checks/repositories.js'
import { hugePages, java, memory, selinux, system } from './checks/system.js'

const hostChecks: readonly HostCheck[] = [
  system,
  names,
  diskSpace,
  inodes,
  memory,
  ports,
  leftovers,
  repositories,
  java,
  selinux,
  firewall,
  hugePages,
]

const checksTimeoutMs = 120_000
const smallestFree = 1e9

async function checkThisMachine(context: HostsContext): Promise<readonly DoctorResult[]> {
  await context.files.mkdir(context.layout.root)
  const free = await context.files.freeBytes(context.layout.root)
  const disk: DoctorResult = {
    id: 'disk-space',
    title: 'disk space for the site',
    ...(free >= smallestFree
      ? { state: 'ok', evidence: `${bytes(free)} free below ${context.layout.root}` }
      : {
          state: 'bad',
          evidence: `${bytes(free)} free below ${context.layout.root}`,
          cause: 'lake, warehouse and run records share this disk',
          remedy: 'free some space, or move the site with data: in the site file',
        }),
  }
  const last = (await readRuns(context, 1)).at(-1)
  const outcome = last === undefined ? 'done' : runOutcome(last, context)
  const run: DoctorResult = {
    id: 'last-run',
    title: 'newest run',
    ...(last === undefined
      ? { state: 'ok', evidence: 'none yet' }
      : outcome === 'done' || outcome === 'running'
        ? { state: 'ok', evidence: `${last.head.id}: ${outcome}` }
        : {
            state: 'warning',
            evidence: `${last.head.command} ${last.head.id}: ${outcome}`,
            cause: 'it did not come to its end',
            remedy: `smartcar runs show ${last.head.id}; smartcar ${last.head.command}${last.head.command === 'provision' ? ' --resume' : ''} goes on`,
          }),
  }
  return [disk, run]
}

async function checkClock(host: SiteHost, first: SiteHost, context: HostsContext, world: World): Promise<Diagnosis> {
  const [reference, own] = await Promise.all([clockOffset(world, first.name), clockOffset(world, host.name)])
  const offset = own.ms - reference.ms
  const error = own.error + reference.error
  const evidence = `${Math.round(Math.abs(offset))} ms ${offset >= 0 ? 'ahead of' : 'behind'} ${first.name}, give or take ${Math.round(error)}`
  if (Math.abs(offset) - error <= context.site.provision.time.max_offset_ms) return { state: 'ok', evidence }
  return {
    state: 'bad',
    evidence,
    cause: 'no time daemon runs, it has no server that answers, or the machine was suspended',
    remedy: 'smartcar provision --only clock',
    fix: ['clock'],
  }
}

async function checkHost(host: SiteHost, context: HostsContext, world: World): Promise<readonly DoctorResult[]> {
  const reached = { id: 'reachable', title: 'reachable by SSH, with root’s rights', host: host.name }
  try {
    const first = await world.shell(host.name, `${shellPrelude}${systemSnippet}`)
    const input = { site: context.site, host, family: parseSystem(first.stdout).family }
    const token = randomBytes(9).toString('hex')
    const script = batchScript(
      hostChecks.map((check) => ({ shell: check.shell(input), interpret: () => ({ state: 'ok' }) })),
      token,
    )
    const output = await world.shell(host.name, script, { timeoutMs: checksTimeoutMs })
    const outputs = parseBatch(output, hostChecks.length, token, host.name)
    const results = hostChecks.map((check, number): DoctorResult => {
      const diagnosis = check.interpret(outputs[number] ?? { code: -1, stdout: '' }, input)
      return { id: check.id, title: check.title, host: host.name, ...diagnosis }
    })
    const [reference] = context.site.hosts
    const clock: readonly DoctorResult[] =
      reference === undefined || reference.name === host.name
        ? []
        : [
            {
              id: 'clock',
              title: 'clock',
              host: host.name,
              ...(await checkClock(host, reference, context, world).catch((error: unknown): Diagnosis => {
                // The reference host is down: that is said at that host.
                if (!(error instanceof SmartcarError) || context.signal.aborted) throw error
                return { state: 'unknown', evidence: error.message }
              })),
            },
          ]
    return [{ ...reached, state: 'ok', evidence: host.address }, ...results, ...clock]
  } catch (error) {
    const lost = lostHost(host.name, error)
    if (lost === undefined) throw error
    const { failure } = lost
    return [
      {
        ...reached,
        state: 'bad',
        evidence: failure.message,
        ...(failure.cause === undefined ? {} : { cause: failure.cause }),
        ...(failure.hints.length === 0 ? {} : { remedy: failure.hints.join('; ') }),
      },
    ]
  }
}

export interface DoctorReport {
  readonly healthy: boolean
  readonly results: readonly DoctorResult[]
  /** Steps of provision that `--fix` carried out, by id. */
  readonly fixed: readonly string[]
}

async function diagnose(hosts: readonly string[], context: HostsContext): Promise<readonly DoctorResult[]> {
  const world = hostsWorld(context)
  const chosen = context.site.hosts.length === 0 && hosts.length === 0 ? [] : chosenHosts({ hosts, only: [] }, context)
  const here = await checkThisMachine(context)
  const there = await Promise.all(
    chosen.map((host) =>
      stage(
        context.emit,
        { id: `doctor:${host.name}`, title: host.name },
        () => checkHost(host, context, world),
        (results) => {
          const bad = results.filter(({ state }) => state === 'bad').length
          return { outcome: 'done', summary: bad === 0 ? 'healthy' : `${bad} of ${results.length} checks say no` }
        },
      ),
    ),
  )
  return [...here, ...there.flat()]
}

export interface DoctorInput {
  readonly hosts: readonly string[]
  /** Shows the remedies as a plan and asks; undefined: only look. */
  readonly fix?: (plan: Plan) => Promise<boolean>
}

/** Looks at this machine and at every host, side by side. With `fix` the remedies that are steps are carried out, and it looks again. */
export async function doctor(input: DoctorInput, context: HostsContext): Promise<DoctorReport> {
  const results = await diagnose(input.hosts, context)
  const report = (found: readonly DoctorResult[], fixed: readonly string[]): DoctorReport => ({
    healthy: found.every(({ state }) => state !== 'bad'),
    results: found,
    fixed,
  })
  const mendable = results.filter(({ state, fix, host }) => state === 'bad' && fix !== undefined && host !== undefined)
  if (input.fix === undefined || mendable.length === 0) return report(results, [])
  const run = await provision(
    {
      hosts: [...new Set(mendable.flatMap(({ host }) => host ?? []))],
      only: [...new Set(mendable.flatMap(({ fix }) => fix ?? []))],
      resume: false,
      confirm: input.fix,
    },
    context,
  )
  if (run === undefined) return report(results, [])
  const fixed = run.steps.flatMap(({ id, state }) => (state === 'changed' ? [id] : []))
  return report(await diagnose(input.hosts, context), fixed)
}

const words = { ok: 'ok', warning: 'WARNING', bad: 'BAD', unknown: 'unknown' } as const

/** Every check for people; what is fine takes one line. */
export function doctorText({ results, fixed, healthy }: DoctorReport): string {
  const lines: string[] = []
  for (const host of new Set(results.map((result) => result.host))) {
    lines.push(host ?? 'this machine')
    for (const result of results.filter((one) => one.host === host)) {
      lines.push(`  ${words[result.state].padEnd(8)}${result.title}: ${result.evidence}`)
      if (result.cause !== undefined) lines.push(`            likely cause: ${result.cause}`)
      if (result.remedy !== undefined) lines.push(`            remedy: ${result.remedy}`)
    }
  }
  if (fixed.length > 0) lines.push(`mended by ${fixed.join(', ')}`)
  lines.push(healthy ? 'healthy' : 'unhealthy')
  return `${lines.join('\n')}\n`
}
