import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import type { Column, Mart } from '../../../../src/core/mart.js'
import { duckdbDialect } from '../../../../src/engines/duckdb/dialect.js'
import { loadDialect } from '../../../../src/engines/registry.js'
import { partitionTests } from '../../../../src/jobs/warehouse/tests.js'
import { loadTables, martsOf } from '../../../../src/marts/registry.js'

const column = (name: string, type: Column['type']): Column => ({ name, type, note: '' })
const mart: Mart = {
  name: 'trips',
  kind: 'mart',
  note: '',
  grain: '',
  columns: [column('car', 'string'), column('stamp', 'string'), column('light', 'integer'), column('tire', 'integer')],
  key: ['car', 'stamp'],
  partition: { name: 'biz_date', unit: 'day', note: '' },
  reads: ['raw', 'master'],
  drivenBy: 'raw',
  tests: [
    { test: 'notNull', columns: ['car', 'tire'] },
    { test: 'accepted', column: 'light', values: [1, 2] },
    { test: 'accepted', column: 'car', values: ['A', 'B', 'C', "it's"] },
    { test: 'between', column: 'tire', least: 0, most: 100 },
    { test: 'never', name: 'a row of another day', condition: 'SUBSTR(stamp, 1, 8) <> biz_date' },
    { test: 'unique', columns: ['car', 'stamp'] },
    { test: 'relationship', column: 'car', to: 'master', toColumn: 'car' },
    {
      test: 'conserved',
      from: 'raw',
      fromPartition: 'wrk_date',
      joined: { column: 'car', to: 'master', toColumn: 'car' },
      key: ['car', 'stamp'],
    },
  ],
}
const day = '20200322'
type Trip = readonly [car: string | null, at: string, light: number | null, tire: number | null, biz_date: string]
const good: readonly Trip[] = [
  ['A', '20200322080000', 1, 0, day],
  ['A', '20200322090000', 2, 100, day],
  ["it's", '20200322080000', 1, 50, day],
]
/** A row of another partition that breaks everything: it is none of this one's business. */
const elsewhere: Trip = ['X', '19990101000000', 9, 900, '20200323']

/** Failures by label, of the tests as they are sent to an engine. */
async function failures(
  trips: readonly Trip[],
  raw: readonly (readonly [string, string, string])[] = good.map(([car, at]) => [car ?? '', at, day]),
  of = mart,
) {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const literal = (value: string | number | null) => (value === null ? 'NULL' : duckdbDialect.literal(value))
  const fill = async (name: string, types: string, rows: readonly (readonly (string | number | null)[])[]) => {
    await connection.run(`CREATE TABLE ${name} (${types})`)
    for (const row of rows) await connection.run(`INSERT INTO ${name} VALUES (${row.map(literal).join(', ')})`)
  }
  try {
    await fill('trips', 'car VARCHAR, stamp VARCHAR, light INTEGER, tire INTEGER, biz_date VARCHAR', [
      ...trips,
      elsewhere,
    ])
    await fill('raw', 'car VARCHAR, stamp VARCHAR, wrk_date VARCHAR', [...raw, ['A', '20200323000000', '20200323']])
    // A master may name a car twice: a join must not make two rows of it.
    await fill('master', 'car VARCHAR', [['A'], ['A'], ['B'], ["it's"]])
    const { pass, sets } = partitionTests(of, day, duckdbDialect)
    const [first = []] = await (await connection.run(pass.sql)).getRows()
    expect(first).toHaveLength(pass.labels.length + 1)
    const found = new Map<string, number>(pass.labels.map((label, index) => [label, Number(first[index + 1] ?? 0)]))
    for (const { label, count } of sets)
      found.set(label, Number((await (await connection.run(count)).getRows())[0]?.[0]))
    expect(found.size).toBe(pass.labels.length + sets.length)
    return {
      rows: Number(first[0]),
      broken: Object.fromEntries([...found].filter(([, count]) => count !== 0)),
      labels: [...found.keys()],
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

const labels = {
  noCar: 'not null: car',
  noTire: 'not null: tire',
  light: 'accepted values: light',
  car: 'accepted values: car',
  tire: 'between: tire (0 to 100)',
  day: 'never: a row of another day',
  unique: 'unique: car, stamp',
  relationship: 'relationship: car to master.car',
  conserved: 'conserved: rows of raw with a car in master',
} as const

describe('the tests of a partition', () => {
  it('find nothing in good rows, and look at one partition alone', async () => {
    expect(await failures(good)).toEqual({ rows: 3, broken: {}, labels: Object.values(labels) })
  })

  it('of a partition without rows fail only for the rows that it should have', async () => {
    expect(await failures([])).toMatchObject({ rows: 0, broken: { [labels.conserved]: 3 } })
    expect(await failures([], [])).toMatchObject({ rows: 0, broken: {} })
  })

  const one = good[0] ?? elsewhere
  const rest = good.slice(1)
  const but = (change: Partial<Record<0 | 1 | 2 | 3, string | number | null>>): Trip =>
    one.map((value, index) => (index in change ? change[index as 0 | 1 | 2 | 3] : value)) as unknown as Trip

  it.each<[string, readonly Trip[], Readonly<Record<string, number>>]>([
    ['no car', [but({ 0: null }), ...rest], { [labels.noCar]: 1, [labels.relationship]: 1 }],
    ['no tire', [but({ 3: null }), ...rest], { [labels.noTire]: 1 }],
    ['a light that there is not', [but({ 2: 3 }), ...rest], { [labels.light]: 1 }],
    ['a car of another kind', [but({ 0: 'D' }), ...rest], { [labels.car]: 1, [labels.relationship]: 1 }],
    ['a tire below', [but({ 3: -1 }), ...rest], { [labels.tire]: 1 }],
    ['a tire above', [but({ 3: 101 }), ...rest], { [labels.tire]: 1 }],
    ['a row of another day', [but({ 1: '20200321080000' }), ...rest], { [labels.day]: 1 }],
    ['a car without an owner', [but({ 0: 'C' }), ...rest], { [labels.relationship]: 1 }],
    ['a row twice', [...good, one], { [labels.unique]: 1, [labels.conserved]: 1 }],
    [
      'a row three times and one twice',
      [...good, one, one, rest[0] ?? one],
      { [labels.unique]: 2, [labels.conserved]: 3 },
    ],
    ['a row that was lost', rest, { [labels.conserved]: 1 }],
    [
      'two broken rows',
      good.map(([car, at, , tire, biz]) => [car, at, 7, tire === 0 ? 500 : tire, biz] as const),
      { [labels.light]: 3, [labels.tire]: 1 },
    ],
  ])('find %s', async (_, trips, broken) => {
    expect((await failures(trips)).broken).toEqual(broken)
  })

  it('do not miss rows of cars without an owner, nor rows that came twice, in what was collected', async () => {
    const raw = good.map(([car, at]): [string, string, string] => [car ?? '', at, day])
    const [twice = ['', '', ''] as [string, string, string]] = raw
    expect((await failures(good, [...raw, ['Z', '20200322100000', day], twice])).broken).toEqual({})
    expect((await failures(good, [...raw, ['B', '20200322100000', day]])).broken).toEqual({ [labels.conserved]: 1 })
  })

  it('count every row of the source where rows may repeat', async () => {
    const of: Mart = {
      ...mart,
      tests: [
        { test: 'notNull', columns: ['car'] },
        { test: 'conserved', from: 'raw', fromPartition: 'wrk_date' },
      ],
    }
    const raw = good.map(([car, at]): [string, string, string] => [car ?? '', at, day])
    expect((await failures(good, raw, of)).broken).toEqual({})
    expect((await failures(good, [...raw, ...raw], of)).broken).toEqual({ 'conserved: rows of raw': 3 })
  })

  it('a mart without tests of its rows is a bug', () => {
    expect(() => partitionTests({ ...mart, tests: [] }, day, duckdbDialect)).toThrow(
      expect.objectContaining({ code: 'BUG' }),
    )
  })
})

it.each(['hive', 'spark'] as const)(
  'for %s every mart has the same tests as for DuckDB, in its own quotes',
  async (name) => {
    const dialect = await loadDialect(name)
    for (const one of martsOf(await loadTables())) {
      const [here, embedded] = [partitionTests(one, day, dialect), partitionTests(one, day, duckdbDialect)]
      expect(here.pass.labels).toEqual(embedded.pass.labels)
      expect(here.sets.map(({ label }) => label)).toEqual(embedded.sets.map(({ label }) => label))
      expect(new Set([...here.pass.labels, ...here.sets.map(({ label }) => label)]).size, 'labels are told apart').toBe(
        here.pass.labels.length + here.sets.length,
      )
      for (const sql of [here.pass.sql, ...here.sets.map(({ count }) => count)])
        expect(sql, one.name).not.toContain('"')
    }
  },
)
