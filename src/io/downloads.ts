import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { DownloadError, type DownloadRequest, type DownloadResult, type Downloads } from '../core/downloads.js'
import { systemCode, throwIfInterrupted } from '../core/errors.js'

export interface DownloadSettings {
  /** Pause before the first new attempt, milliseconds; it doubles with each one. */
  readonly firstPauseMs?: number
  /** Attempts in a row that bring nothing. */
  readonly attempts?: number
  /** How long a server may be silent, milliseconds. */
  readonly silenceMs?: number
}

const longestPauseMs = 30_000
const redirectsAtMost = 5
const chunkBytes = 1024 * 1024

/** Another attempt may go better. */
class Retryable extends Error {
  constructor(
    readonly error: DownloadError,
    /** What the server asks for, milliseconds. */
    readonly pauseMs?: number,
  ) {
    super(error.message)
  }
}

/** Node's and undici's codes as curl's exit codes. */
function curlExit(error: unknown): number {
  const code = systemCode(error) ?? ''
  if (/^(ENOTFOUND|EAI_AGAIN|EAI_NODATA)$/.test(code)) return 6
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/.test(code)) return 7
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return 28
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS_CERT/.test(code)) return 60
  if (/^(ERR_SSL|EPROTO|ERR_TLS)/.test(code)) return 35
  return 56
}

function unreachable(url: string, cause: unknown): DownloadError {
  const reason = cause instanceof Error && cause.message !== '' ? cause.message : (systemCode(cause) ?? String(cause))
  return new DownloadError(
    'DOWNLOAD_UNREACHABLE',
    `${url} does not answer: ${reason}`,
    { url, status: 0, exit: curlExit(cause) },
    { cause, place: { thing: url } },
  )
}

/** Neither a name nor a certificate comes right by waiting; a connection that broke may. */
function isLasting(error: DownloadError): boolean {
  return [6, 35, 60].includes(error.failure.exit)
}

function retryAfterMs(value: string | string[] | undefined): number | undefined {
  const seconds = Number(value)
  return value === undefined || Number.isNaN(seconds) ? undefined : Math.min(seconds * 1000, longestPauseMs)
}

function refused(url: string, status: number): DownloadError {
  return new DownloadError(
    'DOWNLOAD_REFUSED',
    `${url} answers ${status}`,
    { url, status, exit: 22 },
    { place: { thing: url } },
  )
}

interface Answer {
  readonly body: Dispatcher.ResponseData['body']
  /** Where the body begins in the file. */
  readonly from: number
  /** Bytes of the whole file, when the server says. */
  readonly total: number | undefined
}

interface Sums {
  readonly sha256: Hash
  readonly other: Hash | undefined
}

function newSums(request: DownloadRequest): Sums {
  const algorithm = request.checksum?.algorithm
  return {
    sha256: createHash('sha256'),
    other: algorithm === undefined || algorithm === 'sha256' ? undefined : createHash(algorithm),
  }
}

async function hashFile(file: FileHandle, sums: Sums, signal: AbortSignal | undefined): Promise<number> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  let at = 0
  for (;;) {
    if (signal !== undefined) throwIfInterrupted(signal)
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at)
    if (bytesRead === 0) return at
    const chunk = buffer.subarray(0, bytesRead)
    sums.sha256.update(chunk)
    sums.other?.update(chunk)
    at += bytesRead
  }
}

function digests(sums: Sums): { readonly sha256: string; readonly wanted: string } {
  const sha256 = sums.sha256.digest('hex')
  return { sha256, wanted: sums.other === undefined ? sha256 : sums.other.digest('hex') }
}

function agrees(request: DownloadRequest, bytes: number, wanted: string): boolean {
  return (
    (request.size === undefined || request.size === bytes) &&
    (request.checksum === undefined || request.checksum.hex === wanted)
  )
}

/** The verified target, when an earlier call has made it. */
async function finished(request: DownloadRequest): Promise<DownloadResult | undefined> {
  if (request.checksum === undefined) return undefined
  const info = await stat(request.target).catch(() => undefined)
  if (info?.isFile() !== true || (request.size !== undefined && info.size !== request.size)) return undefined
  await using file = await open(request.target, 'r')
  const sums = newSums(request)
  const bytes = await hashFile(file, sums, request.signal)
  const { sha256, wanted } = digests(sums)
  return agrees(request, bytes, wanted) ? { bytes, sha256, resumedFrom: 0, status: 'unchanged' } : undefined
}

class Transfer {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly request: DownloadRequest,
    private readonly silenceMs: number,
  ) {}

  private async ask(url: URL, from: number): Promise<Dispatcher.ResponseData> {
    const { credentials, signal } = this.request
    const { request } = await import('undici')
    const own = url.origin === new URL(this.request.url).origin
    const login =
      credentials === undefined || !own
        ? {}
        : {
            authorization: `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`,
          }
    return request(url, {
      dispatcher: this.dispatcher,
      // Unpacked on the way it would not be what the checksum is of.
      headers: {
        'accept-encoding': 'identity',
        'user-agent': 'smartcar',
        ...login,
        ...(from > 0 ? { range: `bytes=${from}-` } : {}),
      },
      headersTimeout: this.silenceMs,
      bodyTimeout: this.silenceMs,
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** The answer to a GET from byte `from` on, redirects followed. */
  async open(from: number): Promise<Answer> {
    const { url: given } = this.request
    let url = new URL(given)
    for (let turn = 0; ; turn++) {
      const response = await this.ask(url, from)
      const { statusCode: status, headers, body } = response
      if (status === 200 || status === 206) {
        const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(headers['content-range'] ?? ''))
        const start = status === 206 ? Number(range?.[1] ?? from) : 0
        const length = Number(headers['content-length'])
        const total = Number.isNaN(length) ? undefined : start + length
        return { body, from: start, total }
      }
      await body.dump()
      const location = headers.location
      if ([301, 302, 303, 307, 308].includes(status) && typeof location === 'string' && turn < redirectsAtMost) {
        url = new URL(location, url)
        continue
      }
      const error = refused(given, status)
      if (status === 408 || status === 429 || status >= 500)
        throw new Retryable(error, retryAfterMs(headers['retry-after']))
      throw error
    }
  }
}

/** One attempt: continues the part where that makes sense; returns what is in it. */
async function attempt(
  transfer: Transfer,
  request: DownloadRequest,
  part: string,
  keep: boolean,
): Promise<{ readonly bytes: number; readonly sha256: string; readonly wanted: string; readonly resumedFrom: number }> {
  const { signal, onProgress, size } = request
  await using file = await open(part, keep ? 'a+' : 'w+')
  let sums = newSums(request)
  let done = keep ? await hashFile(file, sums, signal) : 0
  if (size !== undefined && done > size) {
    await file.truncate(0)
    sums = newSums(request)
    done = 0
  }
  let resumedFrom = done
  if (done === 0 || done !== size) {
    const answer = await transfer.open(done).catch(async (error: unknown) => {
      // The server has less than the part: it is of something else.
      if (!(error instanceof DownloadError) || error.failure.status !== 416) throw error
      await file.truncate(0)
      sums = newSums(request)
      done = 0
      return transfer.open(0)
    })
    if (answer.from !== done) {
      await file.truncate(0)
      sums = newSums(request)
      done = 0
    }
    resumedFrom = done
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      let written = 0
      // Appended: 'a' ignores positions, and a part that was cut to nothing begins anew.
      while (written < chunk.byteLength) written += (await file.write(chunk, written)).bytesWritten
      sums.sha256.update(chunk)
      sums.other?.update(chunk)
      done += chunk.byteLength
      onProgress?.(done, size ?? answer.total)
    }
    if (answer.total !== undefined && done < answer.total)
      throw new Retryable(
        unreachable(request.url, new Error(`the transfer ended after ${done} of ${answer.total} bytes`)),
      )
  }
  await file.sync()
  return { bytes: done, ...digests(sums), resumedFrom }
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0
}

function damaged(request: DownloadRequest, bytes: number, wanted: string): DownloadError {
  const { url, size, checksum } = request
  const what =
    size !== undefined && size !== bytes
      ? `has ${bytes} bytes instead of ${size}`
      : `has the ${checksum?.algorithm} ${wanted} instead of ${checksum?.hex}`
  return new DownloadError(
    'DOWNLOAD_DAMAGED',
    `${url} ${what}, twice`,
    { url, status: 200, exit: 0 },
    {
      place: { thing: url },
      hints: ['the server or a proxy between gives other bytes than the repository says: try later, or use a mirror'],
    },
  )
}

/**
 * Downloads by undici: kept connections, and the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name. Nothing is opened
 * before the first download; what is left open does not keep the process alive.
 */
export function httpDownloads(settings: DownloadSettings = {}): Downloads {
  const { firstPauseMs = 500, attempts = 5, silenceMs = 30_000 } = settings
  let shared: Promise<Dispatcher> | undefined
  const makeDispatcher = async (): Promise<Dispatcher> => {
    const { EnvHttpProxyAgent } = await import('undici')
    return new EnvHttpProxyAgent({ connect: { timeout: silenceMs }, keepAliveTimeout: 1000 })
  }
  return {
    async download(request) {
      const there = await finished(request)
      if (there !== undefined) return there
      shared ??= makeDispatcher()
      const transfer = new Transfer(await shared, request, silenceMs)
      const part = `${request.target}.part`
      await mkdir(path.dirname(request.target), { recursive: true })
      // Without a checksum nobody can tell whether an old part belongs to the same content.
      let keep = request.checksum !== undefined
      let mended = false
      let first: number | undefined
      let furthest = 0
      for (let failures = 0; ; ) {
        if (request.signal !== undefined) throwIfInterrupted(request.signal)
        const before = keep ? await sizeOf(part) : 0
        try {
          const got = await attempt(transfer, request, part, keep)
          first ??= got.resumedFrom
          if (agrees(request, got.bytes, got.wanted)) {
            await rename(part, request.target)
            return { bytes: got.bytes, sha256: got.sha256, resumedFrom: first, status: 'written' }
          }
          await rm(part, { force: true })
          if (mended) throw damaged(request, got.bytes, got.wanted)
          mended = true
          first = 0
        } catch (error) {
          if (request.signal !== undefined) throwIfInterrupted(request.signal)
          if (error instanceof DownloadError) throw error
          if (!(error instanceof Retryable) && isFileError(error)) throw error
          const failure = error instanceof Retryable ? error.error : unreachable(request.url, error)
          first ??= before
          // Only what no attempt had before counts as progress: else a server that always ends early is asked for ever.
          const reached = await sizeOf(part)
          failures = reached > Math.max(before, furthest) ? 1 : failures + 1
          furthest = Math.max(furthest, reached)
          if (failures >= attempts || isLasting(failure)) throw failure
          keep = request.checksum !== undefined
          const pause = (error instanceof Retryable ? error.pauseMs : undefined) ?? firstPauseMs * 2 ** (failures - 1)
          await delay(Math.min(pause, longestPauseMs), undefined, {
            ...(request.signal === undefined ? {} : { signal: request.signal }),
          }).catch(() => {})
        }
      }
    },
  }
}

/** Of the disk here, not of the connection. */
function isFileError(error: unknown): boolean {
  return /^(ENOSPC|EACCES|EPERM|EROFS|EIO|EDQUOT|EMFILE|ENFILE|EISDIR|ENOTDIR|ENOENT|EFBIG)$/.test(
    systemCode(error) ?? '',
  )
}
