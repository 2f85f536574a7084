/** Rows for the tests of collect, and a second opinion on them: the same rules as regular expressions. */
import { isDay, isMonth } from '../../../../src/core/calendar.js'
import type { RecordKind } from '../../../../src/core/layout.js'

export const goodRows: Readonly<Record<RecordKind, readonly string[]>> = {
  status: [
    '20200322000000,W0021,100,71,76,81,1,1,1,1,B,A,97',
    '20200322235956,A0000,0,7,70,100,2,1,2,2,C,C,0',
    '20200322240000,Z9999,99,100,80,79,1,2,1,1,A,B,100',
    '20200229120000,M0001,80,80,80,80,1,1,1,2,A,A,5',
  ],
  drive: [
    '20200322000000,X0021,1,0,F,N,5,E06',
    '20200322000002,X0021,5,3,L3,R,250,A10',
    '20200322240000,B0002,0,2,R1,L,0,F01',
    '19000101235958,B0002,0,2,L2,L,199,C09',
  ],
  master: [
    'A0001|여|32|미혼|서울|프리랜서|1000|2009|F',
    'Z0100|남|0|기혼|세종|전문직|99999|1900|A',
    'B0002|female|150|single|Jeonnam|office worker|1|2100|H',
  ],
  purchases: ['M0014,Item-018,2,202003', 'A0000,Item-001,1,190001', 'Z9999,Item-030,5,209912'],
}

const car = '[A-Z]\\d{4}'
const percent = '(?:0|[1-9]\\d?|100)'
const text = '(?=[^|]*[^ |])[^|\\p{Cc}\\p{Cs}]{1,40}'
const patterns: Readonly<Record<RecordKind, RegExp>> = {
  status: new RegExp(`^\\d{14},${car}(?:,${percent}){4}(?:,[12]){4},[ABC],[ABC],${percent}$`),
  drive: new RegExp(
    `^\\d{14},${car},[0-5],[0-3],(?:F|[LR][123]),[NLR],(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|250),[A-F](?:0[1-9]|10)$`,
  ),
  master: new RegExp(
    `^${car}\\|${text}\\|(?:0|[1-9]\\d?|1[0-4]\\d|150)\\|${text}\\|${text}\\|${text}\\|[1-9]\\d{0,4}\\|(?:19\\d\\d|20\\d\\d|2100)\\|[A-H]$`,
    'u',
  ),
  purchases: new RegExp(`^${car},Item-0(?:0[1-9]|[12]\\d|30),[1-5],\\d{6}$`),
}

/** Is this a sound row of the kind? Slow and plain. */
export function isSound(kind: RecordKind, row: string): boolean {
  if (!patterns[kind].test(row)) return false
  if (kind === 'purchases') return isMonth(row.slice(-6))
  if (kind === 'master') return true
  const clock = row.slice(8, 14)
  return isDay(row.slice(0, 8)) && (clock === '240000' || /^(?:[01]\d|2[0-3])[0-5]\d[0-5]\d$/.test(clock))
}

/** Whole numbers under a limit, the same in every run. */
export function seededDraws(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** One drive row. */
export function driveRow(day: string, second: number, carNumber: string, speed = 50): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const clock = two(Math.floor(second / 3600)) + two(Math.floor(second / 60) % 60) + two(second % 60)
  return `${day}${clock},${carNumber},1,0,F,N,${speed},B01`
}
