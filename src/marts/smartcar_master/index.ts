import type { SourceTable } from '../../core/mart.js'
import { masterColumns } from '../columns.js'

export const table: SourceTable = {
  name: 'smartcar_master',
  kind: 'source',
  note: 'every car and its owner, of several collected masters the newest row of a car counts',
  columns: masterColumns,
  grain: 'one car',
  key: ['car_number'],
  storage: {
    kind: 'lake',
    record: 'master',
    separator: '|',
    location: '/pilot-pjt/collect/car-master',
    newest: ['car_number'],
  },
}
