import { number } from '../../format.js'
import { zBar, zHistogram } from '../charts.js'
import type { Measure, Spread, Symptoms } from '../data.js'
import { type Html, html } from '../html.js'
import { card, dataTable, empty, more, section } from '../parts.js'
import { say } from '../text.js'

function spreadCard(id: string, title: Html, spread: Spread, limit: number): Html {
  const mean = number(spread.mean, 3)
  const facts =
    spread.deviation === undefined
      ? say(`평균 ${mean}, 편차 없음`, `average ${mean}, no deviation`)
      : say(
          `평균 ${mean} · 표준편차 ${number(spread.deviation, 4)}`,
          `average ${mean} · standard deviation ${number(spread.deviation, 4)}`,
        )
  return card(title, [html`<p class="facts">${facts}</p>`, zHistogram(spread.bins, spread.width, limit, id)], { id })
}

function measureCells(measure: Measure, limit: number) {
  return [
    { show: number(measure.average, 4), sort: measure.average },
    { show: zBar(measure.z, measure.abnormal, limit), sort: measure.z ?? 0 },
  ]
}

export function symptomSection(symptoms: Symptoms | undefined): Html {
  const title = say('운전 이상 징후', 'Unusual driving')
  if (symptoms === undefined || symptoms.total === 0) {
    return section(
      'symptoms',
      title,
      undefined,
      empty(say('이날의 운행 정보가 만들어지지 않았습니다.', 'No driving information was built for this day.'), false),
    )
  }
  const { zLimit, steeringLimit } = symptoms
  const lead = say(
    `차량의 평균이 전체 평균에서 표준편차의 ${zLimit}배 넘게 떨어져 있거나, 급한 조향(L2·L3·R2·R3)이 하루 ${number(steeringLimit)}번을 넘으면 이상입니다. 옅은 띠가 정상 범위입니다.`,
    `A car is unusual when its average lies more than ${zLimit} standard deviations from the fleet's, or when it steered hard (L2, L3, R2, R3) more than ${number(steeringLimit)} times. The pale band is the normal range.`,
  )
  const table = dataTable(
    say('차량별 이상 징후와 z 점수', 'symptoms and z-scores by car'),
    [
      { title: say('차량', 'Car') },
      { title: say('가속 평균', 'Accelerator'), align: 'right', wide: true },
      { title: say('가속 z', 'Accelerator z') },
      { title: say('제동 평균', 'Brake'), align: 'right', wide: true },
      { title: say('제동 z', 'Brake z') },
      { title: say('급조향', 'Hard steering'), align: 'right' },
    ],
    symptoms.rows.map((row) => [
      { show: html`<b class="car">${row.car}</b>`, sort: row.car },
      ...measureCells(row.speed, zLimit),
      ...measureCells(row.brake, zLimit),
      {
        show: row.steeringAbnormal ? html`<span class="bad">${number(row.steering)}</span>` : number(row.steering),
        sort: row.steering,
      },
    ]),
  )
  const { pedals, speed, brake, steering } = symptoms.abnormal
  const counts = html`<ul class="counts"><li>${say('페달 이상 차량', 'Unusual pedals')} <b>${number(pedals)}</b></li><li>${say('가속', 'Accelerator')} <b>${number(speed)}</b></li><li>${say('제동', 'Brake')} <b>${number(brake)}</b></li><li>${say('급조향 초과', 'Hard steering')} <b>${number(steering)}</b></li></ul>`
  return section(
    'symptoms',
    title,
    lead,
    html`<div class="grid">${spreadCard('spread-speed', say('가속 페달', 'Accelerator pedal'), symptoms.speed, zLimit)}${spreadCard('spread-brake', say('브레이크 페달', 'Brake pedal'), symptoms.brake, zLimit)}${card(undefined, [counts, table, more(symptoms.rows.length, symptoms.total)], { span: true })}</div>`,
  )
}
