import { duration, number } from '../../format.js'
import { heatMap, hourBars, legend, stepOf } from '../charts.js'
import type { Speeding, SpeedingCar } from '../data.js'
import { type Html, html } from '../html.js'
import { card, count, dataTable, empty, more, section } from '../parts.js'
import { clock, hourSpan, say } from '../text.js'

/** All cars as bars, and each car below them, hour by hour. */
function timeline(speeding: Speeding): Html {
  const { seconds } = speeding.rule
  const counts = speeding.cars.rows.flatMap((car) => car.hours).filter((windows) => windows > 0)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  const row = (car: SpeedingCar) => ({
    label: html`${car.car}`,
    total: html`<b>${number(car.windows)}</b>`,
    cells: car.hours.map((windows, hour) =>
      windows === 0
        ? undefined
        : {
            step: stepOf(windows, least, most),
            title: `${car.car} \u00b7 ${hourSpan(hour)} \u00b7 ${number(windows)} \u00d7 ${seconds} s`,
          },
    ),
  })
  const bars = hourBars(
    speeding.hours,
    (hour, windows) => `${hourSpan(hour)} \u00b7 ${number(windows)} \u00d7 ${seconds} s`,
    'speeding-hours',
  )
  return card(
    say('하루의 흐름: 모든 차량과 차량별 구간 수', 'Through the day: windows of all cars, and of each'),
    [
      heatMap(speeding.cars.rows.map(row), 'alert', 'speeding-hours', {
        drawing: bars,
        peak: number(Math.max(...speeding.hours)),
      }),
      legend('alert', number(least), say(`한 시간에 ${number(most)}구간`, `${number(most)} windows an hour`)),
      more(speeding.cars.rows.length, speeding.cars.total),
    ],
    { id: 'speeding-hours', span: true },
  )
}

function ranking(speeding: Speeding): Html {
  const shown = speeding.cars.rows.slice(0, speeding.fastest.rows.length)
  const table = dataTable(
    say('가장 자주 과속한 차량', 'cars that speed most'),
    [
      { title: say('차량', 'Car') },
      { title: say('구간', 'Windows'), align: 'right' },
      { title: say('시간', 'Time'), align: 'right' },
      { title: say('최고 km/h', 'Fastest km/h'), align: 'right' },
    ],
    shown.map((car) => [
      { show: html`<b class="car">${car.car}</b>`, sort: car.car },
      count(car.windows),
      { show: duration(car.windows * speeding.rule.seconds * 1000), sort: car.windows },
      count(car.fastest, 1),
    ]),
  )
  return card(say('가장 자주 과속한 차량', 'Cars that speed most'), [table, more(shown.length, speeding.cars.total)])
}

function fastest(speeding: Speeding): Html {
  const table = dataTable(
    say('가장 빠른 구간', 'fastest windows'),
    [
      { title: say('차량', 'Car') },
      { title: say('시각', 'Time') },
      { title: say('평균 km/h', 'Average km/h'), align: 'right' },
      { title: say('행', 'Rows'), align: 'right', wide: true },
    ],
    speeding.fastest.rows.map((window) => [
      { show: html`<b class="car">${window.car}</b>`, sort: window.car },
      { show: `${clock(window.start)}\u2013${clock(window.end)}`, sort: window.start },
      count(window.average, 1),
      count(window.rows),
    ]),
  )
  return card(say('가장 빠른 구간', 'Fastest windows'), [
    table,
    more(speeding.fastest.rows.length, speeding.fastest.total),
  ])
}

export function speedingSection(speeding: Speeding | undefined): Html {
  const title = say('과속', 'Speeding')
  if (speeding === undefined) {
    const text = say('이날의 과속 감지가 실행되지 않았습니다.', 'Speeding detection has not run over this day.')
    return section('speeding', title, undefined, empty(text, false))
  }
  const { seconds, limit, condition } = speeding.rule
  const ko = limit === undefined ? html`규칙 <code>${condition}</code>에 해당하는` : `평균 속도가 ${limit} km/h를 넘은`
  const en =
    limit === undefined ? html`that meet <code>${condition}</code>` : `whose average speed is over ${limit} km/h`
  const lead = say(
    html`${ko} ${seconds}초 구간입니다. 시각은 로그에 적힌 시각이며, ${seconds}초의 배수에 맞춰 나눕니다.`,
    html`Windows of ${seconds} seconds ${en}, by the time written in the log, aligned to multiples of ${seconds} seconds.`,
  )
  if (speeding.windows === 0) {
    return section('speeding', title, lead, empty(say('이날은 과속이 없습니다.', 'No speeding on this day.'), true))
  }
  return section(
    'speeding',
    title,
    lead,
    html`<div class="grid loose">${timeline(speeding)}${ranking(speeding)}${fastest(speeding)}</div>`,
  )
}
