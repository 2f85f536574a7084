/**
 * Days (`yyyyMMdd`), months (`yyyyMM`) and log times (`yyyyMMddHHmmss`) of the pilot. Logs carry no zone: a day is what
 * its eight characters say, and the clock 240000 belongs to the day in front of it (pilot.md, section 2).
 */
import { UsageError } from './errors.js'

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

export const secondsPerDay = 86_400

export function daysInMonth(year: number, month: number): number {
  if (month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) return 29
  return monthDays[month - 1] ?? 0
}

/** True for a day that exists, from 1900 on: not 20200230, not 00000000. */
export function isDay(text: string): boolean {
  if (!/^\d{8}$/.test(text)) return false
  const year = Number(text.slice(0, 4))
  const month = Number(text.slice(4, 6))
  const day = Number(text.slice(6, 8))
  return year >= 1900 && day >= 1 && day <= daysInMonth(year, month)
}

export function isMonth(text: string): boolean {
  return /^\d{6}$/.test(text) && isDay(`${text}01`)
}

/** `day` moved by a number of days. */
export function addDays(day: string, count: number): string {
  const date = new Date(Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)) + count))
  return date.toISOString().slice(0, 10).replaceAll('-', '')
}

/** `count` days from `first` on; throws UsageError where the four digits of the year end. */
export function daysFrom(first: string, count: number): string[] {
  const days = Array.from({ length: count }, (_, index) => addDays(first, index))
  if (days.every(isDay)) return days
  throw new UsageError('DAYS_INVALID', `${count} days from ${first} on go beyond 99991231`, {
    hints: ['give fewer --days, or an earlier --date'],
  })
}

/** Every day from `from` to `to`, both included. */
export function dayRange(from: string, to: string): string[] {
  const days: string[] = []
  for (let day = from; day <= to; day = addDays(day, 1)) days.push(day)
  return days
}

/** `HHmmss` of a second of the day; 86,400 is `240000`. */
export function clockText(second: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return two(Math.floor(second / 3600)) + two(Math.floor(second / 60) % 60) + two(second % 60)
}
