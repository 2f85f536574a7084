import path from 'node:path'
import type { FileStatus, WebHdfsClient } from 'webhdfs'
import type { Cluster, Endpoint } from '../../core/cluster/cluster.js'
import {
  BugError,
  FailedError,
  InterruptedError,
  SmartcarError,
  systemCode,
  UnreachableError,
  UsageError,
} from '../../core/errors.js'
import type { Http, HttpRequest, HttpResponse } from '../../core/ports.js'
import { md5OfAnswer } from './checksum.js'
import { hdfsError, type RemoteException, remoteException } from './remote-error.js'

export interface HdfsEntry {
  readonly path: string
  readonly name: string
  readonly kind: 'file' | 'directory' | 'link'
  readonly size: number
  readonly owner: string
  readonly group: string
  /** Octal, as `755`. */
  readonly permission: string
  /** milliseconds since 1970 */
  readonly modified: number
  readonly replication: number
  readonly blockSize: number
}

export interface HdfsSummary {
  readonly size: number
  /** With all replicas. */
  readonly consumed: number
  readonly files: number
  readonly directories: number
}

/** HDFS by WebHDFS: paths are absolute, errors name path, cause and cure. */
export interface Hdfs {
  /** Who asks. */
  readonly user: string
  /** The NameNode, for messages. */
  readonly where: string
  /** undefined when nothing is there. */
  stat(path: string): Promise<HdfsEntry | undefined>
  /** Entries of a folder by name; a file is its own only entry. */
  list(path: string): Promise<readonly HdfsEntry[]>
  summary(path: string): Promise<HdfsSummary>
  mkdir(path: string, mode: string): Promise<void>
  /** Replaces a file that is there. */
  rename(from: string, to: string): Promise<void>
  remove(path: string, recursive: boolean): Promise<void>
  chmod(path: string, mode: string): Promise<void>
  chown(path: string, owner: string, group: string): Promise<void>
  read(path: string, offset?: number): AsyncIterable<Uint8Array>
  /** Writes a file from its beginning; one that is there is replaced. */
  create(path: string, body: AsyncIterable<Uint8Array>, blockSize: number): Promise<void>
  append(path: string, body: AsyncIterable<Uint8Array>): Promise<void>
  /** MD5 as `HdfsChecksum` gives it; undefined where HDFS is set to another algorithm. */
  checksum(path: string): Promise<string | undefined>
  /** Block size of new files, in bytes. */
  blockSize(): Promise<number>
  /** A page of the NameNode beside WebHDFS: `/fsck?…`, `/jmx?…`. */
  page(path: string): AsyncIterable<Uint8Array>
}

export interface HdfsOptions {
  readonly http: Http
  readonly signal: AbortSignal
  readonly user: string
}

const timeoutMs = 30_000
/** An upload ends with the last DataNode's confirmation. */
const transferTimeoutMs = 120_000
const defaultBlockSize = 128 * 1024 * 1024

/** `hdfs://host/a//b/../c` and `c` as absolute paths; relative ones are below the user's folder. */
export function hdfsPath(given: string, user: string): string {
  const bare = given.replace(/^(hdfs|webhdfs):\/\/[^/]*/, '')
  if (bare === '' && given !== '') return '/'
  if (given === '') throw new UsageError('HDFS_PATH_EMPTY', 'the path is empty')
  const absolute = path.posix.resolve(`/user/${user}`, bare)
  return absolute
}

/** As a path of a URL; WebHDFS decodes each part once. */
const encodePath = (name: string) => name.split('/').map(encodeURIComponent).join('/')

function entryOf(status: FileStatus, folder: string): HdfsEntry {
  const full = status.pathSuffix === '' ? folder : path.posix.join(folder, status.pathSuffix)
  return {
    path: full,
    name: path.posix.basename(full),
    kind: status.type === 'FILE' ? 'file' : status.type === 'DIRECTORY' ? 'directory' : 'link',
    size: status.length,
    owner: status.owner,
    group: status.group,
    permission: status.permission.padStart(3, '0'),
    modified: status.modificationTime,
    replication: status.replication,
    blockSize: status.blockSize,
  }
}

/** A refusal on its way through the webhdfs package. */
class Refused extends Error {
  constructor(
    readonly remote: RemoteException | undefined,
    readonly status: number | undefined,
  ) {
    super(remote?.message ?? `HTTP ${status}`)
  }
}

type Callback<T> = (error: Error | null | undefined, value: T) => void

export function openHdfs(cluster: Cluster, options: HdfsOptions): Hdfs {
  return new WebHdfs(cluster.endpoint('namenode', 'http'), (name) => cluster.addressOf(name), options)
}

class WebHdfs implements Hdfs {
  readonly user: string
  readonly where: string
  private readonly root: string
  private client: Promise<WebHdfsClient> | undefined

  constructor(
    private readonly namenode: Endpoint,
    private readonly addressOf: (name: string) => string | undefined,
    private readonly options: HdfsOptions,
  ) {
    this.user = options.user
    this.where = `the NameNode on ${namenode.host}, ${namenode.address}:${namenode.port}`
    const host = namenode.address.includes(':') ? `[${namenode.address}]` : namenode.address
    this.root = `http://${host}:${namenode.port}`
  }

  // --- by the webhdfs package: what asks the NameNode and changes names alone

  private webhdfs(): Promise<WebHdfsClient> {
    this.client ??= import('webhdfs').then(({ default: webhdfs }) => {
      const client = webhdfs.createClient(
        { host: this.namenode.address, port: String(this.namenode.port), path: '/webhdfs/v1', user: this.user },
        // Handed on to the socket; without a limit the package waits for ever.
        { timeout: timeoutMs, lookup: lookupIn(this.addressOf), followRedirect: false },
      )
      client._parseError = (body, _strict, status) => new Refused(remoteException(body), status)
      return client
    })
    return this.client
  }

  private async metadata<T>(
    target: string,
    work: (client: WebHdfsClient, encoded: string, done: Callback<T>) => { abort(): void },
  ): Promise<T> {
    const { signal } = this.options
    const client = await this.webhdfs()
    let stop = () => {}
    try {
      return await new Promise<T>((resolve, reject) => {
        if (signal.aborted) reject(signal.reason)
        const running = work(client, encodePath(target), (error, value) => {
          if (error === null || error === undefined) resolve(value)
          else reject(error)
        })
        stop = () => {
          running.abort()
          reject(signal.reason)
        }
        signal.addEventListener('abort', stop, { once: true })
      })
    } catch (error) {
      throw this.meaning(error, target)
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  private meaning(error: unknown, target: string): SmartcarError {
    const { signal } = this.options
    if (signal.aborted) return signal.reason instanceof SmartcarError ? signal.reason : new InterruptedError()
    if (error instanceof Refused) {
      if (error.remote !== undefined) return hdfsError(target, this.user, error.remote)
      return this.noWebHdfs(error.status ?? 0)
    }
    if (error instanceof UnreachableError) return this.unreachable(error.message, error)
    if (error instanceof SmartcarError) return error
    const code = systemCode(error)
    const text = error instanceof Error ? error.message : String(error)
    if (code === undefined) return new FailedError('HDFS_FAILED', `${target}: ${text}`, { cause: error })
    const meanings: Readonly<Record<string, string>> = {
      ECONNREFUSED: 'nothing listens there',
      ENOTFOUND: 'the name is not known',
      ETIMEDOUT: `no answer within ${timeoutMs / 1000} s`,
      ESOCKETTIMEDOUT: `no answer within ${timeoutMs / 1000} s`,
      ECONNRESET: 'the connection was cut',
    }
    return this.unreachable(meanings[code] ?? text, error)
  }

  private unreachable(why: string, cause: unknown): UnreachableError {
    return new UnreachableError('SERVICE_UNREACHABLE', `HDFS, ${this.where}: ${why}`, {
      cause,
      place: { thing: this.where },
      hints: ['smartcar cluster status shows whether HDFS runs'],
    })
  }

  private noWebHdfs(status: number): FailedError {
    return new FailedError('HDFS_NO_WEBHDFS', `${this.where} answers ${status}, and not as WebHDFS does`, {
      hints: ['dfs.webhdfs.enabled has to be true', 'the port has to be that of the NameNode for HTTP'],
    })
  }

  async stat(target: string): Promise<HdfsEntry | undefined> {
    try {
      return entryOf(await this.metadata<FileStatus>(target, (client, name, done) => client.stat(name, done)), target)
    } catch (error) {
      if (error instanceof SmartcarError && error.code === 'HDFS_PATH_ABSENT') return undefined
      throw error
    }
  }

  async list(target: string): Promise<readonly HdfsEntry[]> {
    const found = await this.metadata<readonly FileStatus[]>(target, (client, name, done) => client.readdir(name, done))
    return found.map((status) => entryOf(status, target))
  }

  async mkdir(target: string, mode: string): Promise<void> {
    await this.metadata<void>(target, (client, name, done) => client.mkdir(name, mode, done))
  }

  async remove(target: string, recursive: boolean): Promise<void> {
    await this.metadata<void>(target, (client, name, done) => client.unlink(name, recursive, done))
  }

  async chmod(target: string, mode: string): Promise<void> {
    await this.metadata<void>(target, (client, name, done) => client.chmod(name, mode, done))
  }

  async chown(target: string, owner: string, group: string): Promise<void> {
    await this.metadata<void>(target, (client, name, done) => client.chown(name, owner, group, done))
  }

  // --- over the HTTP port: what streams, and what the package drops the answer of

  private url(target: string, op: string, parameters: Readonly<Record<string, string>> = {}): string {
    const query = new URLSearchParams({ op, 'user.name': this.user, ...parameters })
    return `${this.root}/webhdfs/v1${encodePath(target)}?${query}`
  }

  private async send(target: string, request: Omit<HttpRequest, 'signal' | 'addressOf'>): Promise<HttpResponse> {
    try {
      return await this.options.http.request({
        timeoutMs,
        ...request,
        signal: this.options.signal,
        addressOf: this.addressOf,
      })
    } catch (error) {
      if (error instanceof UnreachableError && !request.url.startsWith(this.root))
        throw dataNodeGone(request.url, error)
      throw this.meaning(error, target)
    }
  }

  private async checked(target: string, request: Omit<HttpRequest, 'signal' | 'addressOf'>): Promise<HttpResponse> {
    const response = await this.send(target, request)
    if (response.status < 400) return response
    const remote = remoteException(await response.text())
    throw remote === undefined ? this.noWebHdfs(response.status) : hdfsError(target, this.user, remote)
  }

  private async json<T>(
    method: HttpRequest['method'],
    target: string,
    op: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const response = await this.checked(target, { method, url: this.url(target, op, parameters) })
    return JSON.parse(await response.text()) as T
  }

  /** Where the NameNode sends an operation to: Hadoop before 2.8 redirects in any case. */
  private async location(
    method: HttpRequest['method'],
    target: string,
    op: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const url = this.url(target, op, { noredirect: 'true', ...parameters })
    const response = await this.checked(target, { method, url })
    const text = await response.text()
    const found: unknown =
      response.status === 307 ? response.headers.location : (JSON.parse(text) as { Location?: unknown }).Location
    if (typeof found !== 'string') throw new BugError(`${op} ${target}: the NameNode names no DataNode`)
    return found
  }

  async summary(target: string): Promise<HdfsSummary> {
    const { ContentSummary: found } = await this.json<{
      ContentSummary: { length: number; spaceConsumed: number; fileCount: number; directoryCount: number }
    }>('GET', target, 'GETCONTENTSUMMARY')
    return {
      size: found.length,
      consumed: found.spaceConsumed,
      files: found.fileCount,
      directories: found.directoryCount,
    }
  }

  async rename(from: string, to: string): Promise<void> {
    // The option is what makes it replace, and what makes it an error when it does not happen.
    await this.checked(to, {
      method: 'PUT',
      url: this.url(from, 'RENAME', { destination: to, renameoptions: 'OVERWRITE' }),
    })
  }

  async *read(target: string, offset = 0): AsyncGenerator<Uint8Array> {
    const url = await this.location('GET', target, 'OPEN', offset === 0 ? {} : { offset: String(offset) })
    const response = await this.checked(target, { method: 'GET', url, timeoutMs: transferTimeoutMs })
    try {
      yield* response.body
    } catch (error) {
      throw error instanceof UnreachableError ? dataNodeGone(url, error) : error
    }
  }

  async create(target: string, body: AsyncIterable<Uint8Array>, blockSize: number): Promise<void> {
    const parameters = { overwrite: 'true', blocksize: String(blockSize) }
    await this.upload('PUT', target, await this.location('PUT', target, 'CREATE', parameters), body)
  }

  async append(target: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    await this.upload('POST', target, await this.location('POST', target, 'APPEND'), body)
  }

  private async upload(method: 'PUT' | 'POST', target: string, url: string, body: AsyncIterable<Uint8Array>) {
    const headers = { 'content-type': 'application/octet-stream' }
    const response = await this.checked(target, { method, url, headers, body, timeoutMs: transferTimeoutMs })
    await response.text()
  }

  async checksum(target: string): Promise<string | undefined> {
    const url = await this.location('GET', target, 'GETFILECHECKSUM')
    const response = await this.checked(target, { method: 'GET', url, timeoutMs: transferTimeoutMs })
    const { FileChecksum } = JSON.parse(await response.text()) as {
      FileChecksum: { algorithm: string; bytes: string }
    }
    return md5OfAnswer(FileChecksum)
  }

  async blockSize(): Promise<number> {
    try {
      const found = await this.json<{ FsServerDefaults?: { blockSize?: number } }>('GET', '/', 'GETSERVERDEFAULTS')
      return found.FsServerDefaults?.blockSize ?? defaultBlockSize
    } catch (error) {
      // Hadoop before 3.1 does not know the question.
      if (error instanceof SmartcarError && error.code === 'HDFS_ARGUMENT') return defaultBlockSize
      throw error
    }
  }

  async *page(name: string): AsyncGenerator<Uint8Array> {
    const response = await this.send(name, { method: 'GET', url: `${this.root}${name}`, timeoutMs: transferTimeoutMs })
    if (response.status !== 200) {
      await response.text()
      throw new FailedError('HDFS_FAILED', `${this.where} answers ${response.status} for ${name.split('?')[0]}`)
    }
    yield* response.body
  }
}

/** A host's name is in the redirect; the site knows its address. */
function lookupIn(addressOf: (name: string) => string | undefined) {
  type Done = (error: Error | null, address: unknown, family?: number) => void
  return (name: string, options: { readonly all?: boolean }, done: Done) => {
    import('node:dns').then(({ lookup }) => lookup(addressOf(name) ?? name, options, done as never), done as never)
  }
}

function dataNodeGone(url: string, error: UnreachableError): UnreachableError {
  return new UnreachableError('SERVICE_UNREACHABLE', `HDFS, a DataNode: ${error.message}`, {
    cause: error,
    place: { thing: new URL(url).host },
    hints: ['smartcar hdfs report shows which DataNodes run', 'smartcar cluster status'],
  })
}

/** Parses a page of JSON such as /jmx. */
export async function pageText(hdfs: Hdfs, name: string): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of hdfs.page(name)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
