import { expect, test } from 'vitest'
import { compareVersions } from '../../../src/bundles/debian/version.js'
import { compareEvr, compareSegments } from '../../../src/bundles/rpm/version.js'

// From rpm's own tests (tests/rpmvercmp.at).
const rpm: readonly [string, string, number][] = [
  ['1.0', '1.0', 0],
  ['1.0', '2.0', -1],
  ['2.0.1', '2.0', 1],
  ['5.5p1', '5.5p2', -1],
  ['5.5p10', '5.5p1', 1],
  ['10xyz', '10.1xyz', -1],
  ['xyz10', 'xyz10.1', -1],
  ['xyz.4', '8', -1],
  ['xyz.4', '2', -1],
  ['5.5p2', '5.6p1', -1],
  ['6.0.rc1', '6.0', 1],
  ['10b2', '10a1', 1],
  ['1.0aa', '1.0a', 1],
  ['10.0001', '10.1', 0],
  ['4.999.9', '5.0', -1],
  ['20101121', '20101122', -1],
  ['2_0', '2.0', 0],
  ['1.0~rc1', '1.0', -1],
  ['1.0~rc1', '1.0~rc2', -1],
  ['1.0~rc1~git123', '1.0~rc1', -1],
  ['1.0^', '1.0', 1],
  ['1.0^git1', '1.01', -1],
  ['1.0^20160101', '1.0.1', -1],
  ['1.0~rc1^git1', '1.0~rc1', 1],
]

test.each(rpm)('rpm: %s against %s', (a, b, order) => {
  expect(Math.sign(compareSegments(a, b))).toBe(order)
  expect(Math.sign(compareSegments(b, a))).toBe(order === 0 ? 0 : -order)
})

test('rpm: the epoch counts first, a release only where both have one', () => {
  expect(compareEvr('1:1.0-1', '0:2.0-1')).toBeGreaterThan(0)
  expect(compareEvr('2.0', '0:2.0-7.el7')).toBe(0)
  expect(compareEvr('2.0-6.el7', '0:2.0-7.el7')).toBeLessThan(0)
})

// deb-version(7), and what `dpkg --compare-versions` says.
const deb: readonly [string, string, number][] = [
  ['1.0', '1.0', 0],
  ['1.0-1', '1.0-2', -1],
  ['1:0.1', '2.0', 1],
  ['1.0~rc1', '1.0', -1],
  ['1.0~~', '1.0~~a', -1],
  ['1.0~~a', '1.0~', -1],
  ['1.0', '1.0a', -1],
  ['1.0a', '1.0+', -1],
  ['1.10', '1.9', 1],
  ['1.0-1', '1.0-1+b1', -1],
  ['2.36-9+deb12u9', '2.36-9+deb12u10', -1],
  ['1.0-0', '1.0', 0],
  ['001', '1', 0],
]

test.each(deb)('dpkg: %s against %s', (a, b, order) => {
  expect(Math.sign(compareVersions(a, b))).toBe(order)
  expect(Math.sign(compareVersions(b, a))).toBe(order === 0 ? 0 : -order)
})
