import { daysFrom } from '../core/calendar.js'
import type { Clock } from '../core/ports.js'
import { secondsPerStep } from './drive-rows.js'
import type { PacedOptions } from './paced.js'
import { parseClock, parseRate, parseSize } from './summary.js'

/** The flags of a growing log as they are typed. */
export interface PacedFlags {
  readonly rate: string
  readonly rotate?: string | undefined
  readonly from?: string | undefined
  readonly until?: string | undefined
  readonly date?: string | undefined
  readonly days: number
}

type FromFlags = Pick<PacedOptions, 'rate' | 'rotateBytes' | 'from' | 'until'> & Partial<Pick<PacedOptions, 'days'>>

/**
 * Options of a growing log. At the pace of wall time, and with no time given, it begins now: day and time of the local
 * clock, since logs carry no zone. Throws UsageError for a rate, size or time that is none.
 */
export function pacedOptions(flags: PacedFlags, clock: Pick<Clock, 'now'>): FromFlags {
  const rate = parseRate(flags.rate)
  const options = {
    rate,
    ...(flags.rotate === undefined ? {} : { rotateBytes: parseSize(flags.rotate) }),
    ...(flags.until === undefined ? {} : { until: parseClock(flags.until) }),
  }
  if (flags.from !== undefined) return { ...options, from: parseClock(flags.from) }
  if (rate !== 1 || flags.date !== undefined) return options
  const now = new Date(clock.now())
  const second = now.getHours() * 3600 + now.getMinutes() * 60 + now.getSeconds()
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`
  const days = daysFrom(day, flags.days)
  return { ...options, days, from: second - (second % secondsPerStep) }
}
