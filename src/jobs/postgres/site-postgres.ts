/** The PostgreSQL that a site of profile `apache` runs (role `postgres`), for work from this machine. */
import { clusterOf } from '../../core/cluster/cluster.js'
import { FailedError } from '../../core/errors.js'
import { readSecret } from '../cluster/secrets.js'
import type { HostsContext } from '../provision/context.js'

/** A way to the database of exports; disposing of it closes the SSH forward. */
export interface SitePostgres extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
}

const account = 'smartcar'

/**
 * The server lets in the site's hosts alone: from another machine through the SSH connection to its host. Throws
 * UsageError when the site has no such role, FailedError PASSWORD_ABSENT before provision has made it.
 */
export async function openSitePostgres(context: HostsContext): Promise<SitePostgres> {
  const cluster = clusterOf(context.site)
  const endpoint = cluster.endpoint('postgres', 'client')
  const password = await readSecret('postgres-smartcar', context)
  if (password === undefined) {
    throw new FailedError('PASSWORD_ABSENT', `the PostgreSQL of the site ${cluster.name} is not made yet`, {
      hints: ['smartcar provision makes it', 'or export to the embedded one: --to embedded'],
    })
  }
  const to = { database: account, user: account, password }
  if (cluster.hosts.find(({ name }) => name === endpoint.host)?.local === true) {
    return { ...to, host: endpoint.address, port: endpoint.port, [Symbol.asyncDispose]: async () => {} }
  }
  const transport = await context.transports.open(endpoint.host)
  const forward = await transport.forward(endpoint.port, endpoint.address)
  return { ...to, host: '127.0.0.1', port: forward.port, [Symbol.asyncDispose]: () => forward[Symbol.asyncDispose]() }
}
