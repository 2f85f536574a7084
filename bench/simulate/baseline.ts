import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

/**
 * The status log as it is plainly written: a weighted draw for every field, a string for every row, a write stream.
 * Same rows, same weights and same sticky worst class as the simulator (pilot.md, section 2), from Math.random.
 */

interface Range {
  readonly low: number
  readonly high: number
  readonly weight: number
}

const tire: readonly Range[] = [
  { low: 80, high: 100, weight: 80 },
  { low: 70, high: 79, weight: 19.9998 },
  { low: 0, high: 69, weight: 0.0002 },
]
const battery: readonly Range[] = [
  { low: 80, high: 100, weight: 90 },
  { low: 50, high: 79, weight: 9.9998 },
  { low: 0, high: 49, weight: 0.0002 },
]
const light = [
  ['1', 99.9998],
  ['2', 0.0002],
] as const
const grade = [
  ['A', 80],
  ['B', 19.9998],
  ['C', 0.0002],
] as const

function drawNumber(ranges: readonly Range[]): number {
  let draw = Math.random() * 100
  for (const { low, high, weight } of ranges) {
    if (draw < weight) return low + Math.floor(Math.random() * (high - low + 1))
    draw -= weight
  }
  return ranges[0]?.low ?? 0
}

function drawWord<Word extends string>(words: readonly (readonly [Word, number])[], otherwise: Word): Word {
  let draw = Math.random() * 100
  for (const [word, weight] of words) {
    if (draw < weight) return word
    draw -= weight
  }
  return otherwise
}

const two = (value: number) => String(value).padStart(2, '0')

/** Writes one day of `cars` cars, 21,600 rows each; returns the rows. */
export async function writeStatusPlainly(file: string, cars: number, day: string): Promise<number> {
  const stream = createWriteStream(file)
  let rows = 0
  for (let car = 0; car < cars; car++) {
    const number = `${String.fromCharCode(65 + (car % 26))}${String(Math.floor(car / 26) + 1).padStart(4, '0')}`
    const tires = [100, 100, 100, 100]
    const lights = ['1', '1', '1', '1']
    let engine = 'A'
    let brake = 'A'
    let charge = 100
    for (let second = 0; second < 86_400; second += 4) {
      const time = day + two(Math.floor(second / 3600)) + two(Math.floor(second / 60) % 60) + two(second % 60)
      for (let index = 0; index < 4; index++) {
        if ((tires[index] ?? 0) >= 70) tires[index] = drawNumber(tire)
        if (lights[index] !== '2') lights[index] = drawWord(light, '1')
      }
      if (engine !== 'C') engine = drawWord(grade, 'A')
      if (brake !== 'C') brake = drawWord(grade, 'A')
      if (charge >= 50) charge = drawNumber(battery)
      const row = `${time},${number},${tires.join(',')},${lights.join(',')},${engine},${brake},${charge}\n`
      if (!stream.write(row)) await once(stream, 'drain')
      rows++
    }
  }
  stream.end()
  await finished(stream)
  return rows
}
