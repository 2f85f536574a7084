import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { InterruptedError, SmartcarError, systemCode, UnreachableError } from '../core/errors.js'
import type { Http, HttpRequest, HttpResponse } from '../core/ports.js'

const defaultTimeoutMs = 30_000
const defaultTextLimit = 1024 * 1024

/** What the system's codes mean for somebody who wants an answer. */
const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is not known',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'no answer in time',
}

function unreachable(where: string, error: unknown, signal: AbortSignal | undefined): SmartcarError {
  if (signal?.aborted) {
    return signal.reason instanceof SmartcarError ? signal.reason : new InterruptedError(undefined, { cause: error })
  }
  if (error instanceof SmartcarError) return error
  const code = systemCode(error)
  const meaning = (code === undefined ? undefined : meanings[code]) ?? (error instanceof Error ? error.message : '')
  return new UnreachableError('SERVICE_UNREACHABLE', `${where}: ${meaning}`, {
    cause: error,
    place: { thing: where },
    data: { ...(code === undefined ? {} : { code }) },
  })
}

const noAnswer = (where: string, timeoutMs: number) =>
  new UnreachableError('SERVICE_UNREACHABLE', `${where}: no answer within ${timeoutMs / 1000} s`, {
    place: { thing: where },
    data: { code: 'ETIMEDOUT' },
  })

/** node's own look-up, with the names of the cluster before those of the system. */
function lookup(addressOf: NonNullable<HttpRequest['addressOf']>): net.LookupFunction {
  return (name, options, done) => {
    const address = addressOf(name)
    if (address === undefined || net.isIP(address) === 0) {
      import('node:dns').then(
        ({ lookup: system }) => system(address ?? name, options, done),
        (error) => done(error, ''),
      )
      return
    }
    const family = net.isIP(address)
    if (options.all === true) done(null, [{ address, family }])
    else done(null, address, family)
  }
}

/** `reason` turns what node throws into what is told: node says of every end of a body that it was aborted. */
async function* bodyOf(message: http.IncomingMessage, reason: (error: unknown) => unknown) {
  try {
    for await (const chunk of message) yield chunk as Uint8Array
  } catch (error) {
    throw reason(error)
  }
}

function response(message: http.IncomingMessage, reason: (error: unknown) => unknown): HttpResponse {
  const body = bodyOf(message, reason)
  return {
    status: message.statusCode ?? 0,
    headers: Object.fromEntries(
      Object.entries(message.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    ),
    body,
    async text(limit = defaultTextLimit) {
      const chunks: Uint8Array[] = []
      let size = 0
      for await (const chunk of body) {
        if (size < limit) chunks.push(chunk)
        size += chunk.byteLength
      }
      return Buffer.concat(chunks).subarray(0, limit).toString('utf8')
    },
  }
}

async function request(options: HttpRequest): Promise<HttpResponse> {
  const { method, url, headers, body, signal, addressOf, timeoutMs = defaultTimeoutMs } = options
  const target = new URL(url)
  const where = `${target.protocol}//${target.host}`
  const client = target.protocol === 'https:' ? https : http
  const sent = client.request(target, {
    method,
    headers: {
      ...(typeof body === 'string' || body instanceof Uint8Array
        ? { 'content-length': String(Buffer.byteLength(body)) }
        : {}),
      ...headers,
    },
    timeout: timeoutMs,
    // A connection of its own: one that a server closes in the meantime would fail the next request.
    agent: false,
    ...(signal === undefined ? {} : { signal }),
    ...(addressOf === undefined ? {} : { lookup: lookup(addressOf) }),
  })
  sent.setNoDelay(true)
  let late: SmartcarError | undefined
  sent.on('timeout', () => {
    late = noAnswer(where, timeoutMs)
    sent.destroy(late)
  })
  // What cannot be read here is no failure of the server.
  let unreadable: { readonly error: unknown } | undefined
  async function* pieces(source: AsyncIterable<Uint8Array>) {
    try {
      yield* source
    } catch (error) {
      unreadable = { error }
      throw error
    }
  }
  const reason = (error: unknown): unknown =>
    unreadable !== undefined && signal?.aborted !== true ? unreadable.error : unreachable(where, late ?? error, signal)
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    sent.on('response', resolve)
    sent.on('error', reject)
    sent.on('close', () => reject(new UnreachableError('SERVICE_UNREACHABLE', `${where}: the connection was cut`)))
  })
  // An answer may come, and end the exchange, before the whole body was sent: it is what counts.
  answered.catch(() => {})
  try {
    if (body === undefined) sent.end()
    else if (typeof body === 'string' || body instanceof Uint8Array) sent.end(body)
    else await Promise.race([pipeline(Readable.from(pieces(body), { objectMode: false }), sent), answered])
    return response(await answered, reason)
  } catch (error) {
    sent.destroy()
    throw reason(error)
  }
}

/** HTTP by node:http: `fetch` takes the unasked `100 Continue` of HDFS's DataNode for an error and cannot upload there. */
export const nodeHttp: Http = {
  request,
  ask({ address, port, data, enough, timeoutMs = defaultTimeoutMs, signal }) {
    const where = `${address}:${port}`
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: address, port, ...(signal === undefined ? {} : { signal }) })
      const chunks: Buffer[] = []
      socket.setTimeout(timeoutMs, () => socket.destroy(noAnswer(where, timeoutMs)))
      socket.on('connect', () => socket.write(data))
      socket.on('data', (chunk) => {
        chunks.push(chunk)
        if (enough?.(Buffer.concat(chunks)) === true) socket.destroy()
      })
      socket.on('error', (error) => reject(unreachable(where, error, signal)))
      socket.on('close', () => resolve(Buffer.concat(chunks)))
    })
  },
}
