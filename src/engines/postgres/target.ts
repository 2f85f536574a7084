/** Where to connect: a URL without a password, and the password from where it may stand. */
import { UsageError } from '../../core/errors.js'

export type SslMode = 'disable' | 'require' | 'verify-ca' | 'verify-full'

export interface PostgresTarget {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly sslMode: SslMode
  /** Files with certificates, as given. */
  readonly sslRootCert?: string
  readonly sslCert?: string
  readonly sslKey?: string
  readonly applicationName: string
  /** `-c name=value …` for the server's session */
  readonly options?: string
  readonly connectTimeoutMs: number
}

const parameters = [
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'application_name',
  'options',
  'connect_timeout',
] as const
const sslModes: readonly string[] = ['disable', 'require', 'verify-ca', 'verify-full']

/** The URL without password and parameters, for messages and results. */
export function shownUrl(target: PostgresTarget): string {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  return `postgres://${encodeURIComponent(target.user)}@${host}:${target.port}/${encodeURIComponent(target.database)}`
}

/**
 * Reads `postgres://user@host:5432/database?sslmode=verify-full`. The parameters mean what they mean to libpq, but
 * without sslmode nothing is encrypted. Throws UsageError; a URL with a password is refused and never repeated.
 */
export function parsePostgresUrl(text: string, defaultUser: string): PostgresTarget {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    // Not repeated: it may hold a password.
    throw new UsageError('POSTGRES_URL', 'the PostgreSQL URL cannot be read', {
      hints: ['write it as postgres://user@host:5432/database'],
    })
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw new UsageError('POSTGRES_URL', `"${url.protocol}//" is not a PostgreSQL URL`, {
      hints: ['write it as postgres://user@host:5432/database'],
    })
  }
  if (url.password !== '' || url.searchParams.has('password')) {
    throw new UsageError('PASSWORD_IN_URL', 'the URL holds a password: others could read it in the list of processes', {
      hints: [
        'take it out, and give it in the environment variable PGPASSWORD, with --password-file or --password-stdin',
        'or name a target in the site file: export.targets.<name> with password_file or password_env',
      ],
    })
  }
  const database = decodeURIComponent(url.pathname.replace(/^\//, ''))
  if (database === '' || url.hostname === '') {
    throw new UsageError('POSTGRES_URL', `the PostgreSQL URL names no ${database === '' ? 'database' : 'host'}`, {
      hints: ['write it as postgres://user@host:5432/database'],
    })
  }
  for (const name of url.searchParams.keys()) {
    if ((parameters as readonly string[]).includes(name)) continue
    throw new UsageError('POSTGRES_URL', `the PostgreSQL URL has an unknown parameter "${name}"`, {
      hints: [`known parameters: ${parameters.join(', ')}`],
    })
  }
  const given = (name: (typeof parameters)[number]) => url.searchParams.get(name) ?? undefined
  const sslMode = given('sslmode') ?? 'disable'
  if (!sslModes.includes(sslMode)) {
    throw new UsageError('POSTGRES_URL', `sslmode "${sslMode}" is unknown`, {
      hints: [`sslmode is one of ${sslModes.join(', ')}`],
    })
  }
  const timeout = Number(given('connect_timeout') ?? 10)
  if (!(timeout > 0 && timeout <= 3600)) {
    throw new UsageError('POSTGRES_URL', 'connect_timeout must be a number of seconds', {
      hints: ['connect_timeout=10'],
    })
  }
  const optional = {
    sslRootCert: given('sslrootcert'),
    sslCert: given('sslcert'),
    sslKey: given('sslkey'),
    options: given('options'),
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 5432 : Number(url.port),
    database,
    user: url.username === '' ? defaultUser : decodeURIComponent(url.username),
    sslMode: sslMode as SslMode,
    applicationName: given('application_name') ?? 'smartcar',
    connectTimeoutMs: timeout * 1000,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  }
}
