import { type ExitName, exitCodes } from './exit-codes.js'

/** Where a problem is: a file (with line and column, from 1) or a named thing such as a host or a table. */
export interface Place {
  readonly file?: string
  readonly line?: number
  readonly column?: number
  readonly thing?: string
}

export interface ErrorDetails {
  /** What the reader can do about it, one sentence each. */
  readonly hints?: readonly string[]
  readonly place?: Place
  readonly cause?: unknown
  /** Machine-readable facts for `--json`. */
  readonly data?: Readonly<Record<string, unknown>>
}

/** `file:line:column` or the thing's name, for messages. */
export function formatPlace(place: Place): string {
  if (place.file === undefined) return place.thing ?? ''
  const line = place.line === undefined ? '' : `:${place.line}`
  const column = place.line === undefined || place.column === undefined ? '' : `:${place.column}`
  return `${place.file}${line}${column}`
}

/**
 * The parent of every error that a user is meant to read. `code` is stable and machine-readable (SCREAMING_SNAKE),
 * `message` names the thing and the place, `hints` say what to do.
 */
export class SmartcarError extends Error {
  readonly exit: ExitName
  readonly code: string
  readonly hints: readonly string[]
  readonly place: Place | undefined
  readonly data: Readonly<Record<string, unknown>> | undefined

  constructor(exit: ExitName, code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.exit = exit
    this.code = code
    this.hints = details.hints ?? []
    this.place = details.place
    this.data = details.data
  }

  get exitCode(): number {
    return exitCodes[this.exit].code
  }
}

/** Something was tried and did not work. */
export class FailedError extends SmartcarError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super('failed', code, message, details)
  }
}

/** The command line asks for something that cannot be. */
export class UsageError extends SmartcarError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super('usage', code, message, details)
  }
}

/** One problem in a file that a person wrote. */
export interface Diagnostic {
  readonly message: string
  readonly place: Place
  readonly hint?: string
}

/** A site file, rule or mart definition is invalid; carries every problem found, not only the first. */
export class InvalidError extends SmartcarError {
  readonly diagnostics: readonly Diagnostic[]

  constructor(code: string, message: string, diagnostics: readonly Diagnostic[], details: ErrorDetails = {}) {
    super('invalid', code, message, { ...details, data: { ...details.data, diagnostics } })
    this.diagnostics = diagnostics
  }
}

/** A host or service does not answer. */
export class UnreachableError extends SmartcarError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super('unreachable', code, message, details)
  }
}

/** A check, test or comparison ran and said no. */
export class CheckError extends SmartcarError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super('check', code, message, details)
  }
}

/** Ctrl-C or a termination signal; whatever was finished stays, nothing is half-written. */
export class InterruptedError extends SmartcarError {
  constructor(message = 'interrupted', details?: ErrorDetails) {
    super('interrupted', 'INTERRUPTED', message, details)
  }
}

/** A state that the code rules out. */
export class BugError extends SmartcarError {
  constructor(message: string, details?: ErrorDetails) {
    super('bug', 'BUG', message, {
      ...details,
      hints: [...(details?.hints ?? []), 'this is a bug in smartcar: please report it with the command you ran'],
    })
  }
}

/** Throws InterruptedError once `signal` is aborted. */
export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw signal.reason instanceof SmartcarError ? signal.reason : new InterruptedError()
}

/** Node's error code (`ENOENT`, `ENOSPC`, …) of a thrown value, if it has one. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
