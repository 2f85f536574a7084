/**
 * One session of HiveServer2, of Spark's Thrift Server or of Impala over one connection, by hive-driver 1.0.0. Its
 * low-level driver is used: the higher one can neither read a statement's log while it runs nor tell the end of the rows
 * (recipe hive-spark, 4). What happens when the connection is lost is told in connection.ts.
 */
import type { HiveDriver as Driver } from 'hive-driver'
import {
  FailedError,
  InterruptedError,
  SmartcarError,
  systemCode,
  throwIfInterrupted,
  UnreachableError,
} from '../../core/errors.js'
import {
  cells,
  fetchNext,
  fetchType,
  type HiveColumn,
  type HiveValue,
  hiveColumn,
  isForgotten,
  operationState,
  progressParts,
  protocolV10,
  serverMessage,
  statusCode,
  vectorOf,
} from './protocol.js'
import { mismatchHints, plainSasl } from './sasl.js'

export interface HiveAddress {
  readonly host: string
  readonly port: number
  readonly user: string
  /** PLAIN wants one, whatever it is, where the server checks none. */
  readonly password?: string
  /** `plain`: SASL PLAIN, or Basic over http; `none`: no SASL at all. `plain` unless said. */
  readonly authentication?: 'plain' | 'none'
  /** `binary` unless said. */
  readonly transport?: 'binary' | 'http'
  /** Of the http transport; `/cliservice` unless said. */
  readonly path?: string
  /** In use from the start; it has to be there. */
  readonly database?: string
  /** Settings of the session. */
  readonly configuration?: Readonly<Record<string, string>>
  /** Milliseconds that a connection and a session may take to open; 15 s unless said. */
  readonly connectTimeoutMs?: number
}

export interface StatementProgress {
  /** 0 to 1 */
  readonly done: number
  readonly status: string
  /** Tasks of the parts that the engine cuts a statement into: `Map 1`, 3 of 4 done. */
  readonly parts: readonly { readonly name: string; readonly done: number; readonly total: number }[]
}

export interface StatementOptions {
  readonly signal?: AbortSignal
  /** Told of every line of the engine's log of this statement while it runs. */
  readonly onLog?: (line: string) => void
  readonly onProgress?: (progress: StatementProgress) => void
  /** Rows asked for at once; HiveServer2 gives 10,000 at most. */
  readonly pageSize?: number
  /** Milliseconds from its start to its last row; then it is cancelled. None unless said. */
  readonly timeoutMs?: number
}

export interface HivePage {
  readonly columns: readonly HiveColumn[]
  /** One array a column: columns are what the protocol carries. */
  readonly values: readonly (readonly HiveValue[])[]
  /** 0: the one page of a result without rows, which tells its columns. */
  readonly rows: number
}

export interface HiveSession extends AsyncDisposable {
  /** Pages of rows, at least one for a statement that has a result. Ends the statement on the server when `signal` aborts. */
  query(sql: string, options: StatementOptions): AsyncGenerator<HivePage, void>
}

type ExecuteResult = Awaited<ReturnType<Driver['executeStatement']>>
type Handle = ExecuteResult['operationHandle']
type Status = ExecuteResult['status']

const firstPollMs = 10
const mostPollMs = 500
const defaultPage = 10_000
const defaultConnectTimeoutMs = 15_000
/** HiveServer2 answers a question for a state after 5 s at the latest. */
const stateTimeoutMs = 60_000
/** What a cancelled statement may take to end before the session is closed over it. */
const cancelTimeoutMs = 5000
const closeTimeoutMs = 3000

const place = (where: string) => ({ place: { thing: where } })

/** The connection broke, or the server does not know the session any more. */
export function connectionLost(where: string, cause: unknown): UnreachableError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new UnreachableError('CONNECTION_LOST', `the connection to ${where} was lost: ${reason}`, {
    cause,
    ...place(where),
    hints: ['smartcar cluster status tells whether the service still runs, smartcar cluster logs why not'],
  })
}

function assertOk(where: string, answer: Status): void {
  if (answer.statusCode !== statusCode.error && answer.statusCode !== statusCode.invalidHandle) return
  const message = serverMessage(answer.errorMessage)
  if (answer.statusCode === statusCode.invalidHandle || isForgotten(message)) throw connectionLost(where, message)
  throw statementFailed(where, answer)
}

function statementFailed(
  where: string,
  answer: { readonly errorMessage?: string; readonly sqlState?: string; readonly errorCode?: number },
): FailedError {
  return new FailedError('HIVE_STATEMENT_FAILED', serverMessage(answer.errorMessage), {
    ...place(where),
    data: { sqlState: answer.sqlState, code: answer.errorCode },
  })
}

/** What a failed opening means, from what Node and thrift throw. */
function openingFailed(address: HiveAddress, where: string, cause: unknown): SmartcarError {
  if (cause instanceof SmartcarError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  const status = (cause as { statusCode?: number }).statusCode
  if (status === 401 || status === 403) {
    return new FailedError('LOGIN_REFUSED', `${where} refuses the user ${address.user} (HTTP ${status})`, {
      ...place(where),
      hints: ['check user, password_file or password_env of the service in the site file'],
    })
  }
  const code = systemCode(cause)
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EHOSTUNREACH' || code === 'ETIMEDOUT') {
    const why = code === 'ECONNREFUSED' ? 'nothing listens there' : message
    return new UnreachableError('SERVICE_UNREACHABLE', `${where} does not answer: ${why}`, {
      cause,
      ...place(where),
      hints: ['smartcar cluster status tells what runs', 'is the port that of the site (smartcar site show)?'],
    })
  }
  const other =
    address.authentication === 'none'
      ? 'does it want a login (authentication: plain)?'
      : 'is its authentication none (NOSASL)? (authentication: of the service)'
  return new UnreachableError('PROTOCOL_MISMATCH', `${where} does not speak as HiveServer2 does: ${message}`, {
    cause,
    ...place(where),
    hints: mismatchHints(address.transport ?? 'binary', other),
  })
}

/** Rejects what is under way when the connection is lost: thrift leaves it without an answer. */
class Calls {
  private readonly waiting = new Set<(error: SmartcarError) => void>()
  private lost: unknown

  constructor(private readonly where: string) {}

  lose(cause: unknown): void {
    this.lost ??= cause
    const error = connectionLost(this.where, this.lost)
    for (const reject of this.waiting) reject(error)
    this.waiting.clear()
  }

  /** Throws CONNECTION_LOST, SERVICE_UNREACHABLE after `timeoutMs`, InterruptedError when `signal` aborts. */
  async run<T>(work: () => Promise<T>, timeoutMs?: number, signal?: AbortSignal): Promise<T> {
    if (this.lost !== undefined) throw connectionLost(this.where, this.lost)
    if (signal !== undefined) throwIfInterrupted(signal)
    return new Promise<T>((resolve, reject) => {
      const end = (settle: () => void) => {
        this.waiting.delete(fail)
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const fail = (error: unknown) => end(() => reject(error))
      const onAbort = () => fail(signal?.reason instanceof SmartcarError ? signal.reason : new InterruptedError())
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(() => fail(noAnswer(this.where, timeoutMs)), timeoutMs)
      this.waiting.add(fail)
      signal?.addEventListener('abort', onAbort, { once: true })
      work().then(
        (value) => end(() => resolve(value)),
        (cause) => fail(cause),
      )
    })
  }
}

function noAnswer(where: string, ms: number): UnreachableError {
  return new UnreachableError('SERVICE_UNREACHABLE', `${where}: no answer within ${Math.round(ms / 1000)} s`, {
    ...place(where),
    hints: ['smartcar cluster status tells what runs; smartcar cluster logs what it is busy with'],
  })
}

interface Line extends Disposable {
  readonly driver: Driver
  readonly calls: Calls
}

/** A connection that is logged in, without a session. */
async function openLine(address: HiveAddress, where: string, signal: AbortSignal | undefined): Promise<Line> {
  const loaded = await import('hive-driver')
  // Loaders disagree on what a module of CommonJS gives.
  const hive = loaded.default ?? loaded
  const { TCLIService, TCLIService_types } = hive.thrift
  const client = new hive.HiveClient(TCLIService, TCLIService_types)
  const calls = new Calls(where)
  // Without a listener a lost connection would end the process.
  client.on('error', (cause) => calls.lose(cause))
  client.on('close', () => calls.lose(new Error('it was closed by the server')))
  const password = address.password ?? 'none'
  const http = address.transport === 'http'
  const authentication = http
    ? new hive.auth.PlainHttpAuthentication({ username: address.user, password })
    : address.authentication === 'none'
      ? new hive.auth.NoSaslAuthentication()
      : plainSasl<never>(where, address.user, password)
  await calls.run(
    () =>
      client.connect(
        { host: address.host, port: address.port, options: http ? { path: address.path ?? '/cliservice' } : {} },
        http ? new hive.connections.HttpConnection() : new hive.connections.TcpConnection(),
        authentication,
      ),
    address.connectTimeoutMs ?? defaultConnectTimeoutMs,
    signal,
  )
  return {
    driver: new hive.HiveDriver(TCLIService_types, client.getClient()),
    calls,
    [Symbol.dispose]: () => client.close(),
  }
}

/** Throws UnreachableError when nothing answers or another protocol does, FailedError when the login or session is refused. */
export async function openHiveSession(address: HiveAddress, signal?: AbortSignal): Promise<HiveSession> {
  const where = `${address.host}:${address.port}`
  const connectTimeoutMs = address.connectTimeoutMs ?? defaultConnectTimeoutMs
  let line: Line | undefined
  try {
    line = await openLine(address, where, signal)
    const { driver, calls } = line
    const opened = await calls.run(
      () =>
        driver.openSession({
          client_protocol: protocolV10,
          username: address.user,
          configuration: {
            ...address.configuration,
            ...(address.database === undefined ? {} : { 'use:database': address.database }),
          },
        }),
      connectTimeoutMs,
      signal,
    )
    assertOk(where, opened.status)
    return sessionOf(address, where, line, opened.sessionHandle)
  } catch (cause) {
    line?.[Symbol.dispose]()
    // A connection that ends at its first question was never one to a server of this kind.
    const reason = cause instanceof SmartcarError && cause.code === 'CONNECTION_LOST' ? cause.cause : cause
    throw openingFailed(address, where, reason)
  }
}

function sessionOf(
  address: HiveAddress,
  where: string,
  { driver, calls, [Symbol.dispose]: hangUp }: Line,
  sessionHandle: Parameters<Driver['closeSession']>[0]['sessionHandle'],
): HiveSession {
  const cancels = new Set<Promise<unknown>>()

  /** On a connection of its own: this one is busy with the statement. */
  const cancelNow = async (operationHandle: Handle): Promise<void> => {
    using line = await openLine(address, where, undefined)
    await line.calls.run(() => line.driver.cancelOperation({ operationHandle }), cancelTimeoutMs)
  }

  /** Answered only once the statement has ended: the user is told before. What cannot be asked has lost it anyway. */
  const cancel = (handle: Promise<Handle>): void => {
    cancels.add(handle.then(cancelNow).catch(() => {}))
  }

  const readLog = async (operationHandle: Handle, onLog: (line: string) => void): Promise<void> => {
    const page = await calls.run(
      () => driver.fetchResults({ operationHandle, orientation: fetchNext, maxRows: 1000, fetchType: fetchType.log }),
      stateTimeoutMs,
    )
    if (page.status.statusCode !== statusCode.success) return
    for (const column of page.results?.columns ?? []) for (const text of vectorOf(column).values) onLog(String(text))
  }

  /** Whether it has a result. */
  const waitForEnd = async (operationHandle: Handle, options: StatementOptions): Promise<boolean> => {
    const { onLog, onProgress, signal } = options
    let wait = firstPollMs
    for (;;) {
      const state = await calls.run(
        () => driver.getOperationStatus({ operationHandle, getProgressUpdate: onProgress !== undefined }),
        stateTimeoutMs,
        signal,
      )
      if (onLog !== undefined) await readLog(operationHandle, onLog)
      const progress = state.progressUpdateResponse
      if (onProgress !== undefined && progress !== undefined && progress !== null)
        onProgress({
          done: progress.progressedPercentage,
          status: String(progress.status),
          parts: progressParts(progress.headerNames, progress.rows),
        })
      assertOk(where, state.status)
      const ended = state.operationState ?? operationState.unknown
      if (ended === operationState.finished) return state.hasResultSet ?? operationHandle.hasResultSet
      if (ended === operationState.timedOut || (ended >= operationState.canceled && ended <= operationState.unknown))
        throw statementFailed(where, state)
      await calls.run(() => new Promise((resolve) => setTimeout(resolve, wait)), undefined, signal)
      wait = Math.min(mostPollMs, wait * 2)
    }
  }

  async function* rowsOf(operationHandle: Handle, options: StatementOptions): AsyncGenerator<HivePage, void> {
    const metadata = await calls.run(() => driver.getResultSetMetadata({ operationHandle }), stateTimeoutMs)
    assertOk(where, metadata.status)
    const columns = (metadata.schema?.columns ?? []).map(hiveColumn)
    for (let pages = 0; ; pages++) {
      const page = await calls.run(
        () =>
          driver.fetchResults({
            operationHandle,
            orientation: fetchNext,
            maxRows: options.pageSize ?? defaultPage,
            fetchType: fetchType.rows,
          }),
        undefined,
        options.signal,
      )
      assertOk(where, page.status)
      const vectors = (page.results?.columns ?? []).map(vectorOf)
      const rows = vectors[0]?.values.length ?? 0
      // hasMoreRows is always false on HiveServer2: an empty page is the end.
      if (rows === 0 && pages > 0) return
      yield { columns, rows, values: vectors.map((vector, index) => cells(vector, columns[index]?.type ?? '')) }
      if (rows === 0) return
    }
  }

  async function* query(sql: string, given: StatementOptions): AsyncGenerator<HivePage, void> {
    const limit = statementLimit(where, given)
    const options = limit === undefined ? given : { ...given, signal: limit.signal }
    try {
      const starting = driver.executeStatement({ sessionHandle, statement: sql, runAsync: true })
      const started = await calls
        .run(() => starting, undefined, options.signal)
        .catch((cause: unknown) => {
          if (options.signal?.aborted === true) cancel(starting.then(({ operationHandle }) => operationHandle))
          throw cause
        })
      assertOk(where, started.status)
      const handle = started.operationHandle
      let ended = false
      try {
        if (await waitForEnd(handle, options)) yield* rowsOf(handle, options)
        ended = true
      } finally {
        if (!ended && options.signal?.aborted === true) cancel(Promise.resolve(handle))
        // Not waited for: behind a cancelled statement it is answered only when that has ended.
        else calls.run(() => driver.closeOperation({ operationHandle: handle })).catch(() => {})
      }
    } finally {
      limit?.clear()
    }
  }

  return {
    query,
    async [Symbol.asyncDispose]() {
      await within(cancelTimeoutMs, Promise.all(cancels))
      // A closed connection ends its session too (hive.server2.close.session.on.disconnect), but not over http.
      await calls.run(() => driver.closeSession({ sessionHandle }), closeTimeoutMs).catch(() => {})
      hangUp()
    },
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

/** A signal that also aborts when the statement has taken its time. */
function statementLimit(where: string, { timeoutMs, signal }: StatementOptions) {
  if (timeoutMs === undefined) return undefined
  const late = new AbortController()
  const timer = setTimeout(() => {
    const error = new FailedError(
      'STATEMENT_TIMEOUT',
      `the statement took longer than ${timeoutMs / 1000} s on ${where} and was cancelled`,
      { ...place(where), hints: ['give it more with --timeout, or ask for less'] },
    )
    late.abort(error)
  }, timeoutMs)
  return {
    signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
    clear: () => clearTimeout(timer),
  }
}
