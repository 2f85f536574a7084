/** `mart verify`: the same marts on two engines, row by row. */
import { UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { Column, Mart } from '../../core/mart.js'
import type { Dialect } from '../../core/sql.js'
import { duckdbDialect } from '../../engines/duckdb/dialect.js'
import { plainValue } from '../../engines/duckdb/values.js'
import { openWarehouse as openEmbedded } from '../../engines/duckdb/warehouse.js'
import { storedPartitions } from '../../marts/partitions.js'
import { findMart, loadTables, martsOf } from '../../marts/registry.js'
import { number } from '../../render/format.js'
import { columnList } from '../../render/sql.js'
import { table as textTable } from '../../render/table.js'
import { buildMarts } from '../mart/build.js'
import type { HostsContext } from '../provision/context.js'
import { buildOnEngine } from './build.js'
import { type ClusterEngine, openWarehouse } from './engine.js'

export type Side = 'embedded' | ClusterEngine

/** Averages are summed in another order by every engine: they may differ in their last digits. */
const tolerance = 1e-9
const shownDifferences = 5

export interface VerifyInput {
  readonly left: Side
  readonly right: readonly Side[]
  readonly marts?: readonly string[]
  readonly from?: string
  readonly to?: string
  /** Compare what is there instead of building both sides first. */
  readonly build: boolean
}

export interface Difference {
  readonly kind: 'left only' | 'right only' | 'value'
  /** Values of the key, or of the whole row where rows may repeat. */
  readonly key: readonly Cell[]
  readonly column?: string
  readonly left?: Cell
  readonly right?: Cell
}

export interface Comparison {
  readonly mart: string
  readonly partition: string
  readonly right: Side
  readonly leftRows: number
  readonly rightRows: number
  readonly differences: number
  /** The first of them. */
  readonly first: readonly Difference[]
}

export interface VerifyResult {
  readonly left: Side
  readonly right: readonly Side[]
  readonly equal: boolean
  readonly comparisons: readonly Comparison[]
}

type Cell = string | number | bigint | boolean | null
type Rows = AsyncIterable<readonly (readonly Cell[])[]>

interface Reader extends AsyncDisposable {
  partitions(mart: Mart): Promise<readonly string[]>
  rows(mart: Mart, value: string): Rows
}

/** What orders the rows: the key, or all columns where rows may repeat. Neither is ever NULL. */
function orderOf(mart: Mart): readonly string[] {
  return mart.key ?? mart.columns.map(({ name }) => name)
}

function selectSorted(mart: Mart, value: string, dialect: Dialect): string {
  const order = orderOf(mart).map((name) => dialect.identifier(name))
  return `SELECT ${columnList(dialect, mart.columns)} FROM ${dialect.identifier(mart.name)} WHERE ${dialect.identifier(mart.partition.name)} = ${dialect.literal(value)} ORDER BY ${order.join(', ')}`
}

async function embeddedReader(context: HostsContext): Promise<Reader> {
  const warehouse = await openEmbedded(context)
  return {
    partitions: async (mart) => (await storedPartitions(context, mart)).map(({ value }) => value),
    async *rows(mart, value) {
      const result = await warehouse.connection.stream(selectSorted(mart, value, duckdbDialect))
      for (;;) {
        const chunk = await result.fetchChunk()
        if (chunk === null || chunk.rowCount === 0) return
        yield chunk.getRows().map((row) => row.map((cell) => plainValue(cell) as Cell))
      }
    },
    [Symbol.asyncDispose]: () => warehouse[Symbol.asyncDispose](),
  }
}

async function engineReader(engine: ClusterEngine, context: HostsContext): Promise<Reader> {
  const warehouse = await openWarehouse(engine, context)
  const { connection, dialect } = warehouse
  return {
    async partitions(mart) {
      const shown = await connection.rows(`SHOW PARTITIONS ${dialect.identifier(mart.name)}`, {
        signal: context.signal,
      })
      return shown.map(([partition]) => String(partition).split('=')[1] ?? '').sort()
    },
    async *rows(mart, value) {
      for await (const page of connection.query(selectSorted(mart, value, dialect), { signal: context.signal })) {
        yield Array.from({ length: page.rows }, (_, row) => page.values.map((column) => column[row] ?? null))
      }
    },
    [Symbol.asyncDispose]: () => warehouse[Symbol.asyncDispose](),
  }
}

const openReader = (side: Side, context: HostsContext): Promise<Reader> =>
  side === 'embedded' ? embeddedReader(context) : engineReader(side, context)

/** One row after the other, whatever the size of the pages. */
async function* singly(rows: Rows): AsyncGenerator<readonly Cell[], void> {
  for await (const page of rows) yield* page
}

/** Exact beyond 2^53 too, whether an engine gives a number, a bigint or its text. */
function sameWhole(left: NonNullable<Cell>, right: NonNullable<Cell>): boolean {
  try {
    return BigInt(left) === BigInt(right)
  } catch {
    // One of them is no whole number.
    return String(left) === String(right)
  }
}

function same(column: Column, left: Cell, right: Cell): boolean {
  if (left === right) return true
  if (left === null || right === null) return false
  if (column.type === 'string') return String(left) === String(right)
  if (column.type !== 'double') return sameWhole(left, right)
  const [a, b] = [Number(left), Number(right)]
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Object.is(a, b)
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b))
}

/** Order of the engines: text by its UTF-8 bytes, numbers by value. */
function compareKeys(left: readonly Cell[], right: readonly Cell[]): number {
  for (const [index, a] of left.entries()) {
    const b = right[index]
    if (a === b || a === null || b === null || b === undefined) continue
    if (typeof a === 'string' || typeof b === 'string') {
      const order = Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
      if (order !== 0) return order
    } else if (a < b) return -1
    else if (a > b) return 1
  }
  return 0
}

/** Walks both sides in the order of the key and notes what only one has, and every value that differs. */
export async function compareRows(
  mart: Pick<Mart, 'columns' | 'key'>,
  left: Rows,
  right: Rows,
): Promise<Pick<Comparison, 'leftRows' | 'rightRows' | 'differences' | 'first'>> {
  const order = mart.key ?? mart.columns.map(({ name }) => name)
  const places = order.map((name) => mart.columns.findIndex((column) => column.name === name))
  const keyOf = (row: readonly Cell[]) => places.map((place) => row[place] ?? null)
  const [a, b] = [singly(left), singly(right)]
  const first: Difference[] = []
  let [leftRows, rightRows, differences] = [0, 0, 0]
  const note = (difference: Difference) => {
    differences++
    if (first.length < shownDifferences) first.push(difference)
  }
  let [x, y] = [await a.next(), await b.next()]
  while (x.done !== true || y.done !== true) {
    const way = x.done === true ? 1 : y.done === true ? -1 : compareKeys(keyOf(x.value), keyOf(y.value))
    if (way < 0 && x.done !== true) note({ kind: 'left only', key: keyOf(x.value) })
    if (way > 0 && y.done !== true) note({ kind: 'right only', key: keyOf(y.value) })
    if (way === 0 && x.done !== true && y.done !== true) {
      for (const [index, column] of mart.columns.entries()) {
        const [l, r] = [x.value[index] ?? null, y.value[index] ?? null]
        if (!same(column, l, r)) note({ kind: 'value', key: keyOf(x.value), column: column.name, left: l, right: r })
      }
    }
    if (way <= 0) {
      leftRows++
      x = await a.next()
    }
    if (way >= 0) {
      rightRows++
      y = await b.next()
    }
  }
  return { leftRows, rightRows, differences, first }
}

async function buildSide(side: Side, input: VerifyInput, context: HostsContext): Promise<void> {
  const { marts = [], from, to } = input
  const selection = { marts, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  if (side === 'embedded') await buildMarts(selection, context)
  else await buildOnEngine({ engine: side, ...selection }, context)
}

/** Builds both sides (unless told not to) and compares every partition that either has. */
export async function verifyMarts(input: VerifyInput, context: HostsContext): Promise<VerifyResult> {
  if (input.right.includes(input.left))
    throw new UsageError('SIDES_EQUAL', `${input.left} is on both sides: there is nothing to compare`)
  const tables = await loadTables()
  const named = (input.marts ?? []).map((name) => findMart(tables, name))
  const marts = named.length === 0 ? martsOf(tables) : named
  if (input.build) for (const side of [input.left, ...input.right]) await buildSide(side, input, context)
  await using left = await openReader(input.left, context)
  const comparisons: Comparison[] = []
  for (const side of input.right) {
    await using right = await openReader(side, context)
    for (const mart of marts) {
      const values = new Set([...(await left.partitions(mart)), ...(await right.partitions(mart))])
      const wanted = [...values].filter(
        (value) =>
          (input.from === undefined || value >= input.from.slice(0, value.length)) &&
          (input.to === undefined || value <= input.to.slice(0, value.length)),
      )
      for (const value of wanted.sort()) {
        comparisons.push(
          await stage(
            context.emit,
            { id: `verify:${side}:${mart.name}/${value}`, title: `${input.left} and ${side}: ${mart.name} ${value}` },
            async () => ({
              mart: mart.name,
              partition: value,
              right: side,
              ...(await compareRows(mart, left.rows(mart, value), right.rows(mart, value))),
            }),
            ({ differences, leftRows }) => ({
              outcome: 'done',
              summary: differences === 0 ? 'equal' : `${number(differences)} differences`,
              counts: { rows: leftRows },
            }),
          ),
        )
      }
    }
  }
  return {
    left: input.left,
    right: input.right,
    equal: comparisons.every(({ differences }) => differences === 0),
    comparisons,
  }
}

const cell = (value: Cell | undefined) => (value === null || value === undefined ? 'NULL' : String(value))

function differenceText(difference: Difference, left: Side, right: Side): string {
  const key = difference.key.map(cell).join(', ')
  if (difference.kind === 'left only') return `${key}: only ${left} has it`
  if (difference.kind === 'right only') return `${key}: only ${right} has it`
  return `${key}: ${difference.column} is ${cell(difference.left)} on ${left}, ${cell(difference.right)} on ${right}`
}

/** The comparisons as a table, with the first differences below. */
export function verifyText({ left, comparisons, equal }: VerifyResult): string {
  const rows = comparisons.map((one) => [
    one.mart,
    one.partition,
    `${left} and ${one.right}`,
    number(one.leftRows),
    number(one.rightRows),
    one.differences === 0 ? 'equal' : `${number(one.differences)} differences`,
  ])
  const lines = comparisons.flatMap((one) =>
    one.first.map((difference) => `${one.mart} ${one.partition}: ${differenceText(difference, left, one.right)}\n`),
  )
  const text = textTable(
    [
      { title: 'mart' },
      { title: 'partition' },
      { title: 'sides' },
      { title: 'left rows', align: 'right' },
      { title: 'right rows', align: 'right' },
      { title: 'result' },
    ],
    rows,
  )
  return `${text}\n${lines.join('')}${equal ? 'equal' : 'different'}: ${comparisons.length} partitions compared\n`
}
