/**
 * Everything that the report shows, already counted and cut to a readable length: `jobs/report/gather.ts` makes it,
 * `page.ts` prints it. Plain values only, so that a report can be drawn from a literal in a test. Rows are counts,
 * speeds km/h, durations milliseconds, days yyyyMMdd, times yyyyMMddHHmmss.
 */
export interface ReportData {
  readonly site: string
  readonly day: string
  readonly fleet: Fleet
  readonly emergencies: Emergencies
  /** undefined: the symptom mart has no partition for this day. */
  readonly symptoms: Symptoms | undefined
  /** undefined: speeding detection has not run over this day. */
  readonly speeding: Speeding | undefined
  /** undefined: the drive mart has no partition for this day. */
  readonly areas: Areas | undefined
  readonly purchases: Purchases | undefined
  readonly intake: Intake
  readonly stages: Capped<StageRun>
  readonly tests: DataTests
}

/** The first `rows` of a list that may be longer. */
export interface Capped<T> {
  readonly rows: readonly T[]
  readonly total: number
}

export interface Share {
  readonly label: string
  readonly count: number
}

export interface Fleet {
  /** Cars of the master; undefined when no master was collected. */
  readonly masterCars: number | undefined
  /** Of these, owned by somebody of 18 or more: the only ones that the marts keep. */
  readonly adultCars: number | undefined
  /** Cars of adult owners that sent anything on the day. */
  readonly activeCars: number
  readonly statusRows: number
  readonly driveRows: number
  readonly averageSpeed: number | undefined
  readonly topSpeed: number | undefined
  /** Owners of the active cars. */
  readonly sexes: readonly Share[]
  readonly ages: readonly Share[]
  readonly regions: readonly Share[]
  readonly models: readonly Share[]
  /** Newest first. */
  readonly days: Capped<DayCounts>
}

export interface DayCounts {
  readonly day: string
  readonly statusRows: number
  readonly driveRows: number
  readonly windows: number
  readonly emergencies: number
  /** Cars with an abnormal pedal. */
  readonly abnormal: number
}

export type Part = 'tire' | 'light' | 'engine' | 'brake' | 'battery'

export interface Reason {
  readonly part: Part
  /** Which of the four (FL, FR, BL, BR) for tires and lights. */
  readonly positions: readonly string[]
  /** Day's average of the worst tire or of the battery. */
  readonly average: number | undefined
  /** First row of the day in the worst class (light 2, engine or brake C). */
  readonly since: string | undefined
}

export interface Emergency {
  readonly car: string
  readonly sex: string
  readonly age: number | undefined
  readonly model: string
  readonly year: number | undefined
  readonly region: string
  readonly reasons: readonly Reason[]
}

export interface Emergencies extends Capped<Emergency> {
  /** False: the mart has no partition for this day. */
  readonly built: boolean
  readonly byPart: readonly { readonly part: Part; readonly count: number }[]
}

export interface Measure {
  readonly average: number
  /** Distance from the fleet in standard deviations; undefined when the deviation is 0 or there is none. */
  readonly z: number | undefined
  readonly abnormal: boolean
}

export interface SymptomRow {
  readonly car: string
  readonly speed: Measure
  readonly brake: Measure
  readonly steering: number
  readonly steeringAbnormal: boolean
}

export interface Spread {
  readonly mean: number
  readonly deviation: number | undefined
  /** Cars by z-score: `from` (inclusive) to `from + width`; the outermost bins are open. */
  readonly bins: readonly { readonly from: number; readonly count: number }[]
  readonly width: number
}

export interface Symptoms extends Capped<SymptomRow> {
  /** Cars by what is abnormal. `pedals`: speed or brake; a whole day of any car has more hard steering than the limit. */
  readonly abnormal: {
    readonly pedals: number
    readonly speed: number
    readonly brake: number
    readonly steering: number
  }
  readonly speed: Spread
  readonly brake: Spread
  readonly steeringLimit: number
  readonly zLimit: number
}

export interface SpeedingCar {
  readonly car: string
  readonly windows: number
  readonly fastest: number
  /** Windows by hour of the day, 24 of them. */
  readonly hours: readonly number[]
}

export interface SpeedingWindow {
  readonly car: string
  readonly start: string
  readonly end: string
  readonly average: number
  readonly rows: number
}

export interface SpeedingRule {
  /** Length of a window. */
  readonly seconds: number
  /** As the rule's file says it: `avg_speed > 80` */
  readonly condition: string
  /** Average speed that a window has to be over; undefined for a rule that asks for something else. */
  readonly limit: number | undefined
}

export interface Speeding {
  readonly windows: number
  readonly cars: Capped<SpeedingCar>
  /** All cars together, 24 of them. */
  readonly hours: readonly number[]
  readonly fastest: Capped<SpeedingWindow>
  readonly rule: SpeedingRule
}

export interface AreaRow {
  readonly area: string
  readonly average: number
  readonly rows: number
  /** Average by hour of the day, 24 of them; undefined where nobody drove. */
  readonly hours: readonly (number | undefined)[]
}

export interface Areas {
  readonly rows: readonly AreaRow[]
}

export interface ItemCount {
  readonly item: string
  readonly count: number
  /** Average, 1 to 5. */
  readonly score: number
}

export interface Purchases {
  readonly month: string
  readonly rows: number
  readonly buyers: number
  readonly averageScore: number | undefined
  /** Bought most often. */
  readonly sold: Capped<ItemCount>
  /** Scored best. */
  readonly liked: Capped<ItemCount>
}

export interface IntakeFile {
  readonly source: string
  readonly kind: string
  readonly read: number
  readonly kept: number
  readonly headers: number
  readonly rejected: number
  readonly duplicates: number
  readonly reasons: readonly Share[]
  /** Rejected rows, relative to the site's folder. */
  readonly rejects: string | undefined
}

/** What was collected, and what was not. */
export interface Intake extends Capped<IntakeFile> {
  readonly read: number
  readonly kept: number
  readonly headers: number
  readonly rejected: number
  readonly duplicates: number
}

export interface StageRun {
  readonly id: string
  readonly title: string
  /** Part of another stage, whose time includes this one's. */
  readonly inside: boolean
  readonly rows: number | undefined
  readonly ms: number
}

export interface DataTest {
  readonly table: string
  readonly partition: string
  readonly test: string
  readonly failures: number
}

export interface DataTests {
  readonly run: number
  readonly failed: Capped<DataTest>
  readonly byTable: readonly { readonly table: string; readonly run: number; readonly failed: number }[]
}
