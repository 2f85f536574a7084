import { CheckError, UsageError } from '../../core/errors.js'
import { fitHost, type HostFit, parseMemory } from '../../core/hosts/fit.js'
import { defaultRoles } from '../../core/hosts/roles.js'
import type { Clock } from '../../core/ports.js'
import { gatherFacts } from '../hosts/hosts.js'
import { type HostsContext, type HostsReport, reportError } from '../hosts/side-by-side.js'

export interface FitResult {
  readonly hosts: readonly (HostFit & { readonly ramFrom: 'the host' | '--ram' })[]
}

/** `4G` for every host, or `server01=4G`. */
function readRam(words: readonly string[], names: readonly string[]): Map<string, number> {
  const ram = new Map<string, number>()
  for (const word of words) {
    const [, name, text = ''] = /^(?:([^=]+)=)?(.*)$/.exec(word) ?? []
    const value = parseMemory(text)
    if (value === undefined)
      throw new UsageError('RAM_INVALID', `"${word}" is no amount of memory`, {
        hints: ['write it as 4G, or server01=4G'],
      })
    if (name !== undefined && !names.includes(name))
      throw new UsageError('HOST_UNKNOWN', `there is no host ${name}`, { hints: [`there are ${names.join(', ')}`] })
    for (const each of name === undefined ? names : [name])
      if (name !== undefined || !ram.has(each)) ram.set(each, value)
  }
  return ram
}

/**
 * Which services fit each host's memory. Memory that `ram` does not give is asked of the hosts; a site without hosts is
 * taken for the pilot's two.
 */
export async function fitHosts(
  input: { readonly ram: readonly string[] },
  context: HostsContext & { readonly clock: Clock },
): Promise<FitResult> {
  const hosts =
    context.site.hosts.length > 0
      ? context.site.hosts
      : ['server01', 'server02'].map((name, index) => ({ name, roles: defaultRoles(index, 2) }))
  const ram = readRam(
    input.ram,
    hosts.map(({ name }) => name),
  )
  const unknown = hosts.filter(({ name }) => !ram.has(name)).map(({ name }) => name)
  const asked: HostsReport<{ readonly facts: { readonly memory: { readonly total: number } } }> =
    unknown.length === 0 ? { hosts: [], failed: [] } : await gatherFacts(unknown, context)
  const error = reportError(asked)
  if (error !== undefined) throw error
  return {
    hosts: hosts.map(({ name, roles }) => {
      const given = ram.get(name)
      const found = asked.hosts.find(({ host }) => host === name)?.facts.memory.total ?? 0
      return { ...fitHost(name, given ?? found, roles), ramFrom: given === undefined ? 'the host' : '--ram' }
    }),
  }
}

/** The error that a fit ends with when a host is too small; undefined when everything fits. */
export function fitError({ hosts }: FitResult): CheckError | undefined {
  const small = hosts.filter(({ fits }) => !fits)
  if (small.length === 0) return undefined
  return new CheckError(
    'DOES_NOT_FIT',
    `the roles of ${small.map(({ host }) => host).join(', ')} do not fit its memory`,
    {
      hints: small.flatMap(({ host, leaveOut, left }) =>
        left < 0
          ? [`${host}: more memory is needed even for the core services`]
          : [`${host}: leave out ${leaveOut.join(', ')} (hosts.${host}.roles), or give it more memory`],
      ),
      data: { hosts },
    },
  )
}
