import { describe, expect, it } from 'vitest'
import type { ReportData } from '../../../../src/render/report/data.js'
import { renderReport } from '../../../../src/render/report/page.js'
import { sampleReport } from './sample.js'

const evil = `<script>alert("1")</script>'&`
const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;'

/** Every text of the report replaced by markup that must not survive. */
function poisoned(): ReportData {
  const change = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => change(item, key))
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(inner, name)]))
    }
    const codes = ['day', 'month', 'start', 'end', 'since', 'part', 'partition', 'area']
    return typeof value === 'string' && !codes.includes(key) ? evil : value
  }
  return change(sampleReport(), '') as ReportData
}

function marks(page: string, id: string): number {
  const body = page.slice(page.indexOf(`<section id="${id}"`))
  const section = body.slice(0, body.indexOf('</section>'))
  return section.split('<rect class="s').length - 1
}

describe('renderReport', () => {
  it('gives the same bytes for the same data', () => {
    expect(renderReport(sampleReport(), 'ko')).toBe(renderReport(sampleReport(), 'ko'))
  })

  it('forbids everything that is not in the file and refers to nothing outside', () => {
    const page = renderReport(sampleReport(), 'en')
    expect(page).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"`,
    )
    const outside = page.match(/(?:src|href|action|url)\s*[=(]\s*["']?(?!#|data:)[a-z]/gi)
    expect(outside).toBeNull()
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/)
  })

  it('escapes every text that comes from data', () => {
    const page = renderReport(poisoned(), 'en')
    expect(page).toContain(escaped)
    expect(page).not.toContain(evil)
    expect(page.split('<script>')).toHaveLength(2)
  })

  it('shows first the language that was asked for, and carries both', () => {
    expect(renderReport(sampleReport(), 'ko')).toContain('<html lang="ko" data-language="ko">')
    const page = renderReport(sampleReport(), 'en')
    expect(page).toContain('<html lang="en" data-language="en">')
    expect(page).toContain('<span lang="ko">긴급 점검</span>')
    expect(page).toContain('<span lang="en">Emergency checks</span>')
  })

  it('says every text in both languages', () => {
    const page = renderReport(sampleReport(), 'ko')
    expect(page.split('<span lang="ko">').length).toBe(page.split('<span lang="en">').length)
  })

  it('draws one mark for each area and hour, and for each car and hour with speeding', () => {
    const data = sampleReport()
    const page = renderReport(data, 'en')
    expect(marks(page, 'areas')).toBe(60 * 24)
    const cells = data.speeding?.cars.rows.flatMap((car) => car.hours).filter((count) => count > 0)
    expect(marks(page, 'speeding')).toBe(cells?.length)
  })

  it('cuts long lists and says how many are left', () => {
    const page = renderReport(sampleReport(2600), 'en')
    const data = sampleReport(2600)
    expect(page).toContain(`${(data.emergencies.total - 100).toLocaleString('en')} more not listed`)
    expect(page).toContain('2,540 more not listed')
    expect(page.length).toBeLessThan(600_000)
  })

  it('says so where there is nothing to show', () => {
    const data = sampleReport()
    const none = { rows: [], total: 0 }
    const page = renderReport(
      {
        ...data,
        emergencies: { built: true, rows: [], total: 0, byPart: [] },
        symptoms: undefined,
        speeding: data.speeding && {
          ...data.speeding,
          windows: 0,
          cars: none,
          fastest: none,
          hours: Array(24).fill(0),
        },
        areas: { rows: [] },
        purchases: undefined,
        intake: { ...none, read: 0, kept: 0, headers: 0, rejected: 0, duplicates: 0 },
        stages: none,
        tests: { run: 0, failed: none, byTable: [] },
        fleet: {
          ...data.fleet,
          masterCars: undefined,
          adultCars: undefined,
          sexes: [],
          ages: [],
          regions: [],
          models: [],
        },
      },
      'en',
    )
    for (const text of [
      'No car needs a check on this day.',
      'No speeding on this day.',
      'No driving information was built for this day.',
      'No purchases were built.',
      'No file was collected yet.',
      'No run is on record',
      'No data test has run.',
      'No car master was collected',
    ]) {
      expect(page).toContain(text)
    }
    expect(page.slice(0, page.indexOf('<script>'))).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('says what was rejected, why and where it is', () => {
    const page = renderReport(sampleReport(), 'en')
    expect(page).toContain('430 of 1,296,000 rows were rejected')
    expect(page).toContain('columns <b>300</b>')
    expect(page).toContain('<code>rejects/<wbr>status-000001.<wbr>csv</code>')
  })

  it('names failed data tests', () => {
    const page = renderReport(sampleReport(), 'en')
    expect(page).toContain('1 of 42 tests failed.')
    expect(page).toContain('unique (car_number, reg_date)')
  })

  it('counts a stage once, not again for its parts', () => {
    expect(renderReport(sampleReport(), 'en')).toContain('4.8 s in all')
  })

  it('tells detection that found nothing from detection that did not run', () => {
    const page = renderReport({ ...sampleReport(), speeding: undefined }, 'en')
    expect(page).toContain('Speeding detection has not run over this day.')
    expect(page).not.toContain('No speeding on this day.')
  })
})
