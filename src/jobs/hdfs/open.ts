import { clusterOf } from '../../core/cluster/cluster.js'
import type { Http } from '../../core/ports.js'
import type { Site } from '../../core/site/resolve.js'
import type { Transports } from '../../core/transport.js'
import { type Hdfs, openHdfs } from '../../services/hdfs/client.js'

export interface HdfsContext {
  readonly site: Site
  readonly http: Http
  readonly transports: Transports
  readonly signal: AbortSignal
}

/** The site's HDFS, asked as `user`: else as the account that the services run as. */
export async function hdfsOf(context: HdfsContext, user: string | undefined): Promise<Hdfs> {
  const cluster = clusterOf(context.site)
  return openHdfs(cluster, { http: context.http, signal: context.signal, user: user ?? (await account(context)) })
}

async function account({ site, transports }: HdfsContext): Promise<string> {
  if (site.services.account !== undefined) return site.services.account
  const [host] = clusterOf(site).hostsOf('namenode')
  // On this machine services run as whoever runs smartcar.
  return host?.local === true ? (await transports.open(host.name)).user : 'smartcar'
}
