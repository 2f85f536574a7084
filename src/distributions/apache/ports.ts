/** Who listens on the ports of roles, by /proc alone: no tool has to be installed, and without root it says what it can. */
import type { ServiceRole } from '../../core/cluster/catalog.js'
import type { Cluster, ClusterHost } from '../../core/cluster/cluster.js'
import { FailedError, UsageError } from '../../core/errors.js'
import { shellQuote } from '../../core/transport.js'

/** Ports of a role that nothing listens on while it only starts: optional transports, and one for a session alone. */
const laterPorts: Readonly<Partial<Record<ServiceRole, readonly string[]>>> = {
  hiveserver2: ['http', 'tez'],
  nodemanager: ['collector'],
}

export interface Listener {
  /** `127.0.0.1`, `*` for every address. */
  readonly address: string
  readonly port: number
  /** Unknown where the process is another account's and smartcar is not root. */
  readonly pid?: number
  /** Its command line. */
  readonly command?: string
  /** The role of this site that it is. */
  readonly role?: string
}

export interface RolePort {
  readonly role: ServiceRole
  readonly name: string
  readonly port: number
}

/** The ports that a role listens on from its start. */
export function startPorts(cluster: Cluster, role: ServiceRole): readonly RolePort[] {
  return Object.entries(cluster.portsOf(role))
    .filter(([name]) => laterPorts[role]?.includes(name) !== true)
    .map(([name, port]) => ({ role, name, port }))
}

/** Tez takes one of five for each session that is open. */
const tezPorts = 5

/** Every port that the roles of a host may listen on. */
export function hostPorts(cluster: Cluster, host: ClusterHost): readonly RolePort[] {
  return host.roles.flatMap((role) =>
    Object.entries(cluster.portsOf(role)).flatMap(([name, port]) =>
      Array.from({ length: name === 'tez' ? tezPorts : 1 }, (_, index) => ({ role, name, port: port + index })),
    ),
  )
}

/** Ports that the site gives to two roles of a host, in words. */
export function portsGivenTwice(ports: readonly RolePort[]): readonly string[] {
  return ports.flatMap((one, index) => {
    const other = ports.slice(0, index).find(({ port }) => port === one.port)
    return other === undefined ? [] : [`${one.port} is that of ${other.role} ${other.name} and ${one.role} ${one.name}`]
  })
}

/** Throws UsageError PORT_TWICE when the site gives one port to two roles of a host: before anything is started. */
export function assertPortsDiffer(cluster: Cluster): void {
  for (const host of cluster.hosts) {
    const [first, ...more] = portsGivenTwice(hostPorts(cluster, host))
    if (first === undefined) continue
    throw new UsageError('PORT_TWICE', `on ${host.name} port ${[first, ...more].join('; ')}`, {
      hints: ['give one of them another port: services in the site file (smartcar site schema)'],
    })
  }
}

const hexPort = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')

const everywhere = ['0'.repeat(8), '0'.repeat(32)]

/** The addresses, as /proc writes them, on which a listener keeps another one from `bind`; undefined: any. */
function clashing(bind: string): readonly string[] | undefined {
  const bytes = bind.split('.').map(Number)
  if (bind === '0.0.0.0' || bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 255))) return undefined
  const v4 = bytes
    .reverse()
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('')
  return [...everywhere, v4, `${'0'.repeat(16)}FFFF0000${v4}`]
}

/**
 * A line `listen: <address>:<port> <pid> <role> <command>` for every listener on `ports`; `-` for what is not known.
 * With `bind` only those that keep a service from listening there.
 */
export function listenersSnippet(host: ClusterHost, ports: readonly number[], bind = '0.0.0.0'): string {
  const { run } = host.folders
  const addresses = clashing(bind)
  const condition = addresses === undefined ? '' : ' && index(on, " " a[1] " ")'
  return `cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v w=${shellQuote(` ${ports.map(hexPort).join(' ')} `)} -v on=${shellQuote(` ${(addresses ?? []).join(' ')} `)} '$4 == "0A" { split($2, a, ":"); if (index(w, " " a[2] " ")${condition}) print $2, $10 }' | while read -r where inode; do
  pid=$(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v want="socket:[$inode]" '/^\\/proc\\// { split($1, p, "/"); pid = p[3] } $NF == want { print pid; exit }')
  role=-
  for f in ${shellQuote(run)}/*.pid; do if [ -n "$pid" ] && [ "$(head -n 1 "$f" 2>/dev/null)" = "$pid" ]; then role=\${f##*/}; role=\${role%.pid}; fi; done
  echo "listen: $where \${pid:--} $role $( [ -n "$pid" ] && tr '\\000\\n' '  ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-160)"
done`
}

/** `0100007F`, as the kernel writes an IPv4 address on a little-endian machine, to `127.0.0.1`. */
function readAddress(hex: string): string {
  if (/^0+$/.test(hex)) return '*'
  const v4 = hex.length === 8 ? hex : /^0{16}FFFF0000([0-9A-F]{8})$/i.exec(hex)?.[1]
  if (v4 === undefined) return 'IPv6'
  return (v4.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}

/** What `listenersSnippet` printed. */
export function parseListeners(stdout: string): readonly Listener[] {
  const found = [...stdout.matchAll(/^listen: ([0-9A-F]+):([0-9A-F]{4}) (\S+) (\S+) ?(.*)$/gm)]
  return found.map(([, address = '', port = '', pid = '-', role = '-', command = '']) => ({
    address: readAddress(address),
    port: Number.parseInt(port, 16),
    ...(pid === '-' ? {} : { pid: Number(pid) }),
    ...(role === '-' ? {} : { role }),
    ...(command.trim() === '' ? {} : { command: command.trim() }),
  }))
}

/** `java, pid 7 (java -cp …)`, as far as it is known. */
export function holderText({ pid, role, command }: Listener): string {
  if (pid === undefined) return 'a process of another account'
  const program = command?.split(' ')[0]?.replace(/^.*\//, '') ?? 'a process'
  return `${role === undefined ? program : `the ${role} of this site`}, pid ${pid}${role === undefined && command !== undefined ? ` (${command.length > 100 ? `${command.slice(0, 100)}…` : command})` : ''}`
}

/** Throws FailedError PORT_TAKEN when the start of a role found listeners on its ports. */
export function assertPortsFree(cluster: Cluster, host: ClusterHost, role: ServiceRole, printed: string): void {
  const taken = parseListeners(printed).map((by) => ({
    by,
    name: startPorts(cluster, role).find(({ port }) => port === by.port)?.name ?? '',
  }))
  const [first] = taken
  if (first === undefined) return
  const words = taken.map(({ by, name }) => `port ${by.port} (${name}) is taken by ${holderText(by)}`)
  throw new FailedError('PORT_TAKEN', `${role} on ${host.name} was not started: ${words.join('; ')}`, {
    hints: [
      'end that process, or give the role another port: services in the site file (smartcar site schema)',
      'smartcar doctor looks at all ports of the site',
    ],
    place: { thing: `${host.name}:${first.by.port}` },
    data: { host: host.name, role, taken: taken.map(({ by }) => by) },
  })
}
