import { number } from '../../format.js'
import { type BarItem, barList } from '../charts.js'
import type { Fleet, ReportData, Share } from '../data.js'
import { type Html, html, type Inlay } from '../html.js'
import { card, count, dataTable, more, section } from '../parts.js'
import { isoDay, say, word } from '../text.js'

/** Longer numbers are printed smaller, so that they stay in their tile. */
const longestAtFullSize = 9

function tile(href: string, tone: 'plain' | 'bad' | 'good', title: Html, value: Inlay, note: Inlay): Html {
  const long = typeof value === 'string' && value.length > longestAtFullSize
  return html`<a class="tile ${tone}" href="#${href}"><span class="name">${title}</span><strong${long && html` class="long"`}>${value}</strong><span class="note">${note}</span></a>`
}

const none = html`<span class="none">\u2013</span>`

/** The numbers that a reader wants first, each leading to its section. */
export function tiles(data: ReportData): Html {
  const { fleet, speeding, symptoms, emergencies } = data
  const owners = fleet.adultCars === undefined ? undefined : number(fleet.adultCars)
  const top = fleet.topSpeed === undefined ? undefined : number(fleet.topSpeed)
  const symptomTotal = number(symptoms?.total ?? 0)
  return html`<nav class="tiles">
${tile('fleet', 'plain', say('운행한 차량', 'Cars on the road'), number(fleet.activeCars), owners === undefined ? undefined : say(`성인 소유 ${owners}대 가운데`, `of ${owners} with an adult owner`))}
${tile('fleet', 'plain', say('수집한 행', 'Rows of the day'), number(fleet.statusRows + fleet.driveRows), say(html`<i>상태 ${number(fleet.statusRows)}</i> <i>운행 ${number(fleet.driveRows)}</i>`, html`<i>status ${number(fleet.statusRows)}</i> <i>drive ${number(fleet.driveRows)}</i>`))}
${tile('areas', 'plain', say('평균 속도', 'Average speed'), fleet.averageSpeed === undefined ? none : html`${number(fleet.averageSpeed, 1)}<small>km/h</small>`, top === undefined ? undefined : say(`최고 ${top} km/h`, `fastest ${top} km/h`))}
${tile('speeding', (speeding?.windows ?? 0) > 0 ? 'bad' : 'good', say('과속 구간', 'Speeding windows'), speeding === undefined ? none : number(speeding.windows), speeding === undefined ? undefined : say(`차량 ${number(speeding.cars.total)}대`, `${number(speeding.cars.total)} ${speeding.cars.total === 1 ? 'car' : 'cars'}`))}
${tile('emergency', emergencies.total > 0 ? 'bad' : 'good', say('긴급 점검', 'Emergency checks'), emergencies.built ? number(emergencies.total) : none, say('정비가 필요한 차량', 'cars that need a workshop'))}
${tile('symptoms', (symptoms?.abnormal.pedals ?? 0) > 0 ? 'bad' : 'good', say('운전 이상 징후', 'Unusual driving'), symptoms === undefined ? none : number(symptoms.abnormal.pedals), say(`${symptomTotal}대 가운데`, `of ${symptomTotal} ${symptoms?.total === 1 ? 'car' : 'cars'}`))}
</nav>`
}

function shareBars(shares: readonly Share[]): Html {
  const items: BarItem[] = shares.map((share) => ({
    label: word(share.label),
    value: share.count,
    text: number(share.count),
  }))
  return barList(items)
}

function days(fleet: Fleet): Html | undefined {
  if (fleet.days.total < 2) return undefined
  const table = dataTable(
    say('만들어진 날짜', 'days that were built'),
    [
      { title: say('날짜', 'Day') },
      { title: say('상태 행', 'Status rows'), align: 'right', wide: true },
      { title: say('운행 행', 'Drive rows'), align: 'right', wide: true },
      { title: say('과속 구간', 'Speeding'), align: 'right' },
      { title: say('긴급 점검', 'Emergency'), align: 'right' },
      { title: say('이상 징후', 'Unusual'), align: 'right' },
    ],
    fleet.days.rows.map((row) => [
      { show: isoDay(row.day) },
      count(row.statusRows),
      count(row.driveRows),
      count(row.windows),
      count(row.emergencies),
      count(row.abnormal),
    ]),
  )
  return card(say('모든 날짜', 'Every day'), [table, more(fleet.days.rows.length, fleet.days.total)], { span: true })
}

export function fleetSection(fleet: Fleet): Html {
  const owners = (title: Html, shares: readonly Share[]) =>
    shares.length === 0 ? undefined : card(title, shareBars(shares))
  const lead =
    fleet.masterCars === undefined
      ? say(
          '차량 마스터가 수집되지 않아 소유자를 알 수 없습니다.',
          'No car master was collected, so the owners are not known.',
        )
      : say(
          `마스터에 차량 ${number(fleet.masterCars)}대가 있고, 마트에는 소유자가 18세 이상인 차량만 들어갑니다. 아래는 이날 운행한 차량의 소유자입니다.`,
          `The master knows ${number(fleet.masterCars)} cars; the marts keep those whose owner is 18 or older. Below are the owners of the cars that drove on this day.`,
        )
  const people = [
    owners(say('나이', 'Age'), fleet.ages),
    owners(say('차종', 'Model'), fleet.models),
    owners(say('성별', 'Sex'), fleet.sexes),
  ]
  return section(
    'fleet',
    say('차량과 소유자', 'Cars and owners'),
    lead,
    html`<div class="grid loose">${owners(say('지역', 'Region'), fleet.regions)}<div class="stack">${people}</div>${days(fleet)}</div>`,
  )
}
