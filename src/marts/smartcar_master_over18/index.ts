import type { ViewTable } from '../../core/mart.js'
import { masterColumns } from '../columns.js'

export const table: ViewTable = {
  name: 'smartcar_master_over18',
  kind: 'view',
  note: 'cars whose owner is 18 or older, the only ones in the marts',
  columns: masterColumns,
  grain: 'one car',
  key: ['car_number'],
  reads: ['smartcar_master'],
}
