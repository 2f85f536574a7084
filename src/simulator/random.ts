/**
 * Random numbers that are the same on every platform and for any number of workers: 32-bit integer arithmetic only,
 * and one stream for each (seed, purpose, car, day), so that no stream depends on what was drawn for another car.
 */

/** What a stream is for; two purposes never share numbers. */
export type Purpose =
  | 'status'
  | 'status-faults'
  | 'drive'
  | 'drive-faults'
  | 'driver'
  | 'master'
  | 'income'
  | 'purchases'
  | 'incidents'
  | 'replay'

export interface StreamKey {
  readonly seed: number
  readonly purpose: Purpose
  /** Ordinal of the car, or of the row block for the kinds without cars. */
  readonly car: number
  /** yyyyMMdd (or yyyyMM), 0 where the stream does not belong to a day. */
  readonly day: number
}

/** The largest seed: every integer up to here is exact in a double. */
export const maxSeed = Number.MAX_SAFE_INTEGER

/** The finalizer of MurmurHash3: every input bit changes every output bit. */
function mix(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** State of sfc32 for a key: a, b, c and the counter. */
export function streamState(key: StreamKey): Int32Array {
  const words = [key.seed | 0, Math.floor(key.seed / 0x1_0000_0000) | 0, key.car | 0, key.day | 0]
  for (const character of key.purpose) words.push(character.charCodeAt(0))
  const state = Int32Array.of(0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667)
  for (const word of words)
    for (let lane = 0; lane < 4; lane++)
      state[lane] = mix((state[lane] ?? 0) ^ Math.imul(word + lane, 0x9e3779b1)) + Math.imul(lane + 1, 0x632be5ab)
  const random = new Random(state)
  for (let round = 0; round < 12; round++) random.next()
  return state
}

/**
 * sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state of which 32 are a counter, so no cycle is shorter than 2^32.
 * The row loops of status.ts and drive.ts write the same step out in local variables, since a call per draw doubles
 * their time; the test "the row loop draws what Random draws" holds them together.
 */
export class Random {
  constructor(private readonly state: Int32Array) {}

  static of(key: StreamKey): Random {
    return new Random(streamState(key))
  }

  /** Signed 32 bits. */
  next(): number {
    const state = this.state
    const a = state[0] ?? 0
    const b = state[1] ?? 0
    const c = state[2] ?? 0
    const counter = state[3] ?? 0
    const result = (((a + b) | 0) + counter) | 0
    state[3] = (counter + 1) | 0
    state[0] = b ^ (b >>> 9)
    state[1] = (c + (c << 3)) | 0
    state[2] = (((c << 21) | (c >>> 11)) + result) | 0
    return result
  }

  /** An integer in 0..`count`-1; `count` up to 2^21, where the product below is still exact. */
  below(count: number): number {
    return Math.floor(((this.next() >>> 0) * count) / 0x1_0000_0000)
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)]
    if (value === undefined) throw new RangeError('pick needs at least one value')
    return value
  }

  /** A number in [0, 1) with 53 random bits. */
  fraction(): number {
    return ((this.next() >>> 5) * 0x400_0000 + (this.next() >>> 6)) / 0x20_0000_0000_0000
  }
}
