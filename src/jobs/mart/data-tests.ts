/** The data tests of a mart as SQL, run on one partition. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { z } from 'zod'
import { BugError } from '../../core/errors.js'
import type { DataTest, Mart } from '../../core/mart.js'
import { duckdbDialect } from '../../engines/duckdb/dialect.js'
import { plainValue } from '../../engines/duckdb/values.js'

export interface DataTestResult {
  /** What was tested, for people: `not null: age`. */
  readonly test: string
  /** Rows (keys, for unique) that break it; 0 is passed. */
  readonly failures: number
  /** The first rows that break it, at most 5. */
  readonly sample: readonly Readonly<Record<string, unknown>>[]
}

const id = (name: string): string => duckdbDialect.identifier(name)
const list = (names: readonly string[]): string => names.map(id).join(', ')
const literals = (values: readonly (string | number)[]): string =>
  values.map((value) => duckdbDialect.literal(value)).join(', ')

/** A test that looks at single rows: those that meet `broken` fail. */
interface RowTest {
  readonly label: string
  readonly broken: string
  /**
   * A condition over aggregates that is true only if no row fails. `footer`: DuckDB answers it from the statistics in
   * the file without reading a row. Where it is not true, the rows are counted.
   */
  readonly proof?: { readonly kind: 'footer' | 'scan'; readonly sql: string }
  /** The column has these values only; few different ones are quickly collected. */
  readonly accepted?: { readonly column: string; readonly values: ReadonlySet<string> }
}

/** A test with a query of its own. */
interface SetTest {
  readonly label: string
  /** One number: how many rows or keys fail. */
  readonly count: string
  /** The rows that fail; counted themselves when `count` says -1 (not decided). */
  readonly rows: string
}

const nameValues = (values: readonly (string | number)[]): string =>
  values.length <= 3 ? values.join(', ') : `${values[0]} … ${values.at(-1)}`

function rowTests(test: DataTest): readonly RowTest[] {
  switch (test.test) {
    case 'notNull':
      return test.columns.map((column) => ({
        label: `not null: ${column}`,
        broken: `${id(column)} IS NULL`,
        proof: { kind: 'footer', sql: `count(*) = count(${id(column)})` },
      }))
    case 'accepted':
      return [acceptedTest(test.column, test.values)]
    case 'between':
      return [
        {
          label: `between: ${test.column} (${test.least} to ${test.most})`,
          broken: `(${id(test.column)} < ${test.least} OR ${id(test.column)} > ${test.most})`,
          proof: {
            kind: 'footer',
            sql: `min(${id(test.column)}) >= ${test.least} AND max(${id(test.column)}) <= ${test.most}`,
          },
        },
      ]
    case 'never':
      return [
        {
          label: `never: ${test.name}`,
          broken: `(${test.condition})`,
          ...(test.proof === undefined ? {} : { proof: { kind: 'scan', sql: test.proof } }),
        },
      ]
    default:
      return []
  }
}

function acceptedTest(column: string, values: readonly (string | number)[]): RowTest {
  return {
    label: `accepted values: ${column} (${nameValues(values)})`,
    broken: `${id(column)} NOT IN (${literals(values)})`,
    accepted: { column, values: new Set(values.map(String)) },
  }
}

type SetDataTest = Extract<DataTest, { test: 'unique' | 'relationship' | 'conserved' }>

const isSetTest = (test: DataTest): test is SetDataTest =>
  test.test === 'unique' || test.test === 'relationship' || test.test === 'conserved'

function setLabel(test: SetDataTest): string {
  if (test.test === 'unique') return `unique: ${test.columns.join(', ')}`
  if (test.test === 'relationship') return `relationship: ${test.column} to ${test.to}.${test.toColumn}`
  return `conserved: rows of ${test.from}${test.joined === undefined ? '' : ` with a car in ${test.joined.to}`}`
}

/** Different hashes are different keys. */
const distinctByHash = (test: Extract<DataTest, { test: 'unique' }>): string =>
  `count(*) = count(DISTINCT hash(${list(test.columns)}))`

/**
 * For each of the other keys a bitmap of the seconds of the day: a fifth of the time of a hash table of all keys, and
 * 11 kB a car instead of memory for every row.
 */
function distinctByClock(test: Extract<DataTest, { test: 'unique' }>, clock: string, tested: string): string {
  const others = list(test.columns.filter((column) => column !== clock))
  const time = `TRY_CAST(SUBSTR(${id(clock)}, 9, 6) AS INTEGER)`
  const second = `${time} // 10000 * 3600 + ${time} // 100 % 100 * 60 + ${time} % 100`
  const inDay = `CASE WHEN ${second} BETWEEN 0 AND 86400 THEN ${second} END`
  const bitmaps = `SELECT bit_count(bitstring_agg(${inDay}, 0, 86400)) AS seconds FROM ${tested} GROUP BY ${others}`
  return `count(*) = (SELECT coalesce(sum(seconds), 0) FROM (${bitmaps}))`
}

/** `tested`: the relation that stands for the partition. */
function setTest(test: SetDataTest, tested: string, value: string, distinctSource: boolean): SetTest {
  const label = setLabel(test)
  if (test.test === 'unique') {
    const repeated = `SELECT ${list(test.columns)}, count(*) AS times FROM ${tested} GROUP BY ALL HAVING count(*) > 1`
    return {
      label,
      // Quick proofs that no key repeats; where they prove nothing, the keys themselves are counted.
      count: `SELECT CASE WHEN ${test.clock === undefined ? distinctByHash(test) : distinctByClock(test, test.clock, tested)} THEN 0 ELSE -1 END FROM ${tested}`,
      rows: repeated,
    }
  }
  if (test.test === 'relationship') {
    const orphan = `${id(test.column)} NOT IN (SELECT ${id(test.toColumn)} FROM ${id(test.to)})`
    const keys = `(SELECT ${id(test.column)}, count(*) AS times FROM ${tested} GROUP BY ALL)`
    return {
      label,
      count: `SELECT coalesce(sum(times), 0) FROM ${keys} WHERE ${orphan}`,
      rows: `SELECT * FROM ${keys} WHERE ${orphan}`,
    }
  }
  const { from, fromPartition, joined, key } = test
  const condition = [
    `${id(fromPartition)} = ${duckdbDialect.literal(value)}`,
    ...(joined === undefined ? [] : [`${id(joined.column)} IN (SELECT ${id(joined.toColumn)} FROM ${id(joined.to)})`]),
  ].join(' AND ')
  const wanted =
    key === undefined || distinctSource
      ? `SELECT count(*) FROM ${id(from)} WHERE ${condition}`
      : `SELECT count(*) FROM (SELECT DISTINCT ${list(key)} FROM ${id(from)} WHERE ${condition})`
  return {
    label,
    count: `SELECT abs((${wanted}) - (SELECT count(*) FROM ${tested}))`,
    rows: lostOrGained(test, tested, condition),
  }
}

/** Cars (and their number of rows) that have another number of rows in the partition than in the source. */
function lostOrGained(test: Extract<DataTest, { test: 'conserved' }>, tested: string, condition: string): string {
  const column = test.joined?.column ?? test.key?.at(-1) ?? ''
  const counted = test.key === undefined ? '*' : `DISTINCT (${list(test.key)})`
  return `SELECT ${id(column)}, coalesce(source.times, 0) AS rows_in_source, coalesce(mart.times, 0) AS rows_in_mart
FROM (SELECT ${id(column)}, count(${counted}) AS times FROM ${id(test.from)} WHERE ${condition} GROUP BY ALL) source
FULL JOIN (SELECT ${id(column)}, count(*) AS times FROM ${tested} GROUP BY ALL) mart USING (${id(column)})
WHERE source.times IS DISTINCT FROM mart.times`
}

/** The tests in words, as their results name them. */
export function testLabels(tests: readonly DataTest[]): readonly string[] {
  return tests.flatMap((test) => (isSetTest(test) ? [setLabel(test)] : rowTests(test).map((row) => row.label)))
}

async function numbers(connection: DuckDBConnection, sql: string): Promise<readonly number[]> {
  const row = (await connection.runAndReadAll(sql)).getRows()[0]
  if (row === undefined) throw new BugError(`a data test gave no row: ${sql}`)
  return row.map(Number)
}

const sampleRow = z.record(z.string(), z.unknown())

async function sampleOf(connection: DuckDBConnection, sql: string): Promise<DataTestResult['sample']> {
  const reader = await connection.runAndReadAll(`SELECT * FROM (${sql}) ORDER BY ALL LIMIT 5`)
  return reader.getRowObjectsJS().map((row) => sampleRow.parse(plainValue(row)))
}

export interface TestedPartition {
  readonly mart: Mart
  /** yyyyMMdd or yyyyMM */
  readonly value: string
  /** Relation that stands for the partition: a view's name or a reader call, with the partition's column. */
  readonly tested: string
  /** True when no key repeats in the source unless the unique test says so, which saves counting the keys there. */
  readonly distinctSource: boolean
  /** Rows by car of a source table, counted without the engine; undefined where they cannot be. */
  readonly countedSource?: (table: string) => Promise<ReadonlyMap<string, number> | undefined>
}

/**
 * Runs every data test of a mart on one partition. The connection must have the tables that the tests name. Nothing is
 * thrown for a failed test: look at `failures`.
 */
export async function runDataTests(
  connection: DuckDBConnection,
  partition: TestedPartition,
): Promise<readonly DataTestResult[]> {
  const { mart, tested } = partition
  const results = [...(await runRowTests(connection, mart, tested))]
  for (const test of mart.tests.filter(isSetTest)) {
    results.push(
      (test.test === 'conserved' ? await compareCounts(connection, partition, test) : undefined) ??
        (await runSetTest(connection, partition, test)),
    )
  }
  return results
}

async function runRowTests(
  connection: DuckDBConnection,
  mart: Mart,
  tested: string,
): Promise<readonly DataTestResult[]> {
  const tests = mart.tests.flatMap(rowTests)
  const proven = await provenTests(connection, tests, tested)
  const open = tests.filter((test) => !proven.has(test))
  const counts = open.map((test) => `count(*) FILTER (WHERE ${test.broken})`)
  const failures = open.length === 0 ? [] : await numbers(connection, `SELECT ${counts.join(', ')} FROM ${tested}`)
  const results: DataTestResult[] = []
  for (const test of tests) {
    const failed = proven.has(test) ? 0 : (failures[open.indexOf(test)] ?? 0)
    const sample = failed === 0 ? [] : await sampleOf(connection, `SELECT * FROM ${tested} WHERE ${test.broken}`)
    results.push({ test: test.label, failures: failed, sample })
  }
  return results
}

/** The tests that hold by what the file's footer, its extremes or the few values of a column say. */
async function provenTests(
  connection: DuckDBConnection,
  tests: readonly RowTest[],
  tested: string,
): Promise<ReadonlySet<RowTest>> {
  const proven = new Set<RowTest>()
  // One query by kind: an aggregate that needs the rows would make DuckDB read them for the others too.
  for (const kind of ['footer', 'scan'] as const) {
    const provable = tests.flatMap((test) => (test.proof?.kind === kind ? [{ test, sql: test.proof.sql }] : []))
    if (provable.length === 0) continue
    const list = provable.map(({ sql }) => `CASE WHEN ${sql} THEN 1 ELSE 0 END`).join(', ')
    const answers = await numbers(connection, `SELECT ${list} FROM ${tested}`)
    for (const [index, { test }] of provable.entries()) if (answers[index] === 1) proven.add(test)
  }
  for (const test of tests) {
    if (test.accepted === undefined) continue
    const { column, values } = test.accepted
    const sql = `SELECT DISTINCT ${id(column)} FROM ${tested} WHERE ${id(column)} IS NOT NULL`
    if ((await texts(connection, sql)).every((value) => values.has(value))) proven.add(test)
  }
  return proven
}

async function runSetTest(
  connection: DuckDBConnection,
  { tested, value, distinctSource }: TestedPartition,
  test: SetDataTest,
): Promise<DataTestResult> {
  const query = setTest(test, tested, value, distinctSource)
  let [failed = 0] = await numbers(connection, query.count)
  if (failed < 0) [failed = 0] = await numbers(connection, `SELECT count(*) FROM (${query.rows})`)
  const sample = failed === 0 ? [] : await sampleOf(connection, query.rows)
  return { test: query.label, failures: failed, sample }
}

type Conserved = Extract<DataTest, { test: 'conserved' }>

/** `conserved` car by car against a count that the engine had no part in; undefined where there is no such count. */
async function compareCounts(
  connection: DuckDBConnection,
  { tested, distinctSource, countedSource }: TestedPartition,
  test: Conserved,
): Promise<DataTestResult | undefined> {
  if (!distinctSource || test.joined === undefined || countedSource === undefined) return undefined
  const source = await countedSource(test.from)
  if (source === undefined) return undefined
  const { column, to, toColumn } = test.joined
  const wanted = new Set(await texts(connection, `SELECT DISTINCT CAST(${id(toColumn)} AS VARCHAR) FROM ${id(to)}`))
  const kept = new Map(await textCounts(connection, `SELECT ${id(column)}, count(*) FROM ${tested} GROUP BY ALL`))
  const differing = [...new Set([...wanted, ...kept.keys()])].flatMap((car) => {
    const rows = { source: wanted.has(car) ? (source.get(car) ?? 0) : 0, mart: kept.get(car) ?? 0 }
    return rows.source === rows.mart ? [] : [{ [column]: car, rows_in_source: rows.source, rows_in_mart: rows.mart }]
  })
  const failures = differing.reduce(
    (sum, row) => sum + Math.abs(Number(row.rows_in_source) - Number(row.rows_in_mart)),
    0,
  )
  return { test: setLabel(test), failures, sample: differing.slice(0, 5) }
}

async function texts(connection: DuckDBConnection, sql: string): Promise<readonly string[]> {
  return (await connection.runAndReadAll(sql)).getRows().map((row) => String(row[0]))
}

async function textCounts(connection: DuckDBConnection, sql: string): Promise<readonly (readonly [string, number])[]> {
  return (await connection.runAndReadAll(sql)).getRows().map((row) => [String(row[0]), Number(row[1])] as const)
}
