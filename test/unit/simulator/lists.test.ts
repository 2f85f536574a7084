import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { simulateIncidents, simulateIncome, simulateMaster, simulatePurchases } from '../../../src/simulator/lists.js'
import type { SimulateResult } from '../../../src/simulator/options.js'
import { testContext } from '../../support/context.js'
import { chiSquareDeviation, chiSquareLimit, count } from './helpers.js'

async function linesOf(result: SimulateResult, file = 0): Promise<string[]> {
  const text = await readFile(result.files[file]?.path ?? '', 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  return text.slice(0, -1).split('\n')
}

/** Every value of a column is one of these, and they are drawn evenly. */
function expectEven(values: readonly string[], known: readonly (string | number)[]): void {
  const counts = count(values)
  const names = known.map(String)
  expect([...counts.keys()].filter((value) => !names.includes(value))).toEqual([])
  expect(
    chiSquareDeviation(
      names.map((name) => counts.get(name) ?? 0),
      names.map(() => 1),
    ),
  ).toBeLessThan(chiSquareLimit)
}

const range = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, index) => low + index)
const owners = range(65, 90).flatMap((letter) =>
  range(1, 100).map((number) => `${String.fromCharCode(letter)}${String(number).padStart(4, '0')}`),
)
const regions = '경기 서울 강원 인천 충북 충남 대전 경북 경남 대구 전북 전남 울산 부산 광주 제주 세종'.split(' ')
const jobs = '무직 회사원 자영업 공무원 학생'.split(' ')

describe('the master', () => {
  it('has the 2,600 owners of the pilot, in its order, every value drawn evenly', async () => {
    await using context = await testContext()
    const result = await simulateMaster({}, context)
    expect(result.files[0]?.path).toBe(path.join(context.layout.landing, 'CarMaster.txt'))
    const rows = (await linesOf(result)).map((line) => line.split('|'))
    expect(rows.map((row) => row[0])).toEqual(owners)
    expect(rows.filter((row) => row.length !== 9)).toEqual([])
    const known = [
      ['남', '여'],
      range(15, 70),
      ['기혼', '미혼'],
      regions,
      jobs,
      [1000, 1200, 1500, 1700, 2000, 2500, 3000, 3500],
      range(2000, 2016),
      [...'ABCDEFGH'],
    ]
    for (const [index, values] of known.entries())
      expectEven(
        rows.map((row) => row[index + 1] ?? ''),
        values,
      )
  })

  it('has the same people in English, and in a larger fleet', async () => {
    await using context = await testContext()
    const run = async (options: Parameters<typeof simulateMaster>[0], name: string) =>
      linesOf(await simulateMaster({ ...options, out: path.join(context.layout.root, name) }, context))
    const korean = (await run({}, 'ko')).map((line) => line.split('|'))
    const english = (await run({ locale: 'en' }, 'en')).map((line) => line.split('|'))
    const words = new Map<string, Set<string>>()
    for (const [index, row] of korean.entries()) {
      for (const [column, value] of row.entries()) {
        const other = english[index]?.[column] ?? ''
        if (![1, 3, 4, 5].includes(column)) expect(other).toBe(value)
        else words.set(`${column} ${value}`, (words.get(`${column} ${value}`) ?? new Set()).add(other))
      }
    }
    expect([...words.values()].filter((others) => others.size !== 1)).toEqual([])
    expect(new Set([...words.values()].flatMap((others) => [...others])).size).toBe(words.size)
    expect([...words.values()].flatMap((others) => [...others]).join()).toMatch(/^[\x20-\x7e]+$/)

    const large = await run({ cars: 10_000 }, 'large')
    expect(large).toHaveLength(10_000)
    expect(large[100]).toMatch(/^A0101\|/)
    expect(large.filter((line) => Number(line.slice(1, 5)) <= 100).map((line) => line.split('|'))).toEqual(korean)
    expect([...large].sort()).toEqual(large)
  })
})

it('writes the income variant of the master', async () => {
  await using context = await testContext()
  const result = await simulateIncome({ cars: 20_000 }, context)
  expect(result.rows).toBe(20_000)
  const [header, ...lines] = await linesOf(result)
  expect(header).toBe('carNum|sex|age|marriage|region|job|capacity|year|type|income')
  const rows = lines.map((line) => line.split('|'))
  // Normal distribution, mean 4.5, deviation 1, rounded up: areas between whole numbers, from a table of the normal distribution.
  const areas = [
    0.0000034, 0.0002292, 0.005977, 0.0605975, 0.2417303, 0.3829249, 0.2417303, 0.0605975, 0.005977, 0.0002326,
  ]
  const counts = count(rows.map((row) => (Number(row[6]) - 1000) / 500))
  const found = range(2, 8).map((index) => counts.get(index) ?? 0)
  expect(chiSquareDeviation(found, areas.slice(2, 9))).toBeLessThan(chiSquareLimit)
  expect([...counts.keys()].filter((index) => !Number.isInteger(index) || index < 0 || index > 9)).toEqual([])

  const plain = [11, 12, 13].map(
    (tenths) => rows.filter((row) => Number(row[9]) * 10 === Number(row[6]) * tenths).length,
  )
  const extra = rows.filter((row) => ![11, 12, 13].includes((Number(row[9]) * 10) / Number(row[6])))
  expect(chiSquareDeviation(plain, [1, 1, 1])).toBeLessThan(chiSquareLimit)
  expect(extra.length / rows.length).toBeGreaterThan(0.185)
  expect(extra.length / rows.length).toBeLessThan(0.205)
  for (const row of extra) {
    const base = Number(row[6]) * 1.1
    expect(Number(row[9])).toBeGreaterThanOrEqual(base + 99.99)
    expect(Number(row[9])).toBeLessThanOrEqual(Number(row[6]) * 1.3 + 1000.01)
  }
})

it('writes the purchases of months, drawn evenly', async () => {
  await using context = await testContext()
  const result = await simulatePurchases({ months: ['202003', '202012'] }, context)
  expect(result.files.map((file) => path.basename(file.path))).toEqual([
    'CarItemBuyList_202003.txt',
    'CarItemBuyList_202012.txt',
  ])
  for (const [index, month] of ['202003', '202012'].entries()) {
    const lines = await linesOf(result, index)
    expect(lines).toHaveLength(100_000)
    expect(lines.filter((line) => !/^[A-Z]\d{4},Item-\d{3},[1-5],\d{6}$/.test(line))).toEqual([])
    const rows = lines.map((line) => line.split(','))
    const column = (at: number) => rows.map((row) => row[at] ?? '')
    expectEven(column(0), owners)
    expectEven(
      column(1),
      range(1, 30).map((item) => `Item-${String(item).padStart(3, '0')}`),
    )
    expectEven(column(2), range(1, 5))
    expect(new Set(column(3))).toEqual(new Set([month]))
  }
  expect(await linesOf(result, 0)).not.toEqual(await linesOf(result, 1))
})

describe('driving incidents', () => {
  const columns = ['wea', 'temp', 'hum', 'arrCar', 'timeSlot', 'acciArea', 'drvCond', 'innCond', 'carSpd', 'steeAng']

  it('have the weights of the pilot and the class that follows from them', async () => {
    await using context = await testContext()
    const [header, ...lines] = await linesOf(await simulateIncidents({}, context))
    expect(header).toBe(`200000,10,${columns.join(',')},acciPos`)
    expect(lines).toHaveLength(200_000)
    const rows = lines.map((line) => line.split(',').map(Number))
    const weights = (name: string) =>
      ['temp', 'hum', 'steeAng'].includes(name)
        ? [60, 35, 5]
        : ['wea', 'arrCar', 'timeSlot'].includes(name)
          ? [50, 40, 10]
          : [30, 30, 40]
    for (const [index, name] of columns.entries()) {
      const counts = count(rows.map((row) => row[index]))
      expect(counts.size).toBe(3)
      const found = [0, 1, 2].map((value) => counts.get(value) ?? 0)
      expect(chiSquareDeviation(found, weights(name)), name).toBeLessThan(chiSquareLimit)
    }
    for (const row of rows) {
      const [score, severe] = [row.slice(0, 10).reduce((sum, value) => sum + value, 0), row.slice(5, 9).includes(2)]
      const total = severe ? score + 5 : score
      if (row.length !== 11 || row[10] !== (total > 15 ? 2 : total >= 13 ? 1 : 0)) expect.fail(row.join())
    }
    expect(new Set(rows.map((row) => row[10]))).toEqual(new Set([0, 1, 2]))
  })

  it('can have the header of the published test file', async () => {
    await using context = await testContext()
    const lines = await linesOf(await simulateIncidents({ rows: 30, header: 'names' }, context))
    expect(lines[0]).toBe(`${columns.join(',')},acciPos`)
    expect(lines).toHaveLength(31)
  })
})

it('says unchanged the second time, and makes other files for other arguments', async () => {
  await using context = await testContext()
  const first = await simulateMaster({}, context)
  const before = await stat(first.files[0]?.path ?? '')
  expect(await simulateMaster({}, context)).toEqual({ ...first, status: 'unchanged' })
  expect((await stat(first.files[0]?.path ?? '')).mtimeMs).toBe(before.mtimeMs)
  expect((await simulateMaster({ seed: 2 }, context)).files[0]?.sha256).not.toBe(first.files[0]?.sha256)
  expect((await simulateMaster({ locale: 'en' }, context)).status).toBe('done')
})

it.each([
  [() => simulateMaster, { cars: 0 }, 'CARS_INVALID'],
  [() => simulatePurchases, { months: ['202013'] }, 'MONTH_INVALID'],
  [() => simulatePurchases, { months: [] }, 'MONTH_INVALID'],
  [() => simulatePurchases, { rows: 0 }, 'ROWS_INVALID'],
  [() => simulateIncidents, { rows: 1.5 }, 'ROWS_INVALID'],
] as const)('refuses what cannot be: %#', async (simulate, options, code) => {
  await using context = await testContext()
  await expect(simulate()(options as never, context)).rejects.toMatchObject({ code })
})
