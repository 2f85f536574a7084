/** On profile `apache`: who has the ports of the site, and which services listen on more addresses than the site says. */
import { type ClusterHost, clusterOf } from '../../../core/cluster/cluster.js'
import { UsageError } from '../../../core/errors.js'
import {
  holderText,
  hostPorts,
  type Listener,
  listenersSnippet,
  parseListeners,
  portsGivenTwice,
} from '../../../distributions/apache/ports.js'
import { type HostCheck, type HostCheckInput, healthy } from '../check.js'

function place({ site, host }: HostCheckInput) {
  const cluster = clusterOf(site)
  const here = cluster.hosts.find(({ name }) => name === host.name)
  if (here === undefined) throw new UsageError('HOST_UNKNOWN', `the site has no host ${host.name}`)
  return { cluster, here, ports: hostPorts(cluster, here) }
}

export const servicePorts: HostCheck = {
  id: 'ports',
  title: 'ports of its roles',
  shell(input) {
    const { cluster, here, ports } = place(input)
    return listenersSnippet(
      here,
      ports.map(({ port }) => port),
      cluster.bindAddress(here),
    )
  },
  interpret({ stdout }, input) {
    const { ports } = place(input)
    const listeners = parseListeners(stdout)
    const wrong = ports.flatMap((wanted) => {
      const by = listeners.find(({ port, role }) => port === wanted.port && role !== wanted.role)
      return by === undefined ? [] : [`${wanted.port} (${wanted.role} ${wanted.name}) by ${holderText(by)}`]
    })
    const twice = portsGivenTwice(ports)
    if (twice.length > 0) {
      return {
        state: 'bad',
        evidence: twice.join('; '),
        cause: 'the site file gives one port to two roles of a host',
        remedy: 'give one of them another port: services in the site file',
      }
    }
    if (wrong.length === 0) {
      const own = new Set(listeners.map(({ port }) => port)).size
      return healthy(`${own} of ${ports.length} taken by the services themselves, the others free`)
    }
    return {
      state: 'bad',
      evidence: wrong.join('; '),
      cause: 'another program listens where a service of the site wants to',
      remedy: 'stop that program, or give the role another port: services in the site file',
    }
  },
}

/** Rules that let in the hosts of the site alone, as iptables takes them. */
export function firewallRules(host: ClusterHost, others: readonly string[], ports: readonly number[]): string {
  const to = `-p tcp -m multiport --dports ${ports.join(',')}`
  return [
    ...others
      .filter((address) => address !== host.address)
      .map((address) => `iptables -A INPUT ${to} -s ${address} -j ACCEPT`),
    `iptables -A INPUT ${to} ! -i lo -j DROP`,
  ].join(' && ')
}

export const listenAddresses: HostCheck = {
  id: 'listen-addresses',
  title: 'addresses that its services listen on',
  shell(input) {
    const { here, ports } = place(input)
    return listenersSnippet(
      here,
      ports.map(({ port }) => port),
    )
  },
  interpret({ stdout }, input) {
    const { cluster, here, ports } = place(input)
    if (cluster.bindAddress(here) === '0.0.0.0') return healthy('every address, as the site says (services.bind)')
    const own = parseListeners(stdout).filter(({ role }) => role !== undefined)
    const open: (Listener & { readonly name: string })[] = own
      .filter(({ address }) => address === '*')
      .map((one) => ({
        ...one,
        name: ports.find(({ port, role }) => port === one.port && role === one.role)?.name ?? '',
      }))
    if (open.length === 0) return healthy(own.length === 0 ? 'nothing runs' : `${here.address} alone`)
    return {
      state: 'warning',
      evidence: open
        .map(({ role, name, port }) => `${role} listens with ${name}, port ${port}, on every address`)
        .join('; '),
      cause:
        'the program ignores its bind address (Flume’s metrics, YARN’s shuffle, Hive over HTTP, Tez’ application master)',
      remedy: firewallRules(
        here,
        cluster.hosts.map(({ address }) => address),
        [...new Set(open.map(({ port }) => port))],
      ),
    }
  },
}
