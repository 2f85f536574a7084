import { number } from '../../format.js'
import type { Emergencies, Emergency, Part, Reason } from '../data.js'
import { type Html, html } from '../html.js'
import { card, chip, count, dataTable, empty, more, section } from '../parts.js'
import { clock, say, word } from '../text.js'

const partNames: Readonly<Record<Part, Html>> = {
  tire: say('타이어', 'tires'),
  light: say('전조등', 'lights'),
  engine: say('엔진', 'engine'),
  brake: say('브레이크', 'brakes'),
  battery: say('배터리', 'battery'),
}

function reasonChip(reason: Reason): Html {
  const where = reason.positions.length === 0 ? undefined : html` ${reason.positions.join(' ')}`
  const average = reason.average === undefined ? undefined : number(reason.average, 1)
  const detail =
    average !== undefined
      ? html` <small>${say(`평균 ${average}`, `average ${average}`)}</small>`
      : reason.since !== undefined &&
        html` <small>${say(`${clock(reason.since)}부터`, `since ${clock(reason.since)}`)}</small>`
  return chip(
    reason.part === 'battery' || reason.part === 'tire' ? 'warn' : 'bad',
    html`<b>${partNames[reason.part]}${where}</b>${detail}`,
  )
}

function row(car: Emergency) {
  return [
    { show: html`<b class="car">${car.car}</b>`, sort: car.car },
    { show: html`<div class="chips">${car.reasons.map(reasonChip)}</div>`, sort: -car.reasons.length },
    { show: html`${car.model}${car.year !== undefined && html` <small>${car.year}</small>`}`, sort: car.model },
    { show: word(car.region), sort: car.region },
    { show: html`${word(car.sex)}${car.age !== undefined && html` <small>${car.age}</small>`}`, sort: car.age ?? 0 },
  ]
}

export function emergencySection(emergencies: Emergencies): Html {
  const title = say('긴급 점검', 'Emergency checks')
  const lead = say(
    '타이어 하나의 하루 평균이 80 미만이거나, 고장 난 전조등(2), 최악 등급의 엔진·브레이크(C), 또는 평균 30 미만의 배터리가 있는 차량입니다.',
    'Cars with a tire whose average of the day is under 80, a broken light (2), an engine or brakes in the worst class (C), or a battery under 30 on average.',
  )
  if (!emergencies.built) {
    return section(
      'emergency',
      title,
      lead,
      empty(say('이날의 상태 정보가 만들어지지 않았습니다.', 'No status information was built for this day.'), false),
    )
  }
  if (emergencies.total === 0) {
    return section(
      'emergency',
      title,
      lead,
      empty(say('이날은 점검이 필요한 차량이 없습니다.', 'No car needs a check on this day.'), true),
    )
  }
  const counts = emergencies.byPart
    .filter((part) => part.count > 0)
    .map((part) => html`<li>${partNames[part.part]} <b>${number(part.count)}</b></li>`)
  const table = dataTable(
    say('점검이 필요한 차량과 이유', 'cars to check and why'),
    [
      { title: say('차량', 'Car') },
      { title: say('이유', 'Reason') },
      { title: say('차종', 'Model'), wide: true },
      { title: say('지역', 'Region'), wide: true },
      { title: say('소유자', 'Owner'), wide: true },
    ],
    emergencies.rows.map(row),
  )
  return section(
    'emergency',
    title,
    lead,
    card(undefined, [
      html`<ul class="counts"><li>${say('차량', 'cars')} <b>${count(emergencies.total).show}</b></li>${counts}</ul>`,
      table,
      more(emergencies.rows.length, emergencies.total),
    ]),
  )
}
