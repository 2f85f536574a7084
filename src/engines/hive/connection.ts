/**
 * A session of HiveServer2, of Spark's Thrift Server or of Impala, over hive-driver 1.0.0. Its low-level driver is used:
 * the higher one can neither read a statement's log while it runs nor tell the end of the rows (recipe hive-spark, 4).
 */
import type { HiveDriver as Driver } from 'hive-driver'
import {
  FailedError,
  InterruptedError,
  SmartcarError,
  throwIfInterrupted,
  UnreachableError,
} from '../../core/errors.js'

export interface HiveAddress {
  readonly host: string
  readonly port: number
  readonly user: string
  /** PLAIN wants one, whatever it is, where the server checks none. */
  readonly password?: string
  /** `plain` (NONE and LDAP on the server) unless said. */
  readonly auth?: 'plain' | 'nosasl'
  /** `binary` unless said. */
  readonly transport?: 'binary' | 'http'
  /** Of the http transport; `/cliservice` unless said. */
  readonly path?: string
  /** Settings of the session. */
  readonly configuration?: Readonly<Record<string, string>>
}

export interface HiveColumn {
  readonly name: string
  /** As the server calls it, in lower case: `bigint`, `string`. */
  readonly type: string
}

/** A cell: BIGINT outside of the safe range is a bigint, DECIMAL and complex types are text. */
export type HiveValue = string | number | bigint | boolean | null

export interface StatementProgress {
  /** 0 to 1 */
  readonly done: number
  readonly status: string
}

export interface StatementOptions {
  readonly signal?: AbortSignal
  readonly onLog?: (line: string) => void
  readonly onProgress?: (progress: StatementProgress) => void
  /** Rows asked for at once; HiveServer2 gives 10,000 at most. */
  readonly pageSize?: number
}

export interface HivePage {
  readonly columns: readonly HiveColumn[]
  /** One array a column: columns are what the protocol carries. */
  readonly values: readonly (readonly HiveValue[])[]
  readonly rows: number
}

type ExecuteResult = Awaited<ReturnType<Driver['executeStatement']>>
type Handle = ExecuteResult['operationHandle']
type SessionHandle = Awaited<ReturnType<Driver['openSession']>>['sessionHandle']
interface Status {
  readonly statusCode: number
  readonly errorMessage?: string
  readonly sqlState?: string
  readonly errorCode?: number
}

/** Numbers of Thrift's enumerations, as TCLIService.thrift has them. */
const status = { error: 3, invalidHandle: 4, success: 0 } as const
const operation = { finished: 2, canceled: 3, closed: 4, error: 5, unknown: 6, timedOut: 8 } as const
const fetchNext = 0
const fetchLog = 1
const protocolV10 = 9
const typeNames: Readonly<Record<number, string>> = {
  0: 'boolean',
  1: 'tinyint',
  2: 'smallint',
  3: 'int',
  4: 'bigint',
  5: 'float',
  6: 'double',
  7: 'string',
  8: 'timestamp',
  9: 'binary',
  15: 'decimal',
  17: 'date',
  18: 'varchar',
  19: 'char',
}

const firstPollMs = 10
const mostPollMs = 500
const defaultPage = 10_000
const connectTimeoutMs = 15_000

/** The server's words without its stack: `Error while compiling statement: FAILED: ParseException line 1:7 …`. */
function serverMessage(text: string | undefined): string {
  return (text ?? 'the server gives no reason').split('\n\tat ')[0]?.trim() ?? ''
}

function assertOk(where: string, answer: Status): void {
  if (answer.statusCode !== status.error && answer.statusCode !== status.invalidHandle) return
  throw new FailedError('HIVE_STATEMENT_FAILED', serverMessage(answer.errorMessage), {
    place: { thing: where },
    data: { sqlState: answer.sqlState, code: answer.errorCode },
  })
}

interface Int64 {
  readonly buffer: Buffer
  readonly offset: number
}

/** node-int64 turns what it cannot hold into Infinity. */
function int64({ buffer, offset }: Int64): number | bigint {
  const value = buffer.readBigInt64BE(offset)
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}

interface Vector {
  readonly values: readonly unknown[]
  readonly nulls?: Buffer
}

function isNull(nulls: Buffer | undefined, row: number): boolean {
  return nulls !== undefined && ((nulls[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
}

function cells(vector: Vector, type: string): HiveValue[] {
  return vector.values.map((value, row): HiveValue => {
    if (isNull(vector.nulls, row)) return null
    if (type === 'bigint') return int64(value as Int64)
    return Buffer.isBuffer(value) ? value.toString('utf8') : (value as HiveValue)
  })
}

function vectorOf(column: Readonly<Record<string, Vector | null | undefined>>): Vector {
  return Object.values(column).find((vector) => vector?.values !== undefined) ?? { values: [] }
}

/** One session. Statements of one session run one after the other. */
export interface HiveConnection extends AsyncDisposable {
  /** Pages of rows; none for a statement without a result. Ends the statement on the server when `signal` aborts. */
  query(sql: string, options?: StatementOptions): AsyncIterable<HivePage>
  execute(sql: string, options?: StatementOptions): Promise<void>
  /** All rows of a small result. */
  rows(sql: string, options?: StatementOptions): Promise<readonly (readonly HiveValue[])[]>
}

async function withTimeout<T>(where: string, work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let onAbort = () => {}
  const ended = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new UnreachableError('SERVICE_UNREACHABLE', `${where}: no answer within ${connectTimeoutMs / 1000} s`)),
      connectTimeoutMs,
    )
    onAbort = () => reject(signal?.reason instanceof SmartcarError ? signal.reason : new InterruptedError())
    signal?.addEventListener('abort', onAbort, { once: true })
  })
  work.catch(() => {})
  try {
    return await Promise.race([work, ended])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Throws UnreachableError when nothing answers, FailedError when the server refuses the session. */
export async function connectHive(address: HiveAddress, signal?: AbortSignal): Promise<HiveConnection> {
  const where = `${address.host}:${address.port}`
  const { default: hive } = await import('hive-driver')
  const { TCLIService, TCLIService_types } = hive.thrift
  const client = new hive.HiveClient(TCLIService, TCLIService_types)
  let lost: unknown
  // Without a listener a lost connection would end the process.
  client.on('error', (error) => {
    lost = error
  })
  const credentials = { username: address.user, password: address.password ?? 'none' }
  const http = address.transport === 'http'
  const authentication =
    address.auth === 'nosasl'
      ? new hive.auth.NoSaslAuthentication()
      : http
        ? new hive.auth.PlainHttpAuthentication(credentials)
        : new hive.auth.PlainTcpAuthentication(credentials)
  const failed = (cause: unknown): SmartcarError => {
    if (cause instanceof SmartcarError) return cause
    const message = cause instanceof Error ? cause.message : String(cause)
    return new UnreachableError('SERVICE_UNREACHABLE', `${where}: ${message}`, { cause, place: { thing: where } })
  }
  let driver: Driver
  let session: SessionHandle
  try {
    await withTimeout(
      where,
      client.connect(
        { host: address.host, port: address.port, options: http ? { path: address.path ?? '/cliservice' } : {} },
        http ? new hive.connections.HttpConnection() : new hive.connections.TcpConnection(),
        authentication,
      ),
      signal,
    )
    driver = new hive.HiveDriver(TCLIService_types, client.getClient())
    const opened = await withTimeout(
      where,
      driver.openSession({
        client_protocol: protocolV10,
        username: address.user,
        ...(address.configuration === undefined ? {} : { configuration: { ...address.configuration } }),
      }),
      signal,
    )
    assertOk(where, opened.status)
    session = opened.sessionHandle
  } catch (cause) {
    client.close()
    throw failed(cause)
  }

  /** A call of the driver; a connection that is lost in the middle never answers by itself. */
  const call = async <T>(work: Promise<T>): Promise<T> => {
    work.catch(() => {})
    let poll: NodeJS.Timeout | undefined
    const broken = new Promise<never>((_, reject) => {
      poll = setInterval(() => {
        if (lost !== undefined) reject(failed(lost))
      }, 200)
    })
    try {
      return await Promise.race([work, broken])
    } catch (cause) {
      throw failed(cause)
    } finally {
      clearInterval(poll)
    }
  }

  const readLog = async (handle: Handle, onLog: (line: string) => void): Promise<void> => {
    const page = await call(
      driver.fetchResults({ operationHandle: handle, orientation: fetchNext, maxRows: 1000, fetchType: fetchLog }),
    )
    if (page.status.statusCode !== status.success) return
    for (const column of page.results?.columns ?? []) {
      for (const line of vectorOf(column as Readonly<Record<string, Vector>>).values) onLog(String(line))
    }
  }

  const waitForEnd = async (handle: Handle, options: StatementOptions): Promise<boolean> => {
    const { onLog, onProgress } = options
    let wait = firstPollMs
    let cancelled = false
    for (;;) {
      if (options.signal?.aborted === true && !cancelled) {
        cancelled = true
        // Answered only once the statement has ended, which may take long: the user is told at once.
        call(driver.cancelOperation({ operationHandle: handle })).catch(() => {})
        throwIfInterrupted(options.signal)
      }
      const state = await call(
        driver.getOperationStatus({ operationHandle: handle, getProgressUpdate: onProgress !== undefined }),
      )
      if (onLog !== undefined) await readLog(handle, onLog)
      const progress = state.progressUpdateResponse
      if (onProgress !== undefined && progress !== undefined && progress !== null)
        onProgress({ done: progress.progressedPercentage, status: String(progress.status) })
      assertOk(where, state.status)
      const ended = state.operationState ?? operation.unknown
      if (ended === operation.finished) return state.hasResultSet ?? handle.hasResultSet
      if (ended === operation.timedOut || (ended >= operation.canceled && ended <= operation.unknown)) {
        throw new FailedError('HIVE_STATEMENT_FAILED', serverMessage(state.errorMessage), {
          place: { thing: where },
          data: { sqlState: state.sqlState, code: state.errorCode },
        })
      }
      await new Promise((resolve) => setTimeout(resolve, wait))
      wait = Math.min(mostPollMs, wait * 2)
    }
  }

  async function* query(sql: string, options: StatementOptions = {}): AsyncGenerator<HivePage, void> {
    const started = await call(driver.executeStatement({ sessionHandle: session, statement: sql, runAsync: true }))
    assertOk(where, started.status)
    const handle = started.operationHandle
    try {
      if (!(await waitForEnd(handle, options))) return
      const metadata = await call(driver.getResultSetMetadata({ operationHandle: handle }))
      assertOk(where, metadata.status)
      const columns = (metadata.schema?.columns ?? []).map((column): HiveColumn => {
        const type = column.typeDesc.types[0]?.primitiveEntry?.type
        // Hive puts the table's name before it.
        return { name: column.columnName.replace(/^.*\./, ''), type: typeNames[type ?? -1] ?? 'unknown' }
      })
      for (;;) {
        if (options.signal !== undefined) throwIfInterrupted(options.signal)
        const page = await call(
          driver.fetchResults({
            operationHandle: handle,
            orientation: fetchNext,
            maxRows: options.pageSize ?? defaultPage,
            fetchType: 0,
          }),
        )
        assertOk(where, page.status)
        const vectors = (page.results?.columns ?? []).map((column) =>
          vectorOf(column as Readonly<Record<string, Vector>>),
        )
        const rows = vectors[0]?.values.length ?? 0
        // hasMoreRows is always false on HiveServer2: an empty page is the end.
        if (rows === 0) return
        yield { columns, rows, values: vectors.map((vector, index) => cells(vector, columns[index]?.type ?? '')) }
      }
    } finally {
      // Not waited for: behind a cancelled statement it is answered only when that has ended.
      call(driver.closeOperation({ operationHandle: handle })).catch(() => {})
    }
  }

  return {
    query,
    async execute(sql, options) {
      for await (const _ of query(sql, options)) {
        // The rows of SET, SHOW and the like are of no interest here.
      }
    },
    async rows(sql, options) {
      const all: HiveValue[][] = []
      for await (const page of query(sql, options)) {
        for (let row = 0; row < page.rows; row++) all.push(page.values.map((column) => column[row] ?? null))
      }
      return all
    },
    async [Symbol.asyncDispose]() {
      await withTimeout(where, driver.closeSession({ sessionHandle: session }), undefined).catch(() => {})
      client.close()
    },
  }
}

/** Whether a server answers a query; throws as `connectHive` and as its statements do. */
export async function askHiveServer(address: HiveAddress, signal: AbortSignal): Promise<void> {
  await using connection = await connectHive(address, signal)
  await connection.rows('SELECT 1', { signal })
}
