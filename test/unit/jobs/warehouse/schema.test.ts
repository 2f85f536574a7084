import { beforeAll, describe, expect, it } from 'vitest'
import type { TableDefinition } from '../../../../src/core/mart.js'
import { hiveDialect } from '../../../../src/engines/hive/dialect.js'
import {
  type FoundTable,
  migrationOf,
  readDescription,
  schemaDifference,
} from '../../../../src/jobs/warehouse/schema.js'
import { findTable, loadTables } from '../../../../src/marts/registry.js'

let tables: Awaited<ReturnType<typeof loadTables>>
beforeAll(async () => {
  tables = await loadTables()
})

const types = { string: 'string', integer: 'int', bigint: 'bigint', double: 'double' } as const

/** The table as an engine would have it that was made from the definition. */
function asDefined(name: string): { definition: TableDefinition; found: FoundTable } {
  const definition = findTable(tables, name)
  const source = definition.kind === 'source' && definition.storage.kind === 'lake' ? definition.storage : undefined
  return {
    definition,
    found: {
      kind: source === undefined ? 'table' : 'external table',
      columns: definition.columns.map((column) => ({ name: column.name, type: types[column.type] })),
      partition: definition.partition === undefined ? [] : [{ name: definition.partition.name, type: 'string' }],
      location: `hdfs://127.0.0.1:8020${source?.location ?? '/user/hive/warehouse/x'}`,
      format: source === undefined ? 'parquet' : 'text',
      ...(source === undefined ? {} : { separator: source.separator }),
    },
  }
}

const emergency = 'managed_smartcar_emergency_check_info'

describe('the description of a table', () => {
  it('is read as Hive gives it', () => {
    const rows = [
      ['# col_name            ', 'data_type           ', 'comment             '],
      ['car_number', 'string', 'note'],
      ['speed', 'int', ''],
      ['', null, null],
      ['# Partition Information', null, null],
      ['# col_name            ', 'data_type           ', 'comment'],
      ['day', 'string', ''],
      ['', null, null],
      ['# Detailed Table Information', null, null],
      ['Location:           ', 'hdfs://h:1/pilot/x', null],
      ['Table Type:         ', 'EXTERNAL_TABLE      ', null],
      ['Table Parameters:', null, null],
      ['', 'EXTERNAL            ', 'TRUE'],
      ['# Storage Information', null, null],
      ['InputFormat:        ', 'org.apache.hadoop.mapred.TextInputFormat', null],
      ['Storage Desc Params:', null, null],
      ['', 'field.delim         ', '|                   '],
    ]
    expect(readDescription(rows)).toEqual({
      kind: 'external table',
      columns: [
        { name: 'car_number', type: 'string' },
        { name: 'speed', type: 'int' },
      ],
      partition: [{ name: 'day', type: 'string' }],
      location: 'hdfs://h:1/pilot/x',
      format: 'text',
      separator: '|',
    })
  })

  it('is read as Spark gives it', () => {
    const rows = [
      ['car_number', 'string', null],
      ['day', 'string', null],
      ['# Partition Information', '', ''],
      ['# col_name', 'data_type', 'comment'],
      ['day', 'string', null],
      ['', '', ''],
      ['# Detailed Table Information', '', ''],
      ['Name', 'spark_catalog.smartcar.x', ''],
      ['Type', 'MANAGED', ''],
      ['Provider', 'hive', ''],
      ['Location', 'hdfs://h:1/user/x', ''],
      ['InputFormat', 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat', ''],
      ['Storage Properties', '[serialization.format=1]', ''],
    ]
    expect(readDescription(rows)).toEqual({
      kind: 'table',
      columns: [{ name: 'car_number', type: 'string' }],
      partition: [{ name: 'day', type: 'string' }],
      location: 'hdfs://h:1/user/x',
      format: 'parquet',
    })
  })
})

describe('a table that is there', () => {
  it('and as it is defined, is no difference', () => {
    for (const name of [emergency, 'managed_smartcar_drive_info', 'smartcar_master', 'smartcar_status_info']) {
      const { definition, found } = asDefined(name)
      expect(schemaDifference(definition, found), name).toBeUndefined()
    }
  })

  it.each([
    ['a column of another type', { columns: 'retype' }, '- battery_check int; + battery_check string'],
    ['a column too many', { columns: 'extra' }, '- more string'],
    ['columns in another order', { columns: 'turn' }, '- order '],
    ['another format', { format: 'orc' }, '- stored as orc; + stored as parquet'],
    [
      'another partition',
      { partition: [{ name: 'day', type: 'string' }] },
      '- partitioned by day; + partitioned by biz_date',
    ],
    ['no partition', { partition: [] }, '+ partitioned by biz_date'],
    ['a view', { kind: 'view' }, '- view; + table'],
  ] as const)('with %s', (_what, change, expected) => {
    const { definition, found } = asDefined(emergency)
    const columns = {
      retype: [...found.columns.slice(0, -1), { name: 'battery_check', type: 'int' }],
      extra: [...found.columns, { name: 'more', type: 'string' }],
      turn: [...found.columns].reverse(),
    }
    const changed: FoundTable = {
      ...found,
      ...change,
      columns: 'columns' in change ? columns[change.columns] : found.columns,
      partition: 'partition' in change ? change.partition : found.partition,
    }
    const difference = schemaDifference(definition, changed)
    expect(difference?.lines.join('; ')).toContain(expected)
    if (difference === undefined) return
    const plan = migrationOf(definition, difference, changed, new Set([`${emergency}_old_1`]), hiveDialect)
    expect(plan.aside).toBe(`${emergency}_old_2`)
    expect(plan.statements.join()).toMatch(/^ALTER (TABLE|VIEW) `\w+` RENAME TO `\w+_old_2`$/)
    expect(plan.statements.join()).not.toContain('DROP')
  })

  it('and lacks columns at its end gets them, and keeps its rows', () => {
    const { definition, found } = asDefined(emergency)
    const short = { ...found, columns: found.columns.slice(0, -1) }
    const difference = schemaDifference(definition, short)
    expect(difference).toMatchObject({ lines: ['+ battery_check string'], onlyAppended: true })
    if (difference === undefined) return
    const plan = migrationOf(definition, difference, short, new Set(), hiveDialect)
    expect(plan.statements).toEqual([`ALTER TABLE \`${emergency}\` ADD COLUMNS (\`battery_check\` STRING)`])
    expect(plan.afterwards).toContain('--full')
  })

  it('elsewhere or with another separator is not the source that is meant', () => {
    const { definition, found } = asDefined('smartcar_master')
    const other = { ...found, location: 'hdfs://127.0.0.1:8020/tmp/x', separator: ',' }
    expect(schemaDifference(definition, other)?.lines).toEqual([
      '- location hdfs://127.0.0.1:8020/tmp/x',
      '+ location /pilot-pjt/collect/car-master',
      '- fields end at ","',
      '+ fields end at "|"',
    ])
  })
})
