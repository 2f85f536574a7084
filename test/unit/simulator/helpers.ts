import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'

/** Lines of a file (unpacked when its name ends in .gz), without header lines. */
export async function readRows(file: string): Promise<string[]> {
  return (await readLines(file)).filter((line) => !/^[A-Z]/.test(line))
}

export async function readLines(file: string): Promise<string[]> {
  const bytes = await readFile(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')
  if (!text.endsWith('\n')) throw new Error(`${file} ends within a line`)
  return text.slice(0, -1).split('\n')
}

const clock = '(?:[01]\\d|2[0-3])[0-5]\\d[0-5]\\d'
const tire = '(?:100|[1-9]?\\d)'

/** Written from pilot.md, section 2, apart from the simulator. */
export const statusRow = new RegExp(`^\\d{8}${clock},[A-Z]\\d{4}(?:,${tire}){4}(?:,[12]){4},[ABC],[ABC],${tire}$`)
export const driveRow = new RegExp(
  `^\\d{8}${clock},[A-Z]\\d{4},[0-5],[0-3],(?:F|[LR][123]),[NLR],(?:250|2[0-4]\\d|1?\\d?\\d),[A-F](?:0[1-9]|10)$`,
)

/** Is it a real row, its day included? */
export function isRow(kind: 'status' | 'drive', line: string): boolean {
  if (!(kind === 'status' ? statusRow : driveRow).test(line)) return false
  const [month, day] = [Number(line.slice(4, 6)), Number(line.slice(6, 8))]
  return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

/**
 * Pearson's chi-square of counts against weights, as a number of standard deviations (Wilson and Hilferty's cube root),
 * so that one limit serves any number of classes. Classes with weight 0 must be empty.
 */
export function chiSquareDeviation(counts: readonly number[], weights: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const weight = weights.reduce((sum, value) => sum + value, 0)
  let square = 0
  let classes = 0
  for (const [index, count] of counts.entries()) {
    const expected = ((weights[index] ?? 0) / weight) * total
    if (expected === 0) {
      if (count > 0) return Number.POSITIVE_INFINITY
      continue
    }
    square += (count - expected) ** 2 / expected
    classes++
  }
  const freedom = classes - 1
  const variance = 2 / (9 * freedom)
  return (Math.cbrt(square / freedom) - (1 - variance)) / Math.sqrt(variance)
}

/** 1 of 10,000 right simulators would fail at a random seed; the seed of a test is fixed. */
export const chiSquareLimit = 3.7

export function count<T>(values: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

/** Second of the day of a row. */
export function secondOf(row: string): number {
  return Number(row.slice(8, 10)) * 3600 + Number(row.slice(10, 12)) * 60 + Number(row.slice(12, 14))
}
