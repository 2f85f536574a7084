/** The data tests of a mart in SQL that Hive and Spark read alike, on one partition. */
import { BugError } from '../../core/errors.js'
import type { DataTest, Mart } from '../../core/mart.js'
import type { Dialect } from '../../core/sql.js'

export interface EngineTest {
  readonly label: string
  /** A SELECT of one number, `failures`: how many rows or keys fail. */
  readonly count: string
}

interface Place {
  readonly mart: Mart
  readonly value: string
  readonly dialect: Dialect
}

/** Conditions that no row may meet: all of them are counted in one pass. */
function rowConditions(
  test: DataTest,
  { dialect }: Place,
): readonly { readonly label: string; readonly broken: string }[] {
  const id = (name: string) => dialect.identifier(name)
  switch (test.test) {
    case 'notNull':
      return test.columns.map((column) => ({ label: `not null: ${column}`, broken: `${id(column)} IS NULL` }))
    case 'accepted':
      return [
        {
          label: `accepted values: ${test.column}`,
          broken: `${id(test.column)} NOT IN (${test.values.map((value) => dialect.literal(value)).join(', ')})`,
        },
      ]
    case 'between':
      return [
        {
          label: `between: ${test.column} (${test.least} to ${test.most})`,
          broken: `${id(test.column)} < ${test.least} OR ${id(test.column)} > ${test.most}`,
        },
      ]
    case 'never':
      return [{ label: `never: ${test.name}`, broken: test.condition }]
    default:
      return []
  }
}

function partitionFilter({ mart, value, dialect }: Place): string {
  return `${dialect.identifier(mart.partition.name)} = ${dialect.literal(value)}`
}

function setTest(test: DataTest, place: Place): readonly EngineTest[] {
  const { mart, value, dialect } = place
  const id = (name: string) => dialect.identifier(name)
  const here = `${id(mart.name)} WHERE ${partitionFilter(place)}`
  if (test.test === 'unique') {
    const keys = test.columns.map(id).join(', ')
    return [
      {
        label: `unique: ${test.columns.join(', ')}`,
        count: `SELECT COUNT(*) AS failures FROM (SELECT ${keys}, COUNT(*) AS times FROM ${here} GROUP BY ${keys} HAVING COUNT(*) > 1) repeated`,
      },
    ]
  }
  if (test.test === 'relationship') {
    return [
      {
        label: `relationship: ${test.column} to ${test.to}.${test.toColumn}`,
        count: `SELECT COUNT(*) AS failures FROM (SELECT ${id(test.column)} AS k FROM ${here}) a LEFT JOIN (SELECT DISTINCT ${id(test.toColumn)} AS k FROM ${id(test.to)}) b ON a.k = b.k WHERE b.k IS NULL`,
      },
    ]
  }
  if (test.test !== 'conserved') return []
  const { from, fromPartition, joined, key } = test
  const rows = (table: string, condition: string) => {
    const source = `${id(table)} t${joined !== undefined && table === from ? ` JOIN (SELECT DISTINCT ${id(joined.toColumn)} AS k FROM ${id(joined.to)}) j ON t.${id(joined.column)} = j.k` : ''} WHERE t.${condition}`
    if (key === undefined) return `SELECT COUNT(*) AS n FROM ${source}`
    return `SELECT COUNT(*) AS n FROM (SELECT DISTINCT ${key.map((name) => `t.${id(name)}`).join(', ')} FROM ${source}) d`
  }
  const expected = rows(from, `${id(fromPartition)} = ${dialect.literal(value)}`)
  const found = `SELECT COUNT(*) AS n FROM ${here}`
  return [
    {
      label: `conserved: rows of ${from}${joined === undefined ? '' : ` with a car in ${joined.to}`}`,
      count: `SELECT ABS(a.n - b.n) AS failures FROM (${expected}) a CROSS JOIN (${found}) b`,
    },
  ]
}

export interface PartitionTests {
  /** One row, one number a label. */
  readonly pass: { readonly sql: string; readonly labels: readonly string[] }
  readonly sets: readonly EngineTest[]
}

/** The tests of one partition: one pass over its rows, and a query for each test of the whole. */
export function partitionTests(mart: Mart, value: string, dialect: Dialect): PartitionTests {
  const place: Place = { mart, value, dialect }
  const conditions = mart.tests.flatMap((test) => rowConditions(test, place))
  if (conditions.length === 0) throw new BugError(`${mart.name} has no tests of its rows`)
  const sums = conditions.map(({ broken }) => `SUM(CASE WHEN ${broken} THEN 1 ELSE 0 END)`)
  return {
    pass: {
      sql: `SELECT COUNT(*), ${sums.join(', ')} FROM ${dialect.identifier(mart.name)} WHERE ${partitionFilter(place)}`,
      labels: conditions.map(({ label }) => label),
    },
    sets: mart.tests.flatMap((test) => setTest(test, place)),
  }
}
