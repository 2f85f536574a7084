/** Value ranges and weights of the pilot's logs (pilot.md, section 2); everything that is drawn is drawn from these. */

export interface ValueRange {
  readonly low: number
  readonly high: number
  readonly weight: number
}

/** Worst class last. Weights are percent, spread evenly over the values of a range. */
export const tireRanges: readonly ValueRange[] = [
  { low: 80, high: 100, weight: 80 },
  { low: 70, high: 79, weight: 19.9998 },
  { low: 0, high: 69, weight: 0.0002 },
]

export const batteryRanges: readonly ValueRange[] = [
  { low: 80, high: 100, weight: 90 },
  { low: 50, high: 79, weight: 9.9998 },
  { low: 0, high: 49, weight: 0.0002 },
]

/** Chance of one row that a part falls into its worst class; the same for all eleven parts. */
export const worstChance = 0.0002 / 100

/** The eleven parts of a status row, in the order of its columns. */
export const parts = [
  'tire_fl',
  'tire_fr',
  'tire_bl',
  'tire_br',
  'light_fl',
  'light_fr',
  'light_bl',
  'light_br',
  'engine',
  'break',
  'battery',
] as const

export type Part = (typeof parts)[number]

export interface DriverWeights {
  /** Percent for the pedal steps 0..5. */
  readonly pedal: readonly number[]
  /** Speed gained by pedal step. */
  readonly gain: readonly number[]
  /** Percent for the brake steps 0..3, drawn only when the pedal is 0. */
  readonly brake: readonly number[]
  /** Speed lost by brake step. */
  readonly loss: readonly number[]
  /** Percent for F, L1, L2, L3, R1, R2, R3. */
  readonly steering: readonly number[]
}

export const calmDriver: DriverWeights = {
  pedal: [30, 30, 10, 20, 5, 5],
  gain: [0, 5, 10, 15, 20, 25],
  brake: [30, 45, 20, 5],
  loss: [0, 10, 20, 30],
  steering: [70, 5, 5, 5, 5, 5, 5],
}

export const wildDriver: DriverWeights = {
  pedal: [10, 10, 10, 30, 25, 15],
  gain: [0, 5, 10, 20, 30, 40],
  brake: [10, 10, 50, 30],
  loss: [0, 5, 10, 20],
  steering: [40, 10, 10, 10, 10, 10, 10],
}

export const steeringAngles = ['F', 'L1', 'L2', 'L3', 'R1', 'R2', 'R3'] as const

/** Direction lights; a calm driver's follows the steering, a wild one's is drawn with these percents. */
export const lights = ['N', 'L', 'R'] as const
export const wildLight: readonly number[] = [60, 20, 20]

export const maxSpeed = 250

export const areaLetters = 'ABCDEF'

/** The congested area number of each letter: A10 B02 C04 D05 E10 F06. */
export const congested: readonly number[] = [10, 2, 4, 5, 10, 6]

/** Speed in a congested area, in tenths of what it would be: it falls by 70 %. */
export const congestedTenths = 3

/** One entry a percent: `table[draw * 100 >>> 16]` is the index of the weight that the draw falls into. */
export function percentTable(weights: readonly number[]): Uint8Array {
  const table = new Uint8Array(100)
  let filled = 0
  for (const [index, weight] of weights.entries()) {
    table.fill(index, filled, filled + weight)
    filled += weight
  }
  if (filled !== 100) throw new RangeError(`weights add up to ${filled}, not 100`)
  return table
}
