/** Rows by car, straight from the bytes of collected logs: what a mart must have kept, counted without the engine. */
import { carIndexCount, carNumberAt } from '../../core/cars.js'
import { throwIfInterrupted } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'

const newline = 0x0a
const chunkBytes = 1 << 20

/**
 * Counts the rows of files by the car number that starts at byte `carAt` of every row. Rows end with a newline; only
 * whole rows with a car number count.
 */
export async function rowsByCar(
  context: Pick<JobContext, 'files' | 'signal'>,
  files: readonly string[],
  carAt: number,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Float64Array(carIndexCount)
  const buffer = new Uint8Array(2 * chunkBytes)
  for (const file of files) {
    await using reader = await context.files.open(file)
    let kept = 0
    for (let position = 0; ; ) {
      throwIfInterrupted(context.signal)
      const read = await reader.read(buffer.subarray(kept, kept + chunkBytes), position)
      if (read === 0) break
      position += read
      const end = kept + read
      const rest = countRows(buffer, end, carAt, counts)
      // A row longer than the buffer is none that collect let in.
      kept = end - rest > chunkBytes ? 0 : end - rest
      buffer.copyWithin(0, rest, rest + kept)
    }
    if (kept > 0) {
      // The last row may lack its newline.
      buffer[kept] = newline
      countRows(buffer, kept + 1, carAt, counts)
    }
  }
  const found = new Map<string, number>()
  for (let index = 0; index < carIndexCount; index++) {
    const count = counts[index] as number
    if (count > 0) found.set(carNumberAt(index), count)
  }
  return found
}

/** Counts the rows that end before `end`; returns where the first unfinished row starts. */
function countRows(bytes: Uint8Array, end: number, carAt: number, counts: Float64Array): number {
  let start = 0
  for (let at = 0; at < end; ) {
    while (at < end && bytes[at] !== newline) at++
    if (at === end) break
    const index = carIndexAt(bytes, start + carAt, at)
    if (index >= 0) counts[index] = (counts[index] as number) + 1
    start = at + 1
    // No sound row is shorter than its time and car number.
    at = start + Math.min(carAt, end - start)
  }
  return start
}

function carIndexAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + 5 > end) return -1
  let index = (bytes[at] as number) - 65
  if (index >>> 0 > 25) return -1
  for (let digit = 1; digit <= 4; digit++) {
    const value = (bytes[at + digit] as number) - 48
    if (value >>> 0 > 9) return -1
    index = index * 10 + value
  }
  return index
}
