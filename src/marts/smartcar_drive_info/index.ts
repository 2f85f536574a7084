import type { SourceTable } from '../../core/mart.js'
import { carNumber, drivingColumns, logTime, names } from '../columns.js'

export const table: SourceTable = {
  name: 'smartcar_drive_info',
  kind: 'source',
  note: 'driving of every car by row key, as HBase keeps it',
  columns: [
    { name: 'r_key', type: 'string', note: 'the time reversed, a hyphen, the car number' },
    logTime('r_date'),
    carNumber,
    ...drivingColumns,
  ],
  grain: 'one car at one time: a repeat of a key is the same row',
  key: ['r_key'],
  storage: {
    kind: 'hbase',
    hbaseTable: 'DriverCarInfo',
    mapping: {
      r_key: ':key',
      r_date: 'cf1:date',
      ...Object.fromEntries(names([carNumber, ...drivingColumns]).map((name) => [name, `cf1:${name}`])),
    },
    reads: ['smartcar_drive_info_2'],
  },
}
