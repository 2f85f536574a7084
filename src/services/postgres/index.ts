/**
 * The embedded profile's real PostgreSQL: started on demand, detached, on 127.0.0.1 alone, its data in the site's
 * folder. Every repair (stale process id, lost port, half-made data folder) happens inside `startPostgres`.
 */
import { createHash, randomBytes } from 'node:crypto'
import path from 'node:path'
import { FailedError, systemCode } from '../../core/errors.js'
import {
  type Account,
  type ConnectionRecord,
  dataFolder,
  logFile,
  type PostgresContext,
  postgresFiles,
  readRecord,
  writeRecord,
} from './schema.js'
import {
  checkVersion,
  createData,
  launchServer,
  portCandidates,
  runningServer,
  stopServer,
  waitUntilReady,
} from './server.js'
import { findSoftware, mayReach, prepareRuntime } from './software.js'

const user = 'smartcar'
const database = 'smartcar'
/** Where data goes when the server's account cannot enter the site's folder; the parent of one folder per site. */
const systemBase = '/var/lib/smartcar'

export interface PostgresOptions {
  /** A fixed port, or `auto`: a free one that is kept from then on. */
  readonly port?: number | 'auto'
}

export interface PostgresServer {
  /** Without the password, which stands in `passwordFile`. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly passwordFile: string
  /** `created`: made and started now, `started`: started now, `running`: ran already. */
  readonly status: 'created' | 'started' | 'running'
  readonly pid: number
  /** PostgreSQL's version, `18.4` */
  readonly version: string
  readonly dataFolder: string
  readonly logFile: string
}

export type PostgresStatus =
  | ({ readonly state: 'running' } & Omit<PostgresServer, 'status'>)
  | { readonly state: 'stopped'; readonly dataFolder: string; readonly logFile: string; readonly port: number }
  | { readonly state: 'absent' }

/** The server cannot run as root: the first of these accounts that exists. Null when smartcar itself is not root. */
async function serverAccount(context: PostgresContext): Promise<Account | null> {
  if (context.processes.uid !== 0) return null
  for (const name of ['postgres', 'nobody']) {
    const ids = await context.processes.account(name)
    if (ids !== undefined && ids.uid !== 0) return { name, ...ids }
  }
  throw new FailedError(
    'POSTGRES_NO_ACCOUNT',
    'PostgreSQL does not run as root and there is no account postgres or nobody',
    {
      hints: ['run smartcar as an ordinary user', 'or make an account: useradd --system postgres'],
    },
  )
}

/** Folder of data and log: in the site, or where the account can enter it. */
async function chooseBase(account: Account | null, context: PostgresContext): Promise<string> {
  const { postgres, root } = context.layout
  await context.files.mkdir(postgres)
  if (account === null || (await mayReach(account, '-x', postgres, context))) return postgres
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16)
  const base = path.posix.join(systemBase, name)
  await context.files.mkdir(base, { mode: 0o755 })
  await context.files.chownTree(base, account.uid, account.gid)
  if (!(await mayReach(account, '-x', base, context))) {
    throw new FailedError(
      'POSTGRES_NO_FOLDER',
      `the account ${account.name} can enter neither ${postgres} nor ${base}`,
      {
        hints: [`chmod 755 ${systemBase}`, 'or choose a site folder that every account may enter, with --site'],
      },
    )
  }
  context.emit({
    t: 'note',
    level: 'info',
    text: `PostgreSQL runs as ${account.name}, who cannot enter ${root}: its data is kept in ${base}`,
  })
  return base
}

function lock(context: PostgresContext, purpose: string): Promise<AsyncDisposable> {
  return context.files.lock(path.join(context.layout.locks, 'postgres.lock'), purpose, {
    signal: context.signal,
    onWait: (holder) =>
      context.emit({ t: 'note', level: 'info', text: `waiting for process ${holder.pid}: ${holder.purpose}` }),
  })
}

async function readPassword(context: PostgresContext): Promise<string | undefined> {
  try {
    return (await context.files.readText(postgresFiles(context).password))?.trim()
  } catch (cause) {
    if (systemCode(cause) !== 'EACCES') throw cause
    throw foreign(context, cause)
  }
}

function foreign(context: PostgresContext, cause: unknown): FailedError {
  return new FailedError(
    'POSTGRES_OF_ANOTHER',
    `the embedded PostgreSQL in ${context.layout.postgres} belongs to another account`,
    {
      cause,
      hints: ['run smartcar as the account that made this site', 'or work in a site of your own: --site DIR'],
    },
  )
}

/** The record and password of an earlier run, or new ones, written before anything is made from them. */
async function prepareRecord(context: PostgresContext): Promise<{ record: ConnectionRecord; password: string }> {
  const password = await readPassword(context)
  const found = await readRecordOf(context)
  if (found !== undefined && password !== undefined) return { record: found, password }
  const made = found === undefined ? path.join(context.layout.postgres, 'data') : dataFolder(found)
  if ((await context.files.stat(path.join(made, 'PG_VERSION'))) !== undefined) throw passwordLost(made, context)
  const account = await serverAccount(context)
  const fresh = password ?? randomBytes(24).toString('base64url')
  const record: ConnectionRecord = {
    schemaVersion: 1,
    host: '127.0.0.1',
    port: portCandidates(context.layout.root, undefined)[0] ?? 20_000,
    user,
    database,
    base: await chooseBase(account, context),
    account,
  }
  await removeOrphan(record, context)
  await context.files.writeAtomic(postgresFiles(context).password, `${fresh}\n`, { mode: 0o600 })
  await writeRecord(record, context)
  return { record, password: fresh }
}

function passwordLost(data: string, context: PostgresContext): FailedError {
  const { password, record } = postgresFiles(context)
  return new FailedError(
    'POSTGRES_PASSWORD_LOST',
    `${password} or ${record} is gone, without which ${data} cannot be opened`,
    {
      place: { file: password },
      hints: ['put it back', `or delete the folder ${data} and export again: the warehouse still holds every row`],
    },
  )
}

/** A site that was deleted and made anew leaves data outside of it, whose password went with the site. */
async function removeOrphan(record: ConnectionRecord, context: PostgresContext): Promise<void> {
  if (record.base === context.layout.postgres) return
  await stopServer(record, undefined, context)
  await context.files.removeTree(dataFolder(record))
}

async function readRecordOf(context: PostgresContext): Promise<ConnectionRecord | undefined> {
  let record: ConnectionRecord | undefined
  try {
    record = await readRecord(context)
  } catch (cause) {
    throw systemCode(cause) === 'EACCES' ? foreign(context, cause) : cause
  }
  if (record === undefined || context.processes.uid !== 0 || record.account !== null) return record
  // Made by an ordinary user, now run by root: the server keeps that user's account.
  const owner = await ownerOf(dataFolder(record), context)
  return owner === undefined ? record : { ...record, account: owner }
}

async function ownerOf(folder: string, context: PostgresContext): Promise<Account | undefined> {
  const listed = await context.processes.run(['ls', '-ldn', folder])
  const [, , uid, gid] = listed.stdout.split(/\s+/)
  if (listed.code !== 0 || uid === undefined || uid === '0') return undefined
  return { name: `uid ${uid}`, uid: Number(uid), gid: Number(gid) }
}

/** Root may have started the server of an ordinary user's site: the record stays that user's. */
async function keepPort(record: ConnectionRecord, context: PostgresContext): Promise<void> {
  const { record: file, password } = postgresFiles(context)
  const owner = await ownerOf(password, context)
  await writeRecord(record, context)
  if (context.processes.uid === 0 && owner !== undefined) await context.files.chownTree(file, owner.uid, owner.gid)
}

/** Asks for a real answer and makes the database when it is missing. Returns the server's version. */
async function makeDatabase(record: ConnectionRecord, password: string, context: PostgresContext): Promise<string> {
  const { Client } = await import('pg').then((module) => module.default)
  const client = new Client({ host: record.host, port: record.port, user, password, database: 'postgres' })
  client.on('error', () => {})
  try {
    await client.connect()
    const found = await client.query<{ version: string }>(
      "SELECT current_setting('server_version') AS version FROM pg_database WHERE datname = $1",
      [record.database],
    )
    if (found.rows[0] !== undefined) return found.rows[0].version
    await client.query(`CREATE DATABASE ${record.database}`)
    const made = await client.query<{ version: string }>("SELECT current_setting('server_version') AS version")
    return made.rows[0]?.version ?? ''
  } catch (cause) {
    const wrongPassword = (cause as { code?: unknown }).code === '28P01'
    throw new FailedError(
      wrongPassword ? 'POSTGRES_PASSWORD_WRONG' : 'POSTGRES_NO_ANSWER',
      wrongPassword
        ? `the password in ${postgresFiles(context).password} is not that of the embedded PostgreSQL`
        : `the embedded PostgreSQL on ${record.host}:${record.port} runs and does not answer`,
      {
        cause,
        place: { file: logFile(record) },
        hints: wrongPassword
          ? [
              'put the right one back',
              `or stop it (smartcar export --stop), delete ${dataFolder(record)} and export again: the warehouse still holds every row`,
            ]
          : ['smartcar export --stop, then run the same command again'],
      },
    )
  } finally {
    await client.end().catch(() => {})
  }
}

function describeServer(record: ConnectionRecord, pid: number, version: string, context: PostgresContext) {
  return {
    url: `postgres://${record.user}@${record.host}:${record.port}/${record.database}`,
    host: record.host,
    port: record.port,
    database: record.database,
    user: record.user,
    passwordFile: postgresFiles(context).password,
    pid,
    version,
    dataFolder: dataFolder(record),
    logFile: logFile(record),
  }
}

/**
 * Makes the server where there is none, starts it where it does not run, and waits until it answers. It outlives this
 * process; stop it with `stopPostgres`. Two processes at once: the second waits and finds it running.
 */
export async function startPostgres(context: PostgresContext, options: PostgresOptions = {}): Promise<PostgresServer> {
  await using _lock = await lock(context, 'starting PostgreSQL')
  const { record, password } = await prepareRecord(context)
  const running = await runningServer(record, context)
  if (running !== undefined) {
    const outcome = await waitUntilReady(record, 0, undefined, context)
    if (outcome.state === 'ready') {
      const current = { ...record, port: running.port || record.port }
      if (typeof options.port === 'number' && options.port !== current.port) {
        const text = `PostgreSQL keeps port ${current.port} until it is stopped (smartcar export --stop)`
        context.emit({ t: 'note', level: 'warn', text })
      }
      const version = await makeDatabase(current, password, context)
      return { ...describeServer(current, outcome.pid, version, context), status: 'running' }
    }
  }
  const software = await findSoftware(context)
  const runtime = await prepareRuntime(software, record.base, record.account, context)
  const exists = (await context.files.stat(path.join(dataFolder(record), 'PG_VERSION'))) !== undefined
  if (exists) await checkVersion(record, software, context)
  else await createData(record, runtime, password, context)
  const fixed = typeof options.port === 'number' ? [options.port] : undefined
  const ports = fixed ?? portCandidates(context.layout.root, exists ? record.port : undefined)
  const launched = await launchServer(record, runtime, ports, context)
  const current = { ...record, port: launched.port }
  if (current.port !== record.port) await keepPort(current, context)
  const version = await makeDatabase(current, password, context)
  return { ...describeServer(current, launched.pid, version, context), status: exists ? 'started' : 'created' }
}

/** Stops the server, waited for; open transactions are rolled back. `stopped` is false when it did not run. */
export async function stopPostgres(context: PostgresContext): Promise<{ readonly stopped: boolean }> {
  if ((await readRecordOf(context)) === undefined) return { stopped: false }
  await using _lock = await lock(context, 'stopping PostgreSQL')
  const record = await readRecordOf(context)
  if (record === undefined) return { stopped: false }
  const runtime =
    process.platform === 'win32'
      ? await prepareRuntime(await findSoftware(context), record.base, record.account, context)
      : undefined
  try {
    return { stopped: await stopServer(record, runtime, context) }
  } catch (cause) {
    throw systemCode(cause) === 'EPERM' ? foreign(context, cause) : cause
  }
}

/** Looks without changing anything: no server is started, no folder made. */
export async function postgresStatus(context: PostgresContext): Promise<PostgresStatus> {
  const record = await readRecordOf(context)
  if (record === undefined) return { state: 'absent' }
  const server = await runningServer(record, context)
  if (server === undefined) {
    return { state: 'stopped', dataFolder: dataFolder(record), logFile: logFile(record), port: record.port }
  }
  const software = await findSoftware(context)
  return {
    state: 'running',
    ...describeServer({ ...record, port: server.port || record.port }, server.pid, software.version, context),
  }
}
