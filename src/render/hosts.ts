import type { HostFacts } from '../core/hosts/facts.js'
import type { HostFit } from '../core/hosts/fit.js'
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

/** A line that a command on a host printed, as it comes. */
export function execLine(host: string, line: string): string {
  return `${host}  ${line}\n`
}

/** Behind the lines: where a command did not end with 0. */
export function execEnd(rows: readonly { readonly host: string; readonly code: number }[]): string {
  return rows.flatMap(({ host, code }) => (code === 0 ? [] : [execLine(host, `(exit code ${code})`)])).join('')
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

/** Heaps and memory of each host's services, and what to leave out. */
export function fitText(hosts: readonly (HostFit & { readonly ramFrom: string })[]): string {
  const mib = (count: number) => `${number(Math.round(count / 1024 / 1024))} MiB`
  return hosts
    .map(({ host, ram, ramFrom, reserve, needed, services, leaveOut, left }) => {
      const head = `${host}  ${mib(ram)} (from ${ramFrom}), at least ${mib(needed)} needed\n`
      const rows = services.map(({ role, heap, resident, measured }) => [
        role,
        heap === 0 ? '' : mib(heap),
        mib(resident),
        measured ? '' : 'estimate',
      ])
      const body = table(
        [{ title: 'service' }, { title: 'heap', align: 'right' }, { title: 'memory', align: 'right' }, { title: '' }],
        [...rows, ['(system)', '', mib(reserve), ''], ['(page cache)', '', mib(left), '']],
      )
      return `${head}${body}${leaveOut.length === 0 ? '' : `leave out: ${leaveOut.join(', ')}\n`}`
    })
    .join('\n')
}

/** The state of each virtual machine. */
export function vmText(result: {
  readonly hosts: readonly { readonly host: string; readonly state: string }[]
}): string {
  return table(
    [{ title: 'host' }, { title: 'state' }],
    result.hosts.map(({ host, state }) => [host, state.replaceAll('_', ' ')]),
  )
}
