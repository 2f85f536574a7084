import { beforeAll, describe, expect, it } from 'vitest'
import { ByteBuffer } from '../../../src/simulator/bytes.js'
import { DriveSource } from '../../../src/simulator/drive-source.js'
import { drivers } from '../../../src/simulator/fleet.js'
import { chiSquareDeviation, chiSquareLimit, count, driveRow, secondOf } from './helpers.js'

const cars = 10
const seed = 11
let lines: string[] = []
let rows: string[][] = []

beforeAll(() => {
  const source = new DriveSource({ kind: 'drive', seed, cars, days: ['20200322'] })
  const target = new ByteBuffer()
  let text = ''
  while (source.next(target) !== undefined) text += Buffer.from(target.written()).toString('latin1')
  lines = text.slice(0, -1).split('\n')
  rows = lines.filter((line) => !line.startsWith('Driver')).map((line) => line.split(','))
})

const carOf = (row: readonly string[]) => row[1] ?? ''
const wild = new Set(drivers(seed, 0, cars).flatMap((driver) => (driver.wild ? [driver.car] : [])))
const percent = (values: readonly string[], names: readonly string[]) => {
  const counts = count(values)
  return names.map((name) => counts.get(name) ?? 0)
}

/** Weights of pilot.md, section 2, for calm and wild drivers. */
const weights = {
  calm: {
    pedal: [30, 30, 10, 20, 5, 5],
    gain: [0, 5, 10, 15, 20, 25],
    brake: [30, 45, 20, 5],
    loss: [0, 10, 20, 30],
    steer: [70, 5, 5, 5, 5, 5, 5],
  },
  wild: {
    pedal: [10, 10, 10, 30, 25, 15],
    gain: [0, 5, 10, 20, 30, 40],
    brake: [10, 10, 50, 30],
    loss: [0, 5, 10, 20],
    steer: [40, 10, 10, 10, 10, 10, 10],
  },
}

describe('the drive log', () => {
  it('has 43,200 rows a car in the order of time, every 2 seconds from 000000 to 235958', () => {
    expect(rows).toHaveLength(43_200 * cars)
    for (const [index, row] of rows.entries()) {
      const step = Math.floor(index / cars)
      if (secondOf(row[0] ?? '') !== step * 2 || carOf(row) !== `${String.fromCharCode(65 + (index % cars))}0001`)
        expect.fail(`row ${index} is ${row.join()}`)
    }
  })

  it('has nothing but sound rows, and one header line a car in front of its first row', () => {
    const others = lines.filter((line) => !driveRow.test(line))
    expect(new Set(others)).toEqual(
      new Set(['Driver Status Infomation,CarNum,AccStep,BrkStep,WheelStep,DirLightStep,Speed,AreaNum']),
    )
    expect(others).toHaveLength(cars)
    expect(lines.slice(0, 2 * cars).filter((_, index) => index % 2 === 0)).toEqual(others)
  })

  it.each(['calm', 'wild'] as const)(
    'draws pedal, brake and steering of %s drivers with the weights of the pilot',
    (kind) => {
      const chosen = rows.filter((row) => wild.has(carOf(row)) === (kind === 'wild'))
      expect(chosen.length).toBeGreaterThan(40_000)
      const { pedal, brake, steer } = weights[kind]
      const pedals = percent(
        chosen.map((row) => row[2] ?? ''),
        ['0', '1', '2', '3', '4', '5'],
      )
      expect(chiSquareDeviation(pedals, pedal)).toBeLessThan(chiSquareLimit)
      const braking = chosen.filter((row) => row[2] === '0')
      const brakes = percent(
        braking.map((row) => row[3] ?? ''),
        ['0', '1', '2', '3'],
      )
      expect(chiSquareDeviation(brakes, brake)).toBeLessThan(chiSquareLimit)
      expect(chosen.filter((row) => row[2] !== '0' && row[3] !== '0')).toEqual([])
      const angles = percent(
        chosen.map((row) => row[4] ?? ''),
        ['F', 'L1', 'L2', 'L3', 'R1', 'R2', 'R3'],
      )
      expect(chiSquareDeviation(angles, steer)).toBeLessThan(chiSquareLimit)
    },
  )

  it('lights the direction that a calm driver steers, and any for a wild one', () => {
    const calm = rows.filter((row) => !wild.has(carOf(row)))
    expect(calm.filter((row) => row[5] !== (row[4] === 'F' ? 'N' : row[4]?.charAt(0)))).toEqual([])
    const lit = rows.filter((row) => wild.has(carOf(row)))
    for (const angle of ['F', 'L1', 'R3']) {
      const lights = percent(
        lit.filter((row) => row[4] === angle).map((row) => row[5] ?? ''),
        ['N', 'L', 'R'],
      )
      expect(chiSquareDeviation(lights, [60, 20, 20]), angle).toBeLessThan(chiSquareLimit)
    }
  })

  it('keeps the area letter of a car and draws its number anew', () => {
    for (const car of new Set(rows.map(carOf))) {
      const areas = rows.filter((row) => carOf(row) === car).map((row) => row[7] ?? '')
      expect(new Set(areas.map((area) => area.charAt(0))).size).toBe(1)
      const numbers = percent(
        areas.map((area) => area.slice(1)),
        ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10'],
      )
      expect(
        chiSquareDeviation(
          numbers,
          Array.from({ length: 10 }, () => 1),
        ),
        car,
      ).toBeLessThan(chiSquareLimit)
    }
  })

  it('changes the speed by pedal, congestion and brake, within 0 and 250', () => {
    const congested = new Set(['A10', 'B02', 'C04', 'D05', 'E10', 'F06'])
    const speeds = new Map<string, number>()
    let jams = 0
    let fastest = 0
    for (const row of rows) {
      const [, car = '', pedal, brake, , , speed, area = ''] = row
      const { gain, loss } = weights[wild.has(car) ? 'wild' : 'calm']
      let expected = Math.min(250, (speeds.get(car) ?? 0) + (gain[Number(pedal)] ?? 0))
      if (congested.has(area)) {
        expected = Math.floor(expected * 0.3 + 1e-9)
        jams++
      }
      expected = Math.max(0, expected - (loss[Number(brake)] ?? 0))
      if (Number(speed) !== expected) expect.fail(`${row.join()} follows ${speeds.get(car)}`)
      speeds.set(car, expected)
      fastest = Math.max(fastest, expected)
    }
    expect(jams).toBeGreaterThan(rows.length / 11)
    expect(fastest).toBe(250)
  })
})

it('has one wild driver in every ten cars, the same ones in a larger fleet', () => {
  const fleet = drivers(5, 0, 2600)
  for (let decade = 0; decade < 260; decade++)
    expect(fleet.slice(decade * 10, decade * 10 + 10).filter((driver) => driver.wild)).toHaveLength(1)
  expect(drivers(5, 40, 70)).toEqual(fleet.slice(40, 70))
  const places = count(fleet.flatMap((driver, index) => (driver.wild ? [index % 10] : [])))
  expect(
    chiSquareDeviation(
      Array.from({ length: 10 }, (_, place) => places.get(place) ?? 0),
      Array.from({ length: 10 }, () => 1),
    ),
  ).toBeLessThan(chiSquareLimit)
})
