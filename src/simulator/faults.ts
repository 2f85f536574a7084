import { didYouMean } from '../core/did-you-mean.js'
import { UsageError } from '../core/errors.js'

/** What goes wrong on purpose; the four chances are per row. */
export interface Faults {
  /** A damaged row, instead of the good one or beside it. */
  readonly malformed: number
  /** The same row once more. */
  readonly duplicate: number
  /** The row stands later in the file than its time. */
  readonly late: number
  /** Chance that a stretch of missing rows begins. */
  readonly gap: number
  /** A late row is at most this much older, in seconds of log time, than rows that stand before it. */
  readonly lateSeconds: number
  /** Longest gap in seconds of log time. */
  readonly gapSeconds: number
}

export const noFaults: Faults = { malformed: 0, duplicate: 0, late: 0, gap: 0, lateSeconds: 20, gapSeconds: 60 }

const chances = ['malformed', 'duplicate', 'late', 'gap'] as const
const lengths = { 'late-seconds': 'lateSeconds', 'gap-seconds': 'gapSeconds' } as const
const names = [...chances, ...Object.keys(lengths)]

/** Shortest stretch that holds a row of every kind: a status row comes every 4 seconds. */
const shortest = 4
const longest = 3600

function faultError(message: string, hint: string): UsageError {
  return new UsageError('FAULTS_INVALID', message, { hints: [hint] })
}

function decimal(name: string, text: string): number {
  const value = /^\d*\.?\d+(e-?\d+)?$/i.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(value))
    throw faultError(`the fault ${name} needs a number, not "${text}"`, `write it as ${name}=0.001: one row in 1,000`)
  return value
}

/**
 * Parses `malformed=0.001,duplicate=0.001,late=0.01,gap=0.0001,late-seconds=20,gap-seconds=60`; every part may be left
 * out. Throws UsageError for unknown names (with the nearest known one), repeated names and impossible chances.
 */
export function parseFaults(text: string): Faults {
  const faults: Record<keyof Faults, number> = { ...noFaults }
  const seen = new Set<string>()
  for (const part of text.split(',')) {
    if (part.trim() === '') throw faultError('empty entry in --faults', 'write it as malformed=0.001,late=0.01')
    const [name = '', value, ...rest] = part.split('=').map((piece) => piece.trim())
    if (!names.includes(name))
      throw faultError(`unknown fault "${name}"${didYouMean(name, names)}`, `known faults: ${names.join(', ')}`)
    if (seen.has(name)) throw faultError(`the fault ${name} is given twice`, 'give each fault once')
    seen.add(name)
    if (value === undefined || rest.length > 0)
      throw faultError(`the fault ${name} needs one value`, `write it as ${name}=0.001`)
    const amount = decimal(name, value)
    if (name === 'late-seconds' || name === 'gap-seconds') {
      if (!Number.isInteger(amount) || amount < shortest || amount > longest)
        throw faultError(`${name}=${value} is out of range`, `give whole seconds from ${shortest} to ${longest}`)
      faults[lengths[name]] = amount
    } else {
      if (amount > 1) throw faultError(`${name}=${value} is no chance`, 'give a number from 0 to 1')
      faults[name as (typeof chances)[number]] = amount
    }
  }
  const total = chances.reduce((sum, name) => sum + faults[name], 0)
  if (total > 1)
    throw faultError(`the faults add up to ${total}, more than every row`, 'give chances that add up to 1 or less')
  return faults
}

export function hasFaults(faults: Faults): boolean {
  return chances.some((name) => faults[name] > 0)
}

/** One fault that stands in (or is missing from) a file; `time` is the time of the good row, yyyyMMddHHmmss. */
export type FaultRecord =
  | {
      readonly fault: 'malformed'
      readonly car: string
      readonly time: string
      readonly form: string
      /** False when the good row was written as well. */
      readonly replaced: boolean
    }
  | { readonly fault: 'duplicate'; readonly car: string; readonly time: string }
  | { readonly fault: 'late'; readonly car: string; readonly time: string; readonly seconds: number }
  | { readonly fault: 'gap'; readonly car: string; readonly time: string; readonly rows: number }
