/**
 * A small real server of HiveServer2's protocol: thrift over a socket or over http, with or without a login. What it
 * answers is the test's; what it was asked is kept.
 */
import { createRequire } from 'node:module'
import net from 'node:net'

type Answer = Readonly<Record<string, unknown>>
type Call = (error: unknown, answer: unknown) => void
type Method = (request: never, done: Call) => void

interface ThriftServer extends net.Server {}
interface Thrift {
  createServer(service: unknown, handler: Readonly<Record<string, Method>>, options: unknown): ThriftServer
  createWebServer(options: unknown): ThriftServer
  readonly TFramedTransport: unknown
  readonly TBufferedTransport: unknown
  readonly TBinaryProtocol: unknown
}
interface Types {
  readonly [name: string]: new (fields: unknown) => unknown
}

const require = createRequire(import.meta.url)
const thrift = createRequire(require.resolve('hive-driver'))('thrift') as Thrift
const { thrift: generated } = require('hive-driver') as { thrift: { TCLIService: unknown; TCLIService_types: Types } }
const types = generated.TCLIService_types

const made = (name: string, fields: unknown): unknown => {
  const type = types[name]
  if (type === undefined) throw new Error(`no type ${name}`)
  return new type(fields)
}

const ok = () => made('TStatus', { statusCode: 0 })
export const failed = (errorMessage: string, sqlState = '42000') =>
  made('TStatus', { statusCode: 3, errorMessage, sqlState, errorCode: 10_001 })
const identifier = (text: string) =>
  made('THandleIdentifier', { guid: Buffer.from(text.padEnd(16)), secret: Buffer.alloc(16) })

export interface Script {
  /** What a statement comes to: the state of its operation, and the strings of its one column. */
  statement(sql: string): Statement
  /** A failed status for a session that is asked for. */
  session?(): unknown
}

export interface Statement {
  /** A status of ExecuteStatement itself. */
  readonly status?: unknown
  /** `running` until it is cancelled. */
  readonly state?: 'finished' | 'running' | 'error'
  readonly errorMessage?: string
  readonly rows?: readonly string[]
  readonly log?: readonly string[]
  /** Cuts the connection instead of answering. */
  readonly cut?: 'execute' | 'status' | 'fetch' | 'second fetch'
}

export interface HiveServer extends AsyncDisposable {
  readonly port: number
  /** Statements in their order. */
  readonly statements: string[]
  readonly sessions: Answer[]
  readonly cancelled: string[]
  readonly closed: string[]
  /** Names and passwords that logged in. */
  readonly logins: string[]
  /** Cuts every connection. */
  cut(): void
}

export interface ServerOptions {
  readonly way?: 'plain' | 'none' | 'http'
  readonly password?: string
  readonly port?: number
}

const states = { running: 1, finished: 2, canceled: 3, error: 5 } as const

export async function hiveServer(script: Script, options: ServerOptions = {}): Promise<HiveServer> {
  const { way = 'plain', password } = options
  const sockets = new Set<net.Socket>()
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const operations = new Map<
    string,
    { statement: Statement; state: keyof typeof states; fetches: number; logged: boolean }
  >()
  const kept = {
    statements: [] as string[],
    sessions: [] as Answer[],
    cancelled: [] as string[],
    closed: [] as string[],
    logins: [] as string[],
  }
  type Handle = { operationHandle: { operationId: { guid: Buffer } } }
  const idOf = ({ operationHandle }: Handle) => operationHandle.operationId.guid.toString().trim()
  const operationOf = (request: Handle) => {
    const operation = operations.get(idOf(request))
    if (operation === undefined) throw new Error('no such operation')
    return operation
  }
  const methods: Readonly<Record<string, (request: never, done: (type: string, answer: Answer) => void) => void>> = {
    OpenSession(request: Answer, done) {
      kept.sessions.push(request)
      const status = script.session?.() ?? ok()
      done('TOpenSessionResp', {
        status,
        serverProtocolVersion: 9,
        sessionHandle: made('TSessionHandle', { sessionId: identifier(`s${kept.sessions.length}`) }),
      })
    },
    CloseSession: (_request, done) => done('TCloseSessionResp', { status: ok() }),
    ExecuteStatement({ statement: sql }: { statement: string }, done) {
      kept.statements.push(sql)
      const statement = script.statement(sql)
      if (statement.cut === 'execute') return cut()
      const id = `o${kept.statements.length}`
      operations.set(id, { statement, state: statement.state ?? 'finished', fetches: 0, logged: false })
      done('TExecuteStatementResp', {
        status: statement.status ?? ok(),
        operationHandle: made('TOperationHandle', {
          operationId: identifier(id),
          operationType: 0,
          hasResultSet: true,
        }),
      })
    },
    GetOperationStatus(request: Handle, done) {
      const { statement, state } = operationOf(request)
      if (statement.cut === 'status') return cut()
      done('TGetOperationStatusResp', {
        status: ok(),
        operationState: states[state],
        hasResultSet: statement.rows !== undefined,
        errorMessage: statement.errorMessage,
        sqlState: '08S01',
      })
    },
    GetResultSetMetadata: (_request, done) =>
      done('TGetResultSetMetadataResp', {
        status: ok(),
        schema: made('TTableSchema', {
          columns: [
            made('TColumnDesc', {
              columnName: 't.word',
              position: 1,
              typeDesc: made('TTypeDesc', {
                types: [made('TTypeEntry', { primitiveEntry: made('TPrimitiveTypeEntry', { type: 7 }) })],
              }),
            }),
          ],
        }),
      }),
    FetchResults(request: Handle & { fetchType: number; maxRows: { toNumber?(): number } | number }, done) {
      const operation = operationOf(request)
      const { statement } = operation
      const strings = (values: readonly string[]) =>
        made('TRowSet', {
          startRowOffset: 0,
          rows: [],
          columns: [made('TColumn', { stringVal: made('TStringColumn', { values, nulls: Buffer.alloc(1) }) })],
        })
      if (request.fetchType === 1) {
        const lines = operation.logged ? [] : (statement.log ?? [])
        operation.logged = true
        return done('TFetchResultsResp', { status: ok(), hasMoreRows: false, results: strings(lines) })
      }
      operation.fetches++
      if (statement.cut === 'fetch' || (statement.cut === 'second fetch' && operation.fetches === 2)) return cut()
      const most = Number(request.maxRows)
      const rows = (statement.rows ?? []).slice((operation.fetches - 1) * most, operation.fetches * most)
      done('TFetchResultsResp', { status: ok(), hasMoreRows: false, results: strings(rows) })
    },
    CancelOperation(request: Handle, done) {
      kept.cancelled.push(idOf(request))
      operationOf(request).state = 'canceled'
      done('TCancelOperationResp', { status: ok() })
    },
    CloseOperation(request: Handle, done) {
      kept.closed.push(idOf(request))
      done('TCloseOperationResp', { status: ok() })
    },
  }
  const handler = Object.fromEntries(
    Object.entries(methods).map(([name, method]): [string, Method] => [
      name,
      (request, done) => {
        try {
          method(request, (type, answer) => done(null, made(type, answer)))
        } catch (error) {
          done(error, null)
        }
      },
    ]),
  )
  const remember = (socket: net.Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  const listen = async (server: net.Server, port = 0): Promise<number> => {
    server.on('connection', remember)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return (server.address() as net.AddressInfo).port
  }
  const inner =
    way === 'http'
      ? thrift.createWebServer({
          services: {
            '/cliservice': {
              processor: generated.TCLIService,
              handler,
              transport: thrift.TBufferedTransport,
              protocol: thrift.TBinaryProtocol,
            },
          },
        })
      : thrift.createServer(generated.TCLIService, handler, {
          transport: way === 'plain' ? thrift.TFramedTransport : thrift.TBufferedTransport,
          protocol: thrift.TBinaryProtocol,
        })
  const servers = [inner]
  let port = await listen(inner, way === 'plain' ? 0 : options.port)
  if (way === 'plain') {
    const innerPort = port
    const outer = net.createServer((socket) => loggedIn(socket, innerPort, password, kept.logins, remember))
    servers.push(outer)
    port = await listen(outer, options.port)
  }
  return {
    port,
    ...kept,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

/** SASL PLAIN as HiveServer2 does it, then the bytes go to the thrift server behind. */
function loggedIn(
  socket: net.Socket,
  innerPort: number,
  password: string | undefined,
  logins: string[],
  remember: (socket: net.Socket) => void,
): void {
  let received: Buffer = Buffer.alloc(0)
  const reply = (status: number, text: string) => {
    const body = Buffer.from(text)
    const head = Buffer.alloc(5)
    head[0] = status
    head.writeUInt32BE(body.length, 1)
    // In two pieces, as a network may.
    socket.write(head.subarray(0, 2))
    setImmediate(() => socket.write(Buffer.concat([head.subarray(2), body])))
  }
  const onData = (data: Buffer) => {
    received = Buffer.concat([received, data])
    const messages: { status: number; body: string }[] = []
    for (let at = 0; received.length >= at + 5; ) {
      const length = received.readUInt32BE(at + 1)
      if (received.length < at + 5 + length) return
      messages.push({ status: received[at] ?? 0, body: received.toString('utf8', at + 5, at + 5 + length) })
      at += 5 + length
    }
    // What is no SASL: the connection is closed, as HiveServer2 does.
    if (messages.some(({ status }) => status < 1 || status > 5)) return void socket.destroy()
    const [start, credentials] = messages
    if (start === undefined || credentials === undefined) return
    const [, user = '', given = ''] = credentials.body.split('\0')
    if (password !== undefined && given !== password) return reply(3, 'Error validating the login')
    logins.push(`${user}:${given}`)
    socket.off('data', onData)
    const through = net.connect(innerPort, '127.0.0.1')
    remember(through)
    through.on('close', () => socket.destroy())
    socket.on('close', () => through.destroy())
    socket.pipe(through).pipe(socket)
    reply(5, '')
  }
  socket.on('data', onData)
}
