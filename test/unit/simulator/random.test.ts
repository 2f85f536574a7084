import { expect, it } from 'vitest'
import { Random, streamState } from '../../../src/simulator/random.js'
import { chiSquareDeviation, chiSquareLimit } from './helpers.js'

const key = { seed: 1, purpose: 'status', car: 0, day: 20200322 } as const

it('is sfc32, as published', () => {
  // Worked out from PractRand's definition: a + b + counter, then the three shifts.
  const random = new Random(Int32Array.of(1, 2, 3, 4))
  expect([random.next() >>> 0, random.next() >>> 0]).toEqual([7, 34])
})

it('gives the same numbers for the same key, on every platform', () => {
  const random = Random.of(key)
  expect(Array.from({ length: 4 }, () => random.next() >>> 0)).toMatchInlineSnapshot(`
    [
      965919408,
      2087366683,
      1540089339,
      3883239613,
    ]
  `)
})

it('gives other numbers for every other seed, purpose, car and day', () => {
  const first = (change: Partial<Parameters<typeof streamState>[0]>) => streamState({ ...key, ...change }).join()
  const states = [
    first({}),
    first({ seed: 2 }),
    first({ seed: 2 ** 32 + 1 }),
    first({ purpose: 'drive' }),
    first({ car: 1 }),
    first({ day: 20200323 }),
    ...Array.from({ length: 1000 }, (_, car) => first({ car: car + 2 })),
  ]
  expect(new Set(states).size).toBe(states.length)
})

it('draws evenly', () => {
  const random = Random.of(key)
  const counts = Array.from({ length: 17 }, () => 0)
  for (let draw = 0; draw < 100_000; draw++) {
    const value = random.below(17)
    counts[value] = (counts[value] ?? 0) + 1
  }
  expect(
    chiSquareDeviation(
      counts,
      Array.from({ length: 17 }, () => 1),
    ),
  ).toBeLessThan(chiSquareLimit)
})

it('keeps streams of neighbouring cars apart', () => {
  // The first draw of 50,000 cars: as even as the draws of one.
  const counts = Array.from({ length: 10 }, () => 0)
  for (let car = 0; car < 50_000; car++) {
    const value = Random.of({ ...key, car }).below(10)
    counts[value] = (counts[value] ?? 0) + 1
  }
  expect(
    chiSquareDeviation(
      counts,
      Array.from({ length: 10 }, () => 1),
    ),
  ).toBeLessThan(chiSquareLimit)
})
