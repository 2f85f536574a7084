import { number } from '../../format.js'
import { heatMap, legend, stepOf } from '../charts.js'
import type { AreaRow, Areas } from '../data.js'
import { type Html, html } from '../html.js'
import { card, empty, section } from '../parts.js'
import { hourSpan, say } from '../text.js'

/** Areas by their letter, in the order of the rows. */
function byLetter(rows: readonly AreaRow[]): ReadonlyMap<string, readonly AreaRow[]> {
  const groups = new Map<string, AreaRow[]>()
  for (const row of rows) {
    const letter = row.area.slice(0, 1)
    groups.set(letter, [...(groups.get(letter) ?? []), row])
  }
  return groups
}

function extremes(rows: readonly AreaRow[]): { slowest: AreaRow; fastest: AreaRow } | undefined {
  const sorted = rows.toSorted((a, b) => a.average - b.average)
  const [slowest, fastest] = [sorted[0], sorted.at(-1)]
  return slowest === undefined || fastest === undefined ? undefined : { slowest, fastest }
}

export function areaSection(areas: Areas | undefined): Html {
  const title = say('지역과 시간대별 평균 속도', 'Average speed by area and hour')
  const ends = areas === undefined ? undefined : extremes(areas.rows)
  if (areas === undefined || ends === undefined) {
    return section(
      'areas',
      title,
      undefined,
      empty(say('이날의 운행 정보가 만들어지지 않았습니다.', 'No driving information was built for this day.'), false),
    )
  }
  const speeds = areas.rows.flatMap((row) => row.hours.filter((hour) => hour !== undefined))
  const [low, high] = [Math.floor(Math.min(...speeds)), Math.ceil(Math.max(...speeds))]
  const panel = ([letter, rows]: readonly [string, readonly AreaRow[]]) => {
    const id = `area-${letter}`
    const map = heatMap(
      rows.map((row) => ({
        label: html`${row.area}`,
        total: html`<b>${number(row.average, 0)}</b>`,
        cells: row.hours.map((speed, hour) =>
          speed === undefined
            ? undefined
            : {
                step: stepOf(speed, low, high),
                title: `${row.area} \u00b7 ${hourSpan(hour)} \u00b7 ${number(speed, 1)} km/h`,
              },
        ),
      })),
      'speed',
      id,
    )
    return card(say(`${letter} 지역`, `Area ${letter}`), map, { id })
  }
  const { slowest, fastest } = ends
  const lead = say(
    `가장 느린 곳은 ${slowest.area}(${number(slowest.average, 1)} km/h), 가장 빠른 곳은 ${fastest.area}(${number(fastest.average, 1)} km/h)입니다. 오른쪽 숫자는 하루 평균입니다.`,
    `Slowest is ${slowest.area} with ${number(slowest.average, 1)} km/h, fastest is ${fastest.area} with ${number(fastest.average, 1)} km/h. The figures at the right are averages of the day.`,
  )
  return section('areas', title, lead, [
    legend('speed', `${low} km/h`, `${high} km/h`),
    html`<div class="grid three">${[...byLetter(areas.rows)].map(panel)}</div>`,
  ])
}
