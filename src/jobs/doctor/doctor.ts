import { randomBytes } from 'node:crypto'
import { SmartcarError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import { parseSystem, systemSnippet } from '../../core/hosts/system.js'
import { batchScript, parseBatch, shellPrelude } from '../../core/plan/batch.js'
import type { Plan } from '../../core/plan/planner.js'
import { lostHost } from '../../core/plan/planner.js'
import type { SiteHost } from '../../core/site/hosts.js'
import type { Site } from '../../core/site/resolve.js'
import { bytes } from '../../render/format.js'
import { clockOffset } from '../../services/host/steps/time.js'
import type { RunReport } from '../provision/carry-out.js'
import { type CountedWorld, type HostsContext, hostsWorld } from '../provision/context.js'
import { chosenHosts } from '../provision/prepare.js'
import { provision } from '../provision/provision.js'
import { readRuns, runOutcome } from '../runs/run-store.js'
import type { Diagnosis, DoctorResult, HostCheck } from './check.js'
import { dataDisks } from './checks/data-disks.js'
import { diskSpace, inodes } from './checks/disk.js'
import { firewall } from './checks/firewall.js'
import { leftovers } from './checks/leftovers.js'
import { names } from './checks/names.js'
import { ports } from './checks/ports.js'
import { repositories } from './checks/repositories.js'
import { listenAddresses, servicePorts } from './checks/service-ports.js'
import { hugePages, java, memory, selinux, system } from './checks/system.js'
import type { ServicesFound } from './services.js'

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

/** On profile `apache` ports are the site's own, and what is made of a host is looked at only where it is made. */
function checksOf(host: SiteHost, { profile }: Site): readonly HostCheck[] {
  if (profile !== 'apache') return hostChecks
  return [
    ...hostChecks
      .filter(({ preparation }) => preparation !== true || host.connection !== 'local')
      .map((check) => (check === ports ? servicePorts : check)),
    listenAddresses,
    dataDisks,
  ]
}

const checksTimeoutMs = 120_000
const smallestFree = 1e9
const nothingFound: ServicesFound = { results: [], repairs: [], starts: [] }

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

async function checkClock(
  host: SiteHost,
  first: SiteHost,
  context: HostsContext,
  world: CountedWorld,
): Promise<Diagnosis> {
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

async function checkHost(host: SiteHost, context: HostsContext, world: CountedWorld): Promise<readonly DoctorResult[]> {
  const title = host.connection === 'local' ? 'reachable' : 'reachable by SSH, with root’s rights'
  const reached = { id: 'reachable', title, host: host.name }
  const checks = checksOf(host, context.site)
  try {
    const first = await world.shell(host.name, `${shellPrelude}${systemSnippet}`)
    const input = { site: context.site, host, family: parseSystem(first.stdout).family }
    const token = randomBytes(9).toString('hex')
    const script = batchScript(
      checks.map((check) => ({ shell: check.shell(input), interpret: () => ({ state: 'ok' }) })),
      token,
    )
    const output = await world.shell(host.name, script, { timeoutMs: checksTimeoutMs })
    const outputs = parseBatch(output, checks.length, token, host.name)
    const results = checks.map((check, number): DoctorResult => {
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

interface Diagnosed extends ServicesFound {
  readonly ofHosts: readonly DoctorResult[]
}

async function diagnose(input: DoctorInput, context: HostsContext, world: CountedWorld): Promise<Diagnosed> {
  const { hosts } = input
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
  const ofHosts = [...here, ...there.flat()]
  if (context.site.profile !== 'apache') return { ...nothingFound, ofHosts, results: ofHosts }
  const { checkServices } = await import('./services.js')
  const services = await stage(
    context.emit,
    { id: 'doctor:services', title: 'services' },
    () => checkServices(hosts, input.confirm === context.site.name, context, world),
    ({ results }) => {
      const bad = results.filter(({ state }) => state === 'bad').length
      return { outcome: 'done', summary: bad === 0 ? 'healthy' : `${bad} of ${results.length} checks say no` }
    },
  )
  return { ...services, ofHosts, results: [...ofHosts, ...services.results] }
}

export interface DoctorInput {
  readonly hosts: readonly string[]
  /** Shows the remedies as a plan and asks; undefined: only look. */
  readonly fix?: (plan: Plan) => Promise<boolean>
  /** The site's name: repairs that give something up are part of the plan. */
  readonly confirm?: string
}

type Ask = (plan: Plan) => Promise<boolean>

/** Steps of provision that mend what is wrong with hosts; their ids. */
async function mendHosts(
  results: readonly DoctorResult[],
  ask: Ask,
  context: HostsContext,
): Promise<readonly string[]> {
  const mendable = results.filter(({ state, fix, host }) => state === 'bad' && fix !== undefined && host !== undefined)
  if (mendable.length === 0) return []
  const run = await provision(
    {
      hosts: [...new Set(mendable.flatMap(({ host }) => host ?? []))],
      only: [...new Set(mendable.flatMap(({ fix }) => fix ?? []))],
      resume: false,
      confirm: ask,
    },
    context,
  )
  return changed(run)
}

async function mendServices(found: Diagnosed, ask: Ask, context: HostsContext, world: CountedWorld) {
  if (found.repairs.length === 0 && found.starts.length === 0) return []
  const services = await import('./services.js')
  return changed(await services.mendServices(found, ask, context, world))
}

function changed(run: Pick<RunReport, 'steps'> | undefined): readonly string[] {
  return run?.steps.flatMap(({ id, state }) => (state === 'changed' ? [id] : [])) ?? []
}

/**
 * Looks at this machine, at every host and, on profile `apache`, at the services, side by side. With `fix` the remedies
 * that are steps are carried out, and it looks again.
 */
export async function doctor(input: DoctorInput, context: HostsContext): Promise<DoctorReport> {
  const world = hostsWorld(context)
  const report = (results: readonly DoctorResult[], fixed: readonly string[]): DoctorReport => ({
    healthy: results.every(({ state }) => state !== 'bad'),
    results,
    fixed,
  })
  const found = await diagnose(input, context, world)
  if (input.fix === undefined) return report(found.results, [])
  const fixed = [
    ...(await mendHosts(found.ofHosts, input.fix, context)),
    ...(await mendServices(found, input.fix, context, world)),
  ]
  if (fixed.length === 0) return report(found.results, [])
  return report((await diagnose(input, context, world)).results, fixed)
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
