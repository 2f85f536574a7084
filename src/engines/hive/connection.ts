/**
 * What the rest of the program speaks to Hive, Spark and Impala through: a session that is opened anew, with the same
 * settings, when its connection is lost or the server was restarted, and that repeats what is safe to repeat.
 */
import { SmartcarError, throwIfInterrupted, UnreachableError } from '../../core/errors.js'
import { isRepeatable } from '../../render/sql-tokens.js'
import type { HiveValue } from './protocol.js'
import { type HiveAddress, type HivePage, type HiveSession, openHiveSession, type StatementOptions } from './session.js'

export interface ConnectOptions {
  readonly signal?: AbortSignal
  /** Milliseconds in which a lost server has to come back; two minutes unless said, 0: never wait. */
  readonly patienceMs?: number
  /** Told when the connection was lost and is made again. */
  readonly onReconnect?: (text: string) => void
}

/** Statements of one connection run one after the other. */
export interface HiveConnection extends AsyncDisposable {
  /**
   * Pages of rows; none for a statement without a result, at least one (it may be empty) with one. Ends the statement
   * on the server when `signal` aborts or its time is over. A statement that is safe to repeat is repeated when the
   * connection is lost before its first row; else throws UnreachableError CONNECTION_LOST. Throws FailedError
   * HIVE_STATEMENT_FAILED with the server's words.
   */
  query(sql: string, options?: StatementOptions): AsyncIterable<HivePage>
  execute(sql: string, options?: StatementOptions): Promise<void>
  /** Makes a database the one in use, after every reconnection too. */
  use(database: string, signal?: AbortSignal): Promise<void>
  /** All rows of a small result. */
  rows(sql: string, options?: StatementOptions): Promise<readonly (readonly HiveValue[])[]>
}

const defaultPatienceMs = 120_000
const firstPauseMs = 250
const mostPauseMs = 5000
/** A server that loses every connection is not worked on for ever. */
const mostRepeats = 3

const isLost = (cause: unknown): cause is UnreachableError =>
  cause instanceof SmartcarError && cause.code === 'CONNECTION_LOST'

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })
  if (signal !== undefined) throwIfInterrupted(signal)
}

/** Tries until the server answers again. Throws what it said last when it does not in time. */
async function openAgain(address: HiveAddress, patienceMs: number, signal: AbortSignal | undefined) {
  const until = performance.now() + patienceMs
  for (let wait = firstPauseMs; ; wait = Math.min(mostPauseMs, wait * 2)) {
    try {
      return await openHiveSession(address, signal)
    } catch (cause) {
      // A server that starts may answer in half sentences; one that refuses the login has said all.
      if (!(cause instanceof UnreachableError) || performance.now() + wait > until) throw cause
    }
    await pause(wait, signal)
  }
}

/**
 * Throws UnreachableError when nothing answers (SERVICE_UNREACHABLE) or another protocol does (PROTOCOL_MISMATCH),
 * FailedError when the login (LOGIN_REFUSED) or the session is refused.
 */
export async function connectHive(address: HiveAddress, options: ConnectOptions = {}): Promise<HiveConnection> {
  const { patienceMs = defaultPatienceMs, onReconnect = () => {} } = options
  const where = `${address.host}:${address.port}`
  let current = address
  let session: HiveSession | undefined = await openHiveSession(current, options.signal)

  async function* query(sql: string, statement: StatementOptions = {}): AsyncGenerator<HivePage, void> {
    for (let repeats = 0; ; repeats++) {
      let given = false
      try {
        session ??= await openAgain(current, patienceMs, statement.signal ?? options.signal)
        for await (const page of session.query(sql, statement)) {
          given = true
          yield page
        }
        return
      } catch (cause) {
        if (!isLost(cause)) throw cause
        await session?.[Symbol.asyncDispose]()
        session = undefined
        if (given) throw lostWith(cause, 'its rows came only in part')
        if (!isRepeatable(sql)) throw lostWith(cause, 'nobody knows whether the statement was carried out')
        if (patienceMs === 0 || repeats === mostRepeats) throw cause
        onReconnect(`${cause.message}: connecting to ${where} again`)
      }
    }
  }

  const execute = async (sql: string, statement?: StatementOptions) => {
    for await (const _ of query(sql, statement)) {
      // The rows of SET, SHOW and the like are of no interest here.
    }
  }

  return {
    query,
    execute,
    async use(database, signal) {
      await execute(`USE \`${database}\``, signal === undefined ? {} : { signal })
      current = { ...current, database }
    },
    async rows(sql, statement) {
      const all: HiveValue[][] = []
      for await (const page of query(sql, statement)) {
        for (let row = 0; row < page.rows; row++) all.push(page.values.map((column) => column[row] ?? null))
      }
      return all
    },
    async [Symbol.asyncDispose]() {
      await session?.[Symbol.asyncDispose]()
    },
  }
}

function lostWith(cause: UnreachableError, consequence: string): UnreachableError {
  return new UnreachableError(cause.code, `${cause.message}; ${consequence}`, {
    cause: cause.cause,
    hints: cause.hints,
    ...(cause.place === undefined ? {} : { place: cause.place }),
  })
}

/** Whether a server answers a query; throws as `connectHive` and as its statements do. */
export async function askHiveServer(address: HiveAddress, signal: AbortSignal): Promise<void> {
  await using connection = await connectHive(address, { signal, patienceMs: 0 })
  await connection.rows('SELECT 1', { signal })
}
