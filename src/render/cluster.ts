import type { ServiceName } from '../core/cluster/catalog.js'
import { serviceTitle } from '../core/cluster/catalog.js'
import { bytes, duration } from './format.js'
import { table } from './table.js'

interface RoleLine {
  readonly service: ServiceName
  readonly role: string
  readonly host: string
  readonly state: string
  readonly summary: string
  readonly hints: readonly string[]
  readonly uptime?: number
  readonly memory?: number
  readonly cpu?: number
}

const marks: Readonly<Record<string, string>> = {
  healthy: 'ok',
  starting: 'starting',
  unhealthy: 'UNHEALTHY',
  stopped: 'stopped',
  unreachable: 'UNREACHABLE',
}

/** Status of the roles as a table, what to do about the others below it. */
export function clusterText({
  roles,
  healthy,
}: {
  readonly roles: readonly RoleLine[]
  readonly healthy: boolean
}): string {
  const rows = roles.map(({ service, role, host, state, summary, uptime, memory }) => [
    serviceTitle(service),
    role,
    host,
    marks[state] ?? state,
    summary,
    uptime === undefined ? '' : duration(uptime * 1000),
    memory === undefined ? '' : bytes(memory),
  ])
  const advice = roles.flatMap(({ role, host, state, hints }) =>
    state === 'healthy' ? [] : hints.map((hint) => `${role} on ${host}: ${hint}\n`),
  )
  const memory = roles.reduce((sum, role) => sum + (role.memory ?? 0), 0)
  return [
    table(
      [
        { title: 'service' },
        { title: 'role' },
        { title: 'host' },
        { title: 'state' },
        { title: 'what it answered' },
        { title: 'up', align: 'right' },
        { title: 'memory', align: 'right' },
      ],
      rows,
    ),
    '\n',
    ...new Set(advice),
    `${healthy ? 'healthy' : 'unhealthy'}: ${roles.filter(({ state }) => state === 'healthy').length} of ${roles.length} roles, ${bytes(memory)} of memory\n`,
  ].join('')
}

/** What each role's process takes, the largest first. */
export function topText({ roles }: { readonly roles: readonly RoleLine[] }): string {
  const rows = roles
    .filter(({ memory }) => memory !== undefined)
    .toSorted((a, b) => (b.memory ?? 0) - (a.memory ?? 0))
    .map(({ role, host, memory, cpu, uptime, state }) => [
      role,
      host,
      bytes(memory ?? 0),
      cpu === undefined ? '' : `${Math.round(cpu * 100)} %`,
      uptime === undefined ? '' : duration(uptime * 1000),
      marks[state] ?? state,
    ])
  return table(
    [
      { title: 'role' },
      { title: 'host' },
      { title: 'memory', align: 'right' },
      { title: 'of a core', align: 'right' },
      { title: 'up', align: 'right' },
      { title: 'state' },
    ],
    rows,
  )
}
