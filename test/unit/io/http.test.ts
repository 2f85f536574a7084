import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { FailedError, InterruptedError } from '../../../src/core/errors.js'
import { nodeHttp } from '../../../src/io/http.js'

interface Server extends AsyncDisposable {
  readonly port: number
  readonly url: string
}

async function listen(server: net.Server): Promise<Server> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** A server that speaks bytes: what it says when the head of a request has come. */
const raw = (answer: (socket: net.Socket, head: string) => void): Promise<Server> =>
  listen(
    net.createServer((socket) => {
      let head = ''
      const onData = (chunk: Buffer) => {
        head += chunk.toString('latin1')
        if (!head.includes('\r\n\r\n')) return
        socket.off('data', onData)
        answer(socket, head)
      }
      socket.on('data', onData)
    }),
  )

const echo = (): Promise<Server> =>
  listen(
    http.createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      response.setHeader('X-Both', ['a', 'b'])
      response.statusCode = 207
      response.end(
        JSON.stringify([request.method, request.url, request.headers, Buffer.concat(chunks).toString('utf8')]),
      )
    }),
  )

const unreachable = (words: string, code?: string) =>
  expect.objectContaining({
    code: 'SERVICE_UNREACHABLE',
    exit: 'unreachable',
    message: expect.stringContaining(words),
    ...(code === undefined ? {} : { data: expect.objectContaining({ code }) }),
  })

async function freePort(): Promise<number> {
  await using server = await listen(net.createServer())
  return server.port
}

async function* pieces(count: number, size: number, wait = 0): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < count; piece++) {
    if (wait > 0) await sleep(wait)
    yield new Uint8Array(size).fill(97)
  }
}

describe('an answer', () => {
  it('has status, headers in lower case and the body; a body that was sent arrives as it is', async () => {
    await using server = await echo()
    const text = 'Grüße, 자동차\n'
    for (const body of [text, new TextEncoder().encode(text)]) {
      const response = await nodeHttp.request({
        method: 'POST',
        url: `${server.url}/a?b=c`,
        headers: { 'x-one': '1' },
        body,
      })
      expect(response.status).toBe(207)
      expect(response.headers['x-both']).toBe('a, b')
      const [method, url, headers, sent] = JSON.parse(await response.text()) as [
        string,
        string,
        Record<string, string>,
        string,
      ]
      expect([method, url, sent]).toEqual(['POST', '/a?b=c', text])
      expect(headers).toMatchObject({ 'x-one': '1', 'content-length': String(Buffer.byteLength(text)) })
    }
  })

  it('is cut at the limit of text, and read to its end', async () => {
    let ended = false
    await using server = await listen(
      http.createServer((_, response) => {
        response.on('finish', () => {
          ended = true
        })
        response.end('x'.repeat(3_000_000))
      }),
    )
    const get = () => nodeHttp.request({ method: 'GET', url: server.url })
    expect(await (await get()).text(10)).toBe('xxxxxxxxxx')
    expect(ended).toBe(true)
    expect(await (await get()).text()).toHaveLength(1024 * 1024)
  })

  it('redirects are answers', async () => {
    await using server = await raw((socket) =>
      socket.end('HTTP/1.1 307 Temporary Redirect\r\nLocation: http://elsewhere:1/\r\nContent-Length: 0\r\n\r\n'),
    )
    const response = await nodeHttp.request({ method: 'PUT', url: server.url })
    expect([response.status, response.headers.location]).toEqual([307, 'http://elsewhere:1/'])
  })

  it('may have an unasked 100 Continue before it, as a DataNode says', async () => {
    let got = 0
    await using server = await raw((socket, head) => {
      got = head.length - head.indexOf('\r\n\r\n') - 4
      socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      const look = () => {
        if (got >= 300_000) socket.end('HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
      }
      socket.on('data', (chunk) => {
        got += chunk.byteLength
        look()
      })
      look()
    })
    for (const body of [new Uint8Array(300_000), pieces(3, 100_000)]) {
      const response = await nodeHttp.request({
        method: 'PUT',
        url: server.url,
        headers: { 'content-length': '300000' },
        body,
      })
      expect([response.status, await response.text()]).toEqual([201, 'ok'])
    }
  })
})

describe('a body that is streamed', () => {
  it('arrives as a whole', async () => {
    await using server = await echo()
    const response = await nodeHttp.request({ method: 'PUT', url: server.url, body: pieces(5, 70_000) })
    const [, , headers, sent] = JSON.parse(await response.text()) as [string, string, Record<string, string>, string]
    expect(sent).toBe('a'.repeat(350_000))
    expect(headers['transfer-encoding']).toBe('chunked')
  })

  it('does not hide an answer that comes before it was sent', async () => {
    const early = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\nConnection: close\r\n\r\ndenied'
    // One server goes on reading, the other closes: what is sent to it then fails.
    for (const end of [false, true]) {
      await using server = await raw((socket) => {
        socket.resume()
        if (end) socket.end(early)
        else socket.write(early)
      })
      const response = await nodeHttp.request({ method: 'PUT', url: server.url, body: pieces(2000, 10_000, 1) })
      expect([response.status, await response.text()]).toEqual([403, 'denied'])
    }
  })

  it('of which a piece cannot be read is that failure, not one of the server', async () => {
    await using server = await echo()
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10)
      throw new FailedError('SOURCE_GONE', 'the file went away')
    }
    await expect(nodeHttp.request({ method: 'PUT', url: server.url, body: broken() })).rejects.toMatchObject({
      code: 'SOURCE_GONE',
    })
    async function* odd(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10)
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
    }
    await expect(nodeHttp.request({ method: 'PUT', url: server.url, body: odd() })).rejects.toMatchObject({
      message: 'EIO: i/o error, read',
      code: 'EIO',
    })
  })
})

describe('no answer', () => {
  it('where nothing listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    await expect(nodeHttp.request({ method: 'GET', url: `${url}/path` })).rejects.toEqual(
      unreachable(`${url}: nothing listens there`, 'ECONNREFUSED'),
    )
  })

  it('where the connection is cut before the head', async () => {
    await using server = await raw((socket) => socket.destroy())
    await expect(nodeHttp.request({ method: 'GET', url: server.url })).rejects.toEqual(
      unreachable('the connection was cut'),
    )
    await using closing = await raw((socket) => socket.end())
    await expect(nodeHttp.request({ method: 'GET', url: closing.url })).rejects.toEqual(
      unreachable('the connection was cut'),
    )
  })

  it('where something else than HTTP is spoken', async () => {
    await using server = await raw((socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n'))
    await expect(nodeHttp.request({ method: 'GET', url: server.url })).rejects.toEqual(unreachable(server.url))
  })

  it('where the body is cut, with and without a length', async () => {
    for (const head of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
      await using server = await raw((socket) =>
        socket.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${head.startsWith('T') ? '5\r\n' : ''}hello`),
      )
      const response = await nodeHttp.request({ method: 'GET', url: server.url })
      expect(response.status).toBe(200)
      await expect(response.text(), head).rejects.toEqual(unreachable('the connection was cut'))
    }
  })

  it('in time: of the head, and between two pieces of the body', async () => {
    await using silent = await raw(() => {})
    await expect(nodeHttp.request({ method: 'GET', url: silent.url, timeoutMs: 200 })).rejects.toEqual(
      unreachable('no answer within 0.2 s', 'ETIMEDOUT'),
    )
    await using stuck = await raw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello'))
    const response = await nodeHttp.request({ method: 'GET', url: stuck.url, timeoutMs: 200 })
    await expect(response.text()).rejects.toEqual(unreachable('no answer within 0.2 s', 'ETIMEDOUT'))
  })

  it('of a server that is slow and says something all the time is waited for', async () => {
    await using server = await raw(async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n')
      for (let n = 0; n < 10; n++) {
        await sleep(60)
        socket.write(String(n))
      }
    })
    const response = await nodeHttp.request({ method: 'GET', url: server.url, timeoutMs: 400 })
    expect(await response.text()).toBe('0123456789')
  })
})

describe('the addresses of the cluster', () => {
  it('come before those of the system', async () => {
    await using server = await echo()
    const asked: string[] = []
    const addressOf = (name: string) => {
      asked.push(name)
      return name === 'server01.hadoop.com' ? '127.0.0.1' : undefined
    }
    const response = await nodeHttp.request({
      method: 'GET',
      url: `http://server01.hadoop.com:${server.port}/x`,
      addressOf,
    })
    const [, , headers] = JSON.parse(await response.text()) as [string, string, Record<string, string>]
    expect(headers.host).toBe(`server01.hadoop.com:${server.port}`)
    expect(asked).toEqual(['server01.hadoop.com'])
  })

  it('may be names that the system knows', async () => {
    await using server = await echo()
    const url = `http://nobody.invalid:${server.port}/`
    const response = await nodeHttp.request({ method: 'GET', url, addressOf: () => 'localhost' })
    expect(response.status).toBe(207)
    await response.text()
    await expect(nodeHttp.request({ method: 'GET', url, addressOf: () => undefined })).rejects.toEqual(
      unreachable(`http://nobody.invalid:${server.port}: `),
    )
  })
})

describe('an abort', () => {
  it('before, while waiting and in the body is an interruption', async () => {
    await using silent = await raw(() => {})
    await expect(
      nodeHttp.request({ method: 'GET', url: silent.url, signal: AbortSignal.abort() }),
    ).rejects.toBeInstanceOf(InterruptedError)
    const waiting = new AbortController()
    const asked = nodeHttp.request({ method: 'GET', url: silent.url, signal: waiting.signal })
    setTimeout(() => waiting.abort(), 50)
    await expect(asked).rejects.toBeInstanceOf(InterruptedError)
    await using stuck = await raw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello'))
    const reading = new AbortController()
    const response = await nodeHttp.request({ method: 'GET', url: stuck.url, signal: reading.signal })
    setTimeout(() => reading.abort(), 50)
    await expect(response.text()).rejects.toBeInstanceOf(InterruptedError)
    const sending = new AbortController()
    setTimeout(() => sending.abort(), 50)
    await expect(
      nodeHttp.request({ method: 'PUT', url: silent.url, signal: sending.signal, body: pieces(1_000_000, 10, 5) }),
    ).rejects.toBeInstanceOf(InterruptedError)
  })

  it('with an error of ours is that error', async () => {
    await using silent = await raw(() => {})
    const controller = new AbortController()
    setTimeout(() => controller.abort(new FailedError('TOO_LATE', 'too late')), 50)
    await expect(nodeHttp.request({ method: 'GET', url: silent.url, signal: controller.signal })).rejects.toMatchObject(
      { code: 'TOO_LATE' },
    )
  })
})

describe('ask', () => {
  const answering = (answer: (socket: net.Socket, question: Buffer) => void) =>
    listen(net.createServer((socket) => socket.once('data', (question) => answer(socket, question))))
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

  it('returns what comes until the other side closes', async () => {
    await using server = await answering((socket, question) => {
      socket.write('Zookeeper ')
      setTimeout(() => socket.end(`says ${question.toString()}`), 30)
    })
    expect(text(await nodeHttp.ask({ address: '127.0.0.1', port: server.port, data: 'ruok' }))).toBe(
      'Zookeeper says ruok',
    )
  })

  it('ends when enough has come, without waiting for the other side', async () => {
    await using server = await answering((socket, question) => {
      socket.write(question.subarray(0, 2))
      setTimeout(() => socket.write('xyz'), 30)
    })
    const answer = await nodeHttp.ask({
      address: '127.0.0.1',
      port: server.port,
      data: Uint8Array.of(97, 98),
      enough: (received) => received.byteLength >= 5,
      timeoutMs: 10_000,
    })
    expect(text(answer)).toBe('abxyz')
  })

  it('where nothing listens, nothing is said or it is cut, is unreachable', async () => {
    const port = await freePort()
    await expect(nodeHttp.ask({ address: '127.0.0.1', port, data: 'x' })).rejects.toEqual(
      unreachable(`127.0.0.1:${port}: nothing listens there`, 'ECONNREFUSED'),
    )
    await using silent = await answering(() => {})
    await expect(nodeHttp.ask({ address: '127.0.0.1', port: silent.port, data: 'x', timeoutMs: 150 })).rejects.toEqual(
      unreachable('no answer within 0.15 s', 'ETIMEDOUT'),
    )
    await using reset = await answering((socket) => socket.resetAndDestroy())
    await expect(nodeHttp.ask({ address: '127.0.0.1', port: reset.port, data: 'x' })).rejects.toEqual(
      unreachable('the connection was cut', 'ECONNRESET'),
    )
  })

  it('is interrupted by an abort', async () => {
    await using silent = await answering(() => {})
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    await expect(
      nodeHttp.ask({ address: '127.0.0.1', port: silent.port, data: 'x', signal: controller.signal }),
    ).rejects.toBeInstanceOf(InterruptedError)
    await expect(
      nodeHttp.ask({ address: '127.0.0.1', port: silent.port, data: 'x', signal: AbortSignal.abort() }),
    ).rejects.toBeInstanceOf(InterruptedError)
  })
})
