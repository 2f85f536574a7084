import { isDay } from '../core/calendar.js'
import { UsageError } from '../core/errors.js'
import type { RowCounts } from './chunks.js'
import { type Faults, hasFaults } from './faults.js'
import { checkCars } from './fleet.js'
import type { Destination, SimulatedFile, WrittenFile } from './output.js'
import { maxSeed } from './random.js'

/** The day of the pilot's published logs, so that simulated ones lie beside them. */
export const defaultDay = '20200322'
export const defaultMonth = '202003'
export const defaultSeed = 1
/** Cars of the logs; the master has 2,600. */
export const defaultCars = 20

export interface SimulateOptions {
  /** 0 to 2^53-1, default 1; the same seed gives the same bytes on every machine. */
  readonly seed?: number
  /** Folder or stream; default: the landing folder of the site. */
  readonly out?: Destination
  readonly gzip?: boolean
  /** Id of the stage that this is a part of, for progress. */
  readonly parent?: string
}

export interface LogOptions extends SimulateOptions {
  /** Default 20. */
  readonly cars?: number
  /** yyyyMMdd each, in order; default 20200322. */
  readonly days?: readonly string[]
  /** Threads that make rows; default by the size of the work. */
  readonly jobs?: number
  readonly faults?: Faults
  /** Path of the truth file to write, see truth.ts. */
  readonly truth?: string
}

export interface SimulateResult {
  /** `unchanged`: an earlier run with the same arguments made these files, and nobody changed them since. */
  readonly status: 'done' | 'unchanged'
  readonly files: readonly SimulatedFile[]
  /** Lines that are no headers, of all files. */
  readonly rows: number
  readonly bytes: number
  /** Status and drive logs: what stands in the files by kind of row. */
  readonly counts?: RowCounts
  readonly truth?: WrittenFile
}

/** What is left of the options when defaults are filled in and every value is checked. */
export interface CheckedLogOptions {
  readonly seed: number
  readonly cars: number
  readonly days: readonly string[]
  readonly faults: Faults | undefined
}

/** Throws UsageError for a seed that cannot be told apart from its neighbour. */
export function checkSeed(seed: number): number {
  if (Number.isInteger(seed) && seed >= 0 && seed <= maxSeed) return seed
  throw new UsageError('SEED_INVALID', `${seed} is no seed`, { hints: [`give a whole number from 0 to ${maxSeed}`] })
}

/** Throws UsageError naming the first value that cannot be simulated. */
export function checkLogOptions(options: LogOptions): CheckedLogOptions {
  const { cars = defaultCars, days = [defaultDay], faults, jobs } = options
  checkCars(cars)
  if (days.length === 0)
    throw new UsageError('DAYS_INVALID', 'no day to simulate', { hints: ['give --days 1 or more'] })
  const wrong = days.find((day) => !isDay(day))
  if (wrong !== undefined)
    throw new UsageError('DAY_INVALID', `"${wrong}" is not a day`, { hints: ['write it as 20200322 or 2020-03-22'] })
  if (jobs !== undefined && (!Number.isInteger(jobs) || jobs < 1 || jobs > 64))
    throw new UsageError('JOBS_INVALID', `cannot work with ${jobs} threads`, { hints: ['give --jobs 1 to 64'] })
  return {
    seed: checkSeed(options.seed ?? defaultSeed),
    cars,
    days,
    faults: faults !== undefined && hasFaults(faults) ? faults : undefined,
  }
}
