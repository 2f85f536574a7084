import { beforeAll, describe, expect, it } from 'vitest'
import { ByteBuffer } from '../../../src/simulator/bytes.js'
import { Random } from '../../../src/simulator/random.js'
import { StatusDay } from '../../../src/simulator/status.js'
import { wornParts } from '../../../src/simulator/status-parts.js'
import { StatusSource } from '../../../src/simulator/status-source.js'
import { chiSquareDeviation, chiSquareLimit, count, statusRow } from './helpers.js'

const cars = 5
const days = ['20200322', '20200323']
interface CarDay {
  readonly header: string
  readonly rows: readonly string[]
  /** Values by column. */
  readonly columns: readonly (readonly string[])[]
  readonly text: string
}
const carsAndDays: CarDay[] = []
const columns = [
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
]

beforeAll(() => {
  const source = new StatusSource({ kind: 'status', seed: 7, cars, days })
  const target = new ByteBuffer()
  while (source.next(target) !== undefined) {
    const text = Buffer.from(target.written()).toString('latin1')
    const [header = '', ...rows] = text.slice(0, -1).split('\n')
    const fields = rows.map((row) => row.split(','))
    carsAndDays.push({
      header,
      rows,
      text,
      columns: columns.map((_, index) => fields.map((row) => row[index + 2] ?? '')),
    })
  }
})

const column = (index: number) => carsAndDays.flatMap((day) => day.columns[index] ?? [])

/** Worst class of each column, by pilot.md, section 2. */
function isWorst(name: string, value: string): boolean {
  if (name.startsWith('tire')) return Number(value) < 70
  if (name.startsWith('light')) return value === '2'
  return name === 'battery' ? Number(value) < 50 : value === 'C'
}

describe('the status log', () => {
  it('has a header line and 21,600 rows for every car and day, 000000 to 235956', () => {
    expect(carsAndDays).toHaveLength(cars * days.length)
    const times = Array.from({ length: 21_600 }, (_, index) =>
      new Date(index * 4000).toISOString().slice(11, 19).replaceAll(':', ''),
    )
    for (const [index, { header, rows, text }] of carsAndDays.entries()) {
      expect(header).toBe(
        'SmartCar Status Information,CarNum,TireFL,TireFR,TireBL,TireBR,LightFL,LightFR,LightBL,LightBR,EngineInfo,BreakInfo,BatteryInfo',
      )
      expect(text.endsWith('\n')).toBe(true)
      const day = days[Math.floor(index / cars)] ?? ''
      const car = `${String.fromCharCode(65 + (index % cars))}0001`
      expect(rows.map((row) => row.slice(0, 21)).join()).toBe(times.map((time) => `${day}${time},${car},`).join())
    }
  })

  it('has nothing but sound rows', () => {
    expect(carsAndDays.flatMap(({ rows }) => rows.filter((row) => !statusRow.test(row)))).toEqual([])
  })

  it('draws tires, battery, engine and break with the weights of the pilot', () => {
    // A broken part keeps its value, so only values before the worst class are draws.
    const evenly = (low: number, high: number, weight: number) =>
      Array.from({ length: high - low + 1 }, (_, index) => [String(low + index), weight / (high - low + 1)] as const)
    const weights: Record<string, readonly (readonly [string, number])[]> = {
      tire: [...evenly(80, 100, 80), ...evenly(70, 79, 19.9998)],
      battery: [...evenly(80, 100, 90), ...evenly(50, 79, 9.9998)],
      engine: [
        ['A', 80],
        ['B', 19.9998],
      ],
      break: [
        ['A', 80],
        ['B', 19.9998],
      ],
    }
    for (const [index, name] of columns.entries()) {
      const expected = weights[name.replace(/_.*/, '')]
      if (expected === undefined) continue
      const counts = count(column(index).filter((value) => !isWorst(name, value)))
      expect([...counts.keys()].filter((value) => !expected.some(([known]) => known === value))).toEqual([])
      const deviation = chiSquareDeviation(
        expected.map(([value]) => counts.get(value) ?? 0),
        expected.map(([, weight]) => weight),
      )
      expect(deviation, name).toBeLessThan(chiSquareLimit)
    }
  })

  it('draws its fields apart from each other', () => {
    // Engine against break, and the low bit of neighbouring tires: 2 x 2 tables with the product of their margins.
    const cells = (left: string, is: (value: string) => boolean, right: string) => {
      const counts = [0, 0, 0, 0]
      const others = column(columns.indexOf(right))
      for (const [row, value] of column(columns.indexOf(left)).entries()) {
        const cell = (is(value) ? 1 : 0) + (is(others[row] ?? '') ? 2 : 0)
        counts[cell] = (counts[cell] ?? 0) + 1
      }
      return counts
    }
    const odd = (value: string) => Number(value) % 2 === 1
    for (const counts of [
      cells('engine', (value) => value === 'B', 'break'),
      cells('tire_fl', odd, 'tire_fr'),
      cells('tire_br', odd, 'battery'),
    ]) {
      const [none = 0, left = 0, right = 0, both = 0] = counts
      const total = none + left + right + both
      const [p, q] = [(left + both) / total, (right + both) / total]
      const weights = [(1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q]
      expect(chiSquareDeviation(counts, weights)).toBeLessThan(chiSquareLimit)
    }
  })

  it('keeps a part in its worst class for the rest of the day, and mends it over night', () => {
    let broken = 0
    for (const day of carsAndDays) {
      for (const [index, name] of columns.entries()) {
        const values = day.columns[index] ?? []
        const since = values.findIndex((value) => isWorst(name, value))
        if (since === -1) continue
        broken++
        expect(new Set(values.slice(since)).size, `${name} from row ${since}`).toBe(1)
      }
    }
    expect(broken).toBeGreaterThan(2)
  })

  it('reports the broken parts that its rows show', () => {
    const source = new StatusSource({ kind: 'status', seed: 7, cars, days })
    const target = new ByteBuffer()
    for (const { rows, columns: values } of carsAndDays) {
      const shown = columns.flatMap((part, index) => {
        const first = values[index]?.findIndex((value) => isWorst(part, value)) ?? -1
        return first === -1 ? [] : [{ part, since: rows[first]?.slice(0, 14), value: values[index]?.[first] }]
      })
      const told = source.next(target)?.report.broken ?? []
      const byPart = (a: { part: string }, b: { part: string }) => columns.indexOf(a.part) - columns.indexOf(b.part)
      expect([...told].sort(byPart)).toEqual(shown)
    }
  })
})

it('breaks parts as often as a weight of 0.0002 % a row does', () => {
  // 11 parts x 4,000 days; a part breaks on a day with 1 - (1 - 0.000002) ^ 21600 = 4.228 %.
  const worn = Array.from({ length: 4000 }, (_, car) =>
    wornParts(Random.of({ seed: 3, purpose: 'status', car, day: 20200322 })),
  ).flat()
  const chance = 1 - (1 - 0.000002) ** 21_600
  expect(chiSquareDeviation([worn.length, 44_000 - worn.length], [chance, 1 - chance])).toBeLessThan(chiSquareLimit)
  const parts = count<string>(worn.map(({ part }) => part))
  expect(
    chiSquareDeviation(
      columns.map((part) => parts.get(part) ?? 0),
      columns.map(() => 1),
    ),
  ).toBeLessThan(chiSquareLimit)
  // Nearly even over the day, since the chance is small: by hours of 900 rows.
  const hours = count(worn.map(({ row }) => Math.floor(row / 900)))
  const survivors = Array.from({ length: 24 }, (_, hour) => (1 - 0.000002) ** (900 * hour))
  expect(
    chiSquareDeviation(
      survivors.map((_, hour) => hours.get(hour) ?? 0),
      survivors,
    ),
  ).toBeLessThan(chiSquareLimit)
  const tires = count(
    worn.filter(({ part }) => part.startsWith('tire')).map(({ value }) => Math.floor(Number(value) / 10)),
  )
  expect([...tires.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(
    chiSquareDeviation(
      [0, 1, 2, 3, 4, 5, 6].map((ten) => tires.get(ten) ?? 0),
      [1, 1, 1, 1, 1, 1, 1],
    ),
  ).toBeLessThan(chiSquareLimit)
  const batteries = worn.filter(({ part }) => part === 'battery').map(({ value }) => Number(value))
  expect(Math.max(...batteries)).toBeLessThan(50)
  expect(Math.min(...batteries)).toBeLessThan(5)
})

it('writes the same rows one by one as all at once, drawing what Random draws', () => {
  const whole = new ByteBuffer()
  const single = new ByteBuffer()
  const wholeDay = new StatusDay(7, '20200322', 3, 'D0001')
  wholeDay.write(21_600, whole)
  const day = new StatusDay(7, '20200322', 3, 'D0001')
  for (let row = 1; row <= 21_600; row++) day.write(row, single)
  expect(Buffer.compare(whole.written(), single.written())).toBe(0)
  expect([...day.sums]).toEqual([...wholeDay.sums])

  // The loop's own sfc32 against the class: rows before anything breaks take three words each.
  const random = Random.of({ seed: 7, purpose: 'status', car: 3, day: 20200322 })
  wornParts(random)
  const rows = Buffer.from(whole.written()).toString('latin1').split('\n').slice(0, 200)
  const tire = (draw: number) => {
    const cell = (draw * 1050) >>> 16
    return cell < 840 ? 80 + Math.floor(cell / 40) : 70 + Math.floor((cell - 840) / 21)
  }
  for (const row of rows) {
    const words = [random.next(), random.next(), random.next()]
    const draws = words.flatMap((word) => [word & 0xffff, word >>> 16])
    expect(row.split(',').slice(2, 6).map(Number)).toEqual(draws.slice(0, 4).map(tire))
  }
})
