import path from 'node:path'
import { didYouMean } from '../../core/did-you-mean.js'
import { UsageError } from '../../core/errors.js'
import type { Emit } from '../../core/events.js'
import type { SiteLayout } from '../../core/layout.js'
import type { SiteHost } from '../../core/site/hosts.js'
import type { Transport, Transports } from '../../core/transport.js'

export interface TransportsOptions {
  readonly hosts: readonly SiteHost[]
  readonly layout: SiteLayout
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly emit: Emit
  /** Milliseconds between signs of life; a link is lost after three without an answer. */
  readonly keepaliveMs?: number
  /** Milliseconds for which a connection that was there before is tried again, 30 s when left out. */
  readonly reconnectMs?: number
}

/** The transports of a site, one a host, made when first asked for. */
export function openTransports(options: TransportsOptions): Transports {
  const { hosts, layout, environment, emit } = options
  const open = new Map<string, Promise<Transport>>()
  const make = async (host: SiteHost): Promise<Transport> => {
    if (host.connection === 'local') {
      const { localTransport } = await import('./local.js')
      const { readSecret } = await import('./secrets.js')
      const { sudo } = host.ssh
      const source = sudo === false ? undefined : sudo.password
      return localTransport({
        host: host.name,
        sudo:
          sudo === false
            ? false
            : source === undefined
              ? {}
              : { password: () => readSecret(source, environment, `sudo password on ${host.name}`) },
      })
    }
    const [{ sshTransport }, { resolveTarget }] = await Promise.all([import('./ssh.js'), import('./ssh-target.js')])
    return sshTransport(await resolveTarget(host, hosts, environment), {
      environment,
      recordFile: path.join(layout.state, 'known_hosts'),
      onRecorded: (text) => emit({ t: 'note', level: 'info', text }),
      keepaliveMs: options.keepaliveMs ?? 5000,
      reconnectMs: options.reconnectMs ?? 30_000,
    })
  }
  return {
    async open(name) {
      const host = hosts.find((candidate) => candidate.name === name)
      if (host === undefined) {
        const names = hosts.map((known) => known.name)
        throw new UsageError('HOST_UNKNOWN', `the site has no host ${name}${didYouMean(name, names)}`, {
          hints: [names.length === 0 ? 'name hosts in the site file: hosts:' : `it has ${names.join(', ')}`],
        })
      }
      const known = open.get(name)
      if (known !== undefined) return known
      const made = make(host)
      open.set(name, made)
      made.catch(() => open.delete(name))
      return made
    },
    async close() {
      const all = [...open.values()]
      open.clear()
      await Promise.all(all.map(async (transport) => (await transport.catch(() => undefined))?.close()))
    },
  }
}
