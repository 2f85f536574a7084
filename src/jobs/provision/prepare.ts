import { openBundle } from '../../bundles/archive.js'
import { nearest } from '../../core/did-you-mean.js'
import { UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import { parseSystem, supportedFamily, systemSnippet } from '../../core/hosts/system.js'
import { shellPrelude } from '../../core/plan/batch.js'
import { commandFailed } from '../../core/plan/failure.js'
import type { Graph } from '../../core/plan/graph.js'
import { type LostHost, lostHost, type Prepared, prepare } from '../../core/plan/planner.js'
import { owedHandlers } from '../../core/plan/run-record.js'
import type { Step, World } from '../../core/plan/step.js'
import type { SiteHost } from '../../core/site/hosts.js'
import { hostSteps } from '../../services/host/steps.js'
import { readRuns } from '../runs/run-store.js'
import { assertHolds, hostBundle } from './bundle.js'
import { type HostsContext, siteDigest } from './context.js'

/** Which part of a site is meant. */
export interface Selection {
  /** Hosts by name; all when empty. */
  readonly hosts: readonly string[]
  /** Steps by name (`selinux`, `host/selinux`, `host/selinux@server01`) or group (`packages`); all when empty. */
  readonly only: readonly string[]
}

/** The chosen hosts of the site; throws UsageError for a host that it does not have, or when it has none. */
export function chosenHosts(selection: Selection, context: HostsContext): readonly SiteHost[] {
  const { hosts } = context.site
  if (hosts.length === 0) {
    throw new UsageError('HOSTS_NONE', 'the site has no hosts', {
      hints: ['name them under hosts: in the site file, e.g. hosts: { server01: { address: 192.168.56.11 } }'],
    })
  }
  const names = hosts.map(({ name }) => name)
  for (const wanted of selection.hosts) {
    if (names.includes(wanted)) continue
    const close = nearest(wanted, names)
    throw new UsageError('HOST_UNKNOWN', `the site has no host ${wanted}`, {
      hints: [close === undefined ? `it has ${names.join(', ')}` : `did you mean ${close}?`],
    })
  }
  return hosts.filter(({ name }) => selection.hosts.length === 0 || selection.hosts.includes(name))
}

function matches(step: Step, wanted: string): boolean {
  const name = step.id.replace(/@.*$/, '')
  return wanted === step.id || wanted === name || wanted === name.replace(/^.*\//, '') || wanted === step.group
}

/** A filter of steps, undefined for all; throws UsageError for a word that means no step. */
function stepFilter(only: readonly string[], { steps, lost }: HostSteps): ((step: Step) => boolean) | undefined {
  if (only.length === 0) return undefined
  for (const wanted of only) {
    if (steps.length === 0 || steps.some((step) => matches(step, wanted))) continue
    // A step of a host that is down, named by a saved plan.
    if (lost.some(({ host }) => wanted.endsWith(`@${host}`))) continue
    const words = steps.flatMap((step) => [step.group, step.id.replace(/^.*\//, '').replace(/@.*$/, '')])
    const close = nearest(wanted, new Set(words))
    throw new UsageError('STEP_UNKNOWN', `no step is called ${wanted}`, {
      hints: [close === undefined ? 'smartcar provision --plan --json lists all steps' : `did you mean ${close}?`],
    })
  }
  return (step) => only.some((wanted) => matches(step, wanted))
}

async function repositoryPasswords(context: HostsContext): Promise<ReadonlyMap<string, string>> {
  const passwords = new Map<string, string>()
  for (const { name, password } of context.site.provision.repositories.extra) {
    if (password !== undefined)
      passwords.set(name, await context.secret(password, `password of the package repository ${name}`))
  }
  return passwords
}

export interface HostSteps {
  readonly steps: readonly Step[]
  readonly lost: readonly LostHost[]
}

/**
 * Asks each host what it is, side by side, and makes its steps; a host that does not answer is lost, not an error.
 * `source`: `repositories` leaves a bundle of the site aside, as if there were none.
 */
export async function discoverSteps(
  hosts: readonly SiteHost[],
  context: HostsContext,
  world: World,
  source: 'bundle' | 'repositories' = 'bundle',
): Promise<HostSteps> {
  const file = source === 'bundle' ? context.site.provision.bundle : undefined
  const bundle = file === undefined ? undefined : await openBundle(file, context.files)
  // With a bundle no repository is asked for anything.
  const passwords = bundle === undefined ? await repositoryPasswords(context) : new Map<string, string>()
  const found = await Promise.allSettled(
    hosts.map(async (host): Promise<readonly Step[] | LostHost> => {
      try {
        const output = await world.shell(host.name, `${shellPrelude}${systemSnippet}`)
        if (output.code !== 0) throw commandFailed(output, 'ask for the system', host.name)
        const family = supportedFamily(host.name, parseSystem(output.stdout))
        const { hosts, provision } = context.site
        if (bundle === undefined) return hostSteps({ host, hosts, provision, family, passwords })
        const own = hostSteps({
          host,
          hosts,
          provision,
          family,
          passwords,
          bundle: hostBundle(bundle, family, host.name),
        })
        assertHolds(bundle, family, own)
        return own
      } catch (error) {
        const lost = lostHost(host.name, error)
        if (lost === undefined) throw error
        return lost
      }
    }),
  )
  const steps: Step[] = []
  const lost: LostHost[] = []
  for (const result of found) {
    if (result.status === 'rejected') throw result.reason
    if ('host' in result.value) lost.push(result.value)
    else steps.push(...result.value)
  }
  return { steps, lost }
}

/**
 * The steps of the chosen hosts: what makes them ready, and on `apache` the services. A host that is this machine is
 * left as it is on `apache`: only the services' own folder is made there.
 */
export async function siteSteps(
  hosts: readonly SiteHost[],
  context: HostsContext,
  world: World,
  source: 'bundle' | 'repositories' = 'bundle',
): Promise<HostSteps> {
  if (context.site.profile !== 'apache') return discoverSteps(hosts, context, world, source)
  const remote = hosts.filter(({ connection }) => connection !== 'local')
  const { steps, lost } = await discoverSteps(remote, context, world, source)
  const { clusterSteps } = await import('../cluster/site-steps.js')
  const all = (await clusterSteps(context, new Set(steps.map(({ id }) => id)))).steps
  const gone = new Set(lost.map(({ host }) => host))
  const chosen = all.filter(
    ({ host }) => host !== undefined && hosts.some(({ name }) => name === host) && !gone.has(host),
  )
  const named = new Set(chosen.flatMap(({ id, tags }) => [id, ...(tags ?? [])]))
  const elsewhere = new Set(all.flatMap(({ id, tags }) => [id, ...(tags ?? [])]))
  // What a service needs on a host that was not chosen is taken as it is.
  const services = chosen.map((step) => ({
    ...step,
    needs: step.needs.filter((need) => named.has(need) || !elsewhere.has(need)),
  }))
  return { steps: [...steps, ...services], lost }
}

/** Handlers that earlier runs of this site still owe. */
async function owedFromRuns(context: HostsContext): Promise<(triggers: Graph['triggers']) => ReadonlySet<string>> {
  const runs = (await readRuns(context, 30)).filter(({ head }) => head.site === context.site.name)
  return (triggers) => owedHandlers(runs, triggers)
}

/** Shows that the hosts are being looked at: logging in and asking takes seconds, a host that is down its time-out. */
export async function whileLooking(context: HostsContext, work: () => Promise<Prepared>): Promise<Prepared> {
  return stage(context.emit, { id: 'plan', title: 'look at the hosts' }, work, ({ plan: { counts, lost } }) => {
    const parts = [
      `${counts.change} to change`,
      `${counts.ok} in place`,
      ...(counts.blocked > 0 ? [`${counts.blocked} blocked`] : []),
      ...(lost.length > 0 ? [`without ${lost.map(({ host }) => host).join(', ')}`] : []),
    ]
    return { outcome: 'done', summary: parts.join(', ') }
  })
}

/** The plan of `smartcar provision`: at most two round trips a host, and one more for a clock. Writes nothing on a host. */
export async function prepareProvision(selection: Selection, context: HostsContext, world: World): Promise<Prepared> {
  const hosts = chosenHosts(selection, context)
  return whileLooking(context, () => planFor(hosts, selection, context, world))
}

async function planFor(
  hosts: readonly SiteHost[],
  selection: Selection,
  context: HostsContext,
  world: World,
): Promise<Prepared> {
  const found = await siteSteps(hosts, context, world)
  const { steps, lost } = found
  const only = stepFilter(selection.only, found)
  return prepare(
    {
      command: 'provision',
      site: context.site.name,
      digest: siteDigest(context.site),
      hosts: hosts.map(({ name }) => name),
      lost,
      steps,
      owed: await owedFromRuns(context),
      ...(only === undefined ? {} : { only }),
    },
    world,
  )
}
