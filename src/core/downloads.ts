/**
 * How files come from the web to this machine: package repositories today, artifact archives later. `src/io/downloads.ts`
 * implements it, `src/cli/context.ts` hands it out as `context.downloads`.
 */
import { type ErrorDetails, SmartcarError } from './errors.js'
import type { ExitName } from './exit-codes.js'

/** What the source says about the content; hexadecimal, lower case. */
export interface Checksum {
  readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512'
  readonly hex: string
}

export interface DownloadRequest {
  /** http or https, without credentials. */
  readonly url: string
  /** Absolute path; appears complete and verified or not at all. Its folder is made. */
  readonly target: string
  /** bytes */
  readonly size?: number
  /** With one, what an earlier attempt left in `<target>.part` is continued and a finished target is not fetched again. */
  readonly checksum?: Checksum
  /** For this request alone (Basic); they are not sent on to another server that the answer points to. */
  readonly credentials?: { readonly user: string; readonly password: string }
  readonly signal?: AbortSignal
  /** Bytes that are there, of all (undefined: the server does not say). May go back when a transfer starts again. */
  readonly onProgress?: (done: number, total: number | undefined) => void
}

export interface DownloadResult {
  readonly bytes: number
  readonly sha256: string
  /** Bytes that were there from an earlier attempt and were not fetched again. */
  readonly resumedFrom: number
  /** `unchanged`: the verified content was there already. */
  readonly status: 'written' | 'unchanged'
}

export interface Downloads {
  /**
   * GET to a file: `<target>.part`, resumed by Range, size and checksum compared, fsync, rename. Broken connections, 429
   * and 5xx are tried again with growing pauses. Throws DownloadError, InterruptedError, or the file system's error.
   */
  download(request: DownloadRequest): Promise<DownloadResult>
}

export interface DownloadFailure {
  readonly url: string
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** Without an answer, the exit code by which curl(1) names the same failure: 6 name, 7 refused, 28 time-out, 35 TLS, 60 certificate. */
  readonly exit: number
}

type DownloadProblem = 'DOWNLOAD_REFUSED' | 'DOWNLOAD_UNREACHABLE' | 'DOWNLOAD_DAMAGED'

/** A file could not be fetched from where it should be. */
export class DownloadError extends SmartcarError {
  constructor(
    code: DownloadProblem,
    message: string,
    readonly failure: DownloadFailure,
    details: ErrorDetails = {},
  ) {
    const exit: ExitName = code === 'DOWNLOAD_UNREACHABLE' ? 'unreachable' : 'failed'
    super(exit, code, message, { ...details, data: { ...details.data, ...failure } })
  }
}
