import { SmartcarError, UsageError } from '../../core/errors.js'
import type { Emit } from '../../core/events.js'
import type { ExitName } from '../../core/exit-codes.js'
import type { SiteHost } from '../../core/site/hosts.js'
import { HostKeyError, type Transport, type Transports } from '../../core/transport.js'

/** What the jobs on hosts work with. */
export interface HostsContext {
  readonly site: { readonly hosts: readonly SiteHost[] }
  readonly transports: Transports
  readonly emit: Emit
  readonly signal: AbortSignal
}

export interface HostFailure {
  readonly host: string
  readonly code: string
  readonly message: string
  readonly hints: readonly string[]
  readonly exit: ExitName
}

export type HostOutcome<T> =
  | { readonly host: string; readonly ok: true; readonly value: T }
  | { readonly host: string; readonly ok: false; readonly error: SmartcarError }

/** The hosts that are named, in the site's order, or all; UsageError for a site without hosts and for an unknown name. */
export function chooseHosts(hosts: readonly SiteHost[], names: readonly string[] = []): readonly SiteHost[] {
  if (hosts.length === 0) {
    throw new UsageError('NO_HOSTS', 'the site has no hosts', {
      hints: ['name them in the site file: hosts: { server01: { address: 192.168.56.101 }, … }'],
    })
  }
  const unknown = names.filter((name) => !hosts.some((host) => host.name === name))
  if (unknown.length > 0) {
    throw new UsageError('HOST_UNKNOWN', `the site has no host ${unknown.join(', ')}`, {
      hints: [`it has ${hosts.map((host) => host.name).join(', ')}`],
    })
  }
  return names.length === 0 ? hosts : hosts.filter((host) => names.includes(host.name))
}

/**
 * Does the same on several hosts side by side. A host that fails does not stop the others, except when it shows a wrong
 * key: then everything stops, since somebody may stand between. A mistake of ours (no SmartcarError) is thrown.
 */
export async function sideBySide<T>(
  hosts: readonly SiteHost[],
  context: HostsContext,
  work: (transport: Transport, host: SiteHost, signal: AbortSignal) => Promise<T>,
): Promise<readonly HostOutcome<T>[]> {
  const stop = new AbortController()
  const signal = AbortSignal.any([context.signal, stop.signal])
  return Promise.all(
    hosts.map(async (host): Promise<HostOutcome<T>> => {
      try {
        return { host: host.name, ok: true, value: await work(await context.transports.open(host.name), host, signal) }
      } catch (error) {
        if (error instanceof HostKeyError) stop.abort(error)
        const caused = stop.signal.aborted ? stop.signal.reason : error
        if (!(caused instanceof SmartcarError) || caused instanceof HostKeyError || context.signal.aborted) throw caused
        return { host: host.name, ok: false, error: caused }
      }
    }),
  )
}

/** What a command over several hosts found, and the error to end with when a host failed. */
export interface HostsReport<T> {
  readonly hosts: readonly (T & { readonly host: string })[]
  readonly failed: readonly HostFailure[]
}

/** Splits outcomes into values and failures. */
export function hostsReport<T>(outcomes: readonly HostOutcome<T>[]): HostsReport<T> {
  return {
    hosts: outcomes.flatMap((outcome) => (outcome.ok ? [{ host: outcome.host, ...outcome.value }] : [])),
    failed: outcomes.flatMap((outcome) =>
      outcome.ok
        ? []
        : [
            {
              host: outcome.host,
              code: outcome.error.code,
              message: outcome.error.message,
              hints: outcome.error.hints,
              exit: outcome.error.exit,
            },
          ],
    ),
  }
}

/** The error that a report ends with, naming every host that failed; undefined when none did. */
export function reportError(report: HostsReport<unknown>): SmartcarError | undefined {
  if (report.failed.length === 0) return undefined
  const worst = report.failed.find(({ exit }) => exit !== 'unreachable') ?? report.failed[0]
  return new SmartcarError(
    worst?.exit ?? 'unreachable',
    worst?.code ?? 'HOST_UNREACHABLE',
    report.failed.map(({ message }) => message).join('; '),
    { hints: [...new Set(report.failed.flatMap(({ hints }) => hints))], data: { ...report } },
  )
}
