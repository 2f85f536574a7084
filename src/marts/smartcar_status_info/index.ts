import type { SourceTable } from '../../core/mart.js'
import { carNumber, conditionColumns, logTime } from '../columns.js'

export const table: SourceTable = {
  name: 'smartcar_status_info',
  kind: 'source',
  note: 'state of every car, as collected from the batch logs',
  columns: [logTime('reg_date'), carNumber, ...conditionColumns],
  grain: 'one report of one car, every 4 seconds, a report may have been sent twice',
  partition: { name: 'wrk_date', unit: 'day', note: 'day of the row' },
  storage: { kind: 'lake', record: 'status', separator: ',', location: '/pilot-pjt/collect/car-batch-log', carAt: 15 },
}
