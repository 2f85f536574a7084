import { carNumberOf } from './fleet.js'
import { Random } from './random.js'

export type Locale = 'ko' | 'en'

interface Words {
  readonly sex: readonly string[]
  readonly marriage: readonly string[]
  readonly region: readonly string[]
  readonly job: readonly string[]
}

/** Values of the master (pilot.md, section 2; jobs as in the original's generator), and the same in English. */
const words: Readonly<Record<Locale, Words>> = {
  ko: {
    sex: ['남', '여'],
    marriage: ['기혼', '미혼'],
    region: [
      ...['경기', '서울', '강원', '인천', '충북', '충남', '대전', '경북', '경남'],
      ...['대구', '전북', '전남', '울산', '부산', '광주', '제주', '세종'],
    ],
    job: ['무직', '회사원', '자영업', '공무원', '학생'],
  },
  en: {
    sex: ['male', 'female'],
    marriage: ['married', 'single'],
    region: [
      ...['Gyeonggi', 'Seoul', 'Gangwon', 'Incheon', 'Chungbuk', 'Chungnam', 'Daejeon', 'Gyeongbuk', 'Gyeongnam'],
      ...['Daegu', 'Jeonbuk', 'Jeonnam', 'Ulsan', 'Busan', 'Gwangju', 'Jeju', 'Sejong'],
    ],
    job: ['unemployed', 'employee', 'self-employed', 'official', 'student'],
  },
}

const capacities = [1000, 1200, 1500, 1700, 2000, 2500, 3000, 3500]
const models = [...'ABCDEFGH']
const ages = [15, 70] as const
const years = [2000, 2016] as const

/** Car numbers of the first `cars` cars as the master lists them: by letter, then by number. */
export function ownersInOrder(cars: number): { readonly ordinal: number; readonly car: string }[] {
  return Array.from({ length: cars }, (_, ordinal) => ({ ordinal, car: carNumberOf(ordinal) })).sort((a, b) =>
    a.car < b.car ? -1 : 1,
  )
}

/** sex|age|marriage|region|job: what both variants of the master begin with. */
function person(random: Random, { sex, marriage, region, job }: Words): string {
  return [random.pick(sex), random.between(...ages), random.pick(marriage), random.pick(region), random.pick(job)].join(
    '|',
  )
}

/**
 * `car_number|sex|age|marriage|region|job|car_capacity|car_year|car_model`, all drawn evenly (pilot.md, section 2). An
 * owner depends on the seed and the car alone: a larger master holds the smaller one, and both locales the same people.
 */
export function masterRow(seed: number, ordinal: number, locale: Locale): string {
  const random = Random.of({ seed, purpose: 'master', car: ordinal, day: 0 })
  const owner = person(random, words[locale])
  return [carNumberOf(ordinal), owner, random.pick(capacities), random.between(...years), random.pick(models)].join('|')
}

export const incomeHeader = 'carNum|sex|age|marriage|region|job|capacity|year|type|income'

/**
 * Chance that the index of the capacity is at most 0, 1, … 8: it is a draw from the normal distribution with mean 4.5 and
 * deviation 1, rounded up and kept in 0..9 (pilot.md, section 2), so these are values of its distribution function at
 * -4.5, -3.5, …. As constants, since Math.exp may differ in its last bit from one machine to another.
 */
const capacityChances = [
  0.0000033976731, 0.000232629079, 0.0062096653258, 0.0668072012689, 0.308537538726, 0.691462461274, 0.9331927987311,
  0.9937903346742, 0.999767370921,
]

/** `carNum|…|capacity|year|type|income`, capacity 1000 to 5500, income by capacity (pilot.md, section 2). */
export function incomeRow(seed: number, ordinal: number, locale: Locale): string {
  const random = Random.of({ seed, purpose: 'income', car: ordinal, day: 0 })
  const owner = person(random, words[locale])
  const draw = random.fraction()
  const index = capacityChances.findIndex((chance) => draw < chance)
  const capacity = 1000 + 500 * (index === -1 ? capacityChances.length : index)
  const base = (capacity * random.pick([11, 12, 13])) / 10
  const extra = random.below(5) === 0 ? random.between(100, 1000) : 0
  return [carNumberOf(ordinal), owner, capacity, random.between(...years), random.pick(models), base + extra].join('|')
}
