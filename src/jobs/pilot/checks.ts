import type { LakeManifest } from '../../core/lake.js'
import type { RecordKind } from '../../core/layout.js'
import { number } from '../../render/format.js'
import type { DriveTruth, StatusTruth, Truth } from '../../simulator/truth.js'

/** One comparison of what the pilot made with what had to come out. */
export interface Check {
  readonly what: string
  /** `truth`: the simulator's truth file, worked out while the rows were made; `input`: the files that went in. */
  readonly against: 'truth' | 'input'
  readonly expected: number
  readonly found: number
  readonly ok: boolean
  /** The first things that differ. */
  readonly detail?: string
}

/** Cars whose owner is 18 or more: the marts keep their rows alone. */
export type Adults = ReadonlySet<string>

const named = 3

export function checkCount(what: string, against: Check['against'], expected: number, found: number): Check {
  return { what, against, expected, found, ok: expected === found }
}

/** Both lists as sets of texts: the same things, none missing and none that should not be there. */
export function checkSame(
  what: string,
  against: Check['against'],
  expected: Iterable<string>,
  found: Iterable<string>,
): Check {
  const [wanted, there] = [new Set(expected), new Set(found)]
  const missing = [...wanted].filter((item) => !there.has(item)).sort()
  const extra = [...there].filter((item) => !wanted.has(item)).sort()
  const list = (name: string, items: readonly string[]) => {
    if (items.length === 0) return []
    const rest = items.length > named ? ` and ${number(items.length - named)} more` : ''
    return [`${name} ${items.slice(0, named).join('; ')}${rest}`]
  }
  const detail = [...list('missing:', missing), ...list('not expected:', extra)].join(', ')
  return {
    what,
    against,
    expected: wanted.size,
    found: there.size,
    ok: detail === '',
    ...(detail === '' ? {} : { detail }),
  }
}

/** The lake's counts of one kind, all collected contents together. */
export function lakeRows(manifests: readonly LakeManifest[], kind: RecordKind): LakeManifest['rows'] {
  const sum = { read: 0, kept: 0, headers: 0, rejected: 0, duplicates: 0 }
  for (const { rows } of manifests.filter((manifest) => manifest.kind === kind)) {
    for (const name of ['read', 'kept', 'headers', 'rejected', 'duplicates'] as const) sum[name] += rows[name]
  }
  return sum
}

/** Every row that went in was kept or rejected, and rejected were exactly the damaged ones. */
export function collectChecks(truth: Truth, manifests: readonly LakeManifest[]): Check[] {
  const lake = lakeRows(manifests, truth.kind)
  return [
    checkCount(`${truth.kind} rows kept by collect`, 'truth', truth.rows.valid, lake.kept),
    checkCount(`${truth.kind} rows rejected by collect`, 'truth', truth.rows.malformed, lake.rejected),
    checkCount(`${truth.kind} rows repeated`, 'truth', truth.rows.duplicates, lake.duplicates),
    checkCount(`${truth.kind} header lines dropped`, 'truth', truth.rows.headers, lake.headers),
  ]
}

/**
 * Good rows of the adults' cars on all days of the truth, a repeat counted once: what a car would send without faults,
 * less its gaps and the rows that a damaged one replaced.
 */
export function adultRows(truth: Truth, rowsPerCarAndDay: number, adults: Adults): number {
  const cars = truth.cars.filter((car) => adults.has(car))
  let rows = cars.length * truth.days.length * rowsPerCarAndDay
  for (const fault of truth.faults) {
    if (!adults.has(fault.car)) continue
    if (fault.fault === 'gap') rows -= fault.rows
    if (fault.fault === 'malformed' && fault.replaced) rows -= 1
  }
  return rows
}

/** A speeding window as text, so that lists of them can be compared; the average to a millionth. */
export function windowText(window: {
  readonly car: string
  readonly start: string
  readonly average: number
  readonly rows: number
  readonly member: string
}): string {
  return `${window.car} ${window.start} average ${window.average.toFixed(6)} of ${window.rows} rows as ${window.member}`
}

export function speedingTexts(truth: DriveTruth): string[] {
  return truth.speeding.map(({ avg, ...window }) => windowText({ ...window, average: avg }))
}

export function emergencyTexts(truth: StatusTruth, adults: Adults): string[] {
  return truth.emergencies
    .filter(({ car }) => adults.has(car))
    .map(({ car, day, checks }) => `${car} ${day} ${checks.toSorted().join(', ')}`)
}
