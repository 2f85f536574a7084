import { expect, it } from 'vitest'
import { damage, damageForms } from '../../../src/simulator/damage.js'
import { noFaults, parseFaults } from '../../../src/simulator/faults.js'
import { Random } from '../../../src/simulator/random.js'
import { isRow } from './helpers.js'

it('reads a list of faults', () => {
  expect(parseFaults('malformed=0.001,duplicate=1e-3, late = .01 ,gap=0,late-seconds=30,gap-seconds=600')).toEqual({
    malformed: 0.001,
    duplicate: 0.001,
    late: 0.01,
    gap: 0,
    lateSeconds: 30,
    gapSeconds: 600,
  })
  expect(parseFaults('late=1')).toEqual({ ...noFaults, late: 1 })
})

it.each([
  ['malfromed=0.1', 'unknown fault "malfromed" (did you mean "malformed"?)'],
  ['gaps=0.1', 'unknown fault "gaps" (did you mean "gap"?)'],
  ['', 'empty entry in --faults'],
  ['late=0.1,,gap=0.1', 'empty entry in --faults'],
  ['late', 'the fault late needs one value'],
  ['late=0.1=0.2', 'the fault late needs one value'],
  ['late=often', 'the fault late needs a number, not "often"'],
  ['late=-0.1', 'the fault late needs a number, not "-0.1"'],
  ['late=1.5', 'late=1.5 is no chance'],
  ['late=0.1,late=0.2', 'the fault late is given twice'],
  ['late=0.6,gap=0.6', 'the faults add up to 1.2, more than every row'],
  ['late-seconds=2', 'late-seconds=2 is out of range'],
  ['gap-seconds=1.5', 'gap-seconds=1.5 is out of range'],
])('refuses "%s"', (text, message) => {
  expect(() => parseFaults(text)).toThrow(message)
})

const rows = {
  status: ['20200322000000,A0001,83,74,73,73,1,1,1,1,B,A,91', '20201231235956,Z0100,100,9,0,100,2,2,2,2,C,C,5'],
  drive: [
    '20200322000000,A0001,5,0,L3,R,40,E03',
    '20201231235958,Z0100,0,3,F,N,250,A10',
    '20200101000000,A0001,0,0,F,N,0,F01',
  ],
} as const

it.each(['status', 'drive'] as const)('damages %s rows in every form so that no reader may accept them', (kind) => {
  const random = Random.of({ seed: 1, purpose: 'status-faults', car: 0, day: 0 })
  const seen = new Set<string>()
  for (let draw = 0; draw < 1000; draw++) {
    const row = rows[kind][draw % rows[kind].length] ?? ''
    expect(isRow(kind, row)).toBe(true)
    const { form, bytes } = damage(Buffer.from(row), random, kind)
    seen.add(form)
    const line = Buffer.from(bytes).toString('latin1')
    expect(isRow(kind, line), `${form}: ${line}`).toBe(false)
    // A line that starts with a letter would be dropped as a header, an empty one not be seen, a newline be two lines.
    expect(line).toMatch(/^\d/)
    expect(line).not.toContain('\n')
  }
  expect([...seen].sort()).toEqual([...damageForms].sort())
})
