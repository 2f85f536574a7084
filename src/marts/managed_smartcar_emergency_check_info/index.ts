import type { Mart } from '../../core/mart.js'
import { carNumber } from '../columns.js'

export const table: Mart = {
  name: 'managed_smartcar_emergency_check_info',
  kind: 'mart',
  note: 'cars that need a check after the day, NULL where a part needs none',
  columns: [
    carNumber,
    { name: 'tire_check', type: 'string', note: 'Tire Check: the average of a tire is under 80' },
    { name: 'light_check', type: 'string', note: 'Light Check: a light was 2' },
    { name: 'engine_check', type: 'string', note: 'Engine Check: the engine was C' },
    { name: 'break_check', type: 'string', note: 'Brake Check: the brake was C' },
    { name: 'battery_check', type: 'string', note: 'Battery Check: the average of the battery is under 30' },
  ],
  grain: 'one car on one day, only if at least one check holds',
  key: ['car_number'],
  partition: { name: 'biz_date', unit: 'day', note: 'day of the rows' },
  reads: ['managed_smartcar_status_info'],
  drivenBy: 'managed_smartcar_status_info',
  tests: [
    { test: 'notNull', columns: ['car_number'] },
    { test: 'unique', columns: ['car_number'] },
    { test: 'accepted', column: 'tire_check', values: ['Tire Check'] },
    { test: 'accepted', column: 'light_check', values: ['Light Check'] },
    { test: 'accepted', column: 'engine_check', values: ['Engine Check'] },
    { test: 'accepted', column: 'break_check', values: ['Brake Check'] },
    { test: 'accepted', column: 'battery_check', values: ['Battery Check'] },
    {
      test: 'never',
      name: 'a row without any check',
      condition:
        'tire_check IS NULL AND light_check IS NULL AND engine_check IS NULL AND break_check IS NULL AND battery_check IS NULL',
    },
    {
      test: 'relationship',
      column: 'car_number',
      to: 'managed_smartcar_status_info',
      toColumn: 'car_number',
    },
  ],
}
