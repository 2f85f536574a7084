/** `smartcar export --status` and `--stop`: the embedded PostgreSQL as a value to show. */
import type { JobContext } from '../../core/ports.js'
import { type PostgresStatus, postgresStatus, stopPostgres } from '../../services/postgres/index.js'

export interface StopResult {
  readonly state: 'stopped'
  /** False when it did not run. */
  readonly stopped: boolean
}

export const serverStatus = (context: JobContext): Promise<PostgresStatus> => postgresStatus(context)

export async function stopServer(context: JobContext): Promise<StopResult> {
  return { state: 'stopped', ...(await stopPostgres(context)) }
}

export const stopSummary = (result: StopResult): string =>
  result.stopped ? 'stopped the embedded PostgreSQL\n' : 'the embedded PostgreSQL did not run\n'

export function statusSummary(status: PostgresStatus): string {
  if (status.state === 'absent') return 'there is no embedded PostgreSQL yet: the first export makes it\n'
  if (status.state === 'stopped') {
    return `the embedded PostgreSQL is stopped: the next export starts it\n  data ${status.dataFolder}\n`
  }
  return [
    `PostgreSQL ${status.version} runs as process ${status.pid}`,
    `  ${status.url}`,
    `  password in ${status.passwordFile}`,
    `  data ${status.dataFolder}`,
    `  log  ${status.logFile}\n`,
  ].join('\n')
}
