import { didYouMean } from '../core/did-you-mean.js'
import { UsageError } from '../core/errors.js'

/** What a column of recorded telemetry can stand for; all but the first two have a default that is worked out. */
export const replayFields = [
  'date',
  'speed',
  'speed_pedal',
  'break_pedal',
  'steer_angle',
  'direct_light',
  'area_number',
  'heading',
  'lat',
  'lon',
] as const

export type ReplayField = (typeof replayFields)[number]

/** Columns by field as the user names them: a header's name or a number from 1; `Date+Time` joins two. */
export type ReplayMap = Readonly<Partial<Record<ReplayField, string>>>

function mapError(message: string, hint: string): UsageError {
  return new UsageError('MAP_INVALID', message, { hints: [hint] })
}

function isField(name: string): name is ReplayField {
  return (replayFields as readonly string[]).includes(name)
}

/** Parses `date=timestamp,speed=4`. Throws UsageError for unknown or repeated fields. */
export function parseMap(text: string): ReplayMap {
  const map: Partial<Record<ReplayField, string>> = {}
  for (const entry of text.split(',')) {
    const equals = entry.indexOf('=')
    const name = entry.slice(0, equals === -1 ? undefined : equals).trim()
    const column = equals === -1 ? '' : entry.slice(equals + 1).trim()
    if (!isField(name))
      throw mapError(`unknown field "${name}"${didYouMean(name, replayFields)}`, `fields: ${replayFields.join(', ')}`)
    if (column === '') throw mapError(`no column is given for ${name}`, `write it as ${name}=COLUMN`)
    if (map[name] !== undefined) throw mapError(`the field ${name} is mapped twice`, 'map each field once')
    map[name] = column
  }
  return map
}

/** Positions of the columns of a field; two for a date and a time that stand apart. */
export type Columns = ReadonlyMap<ReplayField, readonly number[]>

function position(column: string, field: ReplayField, header: readonly string[] | undefined, width: number): number {
  const named = header?.findIndex((name) => name.toLowerCase() === column.toLowerCase()) ?? -1
  if (named !== -1) return named
  if (/^\d+$/.test(column)) {
    const index = Number(column) - 1
    if (index >= 0 && index < width) return index
    throw mapError(`there is no column ${column} for ${field}: the file has ${width}`, 'columns are counted from 1')
  }
  const names = header ?? []
  throw mapError(
    `the file has no column "${column}" for ${field}${didYouMean(column, names)}`,
    names.length === 0 ? 'it has no header line: name columns by number, from 1' : `columns: ${names.join(', ')}`,
  )
}

/**
 * Finds the mapped columns, and those that are called like a field. `header`: names of the columns if the file has them.
 * Throws UsageError for columns that are not there, and when date or speed has no column.
 */
export function findColumns(map: ReplayMap, header: readonly string[] | undefined, width: number): Columns {
  const columns = new Map<ReplayField, readonly number[]>()
  for (const field of replayFields) {
    const column = map[field]
    const sameName = header?.findIndex((name) => name.toLowerCase() === field) ?? -1
    if (column === undefined) {
      if (sameName !== -1) columns.set(field, [sameName])
      continue
    }
    const exact = header?.some((name) => name.toLowerCase() === column.toLowerCase()) === true
    const names = exact ? [column] : column.split('+')
    columns.set(
      field,
      names.map((name) => position(name, field, header, width)),
    )
  }
  for (const field of ['date', 'speed'] as const)
    if (!columns.has(field))
      throw mapError(
        `no column is mapped to ${field}`,
        `write --map ${field}=COLUMN; ${header === undefined ? `the file has ${width} columns` : `columns: ${header.join(', ')}`}`,
      )
  return columns
}

/** Positions of the time when it is mapped by numbers alone: then the first line need not be a header. */
export function numberedTime(map: ReplayMap): readonly number[] | undefined {
  const parts = map.date?.split('+') ?? []
  if (parts.length === 0 || parts.some((part) => !/^\d+$/.test(part))) return undefined
  return parts.map((part) => Number(part) - 1)
}
