import type { Mart } from '../../core/mart.js'
import { masterColumns, names } from '../columns.js'
import { ownerOver18 } from '../tests.js'

export const table: Mart = {
  name: 'managed_smartcar_item_buylist_info',
  kind: 'mart',
  note: 'purchases of owners of 18 or older, with the owner',
  columns: [
    ...masterColumns,
    { name: 'item', type: 'string', note: 'Item-001 to Item-030' },
    { name: 'score', type: 'integer', note: 'rating, 1 to 5' },
  ],
  grain: 'one purchase, the same car may buy the same item again',
  partition: { name: 'biz_month', unit: 'month', note: 'month of the purchase' },
  reads: ['smartcar_master_over18', 'smartcar_item_buylist'],
  drivenBy: 'smartcar_item_buylist',
  tests: [
    { test: 'notNull', columns: [...names(masterColumns), 'item', 'score'] },
    ownerOver18,
    { test: 'between', column: 'score', least: 1, most: 5 },
    { test: 'relationship', column: 'car_number', to: 'smartcar_master_over18', toColumn: 'car_number' },
    {
      test: 'conserved',
      from: 'smartcar_item_buylist',
      fromPartition: 'month',
      joined: { column: 'car_number', to: 'smartcar_master_over18', toColumn: 'car_number' },
    },
  ],
}
