import { type ServiceRole, webPort } from '../../core/cluster/catalog.js'
import { clusterOf } from '../../core/cluster/cluster.js'
import { UsageError } from '../../core/errors.js'
import type { HostsContext } from '../provision/context.js'
import { rolesNamed } from './names.js'

export interface WebPage {
  readonly role: ServiceRole
  readonly host: string
  /** On this machine: through the SSH connection where the host is another one. */
  readonly url: string
  readonly forwarded: boolean
}

export interface OpenPages extends AsyncDisposable {
  readonly pages: readonly WebPage[]
}

/** Makes the web pages of a service reachable from this machine, for as long as the result is not disposed of. */
export async function openPages(service: string, context: HostsContext): Promise<OpenPages> {
  const cluster = clusterOf(context.site)
  const roles = rolesNamed(service, cluster).filter((role) => webPort(role) !== undefined)
  if (roles.length === 0) {
    const some = cluster.hosts.flatMap(({ roles: all }) => all).filter((role) => webPort(role) !== undefined)
    throw new UsageError('NO_WEB_PAGES', `${service} has no web pages`, { hints: [`these have: ${some.join(', ')}`] })
  }
  const forwards: AsyncDisposable[] = []
  const pages: WebPage[] = []
  for (const role of roles) {
    for (const host of cluster.hostsOf(role)) {
      const port = cluster.portsOf(role)[webPort(role) ?? ''] ?? 0
      if (host.local) {
        pages.push({ role, host: host.name, url: `http://${host.address}:${port}/`, forwarded: false })
        continue
      }
      const transport = await context.transports.open(host.name)
      const forward = await transport.forward(port, host.address)
      forwards.push(forward)
      pages.push({ role, host: host.name, url: `http://127.0.0.1:${forward.port}/`, forwarded: true })
    }
  }
  return {
    pages,
    async [Symbol.asyncDispose]() {
      for (const forward of forwards) await forward[Symbol.asyncDispose]()
    },
  }
}
