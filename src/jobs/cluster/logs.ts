import { clusterOf } from '../../core/cluster/cluster.js'
import { throwIfInterrupted } from '../../core/errors.js'
import type { HostsContext } from '../provision/context.js'
import { rolesNamed } from './names.js'

export interface LogsInput {
  /** A service or a role. */
  readonly service: string
  /** Last lines of each log; all of it when undefined. */
  readonly lines: number
  readonly follow: boolean
  /** Told of every line, with the role and the host that printed it. */
  readonly onLine: (role: string, host: string, line: string) => void
}

export interface LogsResult {
  readonly logs: readonly {
    readonly role: string
    readonly host: string
    readonly file: string
    readonly lines: number
  }[]
}

/** The newest lines of the logs of a service's roles on their hosts; with `follow` until the signal aborts. */
export async function clusterLogs(input: LogsInput, context: HostsContext): Promise<LogsResult> {
  const cluster = clusterOf(context.site)
  const places = rolesNamed(input.service, cluster).flatMap((role) =>
    cluster
      .hostsOf(role)
      .map((host) => ({ role, host: host.name, file: `${host.folders.logs}/${role}.log`, local: host.local })),
  )
  const logs = await Promise.all(
    places.map(async ({ role, host, file, local }) => {
      const transport = await context.transports.open(host)
      let lines = 0
      const words = ['tail', '-n', String(input.lines), ...(input.follow ? ['-F'] : []), file] as const
      try {
        await transport.run(['tail', ...words.slice(1)], {
          sudo: !local,
          signal: context.signal,
          onLine: (line, stream) => {
            if (stream === 'err') return
            lines++
            input.onLine(role, host, line)
          },
        })
      } catch (error) {
        // Ctrl-C is how following ends.
        if (!input.follow || !context.signal.aborted) throw error
      }
      return { role, host, file, lines }
    }),
  )
  if (!input.follow) throwIfInterrupted(context.signal)
  return { logs }
}
