import { describe, expect, it } from 'vitest'
import {
  compileText,
  drawDay,
  drawRow,
  type ReferenceRule,
  type Row,
  random,
  reference,
  ruleText,
  runEngine,
  shuffleWithin,
  speedingReference,
  speedingText,
  textOf,
} from './support.js'

const speeding = compileText(speedingText)
const day = '20200322'
const cars = ['A0001', 'B0002', 'Z9999', 'A0000']

describe('the engine against brute force', () => {
  it.each([1, 2, 3, 4, 5])('finds the same in a day in order (seed %i)', (seed) => {
    const rows = drawDay(random(seed), day, cars, 0, 4000)
    const wanted = reference(speedingReference, rows)
    const found = runEngine(speeding, [textOf(rows)])
    expect(wanted.alerts.length).toBeGreaterThan(100)
    expect(found.alerts).toEqual(wanted.alerts)
    expect(found.counts).toMatchObject({ windows: wanted.windows, late: 0, duplicates: 0, cars: cars.length })
  })

  it.each([11, 12, 13, 14, 15, 16])('a shuffle within the allowed lateness changes nothing (seed %i)', (seed) => {
    const next = random(seed)
    const rows = [...drawDay(next, day, cars, 85_000, 86_400), ...drawDay(next, '20200323', cars, 0, 1500)]
    const wanted = reference(speedingReference, rows)
    const found = runEngine(speeding, [textOf(shuffleWithin(rows, 60, next))])
    expect(found.alerts).toEqual(wanted.alerts)
    expect(found.counts).toMatchObject({ windows: wanted.windows, late: 0, duplicates: 0 })
  })

  it.each([21, 22, 23, 24])('rows in any order: late ones, repeats and all (seed %i)', (seed) => {
    const next = random(seed)
    const drawn = drawDay(next, day, cars, 1000, 3000)
    const repeated = drawn.flatMap((row) => (next() < 0.1 ? [row, row] : [row]))
    const rows = shuffleWithin(repeated, 300, next)
    const wanted = reference(speedingReference, rows)
    const found = runEngine(speeding, [textOf(rows)])
    expect(wanted.late).toBeGreaterThan(50)
    expect(wanted.duplicates).toBeGreaterThan(50)
    expect(found.alerts).toEqual(wanted.alerts)
    expect(found.counts).toMatchObject({ windows: wanted.windows, late: wanted.late, duplicates: wanted.duplicates })
  })

  it.each([
    ['1s', '0s', 1, 0],
    ['10s', '25s', 10, 25],
    ['1m', '10m', 60, 600],
    ['1h', '60s', 3600, 60],
    ['1d', '1d', 86_400, 86_400],
  ] as const)('windows of %s with a lateness of %s', (sizeText, latenessText, size, lateness) => {
    const next = random(size)
    const rule = compileText(ruleText({ size: sizeText, lateness: latenessText, condition: 'avg_speed > 125' }))
    const plain: ReferenceRule = { ...speedingReference, size, lateness, holds: ([average = 0]) => average > 125 }
    const drawn = [
      ...drawDay(next, day, cars, 80_000, 86_400),
      ...drawDay(next, '20200323', cars, 0, 9000),
      ...drawDay(next, '20200401', cars, 40_000, 41_000),
    ]
    const rows = shuffleWithin(drawn, lateness * 2 + 10, next)
    const wanted = reference(plain, rows)
    const found = runEngine(rule, [textOf(rows)])
    expect(found.alerts).toEqual(wanted.alerts)
    expect(found.counts).toMatchObject({ windows: wanted.windows, late: wanted.late, duplicates: 0 })
  })

  it('all aggregates over a filter of rows', () => {
    const rule = compileText(
      ruleText({
        where:
          "speed_pedal >= 3 and steer_angle != 'F' and area_number in ('A10', 'B02', 'C01', 'D05') or direct_light = 'R'",
        aggregates:
          '{ low: { min: speed }, high: { max: speed }, brake: { sum: break_pedal }, pedal: { avg: speed_pedal }, n: { count: speed } }',
        condition: 'high - low > 100 and (n >= 2 or not brake < 5) and pedal * 2 > 1 and count = n',
      }),
    )
    const numbers = (rows: readonly Row[], field: 'speed' | 'brake' | 'pedal') => rows.map((row) => row[field])
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
    const plain: ReferenceRule = {
      size: 30,
      lateness: 60,
      where: ({ pedal, steer, area, light }) =>
        (pedal >= 3 && steer !== 'F' && ['A10', 'B02', 'C01', 'D05'].includes(area)) || light === 'R',
      values: (rows) => [
        Math.min(...numbers(rows, 'speed')),
        Math.max(...numbers(rows, 'speed')),
        sum(numbers(rows, 'brake')),
        sum(numbers(rows, 'pedal')) / rows.length,
        rows.length,
      ],
      holds: ([low = 0, high = 0, brake = 0, pedal = 0, n = 0], count) =>
        high - low > 100 && (n >= 2 || !(brake < 5)) && pedal * 2 > 1 && count === n,
    }
    const next = random(99)
    const drawn = drawDay(next, day, cars, 0, 3000)
    const rows = shuffleWithin([...drawn, ...drawn.slice(0, 500)], 60, next)
    const wanted = reference(plain, rows)
    const found = runEngine(rule, [textOf(rows)])
    expect(wanted.alerts.length).toBeGreaterThan(50)
    expect(found.alerts).toEqual(wanted.alerts)
    expect(found.counts).toMatchObject({ windows: wanted.windows, late: wanted.late, duplicates: wanted.duplicates })
  })

  it('more cars than there is room for at first', () => {
    const next = random(7)
    const many = Array.from({ length: 700 }, (_, i) => `C${String(i * 7).padStart(4, '0')}`)
    const rows = drawDay(next, day, many, 0, 90)
    const wanted = reference(speedingReference, rows)
    const found = runEngine(speeding, [textOf(rows)])
    expect(found.alerts).toEqual(wanted.alerts)
    expect(found.counts.cars).toBe(700)
  })
})

describe('time', () => {
  const row = (time: string, speed: number, car = 'A0001'): Row => ({
    ...drawRow(random(1), day, 0, car),
    time,
    speed,
  })
  const run = (rows: readonly Row[]) => runEngine(speeding, [textOf(rows)])

  it('the clock 240000 is a window of its own of its day, apart from the next midnight', () => {
    const { alerts } = run([row('20200322240000', 100), row('20200323000000', 90), row('20200322235959', 10)])
    expect(alerts.map(({ start, rows }) => [start, rows])).toEqual([
      ['20200322240000', 1],
      ['20200323000000', 1],
    ])
  })

  it('the newest row decides what is late, car by car', () => {
    const { counts, alerts } = run([
      row('20200322000000', 100),
      row('20200322000130', 0),
      row('20200322000001', 250),
      row('20200322000001', 250, 'B0001'),
    ])
    expect(counts).toMatchObject({ late: 1, latest: 89 })
    expect(alerts.map(({ car, rows }) => [car, rows])).toEqual([
      ['A0001', 1],
      ['B0001', 1],
    ])
  })

  it('a leap of hours, days and years closes what is open', () => {
    const times = ['19000101000000', '20200322000000', '20200322120000', '20240229235959', '99991231240000']
    const { alerts, counts } = run(times.map((time) => row(time, 100)))
    expect(alerts.map(({ member }) => member)).toEqual(times.map((time) => `A0001-${time}`))
    expect(counts.late).toBe(0)
  })

  it('a window without a row that counts says nothing', () => {
    const rule = compileText(ruleText({ where: 'speed > 240', condition: 'count = 0 or count > 0' }))
    const { counts, alerts } = runEngine(rule, [textOf([row('20200322000000', 10), row('20200322000100', 250)])])
    expect(counts.windows).toBe(1)
    expect(alerts.map(({ start }) => start)).toEqual(['20200322000100'])
  })

  it('the average is exact', () => {
    const speeds = [81, 80, 80]
    const { alerts } = run(speeds.map((speed, i) => row(`2020032200000${i}`, speed)))
    expect(alerts[0]?.values).toEqual([241 / 3])
  })
})

describe('a snapshot', () => {
  it.each([31, 32, 33])('goes on at any row as if nothing had happened (seed %i)', (seed) => {
    const next = random(seed)
    const drawn = [...drawDay(next, day, cars, 86_000, 86_400), ...drawDay(next, '20200323', cars, 0, 400)]
    const rows = shuffleWithin(drawn, 90, next)
    const whole = runEngine(speeding, [textOf(rows)])
    for (const share of [0, 0.1, 0.37, 0.5, 0.8, 0.99, 1]) {
      const cut = Math.floor(rows.length * share)
      const first = runEngine(speeding, [textOf(rows.slice(0, cut))], { finish: false })
      const from = JSON.parse(JSON.stringify(first.snapshot)) as typeof first.snapshot
      const second = runEngine(speeding, [textOf(rows.slice(cut))], { from })
      const key = ({ start, car }: { start: string; car: string }) => start + car
      const both = [...first.alerts, ...second.alerts].sort((a, b) => (key(a) < key(b) ? -1 : 1))
      expect(both).toEqual(whole.alerts)
      expect(first.counts.late + second.counts.late).toBe(whole.counts.late)
      expect(first.counts.windows + second.counts.windows).toBe(whole.counts.windows)
    }
  })

  it('looking at open windows leaves them open', () => {
    const rows = drawDay(random(5), day, cars, 0, 100)
    const first = runEngine(speeding, [textOf(rows)], { finish: false })
    const again = runEngine(speeding, [textOf(rows)])
    expect(runEngine(speeding, [], { from: first.snapshot }).alerts.length + first.alerts.length).toBe(
      again.alerts.length,
    )
  })
})
