import { createHash } from 'node:crypto'
import type { World } from '../../core/plan/step.js'
import type { JobContext } from '../../core/ports.js'
import type { SecretSource } from '../../core/site/hosts.js'
import type { Site } from '../../core/site/resolve.js'
import type { Transports } from '../../core/transport.js'

/** What the jobs that work on hosts receive. */
export interface HostsContext extends JobContext {
  readonly site: Site
  readonly transports: Transports
  secret(source: SecretSource, purpose: string): Promise<string>
}

export interface CountedWorld extends World {
  /** Scripts that were sent to each host so far. */
  readonly roundTrips: ReadonlyMap<string, number>
}

/**
 * The world of a plan: shell on the hosts of the site, as root; on this machine, where the `apache` profile installs
 * nothing outside of the data folder, as the account that smartcar runs as.
 */
export function hostsWorld(context: HostsContext): CountedWorld {
  const roundTrips = new Map<string, number>()
  const { profile, hosts } = context.site
  const asRoot = (name: string) =>
    profile !== 'apache' || hosts.find((host) => host.name === name)?.connection !== 'local'
  return {
    clock: context.clock,
    files: context.files,
    signal: context.signal,
    roundTrips,
    async shell(host, script, options = {}) {
      roundTrips.set(host, (roundTrips.get(host) ?? 0) + 1)
      const transport = await context.transports.open(host)
      const { onLine } = options
      const { code, stdout, stderr } = await transport.script(script, {
        sudo: asRoot(host),
        signal: options.signal ?? context.signal,
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
        ...(onLine === undefined ? {} : { onLine: (line) => onLine(line) }),
      })
      return { code, stdout, stderr }
    },
    async upload(host, local, remote, options) {
      const transport = await context.transports.open(host)
      return transport.upload(local, remote, { sudo: asRoot(host), signal: context.signal, ...options })
    },
  }
}

/** Of everything in the site that a plan for its hosts depends on; how they are logged in to is not part of it. */
export function siteDigest(site: Site): string {
  const hosts = site.hosts.map(({ name, address, fqdn, roles, connection }) => [name, address, fqdn, roles, connection])
  const text = JSON.stringify([
    site.name,
    site.profile,
    site.domain,
    hosts,
    site.provision,
    site.profile === 'apache' ? site.services : null,
  ])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
