import { describe, expect, it } from 'vitest'
import type { LakeManifest } from '../../../../src/core/lake.js'
import {
  adultRows,
  checkCount,
  checkSame,
  collectChecks,
  emergencyTexts,
  speedingTexts,
  windowText,
} from '../../../../src/jobs/pilot/checks.js'
import type { DriveTruth, StatusTruth } from '../../../../src/simulator/truth.js'

const rows = { valid: 100, distinct: 98, malformed: 3, duplicates: 2, late: 1, missing: 4, headers: 2 }
const day = '20200322'
const window = {
  car: 'A0001',
  start: `${day}000000`,
  end: `${day}000030`,
  avg: 90.5,
  rows: 15,
  member: `A0001-${day}000028`,
}

const drive: DriveTruth = {
  schemaVersion: 1,
  kind: 'drive',
  seed: 1,
  cars: ['A0001', 'B0001', 'C0001'],
  days: [day],
  rows,
  files: [],
  faults: [
    { fault: 'gap', car: 'A0001', time: `${day}010000`, rows: 10 },
    { fault: 'gap', car: 'C0001', time: `${day}010000`, rows: 500 },
    { fault: 'malformed', car: 'A0001', time: `${day}020000`, form: 'columns', replaced: true },
    { fault: 'malformed', car: 'A0001', time: `${day}020002`, form: 'columns', replaced: false },
    { fault: 'duplicate', car: 'B0001', time: `${day}020000` },
    { fault: 'late', car: 'B0001', time: `${day}020000`, seconds: 4 },
  ],
  wildCars: [],
  speeding: [window],
}

const status: StatusTruth = {
  schemaVersion: 1,
  kind: 'status',
  seed: 1,
  cars: drive.cars,
  days: [day],
  rows,
  files: [],
  faults: [],
  broken: [],
  emergencies: [
    { car: 'A0001', day, checks: ['Tire Check', 'Engine Check'] },
    { car: 'C0001', day, checks: ['Light Check'] },
  ],
}

function manifest(kind: LakeManifest['kind'], counts: Partial<LakeManifest['rows']>): LakeManifest {
  return {
    schemaVersion: 1,
    kind,
    sequence: 1,
    source: 'file',
    sha256: '0'.repeat(64),
    collectedAt: '2026-01-01T00:00:00.000Z',
    rows: { read: 0, kept: 0, headers: 0, rejected: 0, duplicates: 0, ...counts },
    reasons: {},
    rejects: null,
    files: [],
  }
}

describe('checkCount', () => {
  it('compares numbers', () => {
    expect(checkCount('rows', 'truth', 5, 5).ok).toBe(true)
    expect(checkCount('rows', 'truth', 5, 6)).toEqual({
      what: 'rows',
      against: 'truth',
      expected: 5,
      found: 6,
      ok: false,
    })
  })
})

describe('checkSame', () => {
  it('is ok in whatever order', () => {
    expect(checkSame('windows', 'truth', ['a', 'b'], ['b', 'a'])).toMatchObject({ ok: true, expected: 2, found: 2 })
  })

  it('names what is missing and what should not be there', () => {
    const check = checkSame('windows', 'truth', ['a', 'b', 'c', 'd', 'e'], ['e', 'x'])
    expect(check.ok).toBe(false)
    expect(check.detail).toBe('missing: a; b; c and 1 more, not expected: x')
  })

  it('does not take the same number for the same things', () => {
    expect(checkSame('windows', 'truth', ['a'], ['b']).ok).toBe(false)
  })
})

describe('collectChecks', () => {
  it('holds when every row was kept or rejected as the truth says', () => {
    const manifests = [
      manifest('drive', { read: 60, kept: 58, headers: 1, rejected: 1, duplicates: 2 }),
      manifest('drive', { read: 45, kept: 42, headers: 1, rejected: 2 }),
      manifest('status', { kept: 7777 }),
    ]
    expect(collectChecks(drive, manifests).map(({ ok }) => ok)).toEqual([true, true, true, true])
  })

  it('sees a row that went missing', () => {
    const wrong = collectChecks(drive, [manifest('drive', { kept: 99, headers: 2, rejected: 3, duplicates: 2 })])
    expect(wrong.filter(({ ok }) => !ok)).toMatchObject([
      { what: 'drive rows kept by collect', expected: 100, found: 99 },
    ])
  })
})

describe('adultRows', () => {
  it('takes gaps and replaced rows of adults away, repeats and late rows not', () => {
    expect(adultRows(drive, 43_200, new Set(['A0001', 'B0001']))).toBe(2 * 43_200 - 10 - 1)
    expect(adultRows(drive, 43_200, new Set(['B0001', 'Z0001']))).toBe(43_200)
  })
})

describe('texts', () => {
  it('compare windows by car, start, average, rows and member', () => {
    const found = { ...window, average: 90.5 }
    expect(speedingTexts(drive)).toEqual([windowText(found)])
    for (const other of [
      { ...found, average: 90.50001 },
      { ...found, rows: 14 },
      { ...found, car: 'B0001' },
    ]) {
      expect(speedingTexts(drive)).not.toContain(windowText(other))
    }
  })

  it('compare emergencies of adults alone, checks in any order', () => {
    expect(emergencyTexts(status, new Set(['A0001']))).toEqual([`A0001 ${day} Engine Check, Tire Check`])
  })
})
