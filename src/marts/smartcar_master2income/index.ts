import type { SourceTable } from '../../core/mart.js'
import { masterColumns } from '../columns.js'

export const table: SourceTable = {
  name: 'smartcar_master2income',
  kind: 'source',
  note: 'cars with the income of their owner, for the regression, empty unless such a file is in the site folder',
  columns: [...masterColumns, { name: 'income', type: 'integer', note: 'income of the owner' }],
  grain: 'one car',
  storage: { kind: 'income', separator: '|', location: '/pilot-pjt/collect/car-master2income' },
}
