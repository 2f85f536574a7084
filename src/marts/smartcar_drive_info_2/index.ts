import type { SourceTable } from '../../core/mart.js'
import { carNumber, drivingColumns, logTime } from '../columns.js'

export const table: SourceTable = {
  name: 'smartcar_drive_info_2',
  kind: 'source',
  note: 'driving of every car, as collected from the real-time logs',
  columns: [logTime('r_date'), carNumber, ...drivingColumns],
  grain: 'one report of one car, every 2 seconds, a report may have been sent twice',
  partition: { name: 'wrk_date', unit: 'day', note: 'day of the row' },
  storage: { kind: 'lake', record: 'drive', separator: ',', location: '/pilot-pjt/collect/drive-log', carAt: 15 },
}
