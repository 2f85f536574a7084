/**
 * The world, as small as possible. `src/io` implements these, `src/cli/context.ts` hands them out; everything else
 * in `src` receives them, so that tests can fail a disk or a clock without touching the code under test.
 */
import type { Downloads } from './downloads.js'
import type { Emit } from './events.js'
import type { SiteLayout } from './layout.js'

export interface FileInfo {
  readonly path: string
  readonly name: string
  readonly kind: 'file' | 'directory' | 'other'
  /** bytes */
  readonly size: number
  /** milliseconds since 1970 */
  readonly modified: number
  /** Identity of the file across renames (inode; 0 where the file system has none). */
  readonly inode: number
}

/** An open file, read by position. */
export interface FileReader extends AsyncDisposable {
  /** Fills `target` from `position` (bytes from the start, or the current one when left out); returns bytes read, 0 at the end. */
  read(target: Uint8Array, position?: number): Promise<number>
  info(): Promise<FileInfo>
}

/** A file that appears under its name complete or not at all: temporary name, fsync, rename. Disposing without commit removes it. */
export interface AtomicFile extends AsyncDisposable {
  /** The temporary name that is written to until `commit`; other programs (DuckDB) may write it themselves. */
  readonly temporaryPath: string
  write(data: Uint8Array | string): Promise<void>
  /** Flushes to disk and renames over the final name. */
  commit(): Promise<void>
}

/** A file that grows. */
export interface AppendFile extends AsyncDisposable {
  write(data: Uint8Array | string): Promise<void>
  sync(): Promise<void>
  /** Size in bytes, including what this handle wrote. */
  size(): Promise<number>
}

export interface WriteOptions {
  /** Permission bits; 0o600 for files that hold secrets. */
  readonly mode?: number
}

export interface Files {
  /** undefined when nothing is there. */
  stat(path: string): Promise<FileInfo | undefined>
  /** Entries of a folder sorted by name; empty when the folder does not exist. */
  list(folder: string): Promise<readonly FileInfo[]>
  open(path: string): Promise<FileReader>
  /** Whole text, undefined when the file does not exist. For small files. */
  readText(path: string): Promise<string | undefined>
  createAtomic(path: string, options?: WriteOptions): Promise<AtomicFile>
  writeAtomic(path: string, data: Uint8Array | string, options?: WriteOptions): Promise<void>
  append(path: string, options?: WriteOptions): Promise<AppendFile>
  mkdir(folder: string, options?: WriteOptions): Promise<void>
  /** Atomic within one file system; replaces an existing file. */
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  removeTree(folder: string): Promise<void>
  /** Makes earlier renames in this folder durable (fsync of the folder; nothing where the platform has no such thing). */
  syncFolder(folder: string): Promise<void>
  /** A symbolic link `path` that points at the absolute `target`; replaces an existing link. */
  symlink(target: string, path: string): Promise<void>
  /** Copies a folder with everything in it, permission bits included. */
  copyTree(from: string, to: string): Promise<void>
  /** Gives a file, or a folder with everything in it, to an account (root only). */
  chownTree(path: string, uid: number, gid: number): Promise<void>
  /** Asks the operating system, since permission bits alone do not tell (root, read-only mounts). */
  isWritable(path: string): Promise<boolean>
  /** Free bytes of the file system that holds `path`. */
  freeBytes(path: string): Promise<number>
  /**
   * Exclusive between processes, released when disposed or when the holder dies (kill -9 included).
   * `onWait` is told once who holds it, when it is held.
   */
  lock(path: string, purpose: string, options?: LockOptions): Promise<AsyncDisposable>
}

export interface LockHolder {
  readonly pid: number
  readonly purpose: string
  /** ISO 8601 */
  readonly since: string
}

export interface LockOptions {
  readonly signal?: AbortSignal
  readonly onWait?: (holder: LockHolder) => void
}

export interface Clock {
  /** milliseconds since 1970; may jump, also backwards */
  now(): number
  /** milliseconds, never backwards; for durations */
  monotonic(): number
  /** Resolves after `ms` or rejects when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Numeric account to run as (root only). */
  readonly uid?: number
  readonly gid?: number
  /** Told of every line of stdout and stderr, as it comes. */
  readonly onLine?: (line: string) => void
}

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Daemon {
  readonly pid: number
  /** Resolves when the process has ended, for as long as this process lives. */
  readonly exited: Promise<number>
}

export interface Processes {
  /** Runs an argument array (never a shell string) and waits; a non-zero exit is a result, not a throw. */
  run(argv: readonly [string, ...string[]], options?: RunOptions): Promise<RunResult>
  /** Starts a process that outlives this one, its output appended to `logFile`. */
  startDaemon(argv: readonly [string, ...string[]], options: RunOptions & { readonly logFile: string }): Promise<Daemon>
  isAlive(pid: number): boolean
  kill(pid: number, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void
  /** Numeric ids of an account, undefined when there is none. */
  account(name: string): Promise<{ readonly uid: number; readonly gid: number } | undefined>
  /** Effective user id of this process; undefined where the platform has none (Windows). */
  readonly uid: number | undefined
}

/** One worker thread running a module of `src/workers`. */
export interface WorkerHandle extends AsyncDisposable {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void
  /** Every message that the worker posts, until it ends; throws what the worker threw. */
  messages(): AsyncIterable<unknown>
}

export interface Workers {
  /** Cores that this process may use. */
  readonly parallelism: number
  /** `entry`: file name in src/workers without its ending. */
  start(entry: string, data: unknown): WorkerHandle
}

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD'
  /** Absolute; http or https. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Until the head of the answer is there, and between two pieces of its body; 30 s unless said. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** The address behind a host name that this machine may not know; undefined leaves the name to the system. */
  readonly addressOf?: (name: string) => string | undefined
}

export interface HttpResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Has to be read to its end, or disposed of by `text`. */
  readonly body: AsyncIterable<Uint8Array>
  /** The whole body, at most `limit` bytes of it (1 MiB unless said); the rest is read and dropped. */
  text(limit?: number): Promise<string>
}

export interface TcpQuestion {
  readonly address: string
  readonly port: number
  readonly data: string | Uint8Array
  /** Told of everything that came so far; true ends the exchange. */
  readonly enough?: (received: Uint8Array) => boolean
  /** Without a sign of life; 30 s unless said. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** HTTP to services. Redirects are answers like any other. */
export interface Http {
  /**
   * Any status is a result. Throws UnreachableError SERVICE_UNREACHABLE when nothing answers (refused, unknown name,
   * time-out, connection cut), InterruptedError when `signal` aborts.
   */
  request(request: HttpRequest): Promise<HttpResponse>
  /**
   * Sends bytes over TCP and returns what comes back until the other side closes or `enough` says so; for protocols of
   * one question such as ZooKeeper's four-letter words. Throws as `request`.
   */
  ask(question: TcpQuestion): Promise<Uint8Array>
}

/** What every job receives. */
export interface JobContext {
  readonly layout: SiteLayout
  /** Absolute path of the package's templates folder (rules, mart SQL, saved queries). */
  readonly templates: string
  /** Folder of this user for downloads that sites share; may be deleted at any time. */
  readonly cache: string
  readonly files: Files
  readonly downloads: Downloads
  readonly clock: Clock
  readonly processes: Processes
  readonly workers: Workers
  readonly http: Http
  readonly emit: Emit
  /** Aborts on Ctrl-C; long loops check it at row or partition boundaries. */
  readonly signal: AbortSignal
}
