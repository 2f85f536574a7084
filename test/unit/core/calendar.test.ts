import { expect, it } from 'vitest'
import { addDays, clockText, dayRange, daysFrom, isDay, isMonth } from '../../../src/core/calendar.js'
import { carIndex, carIndexCount, carNumberAt } from '../../../src/core/cars.js'

it('knows the days that exist', () => {
  for (const day of ['20200229', '20000229', '20201231', '19000101']) expect(isDay(day), day).toBe(true)
  for (const day of [
    '20200230',
    '00000000',
    '19000229',
    '20210229',
    '20201301',
    '20200100',
    '2020032',
    '202003222',
    'a2020322',
  ])
    expect(isDay(day), day).toBe(false)
})

it('knows months', () => {
  expect(isMonth('202003')).toBe(true)
  for (const month of ['202013', '202000', '2020', '20200301']) expect(isMonth(month), month).toBe(false)
})

it('counts days over the ends of months and years', () => {
  expect(addDays('20200228', 1)).toBe('20200229')
  expect(addDays('20191231', 1)).toBe('20200101')
  expect(addDays('20200301', -1)).toBe('20200229')
  expect(dayRange('20200228', '20200302')).toEqual(['20200228', '20200229', '20200301', '20200302'])
  expect(dayRange('20200302', '20200301')).toEqual([])
})

it('writes the clock, 240000 included', () => {
  expect([0, 59, 3599, 86_398, 86_400].map(clockText)).toEqual(['000000', '000059', '005959', '235958', '240000'])
})

it('numbers cars and back', () => {
  for (const car of ['A0000', 'A0001', 'E0022', 'Z9999']) expect(carNumberAt(carIndex(car))).toBe(car)
  expect(carIndex('Z9999')).toBe(carIndexCount - 1)
})

it('counts days from a day on, to the last day of four-digit years', () => {
  expect(daysFrom('20200228', 3)).toEqual(['20200228', '20200229', '20200301'])
  expect(daysFrom('99991231', 1)).toEqual(['99991231'])
  expect(() => daysFrom('99991231', 2)).toThrow('2 days from 99991231 on go beyond 99991231')
})
