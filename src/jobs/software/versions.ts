/** What is pinned, what is installed on each host, and what runs. */
import { randomBytes } from 'node:crypto'
import type { ServiceRole } from '../../core/cluster/catalog.js'
import type { ProductName } from '../../core/cluster/service.js'
import { UnreachableError } from '../../core/errors.js'
import { batchScript, parseBatch } from '../../core/plan/batch.js'
import { isShellCheck } from '../../core/plan/step.js'
import { shellQuote } from '../../core/transport.js'
import { parseState } from '../../distributions/apache/role-control.js'
import { stepIds } from '../../distributions/apache/steps-input.js'
import { type ClusterSteps, clusterSteps } from '../cluster/site-steps.js'
import { type HostsContext, hostsWorld } from '../provision/context.js'

export interface RunningRole {
  readonly role: ServiceRole
  /** `outdated`: started with other software or configuration than are now in the site; a restart is due. */
  readonly state: 'current' | 'outdated' | 'stopped'
}

export interface ProductVersion {
  readonly product: ProductName
  readonly pinned: string
  /** Version and hash of the list of files, as hosts note them. */
  readonly id: string
  readonly hosts: readonly {
    readonly host: string
    readonly state: 'installed' | 'outdated' | 'absent' | 'unreachable'
    /** Of what lies there. */
    readonly installed?: string
    readonly roles: readonly RunningRole[]
  }[]
}

export interface Versions {
  readonly products: readonly ProductVersion[]
  /** Everything is installed as pinned, and nothing waits for a restart. */
  readonly current: boolean
}

type Host = ClusterSteps['cluster']['hosts'][number]
type HostProduct = ProductVersion['hosts'][number]

/** Products and roles of a host, in one round trip. */
async function hostVersions(
  host: Host,
  { steps, definitions, products }: ClusterSteps,
  context: HostsContext,
): Promise<ReadonlyMap<ProductName, HostProduct>> {
  const roles = definitions.flatMap((service) =>
    host.roles.flatMap((role) => {
      const definition = service.roles[role]
      const check = steps.find(({ id }) => id === stepIds.start(role, host.name))?.check
      return definition === undefined || check === undefined || !isShellCheck(check)
        ? []
        : [{ role, check, needs: definition.products }]
    }),
  )
  const names = [...products.keys()].filter((name) => roles.some(({ needs }) => needs.includes(name)))
  const marks = names.map((name) => ({
    shell: `cat ${shellQuote(`${host.folders.software}/${name}/.smartcar-id`)} 2>/dev/null || :`,
    interpret: () => ({ state: 'ok' as const }),
  }))
  const checks = [...marks, ...roles.map(({ check }) => check)]
  const token = randomBytes(6).toString('hex')
  let outputs: ReturnType<typeof parseBatch>
  try {
    outputs = parseBatch(
      await hostsWorld(context).shell(host.name, batchScript(checks, token)),
      checks.length,
      token,
      host.name,
    )
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error
    return new Map(names.map((name) => [name, { host: host.name, state: 'unreachable', roles: [] }]))
  }
  const states = roles.map(({ role, check, needs }, index) => {
    const output = outputs[names.length + index] ?? { code: -1, stdout: '' }
    const running = ['running', 'waiting'].includes(parseState(output.stdout).state)
    const outdated = check.interpret(output).state === 'change'
    return { needs, running: { role, state: running ? (outdated ? 'outdated' : 'current') : 'stopped' } as RunningRole }
  })
  return new Map(
    names.map((name, index): [ProductName, HostProduct] => {
      const installed = outputs[index]?.stdout.trim() ?? ''
      const state = installed === '' ? 'absent' : installed === products.get(name)?.id ? 'installed' : 'outdated'
      return [
        name,
        {
          host: host.name,
          state,
          ...(installed === '' ? {} : { installed }),
          roles: states.flatMap(({ needs, running }) => (needs[0] === name ? [running] : [])),
        },
      ]
    }),
  )
}

/** Throws UsageError NO_CLUSTER on a site of another profile. */
export async function versions(context: HostsContext): Promise<Versions> {
  const known = await clusterSteps(context)
  const hosts = await Promise.all(known.cluster.hosts.map((host) => hostVersions(host, known, context)))
  const products = [...known.products.values()].map(({ name, version, id }) => ({
    product: name,
    pinned: version,
    id,
    hosts: hosts.flatMap((found) => found.get(name) ?? []),
  }))
  const all = products.flatMap((product) => product.hosts)
  return {
    products,
    current:
      all.every(({ state }) => state === 'installed') &&
      all.flatMap(({ roles }) => roles).every(({ state }) => state !== 'outdated'),
  }
}
