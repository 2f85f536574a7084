import { type ClusterHost, clusterOf } from '../../core/cluster/cluster.js'
import { UsageError } from '../../core/errors.js'
import type { Site } from '../../core/site/resolve.js'
import { agentFile, agentLog4j, agentName } from '../../services/flume/agent.js'
import { chooseHosts } from '../hosts/side-by-side.js'

export const flumeFileNames = ['agent.conf', 'log4j.properties'] as const

export interface FlumeFile {
  readonly host: string
  /** Where it lies on the host. */
  readonly path: string
  readonly name: (typeof flumeFileNames)[number]
  readonly text: string
}

export interface FlumeConfig {
  readonly agent: string
  readonly files: readonly FlumeFile[]
}

/**
 * Configuration of the site's Flume agents, as provisioning writes it. Throws UsageError NO_CLUSTER, HOST_UNKNOWN, or
 * ROLE_NOT_PLACED when none of the chosen hosts runs Flume.
 */
export function flumeConfig(site: Site, hosts: readonly string[] = []): FlumeConfig {
  const cluster = clusterOf(site)
  const chosen = chooseHosts(site.hosts, hosts).map(({ name }) => name)
  const flume = cluster.hostsOf('flume').filter(({ name }) => chosen.includes(name))
  if (flume.length === 0) {
    throw new UsageError(
      'ROLE_NOT_PLACED',
      hosts.length === 0
        ? `no host of the site ${site.name} has the role flume`
        : hosts.map((name) => `${name} does not run Flume`).join(', '),
      { hints: ['name flume under roles: of a host'] },
    )
  }
  const file = (host: ClusterHost, name: FlumeFile['name'], text: string): FlumeFile => ({
    host: host.name,
    path: `${host.folders.conf}/flume/${name}`,
    name,
    text,
  })
  return {
    agent: agentName,
    files: flume.flatMap((host) => [
      file(host, 'agent.conf', agentFile(cluster, host)),
      file(host, 'log4j.properties', agentLog4j(cluster)),
    ]),
  }
}

/** One of the files of each host; above each, where there are several, the host and path as a comment. */
export function flumeConfigText(config: FlumeConfig, name: FlumeFile['name']): string {
  const files = config.files.filter((file) => file.name === name)
  if (files.length === 1) return files[0]?.text ?? ''
  return files.map(({ host, path, text }) => `# ${host}: ${path}\n${text}`).join('\n')
}
