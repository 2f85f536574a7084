import { describe, expect, it } from 'vitest'
import { partsLine, progressLine } from '../../../../src/engines/hive/progress.js'
import { cells, hiveColumn, progressParts } from '../../../../src/engines/hive/protocol.js'
import { duckdbType, shapeOf, textCells } from '../../../../src/engines/hive/text-cells.js'

const texts = (values: Parameters<typeof textCells>[0], type: string) => {
  const { pool, starts, lengths, validity } = textCells(values, type)
  return values.map((_, row) =>
    ((validity?.[row >> 3] ?? 0) >> (row & 7)) & 1
      ? Buffer.from(pool).toString('utf8', starts[row], (starts[row] ?? 0) + (lengths[row] ?? 0))
      : null,
  )
}

describe('values', () => {
  it('lose no digit, no byte and no NULL on their way into text', () => {
    expect(texts([null, '남자 🚗', '', 'a'], 'string')).toEqual([null, '남자 🚗', '', 'a'])
    expect(texts([9007199254740993n, 5, null], 'bigint')).toEqual(['9007199254740993', '5', null])
    expect(texts([0.1 + 0.2, -0, Number.NaN, Number.POSITIVE_INFINITY], 'double')).toEqual([
      '0.30000000000000004',
      '-0',
      'NaN',
      'Infinity',
    ])
    expect(texts([0.10000000149011612], 'float')).toEqual(['0.1'])
    expect(texts([true, false], 'boolean')).toEqual(['true', 'false'])
    expect(
      texts(
        Array.from({ length: 20 }, (_, row) => (row % 3 === 0 ? null : row)),
        'int',
      ).at(19),
    ).toBe('19')
  })

  it('come out of the columns of the protocol', () => {
    const big = { buffer: Buffer.alloc(16), offset: 8 }
    big.buffer.writeBigInt64BE(9007199254740993n, 8)
    const small = { buffer: Buffer.alloc(8), offset: 0 }
    small.buffer.writeBigInt64BE(-7n, 0)
    expect(cells({ values: [big, small, big], nulls: Buffer.from([0b100]) }, 'bigint')).toEqual([
      9007199254740993n,
      -7,
      null,
    ])
    expect(cells({ values: [Buffer.from([0, 255, 65, 92])] }, 'binary')).toEqual(['\\x00\\xFFA\\x5C'])
    expect(cells({ values: [Buffer.from('한')] }, 'string')).toEqual(['한'])
  })

  it('have types and names of the engines', () => {
    const column = (columnName: string, type: number, qualifiers?: unknown) =>
      hiveColumn({
        columnName,
        typeDesc: { types: [{ primitiveEntry: { type, typeQualifiers: { qualifiers } } }] },
      })
    expect(column('t.price', 15, { precision: { i32Value: 10 }, scale: { i32Value: 2 } })).toEqual({
      name: 'price',
      type: 'decimal(10,2)',
    })
    // Spark calls a column without a name by its text.
    expect(column('CAST(0.1 AS FLOAT)', 5)).toEqual({ name: 'CAST(0.1 AS FLOAT)', type: 'float' })
    expect(['decimal(10,2)', 'timestamp', 'array', 'binary', 'int'].map(duckdbType)).toEqual([
      'DECIMAL(10,2)',
      'TIMESTAMP',
      'VARCHAR',
      'BLOB',
      'INTEGER',
    ])
    expect(['decimal(10,2)', 'bigint', 'float', 'boolean', 'date'].map(shapeOf)).toEqual([
      'decimal',
      'integer',
      'double',
      'plain',
      'text',
    ])
  })
})

describe('progress', () => {
  it('is what the log says beside the statement itself', () => {
    const lines = [
      'INFO  : Compiling command(queryId=x): SELECT',
      'FROM t',
      'INFO  : Status: Running (Executing on YARN cluster with App id application_1_0001)',
      'WARN  : something is slow',
      'INFO  : ----------',
      'INFO  : OK',
    ]
    expect(lines.flatMap((line) => progressLine(line) ?? [])).toEqual(['Status: Running', 'something is slow'])
  })

  it('is told by parts while they are few', () => {
    const headers = ['VERTICES', 'MODE', 'STATUS', 'TOTAL', 'COMPLETED', 'RUNNING']
    const row = (name: string, total: number, done: number) => [
      name,
      'container',
      'RUNNING',
      `${total}`,
      `${done}`,
      '0',
    ]
    const parts = progressParts(headers, [row('Map 1 ......', 4, 3), row('Reducer 2 ', 1, 0)])
    expect(partsLine({ done: 0.5, status: '', parts })).toBe('Map 1: 3/4, Reducer 2: 0/1')
    const many = progressParts(
      headers,
      [1, 2, 3, 4, 5].map((name) => row(`Map ${name}`, 2, 1)),
    )
    expect(partsLine({ done: 0.5, status: '', parts: many })).toBe('5 of 10 tasks done')
    expect(partsLine({ done: 0, status: '', parts: [] })).toBeUndefined()
  })
})
