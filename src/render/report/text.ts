import { type Html, html, type Inlay } from './html.js'

export type Locale = 'ko' | 'en'
export const locales: readonly Locale[] = ['ko', 'en']

/** One text in both languages of the report; the page shows the one that its reader chose. */
export function say(ko: Inlay, en: Inlay): Html {
  return html`<span lang="ko">${ko}</span><span lang="en">${en}</span>`
}

/** The words of the pilot's master files (pilot.md, section 2) in both languages; the list of jobs is open. */
const words: readonly (readonly [string, string])[] = [
  ['남', 'Male'],
  ['여', 'Female'],
  ['경기', 'Gyeonggi'],
  ['서울', 'Seoul'],
  ['강원', 'Gangwon'],
  ['인천', 'Incheon'],
  ['충북', 'Chungbuk'],
  ['충남', 'Chungnam'],
  ['대전', 'Daejeon'],
  ['경북', 'Gyeongbuk'],
  ['경남', 'Gyeongnam'],
  ['대구', 'Daegu'],
  ['전북', 'Jeonbuk'],
  ['전남', 'Jeonnam'],
  ['울산', 'Ulsan'],
  ['부산', 'Busan'],
  ['광주', 'Gwangju'],
  ['제주', 'Jeju'],
  ['세종', 'Sejong'],
]

/** A value of the master, translated when it is one of the pilot's words, as it is otherwise. */
export function word(value: string): Html {
  const pair = words.find((entry) => entry[0] === value || entry[1].toLowerCase() === value.toLowerCase())
  return pair === undefined ? html`${value}` : say(pair[0], pair[1])
}

const weekdays = {
  ko: ['일', '월', '화', '수', '목', '금', '토'],
  en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
} as const
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

/** `2020년 3월 22일 (일)` or `Sunday 22 March 2020`. */
export function dayInWords(day: string, locale: Locale): string {
  const [year, month, date] = [Number(day.slice(0, 4)), Number(day.slice(4, 6)), Number(day.slice(6, 8))]
  const weekday = new Date(Date.UTC(year, month - 1, date)).getUTCDay()
  if (locale === 'ko') return `${year}년 ${month}월 ${date}일 (${weekdays.ko[weekday]})`
  return `${weekdays.en[weekday]} ${date} ${months[month - 1]} ${year}`
}

/** `20200322` as `2020-03-22`, `202003` as `2020-03`. */
export function isoDay(day: string): string {
  return [day.slice(0, 4), day.slice(4, 6), day.slice(6, 8)].filter((piece) => piece !== '').join('-')
}

/** The clock of a log time (yyyyMMddHHmmss) as `HH:mm:ss`. */
export function clock(time: string): string {
  return `${time.slice(8, 10)}:${time.slice(10, 12)}:${time.slice(12, 14)}`
}

/** `13:00-14:00` for 13. */
export function hourSpan(hour: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(hour)}:00\u2013${two(hour + 1)}:00`
}
