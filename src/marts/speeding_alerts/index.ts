import type { SourceTable } from '../../core/mart.js'
import { carNumber } from '../columns.js'

export const table: SourceTable = {
  name: 'speeding_alerts',
  kind: 'source',
  note: 'windows of 30 seconds in which a car was faster than 80 km/h on average, found by smartcar stream run',
  columns: [
    { name: 'day', type: 'string', note: 'day of the window, yyyyMMdd' },
    carNumber,
    { name: 'window_start', type: 'string', note: 'start of the window, yyyyMMddHHmmss' },
    { name: 'window_end', type: 'string', note: 'end of the window, not included' },
    { name: 'avg_speed', type: 'double', note: 'average speed in the window, km/h' },
    { name: 'rows', type: 'integer', note: 'rows of the car in the window' },
    { name: 'member', type: 'string', note: 'name of the alert in Redis: the car, a hyphen, the time of the last row' },
  ],
  grain: 'one car in one window',
  key: ['car_number', 'window_start'],
  storage: { kind: 'alerts', location: '/pilot-pjt/collect/speeding-alerts' },
}
