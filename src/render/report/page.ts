import { number } from '../format.js'
import type { ReportData } from './data.js'
import { type Html, html, raw } from './html.js'
import { script } from './script.js'
import { areaSection } from './sections/areas.js'
import { emergencySection } from './sections/emergency.js'
import { fleetSection, tiles } from './sections/fleet.js'
import { purchaseSection } from './sections/purchases.js'
import { intakeSection, testSection } from './sections/quality.js'
import { speedingSection } from './sections/speeding.js'
import { stageSection } from './sections/stages.js'
import { symptomSection } from './sections/symptoms.js'
import { dayInWords, isoDay, type Locale, locales, say } from './text.js'
import { styleSheet } from './theme.js'

/** Nothing is loaded, from anywhere: the page works from a mail attachment and from a folder. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%23285f9d'/%3E%3Cpath d='M3 11l3-5 3 3 4-6' stroke='%23fff' stroke-width='1.8' fill='none' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"

const languageNames: Readonly<Record<Locale, string>> = { ko: '한국어', en: 'English' }

const contents: readonly (readonly [string, Html])[] = [
  ['emergency', say('긴급 점검', 'Emergency')],
  ['speeding', say('과속', 'Speeding')],
  ['symptoms', say('이상 징후', 'Driving')],
  ['areas', say('지역', 'Areas')],
  ['fleet', say('차량', 'Fleet')],
  ['purchases', say('구매', 'Purchases')],
  ['intake', say('수집', 'Collected')],
  ['tests', say('검사', 'Tests')],
  ['stages', say('단계', 'Stages')],
]

function topBar(locale: Locale): Html {
  const languages = locales.map(
    (language) =>
      html`<button type="button" data-language="${language}" lang="${language}" aria-pressed="${language === locale ? 'true' : 'false'}">${languageNames[language]}</button>`,
  )
  return html`<div class="top"><div class="inner"><a class="brand" href="#top">smartcar</a><nav class="contents">${contents.map(([id, title]) => html`<a href="#${id}">${title}</a>`)}</nav><div class="switches"><div class="switch" role="group" aria-label="Language">${languages}</div><button type="button" class="theme" data-theme-switch aria-label="light / dark"><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor"/></svg></button></div></div></div>`
}

/** How the day was, in a few words. */
function inShort(data: ReportData): Html {
  const plural = (count: number, one: string, many: string) => `${number(count)} ${count === 1 ? one : many}`
  const speeders = data.speeding?.cars.total ?? 0
  const checks = data.emergencies.total
  const unusual = data.symptoms?.abnormal.pedals ?? 0
  const ko = [
    ...(speeders > 0 ? [`${number(speeders)}대가 과속했습니다.`] : []),
    ...(checks > 0 ? [`${number(checks)}대는 점검이 필요합니다.`] : []),
    ...(unusual > 0 ? [`${number(unusual)}대는 다른 차와 다르게 운전했습니다.`] : []),
  ]
  const en = [
    ...(speeders > 0 ? [`${plural(speeders, 'car', 'cars')} drove too fast.`] : []),
    ...(checks > 0 ? [`${plural(checks, 'needs', 'need')} a check.`] : []),
    ...(unusual > 0 ? [`${plural(unusual, 'drives', 'drive')} unlike the rest.`] : []),
  ]
  if (ko.length === 0) ko.push('별일 없이 지나간 하루입니다.')
  if (en.length === 0) en.push('A quiet day.')
  return html`<p class="sentence">${say(ko.join(' '), en.join(' '))}</p>`
}

/**
 * The report as one HTML file that loads nothing, in both languages; `locale` is the one that shows first.
 * The same data gives the same bytes.
 */
export function renderReport(data: ReportData, locale: Locale): string {
  const title = `smartcar ${isoDay(data.day)}`
  const page = html`<!doctype html>
<html lang="${locale}" data-language="${locale}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="${raw(icon)}">
<style>${raw(styleSheet)}</style>
</head>
<body id="top">
${topBar(locale)}
<main>
<header class="hero"><p class="eyebrow">${data.site}</p><h1>${say(dayInWords(data.day, 'ko'), dayInWords(data.day, 'en'))}</h1>${inShort(data)}</header>
${tiles(data)}
${emergencySection(data.emergencies)}
${speedingSection(data.speeding)}
${symptomSection(data.symptoms)}
${areaSection(data.areas)}
${fleetSection(data.fleet)}
${purchaseSection(data.purchases)}
${intakeSection(data.intake)}
${testSection(data.tests)}
${stageSection(data.stages)}
</main>
<footer><p>${say('이 파일은 아무것도 불러오지 않습니다. 표의 제목을 누르면 정렬됩니다.', 'This file loads nothing from anywhere. Tables sort by a click on a heading.')}</p></footer>
<div id="tip" role="status" hidden></div>
<script>${raw(script)}</script>
</body>
</html>
`
  return page.markup
}
