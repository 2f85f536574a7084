/** `mart verify`: the same marts on two engines, row by row. */
import type { DuckDBResult } from '@duckdb/node-api'
import { throwIfInterrupted, UsageError } from '../../core/errors.js'
import { type StageEnd, stage } from '../../core/events.js'
import type { Column, Mart } from '../../core/mart.js'
import type { Dialect } from '../../core/sql.js'
import { duckdbDialect } from '../../engines/duckdb/dialect.js'
import { plainValue } from '../../engines/duckdb/values.js'
import type { ClusterEngine } from '../../engines/hive/address.js'
import type { HivePage } from '../../engines/hive/session.js'
import { storedPartitions } from '../../marts/partitions.js'
import { findMart, loadTables, martsOf } from '../../marts/registry.js'
import { number } from '../../render/format.js'
import { columnList } from '../../render/sql.js'
import { table as textTable } from '../../render/table.js'
import { buildMarts } from '../mart/build.js'
import type { HostsContext } from '../provision/context.js'
import type { Question } from '../query/duckdb-source.js'
import { engineStatement } from '../query/engine-statement.js'
import { bindParameters } from '../query/parameters.js'
import { listSavedQueries, loadSavedQuery } from '../query/saved.js'
import { openQuerySession } from '../query/session.js'
import { buildOnEngine } from './build.js'
import { openWarehouse } from './engine.js'

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
  /** Ask both sides every saved question too. */
  readonly queries: boolean
}

export interface Difference {
  readonly kind: 'left only' | 'right only' | 'value' | 'columns'
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

/** The answers of two engines to one saved question. */
export interface QueryComparison extends Omit<Comparison, 'mart' | 'partition'> {
  readonly query: string
}

export interface VerifyResult {
  readonly left: Side
  readonly right: readonly Side[]
  readonly equal: boolean
  readonly comparisons: readonly Comparison[]
  readonly queries: readonly QueryComparison[]
}

type Cell = string | number | bigint | boolean | null
type Rows = AsyncGenerator<readonly (readonly Cell[])[], void>

export interface Answer {
  readonly columns: readonly Column[]
  readonly rows: Rows
}

interface Reader extends AsyncDisposable {
  partitions(mart: Mart): Promise<readonly string[]>
  rows(mart: Mart, value: string): Rows
  answer(question: Question): Promise<Answer>
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
  const session = await openQuerySession({ readable: [] }, context)
  const { warehouse } = session
  const chunks = async function* (result: DuckDBResult): Rows {
    for (;;) {
      throwIfInterrupted(context.signal)
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) return
      yield chunk.getRows().map((row) => row.map((cell) => plainValue(cell) as Cell))
    }
  }
  return {
    partitions: async (mart) => (await storedPartitions(context, mart)).map(({ value }) => value),
    async *rows(mart, value) {
      yield* chunks(await warehouse.connection.stream(selectSorted(mart, value, duckdbDialect)))
    },
    async answer(question) {
      const api = await import('@duckdb/node-api')
      const statement = await session.prepare(question.sql)
      bindParameters(api, statement, question.parameters ?? new Map(), question.declared ?? [])
      const result = await statement.stream()
      const columns = result.columnNames().map((name, index) => ({
        name,
        type: logicalType(String(result.columnType(index)).toLowerCase()),
        note: '',
      }))
      return { columns, rows: chunks(result) }
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

async function engineReader(engine: ClusterEngine, context: HostsContext): Promise<Reader> {
  const warehouse = await openWarehouse(engine, context)
  const { connection, dialect } = warehouse
  const { signal } = context
  return {
    async partitions(mart) {
      const shown = await connection.rows(`SHOW PARTITIONS ${dialect.identifier(mart.name)}`, { signal })
      return shown.map(([partition]) => String(partition).split('=')[1] ?? '').sort()
    },
    async *rows(mart, value) {
      for await (const page of connection.query(selectSorted(mart, value, dialect), { signal })) yield rowsOf(page)
    },
    async answer(question) {
      const { text } = engineStatement(question, dialect)
      const pages = connection.query(text, { signal })[Symbol.asyncIterator]()
      const first = await pages.next()
      if (first.done === true) return { columns: [], rows: noRows() }
      const columns = first.value.columns.map(({ name, type }) => ({ name, type: logicalType(type), note: '' }))
      const rest = async function* (): Rows {
        yield rowsOf(first.value)
        yield* pagesLeft(pages)
      }
      return { columns, rows: rest() }
    },
    [Symbol.asyncDispose]: () => warehouse[Symbol.asyncDispose](),
  }
}

function rowsOf({ rows, values }: HivePage): readonly (readonly Cell[])[] {
  return Array.from({ length: rows }, (_, row) => values.map((column) => column[row] ?? null))
}

async function* noRows(): Rows {}

async function* pagesLeft(pages: AsyncIterator<HivePage>): Rows {
  for (let page = await pages.next(); page.done !== true; page = await pages.next()) yield rowsOf(page.value)
}

/** What an engine calls a type, as far as the comparison tells types apart. */
function logicalType(type: string): Column['type'] {
  if (/^(double|float|real|decimal)/.test(type)) return 'double'
  return /int|hugeint/.test(type) && !type.startsWith('interval') ? 'bigint' : 'string'
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

/** Answers row by row in the order in which they come: every saved question says which. */
export async function compareAnswers(
  left: Answer,
  right: Answer,
): Promise<Pick<Comparison, 'leftRows' | 'rightRows' | 'differences' | 'first'>> {
  const names = (answer: Answer) => answer.columns.map(({ name }) => name).join(', ')
  if (names(left) !== names(right)) {
    const columns: Difference = { kind: 'columns', key: [], left: names(left), right: names(right) }
    return { leftRows: 0, rightRows: 0, differences: 1, first: [columns] }
  }
  const numbered = async function* (rows: Rows): Rows {
    let number = 0
    for await (const page of rows) yield page.map((row) => [++number, ...row])
  }
  const columns: readonly Column[] = [{ name: 'row', type: 'bigint', note: '' }, ...left.columns]
  return compareRows({ columns, key: ['row'] }, numbered(left.rows), numbered(right.rows))
}

/** Saved questions about the days that are compared; those without a default for a parameter cannot be asked. */
async function savedQuestions(input: VerifyInput, context: HostsContext): Promise<readonly SavedQuestion[]> {
  if (!input.queries) return []
  const { from, to } = input
  const day = from !== undefined && from === to ? from : undefined
  const listed = await listSavedQueries(context)
  const loaded = await Promise.all(listed.map(({ name }) => loadSavedQuery(name, context)))
  return loaded
    .filter(({ parameters }) => parameters.every((parameter) => parameter.default !== undefined))
    .map(({ name, sql, file, parameters: declared }) => {
      const given = declared.flatMap((parameter): [string, string][] => {
        if (day === undefined) return []
        if (parameter.type === 'day') return [[parameter.name, day]]
        return parameter.type === 'month' ? [[parameter.name, day.slice(0, 6)]] : []
      })
      return { name, question: { sql: { text: sql, file }, declared, parameters: new Map(given) } }
    })
}

interface SavedQuestion {
  readonly name: string
  readonly question: Question
}

async function buildSide(side: Side, input: VerifyInput, context: HostsContext): Promise<void> {
  const { marts = [], from, to } = input
  const selection = { marts, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  if (side === 'embedded') await buildMarts(selection, context)
  else await buildOnEngine({ engine: side, own: true, ...selection }, context)
}

const compared = ({ differences, leftRows }: Pick<Comparison, 'differences' | 'leftRows'>): StageEnd => ({
  outcome: 'done',
  summary: differences === 0 ? 'equal' : `${number(differences)} differences`,
  counts: { rows: leftRows },
})

/** Builds both sides (unless told not to) and compares every partition that either has. */
export async function verifyMarts(input: VerifyInput, context: HostsContext): Promise<VerifyResult> {
  if (input.right.includes(input.left))
    throw new UsageError('SIDES_EQUAL', `${input.left} is on both sides: there is nothing to compare`)
  const tables = await loadTables()
  const named = (input.marts ?? []).map((name) => findMart(tables, name))
  const marts = named.length === 0 ? martsOf(tables) : named
  if (input.build) await buildSide(input.left, input, context)
  await using left = await openReader(input.left, context)
  const questions = await savedQuestions(input, context)
  const comparisons: Comparison[] = []
  const queries: QueryComparison[] = []
  for (const side of input.right) {
    // Before the next one: the engines of a site share their tables.
    if (input.build) await buildSide(side, input, context)
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
            compared,
          ),
        )
      }
    }
    for (const { name, question } of questions) {
      const head = { id: `verify:${side}:query/${name}`, title: `${input.left} and ${side}: query ${name}` }
      const ask = async () => ({
        query: name,
        right: side,
        ...(await compareAnswers(await left.answer(question), await right.answer(question))),
      })
      queries.push(await stage(context.emit, head, ask, compared))
    }
  }
  return {
    left: input.left,
    right: input.right,
    equal: [...comparisons, ...queries].every(({ differences }) => differences === 0),
    comparisons,
    queries,
  }
}

const cell = (value: Cell | undefined) => (value === null || value === undefined ? 'NULL' : String(value))

function differenceText(difference: Difference, left: Side, right: Side): string {
  const key = difference.key.map(cell).join(', ')
  if (difference.kind === 'left only') return `${key}: only ${left} has it`
  if (difference.kind === 'right only') return `${key}: only ${right} has it`
  if (difference.kind === 'columns') {
    return `the columns are ${cell(difference.left)} on ${left}, ${cell(difference.right)} on ${right}`
  }
  return `${key}: ${difference.column} is ${cell(difference.left)} on ${left}, ${cell(difference.right)} on ${right}`
}

/** The comparisons as a table, with the first differences below. */
export function verifyText({ left, comparisons, queries, equal }: VerifyResult): string {
  const lineOf = (what: string, partition: string, one: Omit<Comparison, 'mart' | 'partition'>) => [
    what,
    partition,
    `${left} and ${one.right}`,
    number(one.leftRows),
    number(one.rightRows),
    one.differences === 0 ? 'equal' : `${number(one.differences)} differences`,
  ]
  const rows = [
    ...comparisons.map((one) => lineOf(one.mart, one.partition, one)),
    ...queries.map((one) => lineOf(`query ${one.query}`, '', one)),
  ]
  const lines = [
    ...comparisons.flatMap((one) =>
      one.first.map((difference) => `${one.mart} ${one.partition}: ${differenceText(difference, left, one.right)}\n`),
    ),
    ...queries.flatMap((one) =>
      one.first.map((difference) => {
        const row = { ...difference, key: difference.key.map((place) => `row ${cell(place)}`) }
        return `query ${one.query}: ${differenceText(row, left, one.right)}\n`
      }),
    ),
  ]
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
  const questions = queries.length === 0 ? '' : `, ${queries.length} answers`
  return `${text}\n${lines.join('')}${equal ? 'equal' : 'different'}: ${comparisons.length} partitions${questions} compared\n`
}
