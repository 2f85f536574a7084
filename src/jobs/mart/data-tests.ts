/** The data tests of a mart as SQL, run on one partition. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { BugError } from '../../core/errors.js'
import type { DataTest, Mart } from '../../core/mart.js'
import { duckdbDialect } from '../../engines/duckdb/dialect.js'

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
  /** Counts the failing rows of a partition, in one scan together with the others; `broken` rows when left out. */
  readonly count?: string
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
        count: `count(*) - count(${id(column)})`,
      }))
    case 'accepted':
      return [
        {
          label: `accepted values: ${test.column} (${nameValues(test.values)})`,
          broken: `${id(test.column)} NOT IN (${literals(test.values)})`,
        },
      ]
    case 'between':
      return [
        {
          label: `between: ${test.column} (${test.least} to ${test.most})`,
          broken: `(${id(test.column)} < ${test.least} OR ${id(test.column)} > ${test.most})`,
        },
      ]
    case 'never':
      return [{ label: `never: ${test.name}`, broken: `(${test.condition})` }]
    default:
      return []
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

/** `tested`: the relation that stands for the partition. */
function setTest(test: SetDataTest, tested: string, value: string, distinctSource: boolean): SetTest {
  const label = setLabel(test)
  if (test.test === 'unique') {
    const repeated = `SELECT ${list(test.columns)}, count(*) AS times FROM ${tested} GROUP BY ALL HAVING count(*) > 1`
    return {
      label,
      // Different hashes prove different keys; equal ones prove nothing, so then the keys themselves are counted.
      count: `SELECT CASE WHEN count(*) = count(DISTINCT hash(${list(test.columns)})) THEN 0 ELSE -1 END FROM ${tested}`,
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
  return `SELECT ${id(column)}, source.times AS rows_in_source, mart.times AS rows_in_mart
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

async function sampleOf(connection: DuckDBConnection, sql: string): Promise<DataTestResult['sample']> {
  const reader = await connection.runAndReadAll(`SELECT * FROM (${sql}) ORDER BY ALL LIMIT 5`)
  return reader.getRowObjectsJson()
}

export interface TestedPartition {
  readonly mart: Mart
  /** yyyyMMdd or yyyyMM */
  readonly value: string
  /** Relation that stands for the partition: a view's name or a reader call, with the partition's column. */
  readonly tested: string
  /** True when it is known that no key repeats in the source, which saves counting the keys there. */
  readonly distinctSource: boolean
}

/**
 * Runs every data test of a mart on one partition. The connection must have the tables that the tests name. Nothing is
 * thrown for a failed test: look at `failures`.
 */
export async function runDataTests(
  connection: DuckDBConnection,
  partition: TestedPartition,
): Promise<readonly DataTestResult[]> {
  const { mart, tested, value } = partition
  const ofRows = mart.tests.flatMap(rowTests)
  const counts = ofRows.map((test) => test.count ?? `count(*) FILTER (WHERE ${test.broken})`)
  const failures = ofRows.length === 0 ? [] : await numbers(connection, `SELECT ${counts.join(', ')} FROM ${tested}`)
  const results: DataTestResult[] = []
  for (const [index, test] of ofRows.entries()) {
    const failed = failures[index] ?? 0
    const sample = failed === 0 ? [] : await sampleOf(connection, `SELECT * FROM ${tested} WHERE ${test.broken}`)
    results.push({ test: test.label, failures: failed, sample })
  }
  for (const test of mart.tests.filter(isSetTest)) {
    const query = setTest(test, tested, value, partition.distinctSource)
    let [failed = 0] = await numbers(connection, query.count)
    if (failed < 0) [failed = 0] = await numbers(connection, `SELECT count(*) FROM (${query.rows})`)
    const sample = failed === 0 ? [] : await sampleOf(connection, query.rows)
    results.push({ test: query.label, failures: failed, sample })
  }
  return results
}
