/**
 * How the toolkit reaches a host. `src/io/transport` implements it (this machine by execa, others by ssh2) and
 * `src/cli/context.ts` hands it out as `context.transports`.
 */
import { type ErrorDetails, FailedError, UnreachableError } from './errors.js'

export interface ExecOptions {
  readonly input?: string | Uint8Array
  /** Travels on the command line of the host, so it is no place for secrets: send those as `input`. */
  readonly env?: Readonly<Record<string, string>>
  /** As root: by sudo, unless the account is root already. */
  readonly sudo?: boolean
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Every line as it comes, without its end; a line over 64 KiB comes in pieces. */
  readonly onLine?: (line: string, stream: 'out' | 'err') => void
  /** Bytes kept of stdout and of stderr each, 16 MiB unless said; the rest is read and dropped. */
  readonly maxOutput?: number
}

export interface ExecResult {
  /** Exit code; 128 + number of the signal when one ended the command, as a shell says it. */
  readonly code: number
  /** `SIGKILL`, when a signal ended it. */
  readonly signal?: string
  readonly stdout: string
  readonly stderr: string
  /** More than `maxOutput` was printed. */
  readonly truncated: boolean
  readonly ms: number
}

export interface RemoteStat {
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  /** bytes */
  readonly size: number
  /** permission bits, e.g. 0o644 */
  readonly mode: number
  readonly owner: string
  readonly group: string
  /** seconds since 1970 */
  readonly modified: number
}

export interface FileAccess {
  readonly sudo?: boolean
  readonly signal?: AbortSignal
}

export interface WriteFileOptions extends FileAccess {
  /** `user` or `user:group`; the account that writes (root with sudo) when left out. */
  readonly owner?: string
  /** Permission bits, 0o644 unless said. */
  readonly mode?: number
}

export interface TransferOptions extends WriteFileOptions {
  /** Upload: this part of the local file alone, in bytes. */
  readonly range?: { readonly offset: number; readonly length: number }
  /** Bytes that are there, of all; called at most every 100 ms and at the end. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface TransferResult {
  readonly bytes: number
  readonly sha256: string
  /** Bytes that were there from an earlier attempt and were not sent again. */
  readonly resumedFrom: number
  /** `unchanged`: the same content was there already. */
  readonly status: 'written' | 'unchanged'
  readonly ms: number
}

export interface Forward extends AsyncDisposable {
  /** Port on 127.0.0.1 of this machine. */
  readonly port: number
}

/** The terminal of a person, in raw mode. */
export interface Terminal {
  /** Value of TERM. */
  readonly type: string
  size(): { readonly columns: number; readonly rows: number }
  onInput(listener: (chunk: Uint8Array) => void): void
  onResize(listener: () => void): void
  write(chunk: Uint8Array): void
}

export interface WaitOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/**
 * One host. Connects on first use and again when the connection was lost: an operation that was under way then throws
 * ConnectionLostError (whether it took effect is not known), the next one makes a new connection.
 * Errors of every operation: UnreachableError, AuthenticationError, HostKeyError, ConnectionLostError,
 * SudoError (with `sudo`), FailedError COMMAND_TIMED_OUT, InterruptedError when `signal` aborts. After a time-out or an
 * abort the command and its children have been killed on the host.
 */
export interface Transport {
  /** Name of the host in the site. */
  readonly host: string
  readonly kind: 'local' | 'ssh'
  /** The account that commands run as without sudo. */
  readonly user: string
  /** Connects (when not connected) and logs in. */
  connect(): Promise<void>
  /** Runs an argument array, never a shell string; a non-zero exit is a result, not a throw. */
  run(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<ExecResult>
  /**
   * Runs shell text in one round trip: `sh` reads it from stdin, so its length has no limit and it is not seen in `ps`.
   * The commands in it have /dev/null as stdin.
   */
  script(text: string, options?: Omit<ExecOptions, 'input'>): Promise<ExecResult>
  /** undefined when there is no such file; follows links. */
  readFile(path: string, options?: FileAccess): Promise<Uint8Array | undefined>
  /** Temporary name in the same folder, owner and mode, fsync, rename. The folder has to be there. */
  writeFile(path: string, data: string | Uint8Array, options?: WriteFileOptions): Promise<void>
  /** undefined when nothing is there; does not follow links. */
  stat(path: string, options?: FileAccess): Promise<RemoteStat | undefined>
  /** A file of this machine to the host: `<remote>.part`, resumed after a break, SHA-256 compared, then renamed. */
  upload(local: string, remote: string, options?: TransferOptions): Promise<TransferResult>
  /** A file of the host to this machine: `<local>.part`, SHA-256 compared, then renamed. */
  download(remote: string, local: string, options?: Omit<TransferOptions, 'owner'>): Promise<TransferResult>
  /** A port of this machine that leads to `port` of `target` (127.0.0.1 unless said) as seen from the host. */
  forward(port: number, target?: string): Promise<Forward>
  /** A login shell for a person; resolves to its exit code. */
  shell(terminal: Terminal): Promise<number>
  /** Differs after every start of the host. */
  bootId(): Promise<string>
  /** Waits until the host is up with another boot than `previous` and can be logged in to. UnreachableError when not in time. */
  waitForBoot(previous: string, options: WaitOptions): Promise<void>
  close(): Promise<void>
}

/** The transports of a site's hosts, one each, made on first use. */
export interface Transports {
  /** Throws UsageError for a name that the site does not have. Makes no connection yet. */
  open(host: string): Promise<Transport>
  close(): Promise<void>
}

/** The host does not let us in. */
export class AuthenticationError extends UnreachableError {
  constructor(message: string, details?: ErrorDetails) {
    super('SSH_AUTHENTICATION_FAILED', message, details)
  }
}

/** The connection broke while something was under way; whether it took effect is not known. */
export class ConnectionLostError extends UnreachableError {
  constructor(host: string, details?: ErrorDetails) {
    super('CONNECTION_LOST', `the connection to ${host} was lost`, {
      hints: ['run the same command again: what is in place already is not done twice'],
      ...details,
      place: { thing: host },
    })
  }
}

export type HostKeyProblem = 'HOST_KEY_UNKNOWN' | 'HOST_KEY_CHANGED' | 'HOST_KEY_REVOKED'

/** The host does not show the key that it should; nothing was sent to it. Stops the whole command, not only the host. */
export class HostKeyError extends FailedError {
  constructor(code: HostKeyProblem, message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

export type SudoProblem = 'SUDO_PASSWORD_WRONG' | 'SUDO_PASSWORD_REQUIRED' | 'SUDO_REFUSED' | 'SUDO_OFF'

/** The command did not start, since sudo said no. */
export class SudoError extends FailedError {
  constructor(code: SudoProblem, message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

/** Quotes a word for sh. */
export function shellQuote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
