import type { Mart } from '../../core/mart.js'
import { carNumber } from '../columns.js'

export const table: Mart = {
  name: 'managed_smartcar_symptom_info',
  kind: 'mart',
  note: 'how each car was driven on the day, and whether that is abnormal',
  columns: [
    carNumber,
    { name: 'speed_p_avg', type: 'double', note: 'average of speed_pedal' },
    { name: 'speed_p_symptom', type: 'string', note: 'abnormal more than 2 deviations from the mean, else normal' },
    { name: 'break_p_avg', type: 'double', note: 'average of break_pedal' },
    { name: 'break_p_symptom', type: 'string', note: 'abnormal more than 2 deviations from the mean, else normal' },
    { name: 'steer_a_cnt', type: 'bigint', note: 'rows with steer_angle L2, L3, R2 or R3' },
    { name: 'steer_p_symptom', type: 'string', note: 'abnormal above 2,000 such rows, else normal' },
  ],
  grain: 'one car on one day',
  key: ['car_number'],
  partition: { name: 'biz_date', unit: 'day', note: 'day of the rows' },
  reads: ['smartcar_symptom_scores'],
  drivenBy: 'managed_smartcar_drive_info',
  tests: [
    {
      test: 'notNull',
      columns: [
        'car_number',
        'speed_p_avg',
        'speed_p_symptom',
        'break_p_avg',
        'break_p_symptom',
        'steer_a_cnt',
        'steer_p_symptom',
      ],
    },
    { test: 'unique', columns: ['car_number'] },
    { test: 'accepted', column: 'speed_p_symptom', values: ['normal', 'abnormal'] },
    { test: 'accepted', column: 'break_p_symptom', values: ['normal', 'abnormal'] },
    { test: 'accepted', column: 'steer_p_symptom', values: ['normal', 'abnormal'] },
    { test: 'between', column: 'speed_p_avg', least: 0, most: 5 },
    { test: 'between', column: 'break_p_avg', least: 0, most: 3 },
    {
      test: 'conserved',
      from: 'managed_smartcar_drive_info',
      fromPartition: 'biz_date',
      key: ['car_number'],
    },
  ],
}
