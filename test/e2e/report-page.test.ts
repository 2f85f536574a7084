import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderReport } from '../../src/render/report/page.js'
import { browserPath, launchBrowser } from '../support/browser.js'
import { sampleReport } from '../unit/render/report/sample.js'

const executable = browserPath()

const wanted = 'skipped where no Chromium is installed; SMARTCAR_CHROMIUM names one'

describe.skipIf(executable === undefined)(`the report in a browser (${wanted})`, () => {
  let browser: Browser
  let folder: string
  let file: string

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-report-'))
    file = path.join(folder, 'report.html')
    await writeFile(file, renderReport(sampleReport(60), 'ko'))
    browser = await launchBrowser(executable ?? '')
  })

  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  interface Visit {
    readonly page: Page
    /** Console errors, page errors, refused loads and requests other than the file itself. */
    readonly complaints: string[]
  }

  async function open(width: number, scheme: 'light' | 'dark'): Promise<Visit> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme })
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() !== 'log') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => {
      const allowed = request.url() === `file://${file}` || request.url().startsWith('data:')
      if (!allowed) complaints.push(`request to ${request.url()}`)
    })
    await page.goto(`file://${file}`)
    return { page, complaints }
  }

  // Run inside the page: text, since this project's types know no browser.
  const look = `({
    scroll: document.documentElement.scrollWidth,
    width: innerWidth,
    marks: [...document.querySelectorAll('svg.marks rect')].filter((mark) => {
      const box = mark.getBoundingClientRect()
      return box.width > 1 && box.height > 1
    }).length,
    heading: document.querySelector('h1').innerText,
  })`
  const background = 'getComputedStyle(document.body).backgroundColor'

  for (const scheme of ['light', 'dark'] as const) {
    it(`fits a phone, a tablet and a desk in both languages, ${scheme}, silently and without the network`, async () => {
      const { page, complaints } = await open(375, scheme)
      expect(await page.evaluate(background)).toBe(scheme === 'light' ? 'rgb(246, 245, 242)' : 'rgb(16, 19, 23)')
      for (const width of [375, 820, 1280]) {
        await page.setViewportSize({ width, height: 900 })
        for (const language of ['ko', 'en'] as const) {
          await page.click(`button[data-language=${language}]`)
          const seen = await page.evaluate<{ scroll: number; width: number; marks: number; heading: string }>(look)
          expect(seen.width).toBe(width)
          expect(seen.scroll, `${width} px, ${language}`).toBeLessThanOrEqual(width)
          expect(seen.marks).toBeGreaterThan(1500)
          expect(seen.heading).toBe(language === 'ko' ? '2020년 3월 22일 (일)' : 'Sunday 22 March 2020')
        }
      }
      expect(complaints).toEqual([])
      await page.close()
    })
  }

  it('shows only the chosen language', async () => {
    const { page } = await open(1280, 'light')
    const visible = (language: string) => page.locator(`main span[lang=${language}]:visible`).count()
    expect(await visible('ko')).toBeGreaterThan(50)
    expect(await visible('en')).toBe(0)
    await page.click('button[data-language=en]')
    expect(await visible('ko')).toBe(0)
    expect(await visible('en')).toBeGreaterThan(50)
    expect(await page.getAttribute('html', 'lang')).toBe('en')
    expect(await page.getAttribute('button[data-language=en]', 'aria-pressed')).toBe('true')
    await page.close()
  })

  it('changes the theme by hand', async () => {
    const { page } = await open(1280, 'light')
    const colour = () => page.evaluate<string>(background)
    const before = await colour()
    await page.click('[data-theme-switch]')
    expect(await colour()).not.toBe(before)
    await page.click('[data-theme-switch]')
    expect(await colour()).toBe(before)
    await page.close()
  })

  it('sorts a table by the values, not by the text', async () => {
    const { page } = await open(1280, 'light')
    const column = page.locator('#speeding table').first()
    const windows = () =>
      column
        .locator('tbody tr td:nth-child(2)')
        .evaluateAll((cells) => cells.map((cell) => Number(cell.getAttribute('data-v'))))
    const button = column.locator('th:nth-child(2) button')
    await button.click()
    const falling = await windows()
    expect(falling).toEqual([...falling].sort((a, b) => b - a))
    await button.click()
    expect(await windows()).toEqual([...falling].sort((a, b) => a - b))
    await page.close()
  })

  it('tells the value of a mark at the pointer', async () => {
    const { page } = await open(1280, 'light')
    await page.locator('#areas svg.marks rect').first().hover()
    expect(await page.locator('#tip').textContent()).toMatch(/^A01 · 00:00–01:00 · \d+\.\d km\/h$/)
    await page.close()
  })

  for (const scheme of ['light', 'dark'] as const) {
    it(`has enough contrast for its texts, ${scheme}`, async () => {
      const { page } = await open(1280, scheme)
      const ratios = await page.evaluate<{ pair: string; ratio: number }[]>(`(() => {
        const style = getComputedStyle(document.documentElement)
        const luminance = (name) => {
          const hex = style.getPropertyValue(name).trim().slice(1)
          const [r, g, b] = [0, 2, 4].map((at) => {
            const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
          })
          return 0.2126 * r + 0.7152 * g + 0.0722 * b
        }
        return [['ink', 'page'], ['muted', 'page'], ['muted', 'card'], ['bad', 'card'], ['bad', 'bad-soft'],
          ['warn', 'warn-soft'], ['good', 'good-soft']].map(([text, back]) => {
          const [a, b] = [luminance('--' + text), luminance('--' + back)]
          return { pair: text + ' on ' + back, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) }
        })
      })()`)
      expect(ratios).toHaveLength(7)
      expect(ratios.filter(({ ratio }) => ratio < 4.5)).toEqual([])
      await page.close()
    })
  }

  it('can be read without its script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`file://${file}`)
    expect(await page.locator('h1 span:visible').textContent()).toBe('2020년 3월 22일 (일)')
    await context.close()
  })

  it('prints on white paper, without what is only for the screen', async () => {
    const { page } = await open(1280, 'dark')
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    expect(await page.locator('.top').isVisible()).toBe(false)
    expect(await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()")).toBe(
      '#1a1d23',
    )
    await page.close()
  })
})
