/** Data tests that several marts share. */
import type { DataTest } from '../core/mart.js'

export const ownerOver18: DataTest = { test: 'never', name: 'an owner under 18', condition: 'age < 18' }

export const rowOfItsDay: DataTest = {
  test: 'never',
  name: 'a row of another day',
  condition: 'SUBSTR(reg_date, 1, 8) <> biz_date',
}
