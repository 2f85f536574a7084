import type { ServiceRole } from '../../core/cluster/catalog.js'
import type { Cluster, ClusterHost } from '../../core/cluster/cluster.js'
import type { JavaLaunch } from '../../core/cluster/service.js'
import { shellQuote } from '../../core/transport.js'
import { findJava, javaCommand } from './launch-script.js'
import { hasUnit, mayHaveUnits, unitName } from './systemd.js'

/** The account that services run as on a host; undefined: the one that smartcar logs in as. */
export function accountOf(cluster: Cluster, host: ClusterHost): string | undefined {
  return cluster.settings.account ?? (host.local ? undefined : 'smartcar')
}

/** A command as the services' account. */
export function asAccount(cluster: Cluster, host: ClusterHost, words: readonly string[]): string {
  const command = words.map(shellQuote).join(' ')
  const account = accountOf(cluster, host)
  return account === undefined ? command : `su -s /bin/sh ${shellQuote(account)} -c ${shellQuote(command)}`
}

/** A Java program that runs to its end on a host, as the services' account and with its Java. */
export function javaTool(cluster: Cluster, host: ClusterHost, launch: JavaLaunch): string {
  const body = `${findJava(cluster.settings.java_home)}\n${javaCommand(launch)}`
  return asAccount(cluster, host, ['sh', '-c', body])
}

/** `sh ROOT/service.sh ROOT <verb> <role> [word]` as the services' account. */
function serviceCommand(
  cluster: Cluster,
  host: ClusterHost,
  verb: 'start' | 'prepare' | 'await' | 'stop' | 'state',
  role: ServiceRole,
  word?: string,
): string {
  const { root } = host.folders
  return asAccount(cluster, host, ['sh', `${root}/service.sh`, root, verb, role, ...(word === undefined ? [] : [word])])
}

/** Starts a role, which `digest` says the software and configuration of: by its unit where it has one. */
export function startCommand(cluster: Cluster, host: ClusterHost, role: ServiceRole, digest: string): string {
  const plain = serviceCommand(cluster, host, 'start', role, digest)
  if (!mayHaveUnits(host)) return plain
  return `if ${hasUnit(role)}; then
${serviceCommand(cluster, host, 'prepare', role, digest)}
systemctl reset-failed ${unitName(role)} 2>/dev/null || :
systemctl start ${unitName(role)}
${serviceCommand(cluster, host, 'await', role)}
else ${plain}; fi`
}

/** Stops a role, also one that was started before it had a unit; after `timeout` seconds it is killed. */
export function stopCommand(cluster: Cluster, host: ClusterHost, role: ServiceRole, timeout: number): string {
  const plain = serviceCommand(cluster, host, 'stop', role, String(timeout))
  return mayHaveUnits(host) ? `if ${hasUnit(role)}; then systemctl stop ${unitName(role)}; fi\n${plain}` : plain
}

const states = ['running', 'waiting', 'failed', 'stopped'] as const
const isState = (word: string | undefined): word is (typeof states)[number] => states.some((one) => one === word)

export interface RoleState {
  readonly state: (typeof states)[number] | 'absent'
  readonly pid?: number
  /** What it was started with. */
  readonly started?: string
  /** How often it ended by itself since it was started, and what was noted the last time. */
  readonly ends: number
  readonly lastEnd?: string
  /** It runs and nobody watches it: when it ends it stays so. */
  readonly unsupervised?: true
  /** Its unit is up, or about to start it again. */
  readonly unitUp?: true
}

/** What `state` prints, and nothing where no service.sh is. */
export function parseState(stdout: string): RoleState {
  const value = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stdout)?.[1]
  const state = value('state')
  const unitUp = ['active', 'activating'].includes(value('unit') ?? '')
  const pid = value('pid')
  const started = value('started')
  const lastEnd = value('last-end')
  return {
    // systemd is about to start its supervisor again.
    state: state === 'stopped' && unitUp ? 'waiting' : isState(state) ? state : 'absent',
    ...(pid === undefined ? {} : { pid: Number(pid) }),
    ...(started === undefined ? {} : { started }),
    ends: Number(value('ends') ?? 0),
    ...(lastEnd === undefined ? {} : { lastEnd }),
    ...(value('unsupervised') === undefined ? {} : { unsupervised: true }),
    ...(unitUp ? { unitUp } : {}),
  }
}

/** Prints the state of a role; nothing on a host that has no services. */
export function stateSnippet(cluster: Cluster, host: ClusterHost, role: ServiceRole): string {
  const file = shellQuote(`${host.folders.root}/service.sh`)
  const state = `if [ -r ${file} ]; then ${serviceCommand(cluster, host, 'state', role)}; fi`
  if (!mayHaveUnits(host)) return state
  return `${state}\nif ${hasUnit(role)}; then echo "unit: $(systemctl is-active ${unitName(role)})"; fi`
}
