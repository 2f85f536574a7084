import { pack4 } from './bytes.js'
import type { Random } from './random.js'
import { batteryRanges, type Part, parts, tireRanges, type ValueRange, worstChance } from './weights.js'

/** One row every 4 seconds, 000000 to 235956 (pilot.md, section 2: the fix, without the original's row 240000). */
export const statusRowsPerDay = 21_600

/**
 * Text and value of a drawn number: `cells` entries, of which a draw takes `draw16 * cells >>> 16`. An entry holds `,85`
 * and in its fourth byte, over which the next field is written, the value; `,100` fills it and is told by its last `0`.
 */
export interface NumberTable {
  readonly cells: number
  readonly packed: Int32Array
  /** Length of the text, 100 apart. */
  readonly length: number
  /** What every row counts for besides the value in the entry: that of a constant. */
  readonly constant: number
}

/** Fourth byte of `,100`; no drawn value of two digits is 48, and a constant stands in `constant`. */
export const lastOfHundred = 48

function packedNumber(value: number): number {
  return value === 100 ? pack4(',100') : pack4(`,${value}`) | (value << 24)
}

function numberTable(values: readonly number[]): NumberTable {
  return { cells: values.length, packed: Int32Array.from(values, packedNumber), length: 3, constant: 0 }
}

/** Every value of the good and the middle class, repeated so that equal cells give the classes their weights. */
function normalTable(ranges: readonly ValueRange[], repeats: readonly [number, number]): NumberTable {
  const values = [0, 1].flatMap((index) => {
    const range = ranges[index]
    if (range === undefined) throw new RangeError('a part has three classes')
    return Array.from({ length: (range.high - range.low + 1) * (repeats[index] ?? 0) }, (_, cell) =>
      Math.floor(range.low + cell / (repeats[index] ?? 1)),
    )
  })
  return numberTable(values)
}

/**
 * Tires: 21 good values of 40 cells and 10 middle ones of 21 are 80 % and 20 %; battery: 21 x 90 and 30 x 7 are 90 % and
 * 10 %. The worst class is drawn apart (`worstRow`), so that these 0.0002 % are exact and cost nothing per row; what is
 * left of the weights differs from 80 and 20 by less than a 16-bit draw can tell.
 */
export const normalTire = normalTable(tireRanges, [40, 21])
export const normalBattery = normalTable(batteryRanges, [90, 7])

/** A part that is broken shows one value for the rest of the day. */
export function constantTable(value: number): NumberTable {
  const text = `,${value}`
  return { cells: 1, packed: Int32Array.of(pack4(text)), length: text.length, constant: value }
}

/** `survival[k]`: chance that a part has not reached its worst class before row k. */
const survival = new Float64Array(statusRowsPerDay + 1)
survival[0] = 1
for (let row = 1; row <= statusRowsPerDay; row++) survival[row] = (survival[row - 1] ?? 0) * (1 - worstChance)

/**
 * The row in which a part falls into its worst class, undefined when the day ends before. Drawn by inversion from the
 * geometric distribution, which is what a draw with weight 0.0002 % in every row gives.
 */
export function worstRow(random: Random): number | undefined {
  const draw = 1 - random.fraction()
  if (draw <= (survival[statusRowsPerDay] ?? 0)) return undefined
  let low = 0
  let high = statusRowsPerDay - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (draw > (survival[middle + 1] ?? 0)) high = middle
    else low = middle + 1
  }
  return low
}

/** A part that fell into its worst class: from which row of the day on, and the value that it keeps. */
export interface WornPart {
  readonly part: Part
  readonly row: number
  readonly value: string
}

function worstValue(part: Part, random: Random): string {
  if (part.startsWith('tire')) return String(random.between(0, 69))
  if (part.startsWith('light')) return '2'
  return part === 'battery' ? String(random.between(0, 49)) : 'C'
}

/** The worn parts of one car on one day, by row and then by column. */
export function wornParts(random: Random): WornPart[] {
  const worn: WornPart[] = []
  for (const part of parts) {
    const row = worstRow(random)
    if (row !== undefined) worn.push({ part, row, value: worstValue(part, random) })
  }
  return worn.sort((a, b) => a.row - b.row)
}

/** Engine and break in one draw: 25 cells, 5 engines x 5 brakes, four of five `A`; a worn one is always `C`. */
export function engineBreakTable(engineWorn: boolean, breakWorn: boolean): Int32Array {
  return engineBreakTables[(engineWorn ? 1 : 0) + (breakWorn ? 2 : 0)] ?? new Int32Array(25)
}

const engineBreakTables = [0, 1, 2, 3].map((worn) =>
  Int32Array.from({ length: 25 }, (_, cell) => {
    const engine = (worn & 1) === 1 ? 'C' : cell % 5 < 4 ? 'A' : 'B'
    const brake = (worn & 2) === 2 ? 'C' : cell < 20 ? 'A' : 'B'
    return pack4(`,${engine},${brake}`)
  }),
)

export function lightPair(left: string, right: string): number {
  return pack4(`,${left},${right}`)
}
