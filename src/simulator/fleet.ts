import { maxCars } from '../core/cars.js'
import { UsageError } from '../core/errors.js'
import { padded } from './bytes.js'
import { Random } from './random.js'

const letters = 26

/** Owners in the pilot's master: 26 letters x 100 numbers (pilot.md, section 2). */
export const masterCars = letters * 100

/**
 * Car number of the car with this ordinal, from 0: A0001, B0001 … Z0001, A0002 …. So the first 2,600 cars are the owners
 * of the master of the pilot, and a larger fleet goes on with the number 0101.
 */
export function carNumberOf(ordinal: number): string {
  return String.fromCharCode(65 + (ordinal % letters)) + padded(Math.floor(ordinal / letters) + 1, 4)
}

/** Throws UsageError for a number of cars that cannot be numbered. */
export function checkCars(cars: number): void {
  if (Number.isInteger(cars) && cars >= 1 && cars <= maxCars) return
  throw new UsageError('CARS_INVALID', `cannot simulate ${cars} cars`, {
    hints: [`give --cars a whole number from 1 to ${maxCars}: car numbers end at Z9999`],
  })
}

/** What a driver and a car keep, whatever the day. */
export interface Driver {
  readonly car: string
  readonly wild: boolean
  /** 0..5 for the area letters A..F */
  readonly area: number
}

const wildOneIn = 10

/**
 * Drivers of the cars `from` to `to` - 1. 10 % are wild (pilot.md, section 2): one of every ten in a row, drawn by the
 * seed, so a car stays the same driver whatever the size of the fleet and 10, 20, … cars have exactly their tenth.
 */
export function drivers(seed: number, from: number, to: number): Driver[] {
  const result: Driver[] = []
  for (let ordinal = from; ordinal < to; ordinal++) {
    const decade = Math.floor(ordinal / wildOneIn)
    const wild = Random.of({ seed, purpose: 'driver', car: decade, day: 1 }).below(wildOneIn) === ordinal % wildOneIn
    const area = Random.of({ seed, purpose: 'driver', car: ordinal, day: 0 }).below(6)
    result.push({ car: carNumberOf(ordinal), wild, area })
  }
  return result
}
