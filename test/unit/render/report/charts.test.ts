import { describe, expect, it } from 'vitest'
import { heatMap, scaleSteps, stepOf, zBar, zHistogram } from '../../../../src/render/report/charts.js'
import { html } from '../../../../src/render/report/html.js'

describe('stepOf', () => {
  it('puts the ends of the range into the first and the last step', () => {
    expect(stepOf(0, 0, 100)).toBe(0)
    expect(stepOf(100, 0, 100)).toBe(scaleSteps - 1)
    expect(stepOf(50, 0, 100)).toBe(3)
  })

  it('never leaves the scale', () => {
    expect(stepOf(-5, 0, 100)).toBe(0)
    expect(stepOf(500, 0, 100)).toBe(scaleSteps - 1)
    expect(stepOf(7, 7, 7)).toBe(scaleSteps - 1)
  })
})

describe('zBar', () => {
  it('prints the score with a real minus and a sign', () => {
    expect(zBar(-1.234, false, 2).markup).toContain('\u22121.23')
    expect(zBar(2.5, true, 2).markup).toContain('+2.50')
  })

  it('draws a score beyond the edge at the edge', () => {
    expect(zBar(37, true, 2).markup).toContain('x="0" y="0.22" width="4"')
    expect(zBar(-37, true, 2).markup).toContain('x="-4" y="0.22" width="4"')
  })

  it('draws nothing without a deviation', () => {
    expect(zBar(undefined, false, 2).markup).not.toContain('<svg')
  })
})

describe('zHistogram', () => {
  it('marks the bins outside the limit and leaves out the empty ones', () => {
    const drawing = zHistogram(
      [
        { from: -4, count: 1 },
        { from: 0, count: 8 },
        { from: 1.5, count: 2 },
        { from: 2, count: 1 },
        { from: 3, count: 0 },
      ],
      0.5,
      2,
      'id',
    ).markup
    expect(drawing.split('class="out"')).toHaveLength(3)
    expect(drawing.split('class="bar"')).toHaveLength(3)
  })
})

describe('heatMap', () => {
  it('leaves a gap where there is no value', () => {
    const cells = [{ step: 2, title: 'a' }, undefined, { step: 6, title: 'b' }]
    const drawing = heatMap([{ label: html`A01`, cells }], 'speed', 'id').markup
    expect(drawing.match(/<rect/g)).toHaveLength(2)
    expect(drawing).toContain('<rect class="s6" x="2" y="0"')
  })
})
