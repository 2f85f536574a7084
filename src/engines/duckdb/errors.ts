import { FailedError, type SmartcarError, throwIfInterrupted } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import { reasonOf } from './parquet.js'

/**
 * What DuckDB threw while it worked on `thing`, as an error that a user can act on. Throws InterruptedError when the
 * work was cut short by a signal.
 */
export function duckdbError(context: Pick<JobContext, 'signal'>, thing: string, cause: unknown): SmartcarError {
  throwIfInterrupted(context.signal)
  const reason = reasonOf(cause)
  const place = { thing }
  if (/no space left|disk.*full|not enough.*disk|failed to offload/i.test(reason)) {
    return new FailedError('DISK_FULL', `no space left on the disk for ${thing}`, {
      cause,
      place,
      hints: ['free some space and run the same command again: nothing was half-written'],
    })
  }
  if (/out of memory/i.test(reason)) {
    return new FailedError('OUT_OF_MEMORY', `not enough memory for ${thing}`, {
      cause,
      place,
      hints: ['end other programs, or build fewer days at a time'],
    })
  }
  if (/no files found|cannot open file|could not open file|no such file/i.test(reason)) {
    return new FailedError('FILE_MISSING', `a file behind ${thing} is missing: ${reason}`, { cause, place })
  }
  return new FailedError('DUCKDB_FAILED', `${thing}: ${reason}`, { cause, place })
}
