/** Where an export goes: the site's own PostgreSQL, a named target, a URL, or files. */
import { didYouMean } from '../../core/did-you-mean.js'
import { FailedError, UsageError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { readText } from '../../core/read-text.js'
import type { Site } from '../../core/site/resolve.js'
import { type PostgresTarget, parsePostgresUrl } from '../../engines/postgres/target.js'
import { startPostgres } from '../../services/postgres/index.js'
import type { SitePostgres } from '../postgres/site-postgres.js'

/** Secrets come from here and from nowhere else. */
export interface PasswordSources {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Path of a file that holds the password (`--password-file`). */
  readonly file?: string | undefined
  /** Where the password itself is read from (`--password-stdin`). */
  readonly stdin?: (() => AsyncIterable<Uint8Array>) | undefined
}

/** Where an export takes its site's settings and secrets from. */
export interface ExportSetting {
  readonly site: Pick<Site, 'export' | 'postgres'>
  readonly passwords: PasswordSources
  /** The way to the PostgreSQL that the site's hosts run, on profile `apache`. */
  readonly sitePostgres?: () => Promise<SitePostgres>
}

export type Target =
  | { readonly kind: 'embedded' }
  /** The role `postgres` of a site of profile `apache`. */
  | { readonly kind: 'site' }
  | { readonly kind: 'csv' }
  | { readonly kind: 'parquet' }
  | {
      readonly kind: 'postgres'
      readonly connection: PostgresTarget
      readonly schema: string
      /** Of a named target. */
      readonly passwordFile?: string
      readonly passwordEnv?: string
    }

const builtIn = ['embedded', 'csv', 'parquet'] as const

/** Reads `--to`; the site's default when left out. Throws UsageError for an unknown name and for a password in a URL. */
export function chooseTarget(
  to: string | undefined,
  site: Pick<Site, 'export'>,
  environment: PasswordSources['environment'],
): Target {
  const name = to ?? site.export.target
  const user = environment.PGUSER ?? environment.USER ?? environment.USERNAME ?? 'postgres'
  if (/^postgres(ql)?:/i.test(name)) {
    return { kind: 'postgres', connection: parsePostgresUrl(name, user), schema: 'public' }
  }
  if (name === 'embedded' || name === 'csv' || name === 'parquet') return { kind: name }
  const named = Object.hasOwn(site.export.targets, name) ? site.export.targets[name] : undefined
  // A target that the site file calls so comes first.
  if (named === undefined && name === 'postgres') return { kind: 'site' }
  if (named === undefined) {
    const known = [...builtIn, ...Object.keys(site.export.targets)]
    // Anything with :// may hold a password.
    const shown = name.includes('://') ? 'this URL' : `"${name}"`
    throw new UsageError('UNKNOWN_TARGET', `there is no export target ${shown}${didYouMean(name, known)}`, {
      hints: [
        `targets are ${known.join(', ')}, postgres (of profile apache), or a URL: postgres://user@host:5432/database`,
      ],
    })
  }
  return {
    kind: 'postgres',
    connection: parsePostgresUrl(named.url, user),
    schema: named.schema,
    ...(named.passwordFile === undefined ? {} : { passwordFile: named.passwordFile }),
    ...(named.passwordEnv === undefined ? {} : { passwordEnv: named.passwordEnv }),
  }
}

const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/, '')

async function passwordIn(file: string, context: Pick<JobContext, 'files'>): Promise<string> {
  const text = await context.files.readText(file)
  if (text !== undefined) return withoutLineEnd(text)
  throw new FailedError('PASSWORD_FILE_MISSING', `the password file ${file} does not exist`, { place: { file } })
}

/** What was given for this run, then what the target names, then PGPASSWORD. */
async function findPassword(
  target: Extract<Target, { kind: 'postgres' }>,
  sources: PasswordSources,
  context: Pick<JobContext, 'files'>,
): Promise<string | undefined> {
  if (sources.stdin !== undefined) return withoutLineEnd(await readText(sources.stdin(), 'the password', 10_000))
  if (sources.file !== undefined) return passwordIn(sources.file, context)
  if (target.passwordFile !== undefined) return passwordIn(target.passwordFile, context)
  if (target.passwordEnv === undefined) return sources.environment.PGPASSWORD
  const password = sources.environment[target.passwordEnv]
  if (password !== undefined && password !== '') return password
  throw new FailedError('PASSWORD_ENV_MISSING', `the environment variable ${target.passwordEnv} is not set`, {
    hints: [`set ${target.passwordEnv} to the password of ${target.connection.user}`],
  })
}

interface ReachedTarget extends AsyncDisposable {
  readonly connection: PostgresTarget
  readonly schema: string
  readonly password: string | undefined
}

const nothingToClose = { [Symbol.asyncDispose]: async () => {} }

/** Connection and password; the embedded server is started when it does not run. */
export async function reachTarget(
  target: Extract<Target, { kind: 'postgres' | 'embedded' | 'site' }>,
  { site, passwords, sitePostgres }: ExportSetting,
  context: JobContext,
): Promise<ReachedTarget> {
  if (target.kind === 'postgres') {
    const password = await findPassword(target, passwords, context)
    return { connection: target.connection, schema: target.schema, password, ...nothingToClose }
  }
  if (target.kind === 'site') {
    if (sitePostgres === undefined) {
      throw new UsageError('UNKNOWN_TARGET', 'the site runs no PostgreSQL of its own', {
        hints: ['leave --to out, which exports to the embedded one', 'profile: apache and the role postgres make one'],
      })
    }
    const server = await sitePostgres()
    const url = `postgres://${server.user}@${server.host}:${server.port}/${server.database}`
    return {
      connection: parsePostgresUrl(url, server.user),
      schema: 'public',
      password: server.password,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  }
  const server = await startPostgres(context, { port: site.postgres.port })
  return {
    connection: parsePostgresUrl(server.url, server.user),
    schema: 'public',
    password: await passwordIn(server.passwordFile, context),
    ...nothingToClose,
  }
}
