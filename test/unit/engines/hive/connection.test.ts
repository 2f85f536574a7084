import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { InterruptedError, type SmartcarError } from '../../../../src/core/errors.js'
import { type ConnectOptions, connectHive } from '../../../../src/engines/hive/connection.js'
import type { HiveAddress, StatementOptions } from '../../../../src/engines/hive/session.js'
import { failed, type HiveServer, hiveServer, type Script, type ServerOptions } from '../../../support/hive-server.js'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

async function server(script: Partial<Script> = {}, options?: ServerOptions): Promise<HiveServer> {
  const started = await hiveServer({ statement: () => ({ rows: ['one'] }), ...script }, options)
  open.push(started)
  return started
}

const address = ({ port }: { port: number }, more: Partial<HiveAddress> = {}): HiveAddress => ({
  host: '127.0.0.1',
  port,
  user: 'kim',
  ...more,
})

async function connect(to: { port: number }, more?: Partial<HiveAddress>, options?: ConnectOptions) {
  const connection = await connectHive(address(to, more), options)
  open.push(connection)
  return connection
}

const failure = async (work: Promise<unknown>): Promise<SmartcarError> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: SmartcarError) => error,
  )

/** A server that says `answer` to whoever connects, or closes at once. */
async function otherServer(answer?: string): Promise<{ port: number }> {
  const other = net.createServer((socket) => {
    socket.on('error', () => {})
    if (answer === undefined) socket.destroy()
    else socket.once('data', () => socket.end(answer))
  })
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  open.push({ [Symbol.asyncDispose]: async () => void other.close() })
  return { port: (other.address() as net.AddressInfo).port }
}

describe.each([
  ['plain', {}],
  ['none', { authentication: 'none' }],
  ['http', { transport: 'http' }],
] as const)('by %s', (way, more) => {
  it('asks, pages, and closes what it opened', async () => {
    const words = Array.from({ length: 25 }, (_, index) => `word ${index}`)
    const hive = await server({ statement: () => ({ rows: words, log: ['INFO  : Map 1: 1/1'] }) }, { way })
    const connection = await connect(hive, { ...more, database: 'd', configuration: { a: 'b' } })
    const pages: number[] = []
    const log: string[] = []
    for await (const page of connection.query('SELECT 1', { pageSize: 10, onLog: (line) => log.push(line) })) {
      expect(page.columns).toEqual([{ name: 'word', type: 'string' }])
      pages.push(page.rows)
    }
    expect(pages).toEqual([10, 10, 5])
    expect(log).toEqual(['INFO  : Map 1: 1/1'])
    expect(await connection.rows('SELECT 2')).toEqual(words.map((word) => [word]))
    expect(hive.sessions[0]).toMatchObject({ username: 'kim', configuration: { a: 'b', 'use:database': 'd' } })
    expect(hive.closed).toContain('o1')
  })

  it('says in the server’s words why a statement failed', async () => {
    const hive = await server(
      {
        statement: (sql) =>
          sql === 'late'
            ? { state: 'error', errorMessage: 'Vertex failed\n\tat org.Some.java' }
            : { status: failed('FAILED: ParseException line 1:0 cannot') },
      },
      { way },
    )
    const connection = await connect(hive, more)
    expect(await failure(connection.execute('early'))).toMatchObject({
      code: 'HIVE_STATEMENT_FAILED',
      message: 'FAILED: ParseException line 1:0 cannot',
      data: { sqlState: '42000' },
    })
    expect(await failure(connection.execute('late'))).toMatchObject({ message: 'Vertex failed' })
    expect(await failure(connection.rows('early'))).toMatchObject({ exit: 'failed' })
  })

  it('cancels on the server what is interrupted or takes too long', async () => {
    const hive = await server({ statement: () => ({ state: 'running', log: ['INFO  : running'] }) }, { way })
    const connection = await connect(hive, more)
    const stop = new AbortController()
    const options: StatementOptions = { signal: stop.signal, onLog: () => stop.abort(new InterruptedError()) }
    expect(await failure(connection.rows('SELECT 1', options))).toMatchObject({ code: 'INTERRUPTED' })
    expect(await failure(connection.rows('SELECT 2', { timeoutMs: 20 }))).toMatchObject({ code: 'STATEMENT_TIMEOUT' })
    await connection[Symbol.asyncDispose]()
    expect(hive.cancelled).toEqual(['o1', 'o2'])
  })

  it('repeats a question whose connection was lost, with the database and settings of before', async () => {
    const asked = new Set<string>()
    const hive = await server(
      {
        statement(sql) {
          const [cut] = (['execute', 'status', 'fetch'] as const).filter((at) => sql.includes(at) && !asked.has(sql))
          asked.add(sql)
          return { rows: ['one'], ...(cut === undefined ? {} : { cut }) }
        },
      },
      { way },
    )
    const said: string[] = []
    const settings = { ...more, configuration: { a: 'b' } }
    const connection = await connect(hive, settings, { onReconnect: (text) => said.push(text) })
    for (const at of ['execute', 'status', 'fetch']) {
      expect(await connection.rows(`SELECT '${at}'`)).toEqual([['one']])
    }
    await connection.use('smartcar')
    expect(await connection.rows("SELECT 'status', 2")).toEqual([['one']])
    expect(said).toHaveLength(4)
    expect(hive.sessions.at(-1)).toMatchObject({ configuration: { a: 'b', 'use:database': 'smartcar' } })
  })

  it('does not repeat what is not safe, and gives no row twice', async () => {
    const hive = await server(
      {
        statement: (sql) =>
          sql.startsWith('INSERT') ? { cut: 'status' } : { rows: ['a', 'b', 'c'], cut: 'second fetch' },
      },
      { way },
    )
    const connection = await connect(hive, more)
    const insert = await failure(connection.execute('INSERT INTO t SELECT 1'))
    expect(insert).toMatchObject({ code: 'CONNECTION_LOST', exit: 'unreachable' })
    expect(insert.message).toContain('nobody knows whether the statement was carried out')
    const seen: unknown[] = []
    const half = (async () => {
      for await (const page of connection.query('SELECT 1', { pageSize: 2 })) seen.push(...page.values)
    })()
    expect((await failure(half)).message).toContain('its rows came only in part')
    expect(seen).toEqual([['a', 'b']])
    expect(hive.statements).toHaveLength(2)
  })
})

describe('a server that was restarted', () => {
  it('is waited for, and asked again', async () => {
    const first = await hiveServer({ statement: () => ({ rows: ['first'] }) })
    const connection = await connect(first, {}, { patienceMs: 10_000 })
    expect(await connection.rows('SELECT 1')).toEqual([['first']])
    await first[Symbol.asyncDispose]()
    const asked = connection.rows('SELECT 1')
    await new Promise((resolve) => setTimeout(resolve, 50))
    const second = await server({ statement: () => ({ rows: ['second'] }) }, { port: first.port })
    expect(await asked).toEqual([['second']])
    expect(second.sessions).toHaveLength(1)
  })

  it('that has forgotten the session is asked in a new one', async () => {
    let answers = 0
    const hive = await server({
      statement: () =>
        answers++ === 0 ? { status: failed('Invalid SessionHandle: SessionHandle [x]') } : { rows: ['again'] },
    })
    const connection = await connect(hive)
    expect(await connection.rows('SELECT 1')).toEqual([['again']])
    expect(hive.sessions).toHaveLength(2)
  })

  it('that does not come back is given up', async () => {
    const first = await hiveServer({ statement: () => ({ rows: [] }) })
    const connection = await connect(first, {}, { patienceMs: 30 })
    await first[Symbol.asyncDispose]()
    expect(await failure(connection.rows('SELECT 1'))).toMatchObject({ exit: 'unreachable' })
  })
})

describe('what goes wrong at the start', () => {
  it('nothing listens', async () => {
    const gone = await hiveServer({ statement: () => ({}) })
    await gone[Symbol.asyncDispose]()
    for (const more of [{}, { authentication: 'none' }, { transport: 'http' }] as const) {
      const error = await failure(connectHive(address(gone, more)))
      expect(error).toMatchObject({ code: 'SERVICE_UNREACHABLE', exitCode: 4 })
      expect(error.message).toBe(`127.0.0.1:${gone.port} does not answer: nothing listens there`)
    }
  })

  it('a password that is wrong, which no message repeats', async () => {
    const hive = await server({}, { password: 'right' })
    const error = await failure(connectHive(address(hive, { password: 'wr0ng' })))
    expect(error).toMatchObject({ code: 'LOGIN_REFUSED', exitCode: 1 })
    expect(error.message).toContain('refuses the user kim: Error validating the login')
    expect(JSON.stringify([error, error.message, error.hints])).not.toContain('wr0ng')
    await connect(hive, { password: 'right' })
    expect(hive.logins).toEqual(['kim:right'])
  })

  it('http: a login that is refused, a path that is not there', async () => {
    for (const [status, code] of [
      ['401 Unauthorized', 'LOGIN_REFUSED'],
      ['404 Not Found', 'PROTOCOL_MISMATCH'],
    ]) {
      const other = await otherServer(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`)
      expect(await failure(connectHive(address(other, { transport: 'http' })))).toMatchObject({ code })
    }
  })

  it.each([
    ['plain', { authentication: 'none' }],
    ['plain', { transport: 'http' }],
    ['none', {}],
    ['none', { transport: 'http' }],
    ['http', {}],
    ['http', { authentication: 'none' }],
  ] as const)('a server on %s, asked with %o', async (way, more) => {
    const hive = await server({}, { way })
    const error = await failure(connectHive(address(hive, { ...more, connectTimeoutMs: 150 })))
    expect(error).toMatchObject({ exit: 'unreachable' })
    // A server that waits for more bytes tells nothing.
    expect(['PROTOCOL_MISMATCH', 'SERVICE_UNREACHABLE']).toContain(error.code)
    if (error.code === 'PROTOCOL_MISMATCH') expect(error.hints.join()).toMatch(/transport: of the service/)
  })

  it('another program behind the port, or one that hangs up', async () => {
    for (const answer of ['SSH-2.0-OpenSSH_9.2\r\n', undefined]) {
      const error = await failure(connectHive(address(await otherServer(answer))))
      expect(error).toMatchObject({ code: 'PROTOCOL_MISMATCH', exitCode: 4 })
    }
  })

  it('a session that is refused', async () => {
    const hive = await server({ session: () => failed('Database does not exist: d') })
    expect(await failure(connectHive(address(hive)))).toMatchObject({
      code: 'HIVE_STATEMENT_FAILED',
      message: 'Database does not exist: d',
    })
  })

  it('a server that never answers', async () => {
    const silent = net.createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    open.push({ [Symbol.asyncDispose]: async () => void silent.close() })
    const { port } = silent.address() as net.AddressInfo
    const error = await failure(connectHive(address({ port }, { connectTimeoutMs: 30 })))
    expect(error.message).toContain('no answer within')
  })
})
