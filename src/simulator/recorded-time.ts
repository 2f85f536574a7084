import { isDay } from '../core/calendar.js'

/** What a recorded time tells: a moment, or seconds since the recording began (or since midnight). */
export type RecordedTime = { readonly kind: 'moment' | 'elapsed'; readonly seconds: number }

/** For messages. */
export const knownTimes =
  '2020-03-22T08:30:00, 2020-03-22 08:30:00.5, 20200322083000, epoch seconds or ms, 08:30:00, seconds from the start'

const calendarTime =
  /^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T _]?(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?$/
const clockTime = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?$/
const plainNumber = /^\d+(?:[.,]\d+)?$/

/** Epoch units by size: a number of seconds since 1970 of this century has 10 digits, of milliseconds 13, and so on. */
const epochUnits = [
  { least: 1e17, perSecond: 1e9 },
  { least: 1e14, perSecond: 1e6 },
  { least: 1e11, perSecond: 1e3 },
  { least: 1e8, perSecond: 1 },
] as const

function clock(hour: number, minute: number, second: number): number | undefined {
  return hour < 24 && minute < 60 && second < 60 ? hour * 3600 + minute * 60 + second : undefined
}

/**
 * Seconds since 1970 of the clock as it is written: logs carry no zone (core/calendar.ts), so an offset behind the time
 * is not applied, and epoch times are read in UTC. undefined for anything else, also for days that do not exist.
 */
export function recordedTime(text: string): RecordedTime | undefined {
  const trimmed = text.trim()
  if (plainNumber.test(trimmed) && !/^\d{8}$|^\d{14}$/.test(trimmed))
    return numericTime(Number(trimmed.replace(',', '.')))
  const [, hour, minute, second = '0'] = clockTime.exec(trimmed) ?? []
  if (hour !== undefined) {
    const seconds = clock(Number(hour), Number(minute), Number(second))
    return seconds === undefined ? undefined : { kind: 'elapsed', seconds }
  }
  const parts = calendarTime.exec(trimmed)
  if (parts === null) return undefined
  const [, year = '', month = '', day = '', hours = '0', minutes = '0', seconds = '0'] = parts
  const ofDay = clock(Number(hours), Number(minutes), Number(seconds))
  if (ofDay === undefined || !isDay(year + month + day)) return undefined
  return { kind: 'moment', seconds: Date.UTC(Number(year), Number(month) - 1, Number(day)) / 1000 + ofDay }
}

function numericTime(value: number): RecordedTime {
  const unit = epochUnits.find(({ least }) => value >= least)
  return unit === undefined
    ? { kind: 'elapsed', seconds: Math.floor(value) }
    : { kind: 'moment', seconds: Math.floor(value / unit.perSecond) }
}
