/** Data tests that several marts share. */
import type { DataTest } from '../core/mart.js'

export const ownerOver18: DataTest = { test: 'between', column: 'age', least: 18, most: 150 }

export const rowOfItsDay: DataTest = {
  test: 'never',
  name: 'a row of another day',
  condition: 'SUBSTR(reg_date, 1, 8) <> biz_date',
  proof: 'SUBSTR(MIN(reg_date), 1, 8) = MIN(biz_date) AND SUBSTR(MAX(reg_date), 1, 8) = MIN(biz_date)',
}
