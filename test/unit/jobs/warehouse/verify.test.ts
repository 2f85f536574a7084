import { describe, expect, it } from 'vitest'
import type { Column } from '../../../../src/core/mart.js'
import { type Answer, compareAnswers, compareRows, verifyText } from '../../../../src/jobs/warehouse/verify.js'

/** An answer with columns of text and a double. */
const answer = (rows: readonly Row[], names = ['car', 'speed']): Answer => ({
  columns: [column(names[0] ?? '', 'string'), column(names[1] ?? '', 'double')],
  rows: pages(rows, 2),
})

type Cell = string | number | bigint | boolean | null
type Row = readonly Cell[]

const column = (name: string, type: Column['type']): Column => ({ name, type, note: '' })
const keyed = {
  columns: [
    column('day', 'string'),
    column('car', 'string'),
    column('speed', 'integer'),
    column('mean', 'double'),
    column('total', 'bigint'),
  ],
  key: ['day', 'car'],
}

async function* pages(rows: readonly Row[], size: number): AsyncGenerator<readonly Row[]> {
  // An engine may give an empty page at any time.
  yield []
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size)
  yield []
}

/** The same for every size of the pages of either side. */
async function compare(left: readonly Row[], right: readonly Row[], mart: Parameters<typeof compareRows>[0] = keyed) {
  const results = []
  for (const [a, b] of [
    [1, 1],
    [1, 3],
    [2, 1],
    [1000, 2],
    [1000, 1000],
  ] as const)
    results.push(await compareRows(mart, pages(left, a), pages(right, b)))
  for (const result of results) expect(result).toEqual(results[0])
  return results[0]
}

const row = (car: string, more: { speed?: Cell; mean?: Cell; total?: Cell } = {}): Row => {
  const { speed = 60, mean = 1.5, total = 7 } = more
  return ['20200322', car, speed, mean, total]
}
const cars = ['A0001', 'B0002', 'C0003', 'D0004']

describe('rows with a key', () => {
  it('that are the same are no difference', async () => {
    const rows = cars.map((car) => row(car))
    expect(await compare(rows, rows)).toEqual({ leftRows: 4, rightRows: 4, differences: 0, first: [] })
    expect(await compare([], [])).toEqual({ leftRows: 0, rightRows: 0, differences: 0, first: [] })
  })

  it('that one side alone has are told, wherever they stand', async () => {
    for (const missing of cars) {
      const rest = cars.filter((car) => car !== missing).map((car) => row(car))
      const all = cars.map((car) => row(car))
      const key = ['20200322', missing]
      expect(await compare(all, rest)).toEqual({
        leftRows: 4,
        rightRows: 3,
        differences: 1,
        first: [{ kind: 'left only', key }],
      })
      expect(await compare(rest, all)).toEqual({
        leftRows: 3,
        rightRows: 4,
        differences: 1,
        first: [{ kind: 'right only', key }],
      })
    }
    expect(await compare([row('A'), row('C')], [row('B'), row('D')])).toMatchObject({
      differences: 4,
      first: [{ kind: 'left only' }, { kind: 'right only' }, { kind: 'left only' }, { kind: 'right only' }],
    })
    expect(
      await compare(
        cars.map((car) => row(car)),
        [],
      ),
    ).toMatchObject({ leftRows: 4, rightRows: 0, differences: 4 })
  })

  it('whose values differ are told with both values, column by column', async () => {
    expect(
      await compare([row('A'), row('B', { speed: 61, total: null })], [row('A'), row('B', { speed: 62, total: 0 })]),
    ).toEqual({
      leftRows: 2,
      rightRows: 2,
      differences: 2,
      first: [
        { kind: 'value', key: ['20200322', 'B'], column: 'speed', left: 61, right: 62 },
        { kind: 'value', key: ['20200322', 'B'], column: 'total', left: null, right: 0 },
      ],
    })
  })

  it('are counted all, and the first five are shown', async () => {
    const many = Array.from({ length: 20 }, (_, n) => `A${String(n).padStart(4, '0')}`)
    const result = await compare(
      many.map((car) => row(car, { speed: 1 })),
      many.map((car) => row(car, { speed: 2 })),
    )
    expect(result?.differences).toBe(20)
    expect(result?.first.map(({ key }) => key[1])).toEqual(many.slice(0, 5))
  })

  it('that one side has twice are a difference', async () => {
    expect(await compare([row('A'), row('A'), row('B')], [row('A'), row('B')])).toMatchObject({
      leftRows: 3,
      rightRows: 2,
      differences: 1,
      first: [{ kind: 'left only', key: ['20200322', 'A'] }],
    })
  })

  it('in the order of UTF-8 bytes stay together, beyond the letters of UTF-16 too', async () => {
    const names = ['Z', 'a', 'é', '자', '\uffee', '😀']
    expect(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))).toEqual(names)
    expect(
      await compare(
        names.map((car) => row(car)),
        names.map((car) => row(car)),
      ),
    ).toMatchObject({ differences: 0 })
    expect(
      await compare(
        names.map((car) => row(car)),
        names.filter((car) => car !== '\uffee').map((car) => row(car)),
      ),
    ).toMatchObject({
      differences: 1,
      first: [{ kind: 'left only', key: ['20200322', '\uffee'] }],
    })
  })
})

describe('values', () => {
  it.each<[string, { mean?: Cell; speed?: Cell; total?: Cell }, { mean?: Cell; speed?: Cell; total?: Cell }, boolean]>([
    ['means that differ in their last digits', { mean: 0.1 + 0.2 }, { mean: 0.3 }, true],
    ['great means that differ in their last digits', { mean: 1e15 + 0.5 }, { mean: 1e15 }, true],
    ['means that differ', { mean: 1.5 }, { mean: 1.500001 }, false],
    ['small means that differ', { mean: 0.001 }, { mean: 0.0011 }, false],
    ['a mean that is none on both sides', { mean: Number.NaN }, { mean: Number.NaN }, true],
    ['a mean that is none on one side', { mean: Number.NaN }, { mean: 0 }, false],
    ['endless means', { mean: Number.POSITIVE_INFINITY }, { mean: Number.POSITIVE_INFINITY }, true],
    [
      'an endless mean and the other end',
      { mean: Number.POSITIVE_INFINITY },
      { mean: Number.NEGATIVE_INFINITY },
      false,
    ],
    ['an endless mean and a number', { mean: Number.POSITIVE_INFINITY }, { mean: 1 }, false],
    ['whole numbers next to each other', { speed: 1_000_000_000 }, { speed: 1_000_000_001 }, false],
    ['a bigint and the same number', { total: 7n }, { total: 7 }, true],
    ['a bigint and another number', { total: 7n }, { total: 8 }, false],
    ['bigints beyond what a number holds', { total: 9007199254740993n }, { total: 9007199254740992n }, false],
    ['the same bigints', { total: 9007199254740993n }, { total: 9007199254740993n }, true],
    ['a bigint as text and as a bigint', { total: '9007199254740993' }, { total: 9007199254740993n }, true],
    ['NULL on both sides', { total: null }, { total: null }, true],
    ['NULL on one side', { total: null }, { total: 0 }, false],
    ['0 and -0', { mean: 0 }, { mean: -0 }, true],
  ])('%s', async (_, left, right, equal) => {
    expect((await compare([row('A', left)], [row('A', right)]))?.differences).toBe(equal ? 0 : 1)
    expect((await compare([row('A', right)], [row('A', left)]))?.differences).toBe(equal ? 0 : 1)
  })

  it('a key that one engine gives as a bigint is the same key', async () => {
    const mart = { columns: [column('n', 'bigint'), column('v', 'integer')], key: ['n'] }
    expect(
      await compare(
        [
          [1n, 1],
          [2n, 1],
          [10n, 1],
        ],
        [
          [1, 1],
          [2, 1],
          [10, 1],
        ],
        mart,
      ),
    ).toMatchObject({ differences: 0 })
    expect(
      await compare(
        [
          [1n, 1],
          [10n, 1],
        ],
        [
          [1, 1],
          [2, 1],
          [10, 1],
        ],
        mart,
      ),
    ).toMatchObject({
      differences: 1,
      first: [{ kind: 'right only', key: [2] }],
    })
    expect(
      await compare(
        [
          [9, 1],
          [10, 1],
        ],
        [
          [9, 1],
          [10, 1],
        ],
        mart,
      ),
    ).toMatchObject({ differences: 0 })
  })
})

describe('rows without a key, which may repeat', () => {
  const mart = { columns: [column('car', 'string'), column('score', 'integer')] }
  it('are compared as often as they are there', async () => {
    const twice: readonly Row[] = [
      ['A', 1],
      ['A', 1],
      ['A', 2],
      ['B', 1],
    ]
    expect(await compare(twice, twice, mart)).toMatchObject({ leftRows: 4, differences: 0 })
    expect(
      await compare(
        twice,
        [
          ['A', 1],
          ['A', 2],
          ['A', 2],
          ['B', 1],
        ],
        mart,
      ),
    ).toMatchObject({
      leftRows: 4,
      rightRows: 4,
      differences: 2,
      first: [
        { kind: 'left only', key: ['A', 1] },
        { kind: 'right only', key: ['A', 2] },
      ],
    })
  })
})

it('the text says what is different and where', () => {
  const one = { mart: 'm', partition: '20200322', leftRows: 1200, rightRows: 1201 }
  const text = verifyText({
    left: 'embedded',
    right: ['hive'],
    equal: false,
    comparisons: [
      { ...one, right: 'hive', differences: 0, first: [] },
      {
        ...one,
        right: 'spark',
        differences: 1001,
        first: [
          { kind: 'right only', key: ['A', 1n] },
          { kind: 'left only', key: ['B', null] },
          { kind: 'value', key: ['C'], column: 'speed', left: 0, right: null },
        ],
      },
    ],
    queries: [],
  })
  expect(text).toBe(`mart  partition  sides               left rows  right rows  result
----  ---------  ------------------  ---------  ----------  -----------------
m     20200322   embedded and hive       1,200       1,201  equal
m     20200322   embedded and spark      1,200       1,201  1,001 differences

m 20200322: A, 1: only spark has it
m 20200322: B, NULL: only embedded has it
m 20200322: C: speed is 0 on embedded, NULL on spark
different: 2 partitions compared
`)
})

describe('answers to a saved question', () => {
  const rows: readonly Row[] = [
    ['B', 2.5],
    ['A', null],
    ['A', 1],
  ]

  it('are compared in the order in which they come', async () => {
    const close = rows.map(([car, speed]): Row => [car ?? null, typeof speed === 'number' ? speed + 1e-12 : null])
    expect(await compareAnswers(answer(rows), answer(close))).toMatchObject({ leftRows: 3, differences: 0 })
    const [b, ...rest] = rows
    const turned = await compareAnswers(answer(rows), answer([...rest, b as Row]))
    expect(turned.differences).toBeGreaterThan(0)
    expect(turned.first[0]).toEqual({ kind: 'value', key: [1], column: 'car', left: 'B', right: 'A' })
  })

  it('tell rows that are missing and columns of another name', async () => {
    expect(await compareAnswers(answer(rows), answer(rows.slice(0, 2)))).toMatchObject({
      leftRows: 3,
      rightRows: 2,
      first: [{ kind: 'left only', key: [3] }],
    })
    const other = await compareAnswers(answer(rows), answer(rows, ['car', 'pace']))
    expect(other).toMatchObject({ differences: 1, first: [{ kind: 'columns', right: 'car, pace' }] })
    const text = verifyText({
      left: 'embedded',
      right: ['hive'],
      equal: false,
      comparisons: [],
      queries: [
        { query: 'fast', right: 'hive', ...other },
        { query: 'slow', right: 'hive', ...(await compareAnswers(answer(rows), answer(rows.slice(0, 2)))) },
      ],
    })
    expect(text).toContain('query fast: the columns are car, speed on embedded, car, pace on hive')
    expect(text).toContain('query slow: row 3: only embedded has it')
    expect(text).toContain('different: 0 partitions, 2 answers compared')
  })
})
