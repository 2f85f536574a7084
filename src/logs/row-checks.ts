/**
 * The rows of the four kinds, checked without making a string of a good row. Value ranges: pilot.md, section 2.
 *
 * Each check looks at the row at `position` and returns the position behind its last field, or a negative fault. No
 * field may hold a newline, so a check never accepts anything behind the newline that ends the row. It may look some
 * bytes ahead: the caller keeps `lookAhead` bytes free behind the last newline.
 *
 * Four bytes are read at once where the shape of a row allows it, big-endian, so that a constant reads like the text
 * (0x312c312c is `1,1,`). `word ^ shape` is then 0 where a fixed character stands and the digit where a digit stands;
 * a digit of 10 or more shows in bit 4 once 6 is added.
 */
import { daysInMonth } from '../core/calendar.js'

export const lookAhead = 64

/** What a check found out about the last good row; one object is used again and again. */
export interface RowFacts {
  /** status and drive: yyyymmdd of the row; purchases: yyyymm; master: 0. */
  group: number
  /** Second of the day, 0 to 86,400 (the clock 240000); 0 for master and purchases. */
  second: number
  /** Index of the car, see core/cars.ts */
  car: number
  /** The characters of the last good day, `yyyy` and `MMdd`: a row of the same day costs no date check. */
  dayHigh: number
  dayLow: number
  /** The characters `HHmm` of the last row and the second at which that minute begins, negative when there is none such. */
  minute: number
  minuteSecond: number
}

export type RowCheck = (view: DataView, position: number, facts: RowFacts) => number

export function newFacts(): RowFacts {
  return { group: 0, second: 0, car: 0, dayHigh: 0, dayLow: 0, minute: 0, minuteSecond: -1000 }
}

/** The fault of a field by its column, from 0. */
export const fieldFault = (column: number): number => -1 - column
/** The first column is a day that exists with a clock that does not. */
export const clockFault = -64

const comma = 0x2c
const pipe = 0x7c
const space = 0x20

/** The number that four digits make, -1 when they are none. */
function fourDigits(word: number): number {
  // A byte under `0` borrows, one over `9` carries, into its highest bit.
  if (((word - 0x30303030) | (word + 0x46464646) | word) & 0x80808080) return -1
  return ((word >>> 24) & 15) * 1000 + ((word >>> 16) & 15) * 100 + ((word >>> 8) & 15) * 10 + (word & 15)
}

const digitAt = (view: DataView, position: number): number => {
  const digit = view.getUint8(position) - 48
  return digit >>> 0 > 9 ? -1 : digit
}

/** Index of the car number at `position`, -1 when there is none. */
function carAt(view: DataView, position: number): number {
  const letter = view.getUint8(position) - 65
  const number = fourDigits(view.getInt32(position + 1))
  return letter >>> 0 > 25 || number < 0 ? -1 : letter * 10_000 + number
}

/** yyyymmdd when the eight characters are a day that exists, else -1. */
function dayOf(high: number, low: number): number {
  const year = fourDigits(high)
  const rest = fourDigits(low)
  if (year < 1900 || rest < 0) return -1
  const day = rest % 100
  return day >= 1 && day <= daysInMonth(year, Math.floor(rest / 100)) ? year * 10_000 + rest : -1
}

const noMinute = -1000

/** The second at which the minute `HHmm` begins: 0000 to 2359, or 2400 as 86,400; else `noMinute`. */
function minuteSecondOf(word: number): number {
  const value = fourDigits(word)
  const minute = value % 100
  return value < 0 || value > 2400 || minute > 59 ? noMinute : Math.floor(value / 100) * 3600 + minute * 60
}

/** Are there 14 digits? Then a wrong clock is the clock's fault, not the date's. */
function timeFault(view: DataView, position: number): number {
  for (let i = 0; i < 14; i++) if (digitAt(view, position + i) < 0) return fieldFault(0)
  return view.getUint8(position + 14) === comma ? clockFault : fieldFault(0)
}

/** The two columns that both logs begin with: the time and the car. Returns the position of the third, or a fault. */
function timeAndCar(view: DataView, position: number, facts: RowFacts): number {
  const high = view.getInt32(position)
  const low = view.getInt32(position + 4)
  if (high !== facts.dayHigh || low !== facts.dayLow) {
    const day = dayOf(high, low)
    if (day < 0) return fieldFault(0)
    facts.group = day
    facts.dayHigh = high
    facts.dayLow = low
  }
  const minute = view.getInt32(position + 8)
  if (minute !== facts.minute) {
    facts.minute = minute
    facts.minuteSecond = minuteSecondOf(minute)
  }
  // `ss,` and the letter of the car
  const word = view.getInt32(position + 12)
  const digits = word ^ 0x30302c00
  const second = facts.minuteSecond + (digits >>> 24) * 10 + ((digits >>> 16) & 15)
  // Adding 10 shows a tens digit of 6 or more.
  if (((digits | (digits + 0x0a060000)) & 0xf0f0ff00) !== 0 || second >>> 0 > 86_400) return timeFault(view, position)
  const letter = (word & 0xff) - 65
  const number = fourDigits(view.getInt32(position + 16))
  if (letter >>> 0 > 25 || number < 0 || view.getUint8(position + 20) !== comma) return fieldFault(1)
  facts.second = second
  facts.car = letter * 10_000 + number
  return position + 21
}

/** Position behind a whole number of 0 to `limit` (at most 999) without leading zeros, -1 when there is none. */
function numberEnd(view: DataView, position: number, limit: number): number {
  const a = view.getUint8(position) - 48
  if (a >>> 0 > 9) return -1
  const b = view.getUint8(position + 1) - 48
  if (b >>> 0 > 9) return position + 1
  if (a === 0) return -1
  const c = view.getUint8(position + 2) - 48
  if (c >>> 0 > 9) return a * 10 + b <= limit ? position + 2 : -1
  return a * 100 + b * 10 + c <= limit ? position + 3 : -1
}

/** Position behind a whole number of 0 to `limit` (at most 999) without leading zeros and a comma, -1 when there is none. */
function numberCommaEnd(view: DataView, position: number, limit: number): number {
  const word = view.getInt32(position)
  const two = word ^ 0x30302c00
  if (((two | (two + 0x06060000)) & 0xf0f0ff00) === 0) return two >>> 24 === 0 ? -1 : position + 3
  const one = word ^ 0x302c0000
  if (((one | (one + 0x06000000)) & 0xf0ff0000) === 0) return position + 2
  const three = word ^ 0x3030302c
  if (((three | (three + 0x06060600)) & 0xf0f0f0ff) !== 0 || three >>> 24 === 0) return -1
  const value = (three >>> 24) * 100 + ((three >>> 16) & 15) * 10 + ((three >>> 8) & 15)
  return value <= limit ? position + 4 : -1
}

/** Position behind four lights, -1 - n when light n (from 0) is wrong. */
function lightsEnd(view: DataView, position: number): number {
  if (view.getInt32(position) === 0x312c312c && view.getInt32(position + 4) === 0x312c312c) return position + 8
  for (let light = 0; light < 4; light++) {
    const pair = view.getInt16(position + light * 2)
    if (pair !== 0x312c && pair !== 0x322c) return -1 - light
  }
  return position + 8
}

/** reg_date, car_number, 4 tires, 4 lights, engine, break, battery */
export function checkStatus(view: DataView, position: number, facts: RowFacts): number {
  let cursor = timeAndCar(view, position, facts)
  if (cursor < 0) return cursor
  for (let column = 2; column < 6; column++) {
    cursor = numberCommaEnd(view, cursor, 100)
    if (cursor < 0) return fieldFault(column)
  }
  const lights = lightsEnd(view, cursor)
  if (lights < 0) return fieldFault(5 - lights)
  // `A,A,` to `C,C,`; `A` to `C` are 1 to 3
  const classes = view.getInt32(lights) ^ 0x402c402c
  if ((classes & 0xfcff0000) !== 0 || classes >>> 24 === 0) return fieldFault(10)
  if ((classes & 0xfcff) !== 0 || classes << 16 === 0) return fieldFault(11)
  cursor = numberEnd(view, lights + 4, 100)
  return cursor < 0 ? fieldFault(12) : cursor
}

const [letterL, letterN, letterR] = [0x4c, 0x4e, 0x52] as const

/** date, car_number, speed_pedal, break_pedal, steer_angle, direct_light, speed, area_number */
export function checkDrive(view: DataView, position: number, facts: RowFacts): number {
  let cursor = timeAndCar(view, position, facts)
  if (cursor < 0) return cursor
  // `0,0,` to `5,3,`
  const pedals = view.getInt32(cursor) ^ 0x302c302c
  if ((pedals & 0xf8ff0000) !== 0 || pedals >>> 24 > 5) return fieldFault(2)
  if ((pedals & 0xfcff) !== 0) return fieldFault(3)
  cursor += 4
  const steer = view.getUint16(cursor)
  if (steer === 0x462c) cursor += 2
  else {
    // `L1` to `R3`
    const side = steer >>> 8
    if ((side !== letterL && side !== letterR) || ((steer & 0xff) - 49) >>> 0 > 2) return fieldFault(4)
    if (view.getUint8(cursor + 2) !== comma) return fieldFault(4)
    cursor += 3
  }
  const light = view.getUint8(cursor)
  if ((light !== letterN && light !== letterL && light !== letterR) || view.getUint8(cursor + 1) !== comma)
    return fieldFault(5)
  cursor = numberCommaEnd(view, cursor + 2, 250)
  if (cursor < 0) return fieldFault(6)
  // The comma, `A` to `F` as 1 to 6, `01` to `10`
  const area = view.getInt32(cursor - 1) ^ 0x2c403030
  const letter = area >>> 16
  const number = area & 0xffff
  const known = number < 0x100 ? (number - 1) >>> 0 <= 8 : number === 0x100
  return (letter - 1) >>> 0 <= 5 && known ? cursor + 3 : fieldFault(7)
}

/** The longest text of a master row, in characters. */
export const longestText = 40

/** Length of the well-formed UTF-8 character of two bytes or more at `position` (Unicode, table 3-7), 0 when there is none. */
function characterLength(view: DataView, position: number): number {
  const continues = (offset: number) => (view.getUint8(position + offset) & 0xc0) === 0x80
  const lead = view.getUint8(position)
  if (!continues(1)) return 0
  const second = view.getUint8(position + 1)
  // From c2 on for shortest forms; c2 80 to c2 9f are control characters.
  if (lead >= 0xc2 && lead <= 0xdf) return lead === 0xc2 && second < 0xa0 ? 0 : 2
  if (!continues(2)) return 0
  if (lead === 0xe0) return second >= 0xa0 ? 3 : 0
  if (lead === 0xed) return second <= 0x9f ? 3 : 0
  if (lead >= 0xe1 && lead <= 0xef) return 3
  if (!continues(3)) return 0
  if (lead === 0xf0) return second >= 0x90 ? 4 : 0
  if (lead === 0xf4) return second <= 0x8f ? 4 : 0
  return lead >= 0xf1 && lead <= 0xf3 ? 4 : 0
}

/** Position of the `|` behind a text of 1 to 40 printable characters, one of them no space; -1 when there is none. */
function textEnd(view: DataView, position: number): number {
  let cursor = position
  let solid = false
  for (let count = 0; count <= longestText; count++) {
    const byte = view.getUint8(cursor)
    if (byte === pipe) return solid ? cursor : -1
    if (byte < space || byte === 0x7f) return -1
    const length = byte < 0x80 ? 1 : characterLength(view, cursor)
    if (length === 0) return -1
    cursor += length
    if (byte !== space) solid = true
  }
  return -1
}

/** car_number, sex, age, marriage, region, job, car_capacity, car_year, car_model; the lists of texts are open. */
export function checkMaster(view: DataView, position: number, facts: RowFacts): number {
  const car = carAt(view, position)
  if (car < 0 || view.getUint8(position + 5) !== pipe) return fieldFault(0)
  let cursor = textEnd(view, position + 6)
  if (cursor < 0) return fieldFault(1)
  cursor = numberEnd(view, cursor + 1, 150)
  if (cursor < 0 || view.getUint8(cursor) !== pipe) return fieldFault(2)
  for (let column = 3; column < 6; column++) {
    cursor = textEnd(view, cursor + 1)
    if (cursor < 0) return fieldFault(column)
  }
  // The capacity: 1 to 99,999.
  const first = cursor + 1
  if ((view.getUint8(first) - 49) >>> 0 > 8) return fieldFault(6)
  cursor = first + 1
  while (cursor < first + 5 && digitAt(view, cursor) >= 0) cursor++
  if (view.getUint8(cursor) !== pipe) return fieldFault(6)
  const year = fourDigits(view.getInt32(cursor + 1))
  if (year < 1900 || year > 2100 || view.getUint8(cursor + 5) !== pipe) return fieldFault(7)
  if ((view.getUint8(cursor + 6) - 65) >>> 0 > 7) return fieldFault(8)
  facts.car = car
  return cursor + 7
}

/** car_number, item (`Item-001` to `Item-030`), score, month */
export function checkPurchases(view: DataView, position: number, facts: RowFacts): number {
  const car = carAt(view, position)
  if (car < 0 || view.getUint8(position + 5) !== comma) return fieldFault(0)
  // `Item`, `-0`, then 01 to 30
  if (view.getInt32(position + 6) !== 0x4974656d || view.getInt16(position + 10) !== 0x2d30) return fieldFault(1)
  const item = digitAt(view, position + 12) * 10 + digitAt(view, position + 13)
  if (digitAt(view, position + 13) < 0 || item < 1 || item > 30) return fieldFault(1)
  if (view.getUint8(position + 14) !== comma) return fieldFault(1)
  if ((view.getUint8(position + 15) - 49) >>> 0 > 4 || view.getUint8(position + 16) !== comma) return fieldFault(2)
  const year = fourDigits(view.getInt32(position + 17))
  const month = digitAt(view, position + 21) * 10 + digitAt(view, position + 22)
  if (year < 1900 || digitAt(view, position + 22) < 0 || month < 1 || month > 12) return fieldFault(3)
  facts.group = year * 100 + month
  facts.car = car
  return position + 23
}
