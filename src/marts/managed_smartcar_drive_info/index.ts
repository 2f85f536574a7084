import type { Mart } from '../../core/mart.js'
import { drivingColumns, logTime, masterColumns, names } from '../columns.js'
import { ownerOver18, rowOfItsDay } from '../tests.js'

export const table: Mart = {
  name: 'managed_smartcar_drive_info',
  kind: 'mart',
  note: 'driving of every car whose owner is 18 or older, with its owner',
  columns: [...masterColumns, ...drivingColumns, logTime('reg_date')],
  grain: 'one car at one time',
  key: ['reg_date', 'car_number'],
  partition: { name: 'biz_date', unit: 'day', note: 'first eight characters of reg_date' },
  reads: ['smartcar_master_over18', 'smartcar_drive_info_2'],
  drivenBy: 'smartcar_drive_info_2',
  tests: [
    { test: 'notNull', columns: names([...masterColumns, ...drivingColumns, logTime('reg_date')]) },
    { test: 'unique', columns: ['reg_date', 'car_number'], clock: 'reg_date' },
    ownerOver18,
    rowOfItsDay,
    { test: 'between', column: 'speed_pedal', least: 0, most: 5 },
    { test: 'between', column: 'break_pedal', least: 0, most: 3 },
    { test: 'accepted', column: 'steer_angle', values: ['F', 'L1', 'L2', 'L3', 'R1', 'R2', 'R3'] },
    { test: 'accepted', column: 'direct_light', values: ['N', 'L', 'R'] },
    { test: 'between', column: 'speed', least: 0, most: 250 },
    { test: 'relationship', column: 'car_number', to: 'smartcar_master_over18', toColumn: 'car_number' },
    {
      test: 'conserved',
      from: 'smartcar_drive_info_2',
      fromPartition: 'wrk_date',
      joined: { column: 'car_number', to: 'smartcar_master_over18', toColumn: 'car_number' },
      key: ['r_date', 'car_number'],
    },
  ],
}
