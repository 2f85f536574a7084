import path from 'node:path'
import { FailedError, UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import { factsScript, type HostFacts, parseFacts } from '../../core/hosts/facts.js'
import type { Role } from '../../core/hosts/roles.js'
import type { Clock, Files } from '../../core/ports.js'
import { shellQuote, type TransferOptions, type TransferResult, type Transport } from '../../core/transport.js'
import { chooseHosts, type HostsContext, type HostsReport, hostsReport, sideBySide } from './side-by-side.js'

/** How long a host may take to tell its facts. */
const factsTimeoutMs = 60_000

export interface FactsOfHost {
  readonly address: string
  readonly roles: readonly Role[]
  readonly facts: HostFacts
  /** Milliseconds by which the host's clock is ahead of this machine's, give or take half a round trip. */
  readonly clockOffset: number
}

/** Asks hosts (all when none is named) for their facts, one round trip each, side by side. */
export async function gatherFacts(
  names: readonly string[],
  context: HostsContext & { readonly clock: Clock },
): Promise<HostsReport<FactsOfHost>> {
  return hostsReport(
    await sideBySide(chooseHosts(context.site.hosts, names), context, async (transport, host, signal) => {
      // Connecting is not part of the round trip that the clock is compared over.
      await transport.connect()
      const before = context.clock.now()
      const result = await transport.script(factsScript, { timeoutMs: factsTimeoutMs, signal })
      const facts = parseFacts(result.stdout)
      const clockOffset = Math.round(facts.clock - (before + context.clock.now()) / 2)
      return { address: host.address, roles: host.roles, facts, clockOffset }
    }),
  )
}

export interface ExecOfHost {
  readonly code: number
  readonly signal?: string
  readonly stdout: string
  readonly stderr: string
  readonly truncated: boolean
  readonly ms: number
}

/** Runs one command on hosts side by side; a non-zero exit is a result. `onLine` hears every line as it comes. */
export async function execOnHosts(
  input: {
    readonly hosts: readonly string[]
    readonly argv: readonly [string, ...string[]]
    readonly sudo: boolean
    readonly timeoutMs?: number
    readonly onLine?: (host: string, line: string, stream: 'out' | 'err') => void
  },
  context: HostsContext,
): Promise<HostsReport<ExecOfHost>> {
  const { onLine } = input
  return hostsReport(
    await sideBySide(chooseHosts(context.site.hosts, input.hosts), context, (transport, host, signal) =>
      transport.run(input.argv, {
        sudo: input.sudo,
        signal,
        ...(input.timeoutMs === undefined ? {} : { timeoutMs: input.timeoutMs }),
        ...(onLine === undefined ? {} : { onLine: (line, stream) => onLine(host.name, line, stream) }),
      }),
    ),
  )
}

/** The first exit code that is not 0, as an error that names the hosts; undefined when all were 0. */
export function execError(report: HostsReport<ExecOfHost>): FailedError | undefined {
  const failed = report.hosts.filter(({ code }) => code !== 0)
  if (failed.length === 0) return undefined
  const message = `the command ended with ${failed.map(({ host, code, signal }) => `${signal ?? code} on ${host}`).join(', ')}`
  return new FailedError('REMOTE_COMMAND_FAILED', message, { data: { ...report } })
}

export interface TransferOfHost extends TransferResult {
  readonly from: string
  readonly to: string
}

type Transfer = (transport: Transport, options: TransferOptions) => Promise<TransferResult>

function transferStage(
  host: string,
  title: string,
  work: Transfer,
  transport: Transport,
  options: TransferOptions,
  context: HostsContext,
) {
  return stage(
    context.emit,
    { id: `${host}:${title}`, title: `${host}: ${title}` },
    (progress) => work(transport, { ...options, onProgress: (done, total) => progress(done, 'bytes', total) }),
    (result) => ({
      outcome: result.status === 'unchanged' ? 'unchanged' : 'done',
      summary:
        result.status === 'unchanged' ? 'unchanged' : `SHA-256 compared${result.resumedFrom > 0 ? ', resumed' : ''}`,
      counts: { bytes: result.bytes },
    }),
  )
}

/** Copies a file of this machine to hosts side by side. `mode` is what chmod takes, in octal. */
export async function pushFile(
  input: {
    readonly local: string
    readonly remote: string
    readonly hosts: readonly string[]
    readonly sudo: boolean
    readonly mode?: number
    readonly owner?: string
  },
  context: HostsContext & { readonly files: Files },
): Promise<HostsReport<TransferOfHost>> {
  const local = path.resolve(input.local)
  const info = await context.files.stat(local)
  if (info?.kind !== 'file') {
    throw new UsageError('FILE_ABSENT', `${local} is ${info === undefined ? 'not there' : 'no file'}`, {
      hints: ['push takes one file: pack a folder first (tar)'],
    })
  }
  const remote = input.remote.endsWith('/') ? input.remote + path.basename(local) : input.remote
  if (!remote.startsWith('/'))
    throw new UsageError('REMOTE_PATH_RELATIVE', `${remote} is relative`, {
      hints: ['give an absolute path on the host'],
    })
  return hostsReport(
    await sideBySide(chooseHosts(context.site.hosts, input.hosts), context, async (transport, host, signal) => {
      const options = {
        sudo: input.sudo,
        signal,
        ...(input.mode === undefined ? {} : { mode: input.mode }),
        ...(input.owner === undefined ? {} : { owner: input.owner }),
      }
      const work: Transfer = (to, transfer) => to.upload(local, remote, transfer)
      const result = await transferStage(host.name, `push ${remote}`, work, transport, options, context)
      return { ...result, from: local, to: remote }
    }),
  )
}

/** Fetches a file of hosts side by side, into `folder/<host>/<name>`; from one host, into `folder/<name>`. */
export async function pullFile(
  input: {
    readonly remote: string
    readonly folder: string
    readonly hosts: readonly string[]
    readonly sudo: boolean
  },
  context: HostsContext,
): Promise<HostsReport<TransferOfHost>> {
  const hosts = chooseHosts(context.site.hosts, input.hosts)
  const name = path.posix.basename(input.remote)
  if (name === '' || !input.remote.startsWith('/'))
    throw new UsageError('REMOTE_PATH_RELATIVE', `${input.remote} names no file`, {
      hints: [`give an absolute path on the host, as ${shellQuote('/var/log/messages')}`],
    })
  return hostsReport(
    await sideBySide(hosts, context, async (transport, host, signal) => {
      const local = path.resolve(input.folder, ...(hosts.length > 1 ? [host.name] : []), name)
      const work: Transfer = (from, transfer) => from.download(input.remote, local, transfer)
      const result = await transferStage(
        host.name,
        `pull ${input.remote}`,
        work,
        transport,
        { sudo: input.sudo, signal },
        context,
      )
      return { ...result, from: input.remote, to: local }
    }),
  )
}
