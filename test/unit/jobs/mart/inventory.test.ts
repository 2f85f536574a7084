import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { buildMarts } from '../../../../src/jobs/mart/build.js'
import { writeMartDocs } from '../../../../src/jobs/mart/docs.js'
import { inventory, listText, showTable, showText } from '../../../../src/jobs/mart/inventory.js'
import { testMarts, testSummary } from '../../../../src/jobs/mart/test.js'
import { testContext } from '../../../support/context.js'
import { fillLake } from '../../../support/lake.js'
import { at, days, drive, smallSite } from './site.js'

it('lists tables with their rows, before and after the build', async () => {
  await using context = await testContext()
  expect((await inventory(context)).every((info) => (info.rows ?? 0) === 0)).toBe(true)
  await smallSite(context)
  await buildMarts({}, context)
  const tables = await inventory(context)
  expect(tables.find(({ name }) => name === 'smartcar_status_info')).toMatchObject({
    kind: 'source',
    rows: 90,
    partitions: [{ partition: days[0], rows: 45 }, { partition: days[1] }],
  })
  expect(tables.find(({ name }) => name === 'managed_smartcar_status_info')).toMatchObject({
    kind: 'mart',
    rows: 60,
    readBy: ['managed_smartcar_emergency_check_info'],
    partitions: [{ partition: days[0], rows: 30 }, { partition: days[1] }],
  })
  expect(listText(tables)).toMatch(/managed_smartcar_status_info +mart +60 +2 +20200322 to 20200323/)
  const text = showText(await showTable('managed_smartcar_status_info', context))
  expect(text).toContain('conserved: rows of smartcar_status_info with a car in smartcar_master_over18')
  expect(text).toMatch(/20200323 +30 .* 37 passed/)
})

it('writes one page that loads nothing, and the same page again', async () => {
  await using context = await testContext()
  await smallSite(context)
  await buildMarts({}, context)
  const first = await writeMartDocs({ site: '<b>site</b>' }, context)
  const page = await readFile(first.file, 'utf8')
  expect(first.outcome).toBe('written')
  expect(page).not.toMatch(/(?:src|href)="(?!#)/)
  expect(page).not.toContain('<b>site</b>')
  expect(page.match(/<section /g)).toHaveLength(14)
  expect(page).toContain('<path class="edge" data-from="smartcar_symptom_scores"')
  expect(await writeMartDocs({ site: '<b>site</b>' }, context)).toEqual({ ...first, outcome: 'unchanged' })
})

it('tests what is built, and says when what is collected has changed since', async () => {
  await using context = await testContext()
  await expect(testMarts({}, context)).rejects.toMatchObject({ code: 'NOTHING_COLLECTED' })
  await smallSite(context)
  await expect(testMarts({}, context)).rejects.toMatchObject({ code: 'NOTHING_BUILT' })
  await buildMarts({}, context)
  const passed = await testMarts({ from: days[0], to: days[0] }, context)
  expect(passed).toMatchObject({ failed: 0, partitions: { length: 5 } })
  expect(testSummary(passed)).toBe('101 tests of 5 partitions passed\n')
  await fillLake(context, 'drive', [drive({ time: at(days[0], 500), car: 'A0001' })], 'later.log')
  await expect(testMarts({ marts: ['managed_smartcar_drive_info'] }, context)).rejects.toMatchObject({
    code: 'DATA_TEST_FAILED',
    exitCode: 5,
    hints: ['what is collected has changed since: smartcar mart build'],
    message: expect.stringContaining('"rows_in_source":16,"rows_in_mart":15'),
  })
})
