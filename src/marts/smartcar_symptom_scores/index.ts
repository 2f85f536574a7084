import type { ViewTable } from '../../core/mart.js'
import { carNumber } from '../columns.js'

export const table: ViewTable = {
  name: 'smartcar_symptom_scores',
  kind: 'view',
  note: 'how far each car drives from the fleet of its day, the symptom mart is made from it',
  columns: [
    carNumber,
    { name: 'speed_p_avg', type: 'double', note: 'average of speed_pedal of the car on the day' },
    { name: 'speed_p_mean', type: 'double', note: 'average of speed_pedal over all rows of the day' },
    { name: 'speed_p_deviation', type: 'double', note: 'population standard deviation of the averages of the cars' },
    { name: 'speed_p_score', type: 'double', note: '(average - mean) / deviation, NULL when the deviation is 0' },
    { name: 'break_p_avg', type: 'double', note: 'average of break_pedal of the car on the day' },
    { name: 'break_p_mean', type: 'double', note: 'average of break_pedal over all rows of the day' },
    { name: 'break_p_deviation', type: 'double', note: 'population standard deviation of the averages of the cars' },
    { name: 'break_p_score', type: 'double', note: '(average - mean) / deviation, NULL when the deviation is 0' },
    { name: 'steer_a_cnt', type: 'bigint', note: 'rows with steer_angle L2, L3, R2 or R3' },
    { name: 'row_count', type: 'bigint', note: 'rows of the car on the day' },
    { name: 'biz_date', type: 'string', note: 'day of the rows' },
  ],
  grain: 'one car on one day',
  key: ['biz_date', 'car_number'],
  reads: ['managed_smartcar_drive_info'],
}
