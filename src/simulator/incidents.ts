import type { Random } from './random.js'
import { percentTable } from './weights.js'

interface Column {
  readonly name: string
  /** Percent for the values 0, 1 and 2. */
  readonly weights: readonly [number, number, number]
  /** A 2 here adds to the score. */
  readonly severe?: true
}

const mild: Column['weights'] = [60, 35, 5]
const common: Column['weights'] = [50, 40, 10]
const heavy: Column['weights'] = [30, 30, 40]

/** The ten features in the order of the file (pilot.md, section 2). */
export const incidentColumns: readonly Column[] = [
  { name: 'wea', weights: common },
  { name: 'temp', weights: mild },
  { name: 'hum', weights: mild },
  { name: 'arrCar', weights: common },
  { name: 'timeSlot', weights: common },
  { name: 'acciArea', weights: heavy, severe: true },
  { name: 'drvCond', weights: heavy, severe: true },
  { name: 'innCond', weights: heavy, severe: true },
  { name: 'carSpd', weights: heavy, severe: true },
  { name: 'steeAng', weights: mild },
]

const names = [...incidentColumns.map(({ name }) => name), 'acciPos'].join(',')

/** `training`: rows and features in front, as in the pilot's training file; `names`: the columns alone, as in its test file. */
export type IncidentHeader = 'training' | 'names'

export function incidentHeader(kind: IncidentHeader, rows: number): string {
  return kind === 'training' ? `${rows},${incidentColumns.length},${names}` : names
}

const tables = incidentColumns.map(({ weights }) => percentTable(weights))

/** Added once when any of the four severe columns is 2. */
const severeScore = 5

/** The class by score: above 15 is 2, 13 to 15 is 1. */
function incidentClass(score: number): number {
  return score > 15 ? 2 : score >= 13 ? 1 : 0
}

/** Fills `row` with the ten features and the class to predict. */
export function drawIncident(random: Random, row: Uint8Array): void {
  let score = 0
  let severe = false
  for (const [index, table] of tables.entries()) {
    const value = table[random.below(100)] ?? 0
    row[index] = value
    score += value
    severe ||= value === 2 && incidentColumns[index]?.severe === true
  }
  row[tables.length] = incidentClass(severe ? score + severeScore : score)
}
