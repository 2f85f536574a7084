import { type Html, html, raw } from './html.js'

/** Steps of a colour scale; the colours themselves are `--s0` to `--s6` of the style sheet, by theme. */
export const scaleSteps = 7

/** A coordinate, short and the same on every machine. */
function at(value: number): string {
  return String(Number(value.toFixed(3)))
}

/** The step 0 to 6 of `value` between `low` and `high`. */
export function stepOf(value: number, low: number, high: number): number {
  if (high <= low) return scaleSteps - 1
  return Math.max(0, Math.min(scaleSteps - 1, Math.floor(((value - low) / (high - low)) * scaleSteps)))
}

export interface HeatCell {
  readonly step: number
  /** Without words, since a tooltip cannot change its language: `A01 13:00-14:00 45.2 km/h` */
  readonly title: string
}

export interface HeatRow {
  readonly label: Html
  readonly cells: readonly (HeatCell | undefined)[]
  /** What stands at the right end of the row. */
  readonly total?: Html
}

export interface Above {
  readonly drawing: Html
  readonly peak: string
}

/** Marks under a day's 24 columns. */
const hourAxis = html`<div class="axis" aria-hidden="true">${['00', '06', '12', '18', '24'].map((label) => html`<span>${label}</span>`)}</div>`

/**
 * Rows x 24 hours. The drawing stretches with the page while the labels, which are text of the page, keep their size.
 * `labelledBy`: id of the element that names the drawing. `above`: a drawing of the same 24 columns, and its highest value.
 */
export function heatMap(rows: readonly HeatRow[], scale: 'speed' | 'alert', labelledBy: string, above?: Above): Html {
  const marks: string[] = []
  for (const [y, row] of rows.entries()) {
    for (const [x, cell] of row.cells.entries()) {
      if (cell === undefined) continue
      const title = html`${cell.title}`.markup
      marks.push(`<rect class="s${cell.step}" x="${x}" y="${y}" width="1" height="1"><title>${title}</title></rect>`)
    }
  }
  const withTotals = rows.some((row) => row.total !== undefined)
  return html`<div class="heat ${scale}${withTotals ? ' totals' : ''}" style="--rows:${rows.length}">
${above !== undefined && html`<span class="peak">${above.peak}</span><div class="above">${above.drawing}</div>`}
<div class="labels">${rows.map((row) => html`<span>${row.label}</span>`)}</div>
<svg class="marks" viewBox="0 0 24 ${rows.length}" preserveAspectRatio="none" role="img" aria-labelledby="${labelledBy}">${raw(marks.join(''))}</svg>
${withTotals && html`<div class="labels end">${rows.map((row) => html`<span>${row.total}</span>`)}</div>`}
${hourAxis}</div>`
}

/** The colours of a scale with the values where it starts and ends. */
export function legend(scale: 'speed' | 'alert', low: Html | string, high: Html | string): Html {
  const steps = Array.from({ length: scaleSteps }, (_, step) => html`<i class="s${step}"></i>`)
  return html`<p class="legend ${scale}"><span>${low}</span><span class="steps" aria-hidden="true">${steps}</span><span>${high}</span></p>`
}

/** One bar for each hour of the day, without an axis of its own. */
export function hourBars(
  hours: readonly number[],
  titleOf: (hour: number, count: number) => string,
  labelledBy: string,
): Html {
  const top = Math.max(1, ...hours)
  const bars = hours.map((count, hour) => {
    const height = count === 0 ? 0 : Math.max(0.02, count / top)
    return html`<rect class="bar" x="${at(hour + 0.12)}" y="${at(1 - height)}" width="0.76" height="${at(height)}"><title>${titleOf(hour, count)}</title></rect>`
  })
  return html`<svg class="marks" viewBox="0 0 24 1" preserveAspectRatio="none" role="img" aria-labelledby="${labelledBy}">${bars}</svg>`
}

/** Half the width of every drawing of z-scores: a score beyond it is drawn at the edge. */
export const zReach = 4

/** A score as a bar to the left or right of the fleet's average, the band of the normal ones shaded. */
export function zBar(z: number | undefined, abnormal: boolean, limit: number): Html {
  if (z === undefined) return html`<span class="none">\u2013</span>`
  const end = Math.max(-zReach, Math.min(zReach, z))
  const text = `${z < 0 ? '\u2212' : '+'}${Math.abs(z).toFixed(2)}`
  return html`<span class="z${abnormal ? ' out' : ''}"><svg viewBox="${-zReach} 0 ${2 * zReach} 1" preserveAspectRatio="none" aria-hidden="true"><rect class="band" x="${-limit}" y="0" width="${2 * limit}" height="1"/><rect class="base" x="${-zReach}" y="0.47" width="${2 * zReach}" height="0.06"/><rect class="mark" x="${at(Math.min(0, end))}" y="0.22" width="${at(Math.max(0.04, Math.abs(end)))}" height="0.56"/><rect class="zero" x="-0.03" y="0" width="0.06" height="1"/></svg><b>${text}</b></span>`
}

export interface Bin {
  readonly from: number
  readonly count: number
}

/** How many cars stand at which z-score; bins outside the limit stand out. */
export function zHistogram(bins: readonly Bin[], width: number, limit: number, labelledBy: string): Html {
  const top = Math.max(1, ...bins.map((bin) => bin.count))
  const bars = bins
    .filter((bin) => bin.count > 0)
    .map((bin) => {
      const height = Math.max(0.03, bin.count / top)
      const outside = bin.from >= limit || bin.from + width <= -limit
      const span = `${bin.from.toFixed(1)} \u2026 ${(bin.from + width).toFixed(1)} \u03c3`.replaceAll('-', '\u2212')
      return html`<rect class="${outside ? 'out' : 'bar'}" x="${at(bin.from + width * 0.08)}" y="${at(1 - height)}" width="${at(width * 0.84)}" height="${at(height)}"><title>${`${span}: ${bin.count}`}</title></rect>`
    })
  const ticks = [-zReach, -limit, 0, limit, zReach].map(
    (tick) =>
      html`<span style="left:${at(((tick + zReach) / (2 * zReach)) * 100)}%">${`${tick < 0 ? '\u2212' : tick > 0 ? '+' : ''}${Math.abs(tick)}`}</span>`,
  )
  return html`<div class="histogram"><svg class="marks" viewBox="${-zReach} 0 ${2 * zReach} 1" preserveAspectRatio="none" role="img" aria-labelledby="${labelledBy}"><rect class="band" x="${-limit}" y="0" width="${2 * limit}" height="1"/>${bars}</svg><div class="ticks" aria-hidden="true">${ticks}</div></div>`
}

export interface BarItem {
  readonly label: Html
  readonly value: number
  readonly text: Html | string
}

/** Labelled horizontal bars, the longest filling the line. */
export function barList(items: readonly BarItem[]): Html {
  const top = Math.max(1e-9, ...items.map((item) => item.value))
  return html`<ul class="bars">${items.map(
    (item) =>
      html`<li><span class="what">${item.label}</span><span class="track"><i style="width:${at((item.value / top) * 100)}%"></i></span><b>${item.text}</b></li>`,
  )}</ul>`
}
