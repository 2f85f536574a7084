import type { DataTest, Mart } from '../../core/mart.js'
import { conditionColumns, logTime, masterColumns, names } from '../columns.js'
import { ownerOver18, rowOfItsDay } from '../tests.js'

export const table: Mart = {
  name: 'managed_smartcar_status_info',
  kind: 'mart',
  note: 'state of every car whose owner is 18 or older, with its owner',
  columns: [...masterColumns, ...conditionColumns, logTime('reg_date')],
  grain: 'one car at one time',
  key: ['reg_date', 'car_number'],
  partition: { name: 'biz_date', unit: 'day', note: 'first eight characters of reg_date' },
  reads: ['smartcar_master_over18', 'smartcar_status_info'],
  drivenBy: 'smartcar_status_info',
  tests: [
    { test: 'notNull', columns: names([...masterColumns, ...conditionColumns, logTime('reg_date')]) },
    { test: 'unique', columns: ['reg_date', 'car_number'], clock: 'reg_date' },
    ownerOver18,
    rowOfItsDay,
    ...(['fl', 'fr', 'bl', 'br'] as const).flatMap((corner): DataTest[] => [
      { test: 'between', column: `tire_${corner}`, least: 0, most: 100 },
      { test: 'accepted', column: `light_${corner}`, values: [1, 2] },
    ]),
    { test: 'accepted', column: 'engine', values: ['A', 'B', 'C'] },
    { test: 'accepted', column: 'break', values: ['A', 'B', 'C'] },
    { test: 'between', column: 'battery', least: 0, most: 100 },
    { test: 'relationship', column: 'car_number', to: 'smartcar_master_over18', toColumn: 'car_number' },
    {
      test: 'conserved',
      from: 'smartcar_status_info',
      fromPartition: 'wrk_date',
      joined: { column: 'car_number', to: 'smartcar_master_over18', toColumn: 'car_number' },
      key: ['reg_date', 'car_number'],
    },
  ],
}
