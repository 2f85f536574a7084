import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { reportSummary, writeReport } from '../../../../src/jobs/report/report.js'
import { testContext } from '../../../support/context.js'
import { makeSite } from './warehouse-site.js'

const site = { site: 'test', ruleFiles: [] }

describe('writeReport', () => {
  it('writes one page, and leaves it alone when the data are the same', async () => {
    await using context = await testContext()
    await makeSite(context)
    const first = await writeReport({ ...site, locale: 'ko' }, context)
    expect(first.file).toBe(path.join(context.layout.reports, 'report-20200322.html'))
    expect(first.outcome).toBe('written')
    const before = await context.files.stat(first.file)
    expect(before?.size).toBe(first.bytes)
    const second = await writeReport({ ...site, locale: 'ko' }, context)
    expect(second).toEqual({ ...first, outcome: 'unchanged' })
    expect((await context.files.stat(first.file))?.modified).toBe(before?.modified)
    expect(reportSummary(second)).toBe(`unchanged: ${first.file}\n`)
  })

  it('writes anew when something has changed', async () => {
    await using context = await testContext()
    await makeSite(context)
    const first = await writeReport({ ...site, locale: 'ko' }, context)
    const other = await writeReport({ ...site, locale: 'en' }, context)
    expect(other).toMatchObject({ file: first.file, outcome: 'written' })
    expect(await context.files.readText(other.file)).toContain('<html lang="en"')
  })

  it('writes to the file that was asked for, in a folder that is not there yet', async () => {
    await using context = await testContext()
    await makeSite(context)
    const output = path.join(context.layout.root, 'elsewhere', 'page.html')
    const result = await writeReport({ ...site, locale: 'en', output }, context)
    expect(result.file).toBe(output)
    expect(await context.files.readText(output)).toContain('</html>')
    expect(await context.files.list(context.layout.reports)).toEqual([])
  })
})
