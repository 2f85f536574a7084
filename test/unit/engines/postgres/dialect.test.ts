import { expect, test } from 'vitest'
import {
  addKey,
  checksumQuery,
  commentOn,
  copyFrom,
  createTable,
  postgresName,
  postgresText,
} from '../../../../src/engines/postgres/dialect.js'
import { mart } from '../../jobs/export/sample.js'

test('names and texts end where they end', () => {
  expect(postgresName('a"; DROP TABLE b; --')).toBe('"a""; DROP TABLE b; --"')
  expect(postgresText("it's")).toBe("'it''s'")
  for (const name of ['', 'a\0b', 'x'.repeat(64), '가'.repeat(22)])
    expect(() => postgresName(name)).toThrow('cannot be a name')
})

test('the tables of the marts', async () => {
  const emergency = await mart('managed_smartcar_emergency_check_info')
  expect(createTable('public', emergency)).toBe(`CREATE TABLE "public"."managed_smartcar_emergency_check_info" (
  "car_number" text NOT NULL,
  "tire_check" text,
  "light_check" text,
  "engine_check" text,
  "break_check" text,
  "battery_check" text,
  "biz_date" text NOT NULL
)`)
  const items = await mart('managed_smartcar_item_buylist_info')
  expect(addKey('s', emergency)).toBe(
    'ALTER TABLE "s"."managed_smartcar_emergency_check_info" ADD PRIMARY KEY ("biz_date", "car_number")',
  )
  expect(addKey('s', items)).toBe('CREATE INDEX ON "s"."managed_smartcar_item_buylist_info" ("biz_month")')
  expect(copyFrom('s', items)).toMatch(
    /^COPY "s"\."managed_smartcar_item_buylist_info" \("car_number", .*"score", "biz_month"\) FROM STDIN$/,
  )
  expect(commentOn('s', items)).toContain(
    `COMMENT ON COLUMN "s"."managed_smartcar_item_buylist_info"."score" IS 'rating, 1 to 5'`,
  )
  expect(checksumQuery('s', items, 'rows', true)).toContain('WHERE "biz_month" = $1')
  expect(checksumQuery('s', items, 'columns', false)).toContain('sum(hashint4("score")::bigint)')
})
