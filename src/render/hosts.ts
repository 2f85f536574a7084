import type { HostFacts } from '../core/hosts/facts.js'
import { bytes, duration, number } from './format.js'
import { table } from './table.js'

interface FactsRow {
  readonly host: string
  readonly address: string
  readonly roles: readonly string[]
  readonly facts: HostFacts
  readonly clockOffset: number
}

/** Hosts one a line: what they are and how large. */
export function hostsTable(rows: readonly FactsRow[]): string {
  if (rows.length === 0) return ''
  return table(
    [
      { title: 'host' },
      { title: 'address' },
      { title: 'system' },
      { title: 'memory', align: 'right' },
      { title: 'cores', align: 'right' },
      { title: 'free disk', align: 'right' },
      { title: 'roles' },
    ],
    rows.map(({ host, address, facts, roles }) => [
      host,
      address,
      `${facts.os.name} ${facts.os.version}`,
      bytes(facts.memory.total),
      number(facts.cores),
      bytes(facts.disks.find(({ mount }) => mount === '/')?.free ?? 0),
      roles.join(' '),
    ]),
  )
}

/** Everything known of each host, one block a host. */
export function factsText(rows: readonly FactsRow[]): string {
  return rows
    .map(({ host, address, roles, facts, clockOffset }) => {
      const lines: [string, string][] = [
        ['address', [address, ...facts.addresses.filter((other) => other !== address)].join(' ')],
        ['host name', facts.fqdn === undefined ? facts.hostName : `${facts.hostName}, resolves to ${facts.fqdn}`],
        [
          'system',
          `${facts.os.name} ${facts.os.version} (${facts.os.family}), kernel ${facts.kernel}, ${facts.architecture}`,
        ],
        ['init', facts.init],
        ['packages', facts.packages.join(' ')],
        [
          'memory',
          `${bytes(facts.memory.total)}, ${bytes(facts.memory.available)} available, swap ${bytes(facts.memory.swap)}`,
        ],
        ['cores', number(facts.cores)],
        ...facts.disks.map(({ mount, type, size, free }): [string, string] => [
          'disk',
          `${mount} ${type}, ${bytes(free)} free of ${bytes(size)}`,
        ]),
        ['Python', facts.python.join(' ') || 'none'],
        ['Java', facts.java.map(({ path, version }) => `${version} (${path})`).join(', ') || 'none'],
        ...(facts.selinux === undefined ? [] : [['SELinux', facts.selinux] as [string, string]]),
        ['clock', `${clockOffset >= 0 ? '+' : '-'}${duration(Math.abs(clockOffset))} against this machine`],
        ['up for', duration(facts.uptime * 1000)],
        ['roles', roles.join(' ') || 'none'],
      ]
      return `${host}\n${lines.map(([name, value]) => `  ${name.padEnd(10)}${value}`).join('\n')}\n`
    })
    .join('\n')
}

/** The output of a command on hosts, each line behind its host's name; the exit code where it is not 0. */
export function execText(
  rows: readonly { readonly host: string; readonly code: number; readonly stdout: string; readonly stderr: string }[],
): string {
  const width = Math.max(...rows.map(({ host }) => host.length), 0)
  return rows
    .flatMap(({ host, stdout, stderr, code }) => {
      const head = `${host.padEnd(width)}  `
      const lines = [stdout, stderr].flatMap((text) => (text === '' ? [] : text.replace(/\n$/, '').split('\n')))
      return [...lines.map((line) => `${head}${line}`), ...(code === 0 ? [] : [`${head}(exit code ${code})`])]
    })
    .map((line) => `${line}\n`)
    .join('')
}

/** One line a copied file. */
export function transferText(
  rows: readonly {
    readonly host: string
    readonly to: string
    readonly bytes: number
    readonly status: string
    readonly resumedFrom: number
    readonly ms: number
  }[],
): string {
  return rows
    .map(({ host, to, bytes: size, status, resumedFrom, ms }) => {
      const resumed = resumedFrom > 0 ? `, resumed at ${bytes(resumedFrom)}` : ''
      const done = status === 'unchanged' ? 'unchanged' : `${bytes(size)} in ${duration(ms)}${resumed}`
      return `${host}  ${to}  ${done}\n`
    })
    .join('')
}
