import type { SourceTable } from '../../core/mart.js'
import { carNumber } from '../columns.js'

export const table: SourceTable = {
  name: 'smartcar_item_buylist',
  kind: 'source',
  note: 'purchases, as collected, one month may come in several files',
  columns: [
    carNumber,
    { name: 'item', type: 'string', note: 'Item-001 to Item-030' },
    { name: 'score', type: 'integer', note: 'rating, 1 to 5' },
    { name: 'month', type: 'string', note: 'month of the purchase, yyyyMM' },
  ],
  grain: 'one purchase, the same car may buy the same item again',
  storage: { kind: 'lake', record: 'purchases', separator: ',', location: '/pilot-pjt/collect/buy-list' },
}
