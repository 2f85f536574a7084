import { z } from 'zod'
import type { AreaRow, Areas } from '../../render/report/data.js'
import type { Rows } from './rows.js'

const cell = z.object({
  area: z.string(),
  hour: z.number(),
  rows: z.number(),
  speed: z.number(),
  top: z.number(),
})
type Cell = z.infer<typeof cell>

/** What one pass over the drive rows of a day gives. */
export interface DriveDay {
  readonly areas: Areas
  readonly averageSpeed: number
  readonly topSpeed: number
}

/** The clock 240000 ends the day's last hour (pilot.md, section 2). */
const cellSql = `
SELECT area_number AS area,
  least(CAST(substr(reg_date, 9, 2) AS INTEGER), 23) AS hour,
  CAST(count(*) AS DOUBLE) AS rows,
  CAST(sum(speed) AS DOUBLE) AS speed,
  CAST(max(speed) AS DOUBLE) AS top
FROM managed_smartcar_drive_info
WHERE biz_date = $1
GROUP BY 1, 2
ORDER BY 1, 2`

function areaRows(cells: readonly Cell[]): AreaRow[] {
  const rows: AreaRow[] = []
  for (const area of new Set(cells.map((one) => one.area))) {
    const own = cells.filter((one) => one.area === area)
    const count = own.reduce((sum, one) => sum + one.rows, 0)
    const hours = Array.from({ length: 24 }, (_, hour) => {
      const found = own.find((one) => one.hour === hour)
      return found === undefined ? undefined : found.speed / found.rows
    })
    rows.push({ area, rows: count, average: own.reduce((sum, one) => sum + one.speed, 0) / count, hours })
  }
  return rows
}

/** undefined when the drive mart has no rows of this day. */
export async function driveDay(warehouse: Rows, day: string): Promise<DriveDay | undefined> {
  const cells = await warehouse.rows(cellSql, cell, [day])
  if (cells.length === 0) return undefined
  const sum = (of: (one: Cell) => number) => cells.reduce((total, one) => total + of(one), 0)
  const rows = sum((one) => one.rows)
  return {
    areas: { rows: areaRows(cells) },
    averageSpeed: sum((one) => one.speed) / rows,
    topSpeed: Math.max(...cells.map((one) => one.top)),
  }
}
