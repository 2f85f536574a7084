import { z } from 'zod'
import type { Purchases } from '../../render/report/data.js'
import type { Rows } from './rows.js'

const itemsShown = 10
const table = 'managed_smartcar_item_buylist_info'

const month = z.object({ month: z.string() })
const total = z.object({ rows: z.number(), buyers: z.number(), score: z.number().nullable() })
const item = z.object({ item: z.string(), count: z.number(), score: z.number() })

/** The day's own month, or the newest that was built. */
const monthSql = `SELECT DISTINCT biz_month AS month FROM ${table} ORDER BY biz_month = $1 DESC, biz_month DESC LIMIT 1`

const totalSql = `
SELECT CAST(count(*) AS DOUBLE) AS rows, CAST(count(DISTINCT car_number) AS DOUBLE) AS buyers,
  CAST(avg(score) AS DOUBLE) AS score
FROM ${table}
WHERE biz_month = $1`

const itemSql = `
SELECT item, CAST(count(*) AS DOUBLE) AS count, CAST(avg(score) AS DOUBLE) AS score
FROM ${table}
WHERE biz_month = $1
GROUP BY 1
ORDER BY 2 DESC, 1`

/** undefined when no month of purchases was built. */
export async function purchasesOf(warehouse: Rows, day: string): Promise<Purchases | undefined> {
  const [chosen] = await warehouse.rows(monthSql, month, [day.slice(0, 6)])
  if (chosen === undefined) return undefined
  const [sums] = await warehouse.rows(totalSql, total, [chosen.month])
  if (sums === undefined || sums.rows === 0) return undefined
  const sold = await warehouse.rows(itemSql, item, [chosen.month])
  const liked = sold.toSorted((a, b) => b.score - a.score || (a.item < b.item ? -1 : 1))
  return {
    month: chosen.month,
    rows: sums.rows,
    buyers: sums.buyers,
    averageScore: sums.score ?? undefined,
    sold: { rows: sold.slice(0, itemsShown), total: sold.length },
    liked: { rows: liked.slice(0, itemsShown), total: liked.length },
  }
}
