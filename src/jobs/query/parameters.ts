/** Values for the `$name` of a statement, by type: DuckDB binds them, for other engines they become literals. */
import type { DuckDBPreparedStatement } from '@duckdb/node-api'
import { isDay, isMonth } from '../../core/calendar.js'
import { didYouMean } from '../../core/did-you-mean.js'
import { UsageError } from '../../core/errors.js'

export const parameterTypes = ['text', 'integer', 'double', 'boolean', 'day', 'month'] as const
export type ParameterType = (typeof parameterTypes)[number]

/** What a saved query says about one of its parameters. */
export interface DeclaredParameter {
  readonly name: string
  readonly type: ParameterType
  /** Left out: the parameter has to be given. null: NULL. */
  readonly default?: string | null
  readonly note: string
}

/** `k=v` texts as a map. Throws UsageError for a text without `=` and for a name that comes twice. */
export function parseAssignments(texts: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const text of texts) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
    if (name === undefined || value === undefined) {
      throw new UsageError('PARAMETER_INVALID', `"${text}" is no parameter`, { hints: ['write --param name=value'] })
    }
    if (values.has(name)) throw new UsageError('PARAMETER_TWICE', `the parameter "${name}" is given twice`)
    values.set(name, value)
  }
  return values
}

/** A parameter of a statement with the value that it gets; null: NULL. */
export interface GivenParameter {
  readonly name: string
  readonly value: string | null
  readonly type: ParameterType | undefined
}

/** Each name with its value or default. Throws UsageError for one that is missing and for a value without a parameter. */
export function matchParameters(
  names: readonly string[],
  given: ReadonlyMap<string, string>,
  declared: readonly DeclaredParameter[],
): readonly GivenParameter[] {
  for (const name of given.keys()) {
    if (names.includes(name)) continue
    throw new UsageError('PARAMETER_UNKNOWN', `the query has no parameter "${name}"${didYouMean(name, names)}`, {
      hints: [names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`],
    })
  }
  return names.map((name) => {
    const declaration = declared.find((parameter) => parameter.name === name)
    const value = given.get(name) ?? declaration?.default
    if (value !== undefined) return { name, value, type: declaration?.type }
    throw new UsageError('PARAMETER_MISSING', `the parameter "${name}" has no value`, {
      hints: [`add --param ${name}=…${declaration === undefined ? '' : ` (${declaration.note})`}`],
    })
  })
}

/** What a text means as a value of a type. */
export type ParameterValue =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'integer'; readonly integer: bigint }
  | { readonly kind: 'double'; readonly double: number }
  | { readonly kind: 'boolean'; readonly boolean: boolean }
  /** yyyyMMdd */
  | { readonly kind: 'date'; readonly day: string }

/** Throws UsageError for a text that is no value of the type. */
export function parameterValue(name: string, value: string, type: ParameterType | 'number' | 'date'): ParameterValue {
  const refuse = (what: string) =>
    new UsageError('PARAMETER_INVALID', `the parameter "${name}" is "${value}", which is no ${what}`)
  switch (type) {
    case 'text':
      return { kind: 'text', text: value }
    case 'number':
    case 'integer':
    case 'double':
      if (isInteger(value) && type !== 'double') return { kind: 'integer', integer: BigInt(value) }
      if (isNumber(value) && type !== 'integer') return { kind: 'double', double: Number(value) }
      throw refuse(type === 'integer' ? 'whole number' : 'number')
    case 'boolean':
      if (!/^(true|false)$/i.test(value)) throw refuse('true or false')
      return { kind: 'boolean', boolean: value.toLowerCase() === 'true' }
    case 'date':
    case 'day': {
      const day = value.replace(/^(\d{4})-(\d{2})-(\d{2})$/, '$1$2$3')
      if (!isDay(day)) throw refuse('day (yyyyMMdd)')
      return type === 'day' ? { kind: 'text', text: day } : { kind: 'date', day }
    }
    case 'month': {
      const month = value.replace(/^(\d{4})-(\d{2})$/, '$1$2')
      if (!isMonth(month)) throw refuse('month (yyyyMM)')
      return { kind: 'text', text: month }
    }
  }
}

type DuckDBApi = typeof import('@duckdb/node-api')

/** Binds every parameter of a statement. Throws UsageError for one that is missing, unknown or of another type. */
export function bindParameters(
  api: DuckDBApi,
  statement: DuckDBPreparedStatement,
  given: ReadonlyMap<string, string>,
  declared: readonly DeclaredParameter[],
): void {
  const names = Array.from({ length: statement.parameterCount }, (_, index) => statement.parameterName(index + 1))
  for (const [index, { name, value, type }] of matchParameters(names, given, declared).entries()) {
    if (value === null) statement.bindNull(index + 1)
    else
      bindOne(api, statement, index + 1, parameterValue(name, value, type ?? inferredType(api, statement, index + 1)))
  }
}

/** What DuckDB found out from the place where the parameter stands; text where it cannot tell. */
function inferredType(
  api: DuckDBApi,
  statement: DuckDBPreparedStatement,
  index: number,
): ParameterType | 'number' | 'date' {
  const { DuckDBTypeId: id } = api
  const type = statement.parameterTypeId(index)
  if (type === id.BOOLEAN) return 'boolean'
  if (type === id.DATE) return 'date'
  const numbers = [
    id.TINYINT,
    id.SMALLINT,
    id.INTEGER,
    id.BIGINT,
    id.HUGEINT,
    id.UTINYINT,
    id.USMALLINT,
    id.UINTEGER,
    id.UBIGINT,
    id.UHUGEINT,
    id.FLOAT,
    id.DOUBLE,
    id.DECIMAL,
  ]
  return numbers.includes(type) ? 'number' : 'text'
}

function bindOne(api: DuckDBApi, statement: DuckDBPreparedStatement, index: number, value: ParameterValue): void {
  switch (value.kind) {
    case 'text':
      statement.bindVarchar(index, value.text)
      break
    case 'integer':
      statement.bindBigInt(index, value.integer)
      break
    case 'double':
      statement.bindDouble(index, value.double)
      break
    case 'boolean':
      statement.bindBoolean(index, value.boolean)
      break
    case 'date':
      statement.bindDate(index, new api.DuckDBDateValue(daysSince1970(value.day)))
      break
  }
}

const isNumber = (text: string): boolean => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)

function isInteger(text: string): boolean {
  if (!/^-?\d{1,19}$/.test(text)) return false
  const value = BigInt(text)
  return value === BigInt.asIntN(64, value)
}

function daysSince1970(day: string): number {
  return Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8))) / 86_400_000
}
