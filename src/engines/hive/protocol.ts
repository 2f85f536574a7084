/** HiveServer2's protocol (TCLIService.thrift, version 10): its numbers, and its columns as plain values. Pure. */

/** Numbers of Thrift's enumerations, as TCLIService.thrift has them. */
export const statusCode = { success: 0, error: 3, invalidHandle: 4 } as const
export const operationState = { finished: 2, canceled: 3, closed: 4, error: 5, unknown: 6, timedOut: 8 } as const
export const fetchNext = 0
export const fetchType = { rows: 0, log: 1 } as const
export const protocolV10 = 9

const typeNames: Readonly<Record<number, string>> = {
  0: 'boolean',
  1: 'tinyint',
  2: 'smallint',
  3: 'int',
  4: 'bigint',
  5: 'float',
  6: 'double',
  7: 'string',
  8: 'timestamp',
  9: 'binary',
  10: 'array',
  11: 'map',
  12: 'struct',
  13: 'union',
  15: 'decimal',
  16: 'void',
  17: 'date',
  18: 'varchar',
  19: 'char',
  20: 'interval year to month',
  21: 'interval day to second',
  22: 'timestamp with local time zone',
}

export interface HiveColumn {
  readonly name: string
  /** As the server calls it, in lower case: `bigint`, `string`, `decimal(10,2)`. */
  readonly type: string
}

/** A cell: BIGINT outside of the safe range is a bigint; DECIMAL, times and nested types are text. */
export type HiveValue = string | number | bigint | boolean | null

interface Qualifiers {
  readonly qualifiers?: unknown
}
interface ColumnDescription {
  readonly columnName: string
  readonly typeDesc: {
    readonly types: readonly {
      readonly primitiveEntry?: { readonly type: number; readonly typeQualifiers?: Qualifiers }
    }[]
  }
}

/** `i32Value` of a qualifier; hive-driver says Map and gives an object. */
function qualifier(given: Qualifiers | undefined, name: string): number | undefined {
  const all = given?.qualifiers as Readonly<Record<string, { readonly i32Value?: number | null }>> | undefined
  return all?.[name]?.i32Value ?? undefined
}

export function hiveColumn(column: ColumnDescription): HiveColumn {
  const entry = column.typeDesc.types[0]?.primitiveEntry
  const type = typeNames[entry?.type ?? -1] ?? 'unknown'
  const precision = qualifier(entry?.typeQualifiers, 'precision')
  const scale = qualifier(entry?.typeQualifiers, 'scale')
  return {
    // Hive puts the table's name before it.
    name: column.columnName.replace(/^\w+\.(?=[^.()]+$)/, ''),
    type: type === 'decimal' && precision !== undefined ? `decimal(${precision},${scale ?? 0})` : type,
  }
}

interface Int64 {
  readonly buffer: Buffer
  readonly offset: number
}

/** node-int64 turns what it cannot hold into Infinity. */
function int64({ buffer, offset }: Int64): number | bigint {
  const value = buffer.readBigInt64BE(offset)
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}

/** As DuckDB writes bytes: printable ones as they are, others as `\x1F`. */
function bytesText(bytes: Buffer): string {
  return [...bytes]
    .map((byte) =>
      byte >= 32 && byte < 127 && byte !== 92
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
}

export interface Vector {
  readonly values: readonly unknown[]
  /** One bit a row, least significant first; shorter than the rows where the rest is not NULL. */
  readonly nulls?: Buffer
}

function isNull(nulls: Buffer | undefined, row: number): boolean {
  return nulls !== undefined && ((nulls[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
}

export function cells(vector: Vector, type: string): HiveValue[] {
  return vector.values.map((value, row): HiveValue => {
    if (isNull(vector.nulls, row)) return null
    if (type === 'bigint') return int64(value as Int64)
    if (Buffer.isBuffer(value)) return type === 'binary' ? bytesText(value) : value.toString('utf8')
    return value as HiveValue
  })
}

/** The one of a column's typed vectors that is set. */
export function vectorOf(column: object): Vector {
  const vectors = Object.values(column) as readonly (Vector | null | undefined)[]
  return vectors.find((vector) => vector?.values !== undefined) ?? { values: [] }
}

/** The server's words without its stack: `Error while compiling statement: FAILED: ParseException line 1:7 …`. */
export function serverMessage(text: string | null | undefined): string {
  return (text ?? 'the server gives no reason').split('\n\tat ')[0]?.trim() ?? ''
}

/** Statuses and states of handles that the server does not know any more: it was restarted, or closed an idle session. */
export function isForgotten(message: string): boolean {
  return /Invalid (Session|Operation)Handle|SessionHandle.*(not found|invalid)|session .*(expired|does not exist)/i.test(
    message,
  )
}

/** The table of progress of HiveServer2: a row for each part of a statement (VERTICES, …, TOTAL, COMPLETED, …). */
export function progressParts(headers: readonly string[], rows: readonly (readonly string[])[]) {
  const places = ['VERTICES', 'COMPLETED', 'TOTAL'].map((name) => headers.indexOf(name))
  return rows.flatMap((row) => {
    const [name = '', done = '', total = ''] = places.map((place) => row[place] ?? '')
    // Dots are drawn behind the name as it gets on.
    const plain = name.replace(/[. ]+$/, '')
    return plain === '' ? [] : [{ name: plain, done: Number(done) || 0, total: Number(total) || 0 }]
  })
}
