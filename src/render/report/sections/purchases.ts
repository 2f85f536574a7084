import { number } from '../../format.js'
import { barList } from '../charts.js'
import type { Purchases } from '../data.js'
import { type Html, html } from '../html.js'
import { card, empty, more, section } from '../parts.js'
import { isoDay, say } from '../text.js'

export function purchaseSection(purchases: Purchases | undefined): Html {
  const title = say('차량용품 구매', 'Purchases')
  if (purchases === undefined || purchases.rows === 0) {
    return section(
      'purchases',
      title,
      undefined,
      empty(say('구매 내역이 만들어지지 않았습니다.', 'No purchases were built.'), false),
    )
  }
  const { month, rows, buyers, averageScore } = purchases
  const score = averageScore === undefined ? '' : number(averageScore, 2)
  const lead = say(
    `${isoDay(month)}에 소유자 ${number(buyers)}명이 ${number(rows)}번 샀고, 평점은 평균 ${score}점(5점 만점)입니다.`,
    `In ${isoDay(month)}, ${number(buyers)} owners bought ${number(rows)} times; the average score is ${score} of 5.`,
  )
  const sold = purchases.sold.rows.map((item) => ({
    label: html`${item.item}`,
    value: item.count,
    text: number(item.count),
  }))
  const liked = purchases.liked.rows.map((item) => ({
    label: html`${item.item}`,
    value: item.score,
    text: number(item.score, 2),
  }))
  return section(
    'purchases',
    title,
    lead,
    html`<div class="grid">${card(say('가장 많이 팔린 상품', 'Best sellers'), [barList(sold), more(sold.length, purchases.sold.total)])}${card(say('평점이 가장 높은 상품', 'Best scores'), [barList(liked), more(liked.length, purchases.liked.total)])}</div>`,
  )
}
