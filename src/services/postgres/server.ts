/** Life of the embedded server: made, started, found running, stopped. Every function here runs under the server's lock. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { FailedError, systemCode, throwIfInterrupted } from '../../core/errors.js'
import type { Daemon, RunOptions } from '../../core/ports.js'
import { type ConnectionRecord, dataFolder, logFile, type PostgresContext, postgresFiles } from './schema.js'
import type { Runtime, Software } from './software.js'

/** First lines of `data/postmaster.pid` (PostgreSQL's pidfile.h): process, data folder, start, port, …, state in line 8. */
interface PostmasterFile {
  readonly pid: number
  readonly port: number
  readonly state: string
}

const startTimeoutMs = 120_000
const stopTimeoutMs = 60_000
const pollMs = 20
const portTries = 20

async function readPostmasterFile(
  record: ConnectionRecord,
  context: PostgresContext,
): Promise<PostmasterFile | undefined> {
  const text = await context.files.readText(path.join(dataFolder(record), 'postmaster.pid'))
  const lines = (text ?? '').split('\n')
  const pid = Number(lines[0])
  const port = Number(lines[3])
  // Half-written while the server starts: it is read again a moment later.
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, port: Number.isInteger(port) ? port : 0, state: (lines[7] ?? '').trim() }
}

/** True when process `pid` is a server on this data folder, not another program that got the number after a reboot. */
async function isOurServer(pid: number, record: ConnectionRecord, context: PostgresContext): Promise<boolean> {
  if (!context.processes.isAlive(pid)) return false
  if (process.platform === 'win32') return true
  const fromProc = await context.files.readText(`/proc/${pid}/cmdline`).catch((error: unknown) => {
    // It has ended between the two questions.
    if (systemCode(error) === 'ESRCH') return ''
    throw error
  })
  // A zombie has an empty command line.
  if (fromProc !== undefined) return fromProc.split('\0').includes(dataFolder(record))
  const listed = await context.processes.run(['ps', '-p', String(pid), '-o', 'command='])
  return listed.stdout.includes(dataFolder(record))
}

/** The running server, undefined when none runs on this data folder. */
export async function runningServer(
  record: ConnectionRecord,
  context: PostgresContext,
): Promise<PostmasterFile | undefined> {
  const file = await readPostmasterFile(record, context)
  if (file === undefined || !(await isOurServer(file.pid, record, context))) return undefined
  return file
}

async function logTail(record: ConnectionRecord, from: number, context: PostgresContext): Promise<string> {
  const file = logFile(record)
  const info = await context.files.stat(file)
  if (info === undefined) return ''
  const start = Math.max(from, info.size - 4000)
  await using reader = await context.files.open(file)
  const target = Buffer.alloc(Math.max(0, info.size - start))
  const length = await reader.read(target, start)
  return target.toString('utf8', 0, length).trim()
}

function asAccount(record: ConnectionRecord, runtime: Runtime): RunOptions {
  const { SystemRoot, PATH } = process.env
  return {
    env: {
      LC_ALL: 'C',
      TZ: 'UTC',
      ...(PATH === undefined ? {} : { PATH }),
      ...(SystemRoot === undefined ? {} : { SystemRoot }),
      ...runtime.environment,
    },
    cwd: record.base,
    ...(record.account === null ? {} : { uid: record.account.uid, gid: record.account.gid }),
  }
}

/** Makes the data folder, complete or not at all. */
export async function createData(
  record: ConnectionRecord,
  runtime: Runtime,
  password: string,
  context: PostgresContext,
): Promise<void> {
  const unfinished = `${dataFolder(record)}.unfinished`
  const passwordCopy = path.join(record.base, '.initdb-password')
  await context.files.removeTree(unfinished)
  await context.files.mkdir(unfinished, { mode: 0o700 })
  try {
    await context.files.writeAtomic(passwordCopy, `${password}\n`, { mode: 0o600 })
    if (record.account !== null) {
      for (const file of [unfinished, passwordCopy])
        await context.files.chownTree(file, record.account.uid, record.account.gid)
    }
    const result = await context.processes.run(
      [
        runtime.initdb,
        '-D',
        unfinished,
        '-U',
        record.user,
        `--pwfile=${passwordCopy}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        // Code-point order on every platform, and compared by bytes, which makes keys cheap.
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
      ],
      { ...asAccount(record, runtime), signal: context.signal },
    )
    if (result.code !== 0) {
      throw new FailedError(
        'POSTGRES_INIT_FAILED',
        `the embedded PostgreSQL cannot make its data folder in ${record.base}`,
        {
          cause: new Error((result.stderr || result.stdout).trim()),
          hints: ['check free space and permissions of this folder'],
        },
      )
    }
    await context.files.rename(unfinished, dataFolder(record))
  } finally {
    await context.files.remove(passwordCopy)
    await context.files.removeTree(unfinished)
  }
}

/** A data folder of another major version cannot be opened; the warehouse still has every row. */
export async function checkVersion(
  record: ConnectionRecord,
  software: Software,
  context: PostgresContext,
): Promise<void> {
  const found = (await context.files.readText(path.join(dataFolder(record), 'PG_VERSION')))?.trim()
  const major = software.version.split('.')[0]
  if (found === undefined || found === major) return
  throw new FailedError(
    'POSTGRES_VERSION',
    `${dataFolder(record)} was made by PostgreSQL ${found}, the installed one is ${software.version}`,
    { hints: [`delete the folder ${dataFolder(record)} and export again: the warehouse still holds every row`] },
  )
}

/** Ports to try, the recorded one first, then a run of them that depends on the site's folder: below the ephemeral range. */
export function portCandidates(root: string, recorded: number | undefined): readonly number[] {
  const start = createHash('sha256').update(root).digest().readUInt16BE(0) % 10_000
  const ports = Array.from({ length: portTries }, (_, index) => 20_000 + ((start + index * 37) % 10_000))
  return recorded === undefined ? ports : [recorded, ...ports.filter((port) => port !== recorded)]
}

function serverArguments(record: ConnectionRecord, port: number): string[] {
  const settings = {
    listen_addresses: record.host,
    port,
    unix_socket_directories: '',
    cluster_name: 'smartcar',
    max_connections: 40,
    shared_buffers: '128MB',
    maintenance_work_mem: '128MB',
    // Nothing replicates from it, and COPY into a new table need not be logged then.
    wal_level: 'minimal',
    max_wal_senders: 0,
    // Rows can be exported again at any time; the disk of a laptop cannot be had again.
    max_wal_size: '512MB',
    logging_collector: 'off',
    log_timezone: 'UTC',
    timezone: 'UTC',
  }
  return ['-D', dataFolder(record), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

async function launch(
  record: ConnectionRecord,
  runtime: Runtime,
  port: number,
  context: PostgresContext,
): Promise<Daemon | undefined> {
  const options = asAccount(record, runtime)
  const args = serverArguments(record, port)
  if (process.platform !== 'win32') {
    return context.processes.startDaemon([runtime.postgres, ...args], { ...options, logFile: logFile(record) })
  }
  // On Windows an administrator's process may not run the server: pg_ctl starts it with fewer rights.
  const quoted = args.slice(2).map((argument) => `"${argument}"`)
  await context.processes.run(
    [runtime.pgCtl, 'start', '-W', '-D', dataFolder(record), '-l', logFile(record), '-o', quoted.join(' ')],
    options,
  )
  return undefined
}

type Outcome = { readonly state: 'ready'; readonly pid: number } | { readonly state: 'ended'; readonly log: string }

/** Waits for the line `ready` in postmaster.pid; asks the file, not the port, which may be another program's. */
export async function waitUntilReady(
  record: ConnectionRecord,
  logFrom: number,
  daemon: Daemon | undefined,
  context: PostgresContext,
): Promise<Outcome> {
  let ended = false
  void daemon?.exited.then(() => {
    ended = true
  })
  const started = context.clock.monotonic()
  let sawServer = false
  for (;;) {
    throwIfInterrupted(context.signal)
    const file = await readPostmasterFile(record, context)
    const ours = file !== undefined && (daemon === undefined || file.pid === daemon.pid)
    if (ours && file.state === 'ready') return { state: 'ready', pid: file.pid }
    sawServer ||= ours
    const gone = sawServer && (file === undefined || !context.processes.isAlive(file.pid))
    if (ended || (daemon === undefined && gone)) return { state: 'ended', log: await logTail(record, logFrom, context) }
    if (context.clock.monotonic() - started > startTimeoutMs) {
      throw new FailedError(
        'POSTGRES_START_TIMEOUT',
        `the embedded PostgreSQL is not ready after ${startTimeoutMs / 1000} s (state: ${file?.state || 'none'})`,
        { cause: new Error(await logTail(record, logFrom, context)), place: { file: logFile(record) } },
      )
    }
    await context.clock.sleep(pollMs)
  }
}

/**
 * Starts a server that does not run. Tries one port after the other, since only binding tells whether one is free.
 * Returns the port and process id. Throws FailedError with the server's last log lines.
 */
export async function launchServer(
  record: ConnectionRecord,
  runtime: Runtime,
  ports: readonly number[],
  context: PostgresContext,
): Promise<{ port: number; pid: number }> {
  const stale = await readPostmasterFile(record, context)
  // After a reboot the number may belong to another program; the server would refuse to start for it.
  if (stale !== undefined && !(await isOurServer(stale.pid, record, context))) {
    await context.files.remove(path.join(dataFolder(record), 'postmaster.pid'))
  }
  const started = context.clock.monotonic()
  let last = ''
  for (let index = 0; index < ports.length; ) {
    const port = ports[index] as number
    const logFrom = (await context.files.stat(logFile(record)))?.size ?? 0
    const outcome = await waitUntilReady(record, logFrom, await launch(record, runtime, port, context), context)
    if (outcome.state === 'ready') return { port, pid: outcome.pid }
    last = outcome.log
    if (/could not bind|could not create any TCP\/IP sockets/.test(last)) {
      index++
    } else if (/pre-existing shared memory block|lock file "postmaster.pid" already exists/.test(last)) {
      // The children of a server that was killed are still on their way out.
      if (context.clock.monotonic() - started > startTimeoutMs) break
      await context.clock.sleep(200, context.signal)
    } else break
  }
  if (ports.length === 1 && /could not bind|could not create any TCP\/IP sockets/.test(last)) {
    throw new FailedError(
      'POSTGRES_PORT_TAKEN',
      `port ${ports[0]} of the embedded PostgreSQL is taken by another program`,
      {
        cause: new Error(last),
        hints: ['set postgres.port of the site file to another port or to auto'],
      },
    )
  }
  throw new FailedError('POSTGRES_NOT_STARTED', 'the embedded PostgreSQL does not start', {
    cause: new Error(last),
    place: { file: logFile(record) },
    hints: [
      `read ${logFile(record)}`,
      `or stop it, delete ${path.dirname(postgresFiles(context).record)} and export again: the warehouse still holds every row`,
    ],
  })
}

/** Fast shutdown (open transactions are rolled back), waited for. False when none ran. */
export async function stopServer(
  record: ConnectionRecord,
  runtime: Runtime | undefined,
  context: PostgresContext,
): Promise<boolean> {
  const server = await runningServer(record, context)
  if (server === undefined) return false
  if (process.platform === 'win32' && runtime !== undefined) {
    await context.processes.run(
      [runtime.pgCtl, 'stop', '-m', 'fast', '-W', '-D', dataFolder(record)],
      asAccount(record, runtime),
    )
  } else context.processes.kill(server.pid, 'SIGINT')
  const started = context.clock.monotonic()
  while ((await runningServer(record, context)) !== undefined) {
    if (context.clock.monotonic() - started > stopTimeoutMs) {
      throw new FailedError(
        'POSTGRES_STOP_TIMEOUT',
        `the embedded PostgreSQL (process ${server.pid}) still runs ${stopTimeoutMs / 1000} s after it was asked to stop`,
        { place: { file: logFile(record) }, cause: new Error(await logTail(record, 0, context)) },
      )
    }
    await context.clock.sleep(pollMs)
  }
  return true
}
