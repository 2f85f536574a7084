import { clockText } from '../core/calendar.js'
import { UsageError } from '../core/errors.js'
import { bytes, number } from '../render/format.js'
import { table } from '../render/table.js'
import type { RowCounts } from './chunks.js'
import type { SimulateResult } from './options.js'
import type { PacedResult, Rate } from './paced.js'
import type { ReplayResult } from './replay.js'

function faultLine(counts: RowCounts | undefined): string {
  if (counts === undefined) return ''
  const { malformed, duplicates, late, missing } = counts
  if (malformed + duplicates + late + missing === 0) return ''
  return `faults: ${number(malformed)} malformed, ${number(duplicates)} duplicates, ${number(late)} late, ${number(missing)} missing\n`
}

function truthLine(truth: { readonly path: string } | undefined): string {
  return truth === undefined ? '' : `truth: ${truth.path}\n`
}

/** What `smartcar simulate` prints for people. */
export function simulateSummary(result: SimulateResult): string {
  const files = table(
    [{ title: 'file' }, { title: 'rows', align: 'right' }, { title: 'size', align: 'right' }],
    result.files.map((file) => [file.path, number(file.rows), bytes(file.bytes)]),
  )
  const unchanged = result.status === 'unchanged' ? 'unchanged\n' : ''
  return files + faultLine(result.counts) + truthLine(result.truth) + unchanged
}

export function replaySummary(result: ReplayResult): string {
  const { lines, moments, skipped } = result.recorded
  const left = Object.entries(skipped).map(([reason, count]) => `${number(count)} ${reason}`)
  const read = `recording: ${number(lines)} lines, ${number(moments)} moments of 2 seconds driven\n`
  return read + (left.length === 0 ? '' : `lines left out: ${left.join(', ')}\n`) + simulateSummary(result)
}

export function pacedSummary(result: PacedResult): string {
  if (result.status === 'unchanged') return `unchanged: ${result.log} has all these rows\n`
  const ended = result.status === 'interrupted' ? 'interrupted: ' : ''
  const span = result.from === null ? 'no rows' : `${number(result.rows)} rows, ${result.from} to ${result.to}`
  const rotated = result.rotated.map((file) => `rotated: ${file}\n`).join('')
  return `${ended}${result.log}: ${span}\n${rotated}${faultLine(result.counts)}${truthLine(result.truth)}`
}

/** `1x`, `0.5x`, `60` or `max`. Throws UsageError for anything else. */
export function parseRate(text: string): Rate {
  if (text === 'max') return 'max'
  const [, amount] = /^(\d+(?:\.\d+)?)x?$/.exec(text) ?? []
  const rate = Number(amount)
  if (rate > 0) return rate
  throw new UsageError('RATE_INVALID', `"${text}" is no rate`, { hints: ['write it as 1x, 20x, 60x or max'] })
}

const sizeUnits: Readonly<Record<string, number>> = {
  ...{ b: 1, kb: 1e3, mb: 1e6, gb: 1e9 },
  ...{ kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 },
}

/** `64MB` or `64MiB` in bytes. Throws UsageError for anything else. */
export function parseSize(text: string): number {
  const [, amount, unit = 'b'] = /^(\d+(?:\.\d+)?)\s*([kmg]?i?b)?$/i.exec(text) ?? []
  const factor = sizeUnits[unit.toLowerCase()]
  if (amount !== undefined && factor !== undefined) return Math.round(Number(amount) * factor)
  throw new UsageError('SIZE_INVALID', `"${text}" is no size`, { hints: ['write it as 64MB or 1GiB'] })
}

/** `083000` or `08:30[:00]` as the second of the day; `240000` is its end. Throws UsageError for anything else. */
export function parseClock(text: string): number {
  const digits = text.replace(
    /^(\d{2}):?(\d{2})(?::?(\d{2}))?$/,
    (_, hour, minute, second) => `${hour}${minute}${second ?? '00'}`,
  )
  const second = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6))
  if (/^\d{6}$/.test(digits) && second <= 86_400 && clockText(second) === digits) return second
  throw new UsageError('TIME_INVALID', `"${text}" is no time of the day`, { hints: ['write it as 083000 or 08:30'] })
}
