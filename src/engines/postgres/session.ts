/** One connection to a PostgreSQL, and its failures in words that name the place and the cure. */
import type { Client, QueryResultRow } from 'pg'
import {
  FailedError,
  InterruptedError,
  SmartcarError,
  systemCode,
  throwIfInterrupted,
  UnreachableError,
} from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { type PostgresTarget, shownUrl } from './target.js'

export interface PostgresSession extends AsyncDisposable {
  readonly target: PostgresTarget
  /** Number such as 180004. */
  readonly version: number
  query<Row extends QueryResultRow>(sql: string, values?: readonly (string | number)[]): Promise<Row[]>
  /** Streams `chunks` into a COPY … FROM STDIN statement. Returns the rows that the server counted. */
  copyIn(sql: string, chunks: AsyncIterable<Uint8Array>): Promise<number>
  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(work: () => Promise<T>): Promise<T>
}

const sqlState = (error: unknown): string | undefined => {
  const code = systemCode(error)
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
])

const passwordHints = [
  'give the password in the environment variable PGPASSWORD, with --password-file or --password-stdin',
  'or set password_file or password_env of the target in the site file',
]

const messageOf = (error: unknown): string =>
  // Several addresses of one name fail with one error each.
  error instanceof AggregateError
    ? error.errors.map(messageOf).join('; ')
    : error instanceof Error
      ? error.message
      : String(error)

/** A failure of the driver or the server as one of ours; errors that already are ours pass through. */
export function postgresError(error: unknown, target: PostgresTarget): SmartcarError {
  if (error instanceof SmartcarError) return error
  const place = { thing: shownUrl(target) }
  const at = shownUrl(target)
  const state = sqlState(error)
  const message = messageOf(error)
  const failed = (code: string, text: string, hints: readonly string[]) =>
    new FailedError(code, text, { cause: error, place, hints, data: state === undefined ? {} : { sqlState: state } })
  if (state === '28P01')
    return failed('POSTGRES_PASSWORD_WRONG', `${at} refuses the password of ${target.user}`, passwordHints)
  if (/password must be a (non-empty )?string|no password/i.test(message))
    return failed('POSTGRES_PASSWORD_MISSING', `${at} asks for a password and none was given`, passwordHints)
  if (state === '28000')
    return failed('POSTGRES_LOGIN_REFUSED', `${at} lets ${target.user} not in: ${message}`, [
      'check the user and pg_hba.conf of the server',
      ...(/no encryption/.test(message) ? ['the server wants TLS: add ?sslmode=require to the URL'] : []),
    ])
  if (state === '3D000')
    return failed('POSTGRES_NO_DATABASE', `the database "${target.database}" of ${at} does not exist`, [
      `create it: CREATE DATABASE ${target.database}`,
    ])
  if (state === '42501')
    return failed('POSTGRES_DENIED', `${target.user} may not do this in ${at}: ${message}`, [
      'grant the right, or export into a schema of your own with --schema',
    ])
  if (state === '53100')
    return failed('POSTGRES_DISK_FULL', `the disk of ${at} is full: ${message}`, ['free some space there'])
  if (state === '53300' || state === '53400')
    return failed('POSTGRES_BUSY', `${at} takes no more connections: ${message}`, ['try again later'])
  if (
    /does not support SSL|certificate|self.signed|SSL|TLS|Hostname\/IP does not match/i.test(message) &&
    state === undefined
  )
    return failed('POSTGRES_TLS', `no encrypted connection to ${at}: ${message}`, [
      'sslmode=verify-full needs the certificate of the authority in sslrootcert=FILE',
      'sslmode=require encrypts without checking who answers; sslmode=disable does not encrypt',
    ])
  const gone =
    state !== undefined
      ? /^(08|57P0[1-5])/.test(state)
      : /Connection terminated|timeout expired|Client was closed|not queryable/i.test(message)
  if (gone || networkCodes.has(systemCode(error) ?? '') || error instanceof AggregateError) {
    return new UnreachableError('POSTGRES_UNREACHABLE', `${at} is not reachable: ${message}`, {
      cause: error,
      place,
      hints: ['check that the server runs and that host and port are right', 'then run the same command again'],
    })
  }
  return failed('POSTGRES_FAILED', `${at}: ${message}`, [])
}

async function tlsOptions(target: PostgresTarget, context: Pick<JobContext, 'files'>) {
  if (target.sslMode === 'disable') return false
  const read = async (file: string | undefined) => {
    if (file === undefined) return undefined
    const text = await context.files.readText(file)
    if (text !== undefined) return text
    throw new FailedError('POSTGRES_TLS', `the certificate file ${file} does not exist`, { place: { file } })
  }
  const [ca, cert, key] = await Promise.all([read(target.sslRootCert), read(target.sslCert), read(target.sslKey)])
  return {
    // As libpq: require alone encrypts without checking; with a root certificate it checks as verify-ca does.
    rejectUnauthorized: target.sslMode !== 'require' || ca !== undefined,
    ...(target.sslMode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

/**
 * Connects. Throws UnreachableError (exit 4) when nothing answers, FailedError for a wrong password, a missing database
 * and the like. When the context's signal aborts, the connection is cut and the server rolls back.
 */
export async function openPostgres(
  target: PostgresTarget,
  password: string | undefined,
  context: Pick<JobContext, 'files' | 'signal'>,
): Promise<PostgresSession> {
  throwIfInterrupted(context.signal)
  const pg = (await import('pg')).default
  const client = new pg.Client({
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.user,
    ...(password === undefined ? {} : { password }),
    ssl: await tlsOptions(target, context),
    application_name: target.applicationName,
    connectionTimeoutMillis: target.connectTimeoutMs,
    keepAlive: true,
    ...(target.options === undefined ? {} : { options: target.options }),
  })
  // The running query rejects too; without a listener Node would end the process.
  let lost: unknown
  client.on('error', (error) => {
    lost ??= error
  })
  const explain = (error: unknown) => {
    if (context.signal.aborted)
      return context.signal.reason instanceof SmartcarError ? context.signal.reason : new InterruptedError()
    // "Connection terminated unexpectedly" says less than what the server said before it.
    return postgresError(sqlState(error) === undefined ? (lost ?? error) : error, target)
  }
  const cut = () => {
    // end() waits for the running query; the socket does not.
    ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
  }
  context.signal.addEventListener('abort', cut)
  const close = async () => {
    context.signal.removeEventListener('abort', cut)
    await client.end().catch(() => {})
  }
  const query = async <Row extends QueryResultRow>(
    sql: string,
    values: readonly (string | number)[] = [],
  ): Promise<Row[]> => {
    try {
      return (await client.query<Row>(values.length === 0 ? sql : { text: sql, values: [...values] })).rows
    } catch (error) {
      throw explain(error)
    }
  }
  try {
    await client.connect()
    const rows = await query<{ version: string }>("SELECT current_setting('server_version_num') AS version")
    return {
      target,
      version: Number(rows[0]?.version),
      query,
      copyIn: (sql, chunks) => copyIn(client, sql, chunks).catch((error: unknown) => Promise.reject(explain(error))),
      async transaction(work) {
        await query('BEGIN')
        try {
          const value = await work()
          await query('COMMIT')
          return value
        } catch (error) {
          await client.query('ROLLBACK').catch(() => {})
          throw error
        }
      },
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw explain(error)
  }
}

async function copyIn(client: Client, sql: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const [{ from }, { pipeline }, { Readable }] = await Promise.all([
    import('pg-copy-streams'),
    import('node:stream/promises'),
    import('node:stream'),
  ])
  const copy = client.query(from(sql))
  await pipeline(Readable.from(chunks, { highWaterMark: 2 }), copy)
  return copy.rowCount ?? 0
}
