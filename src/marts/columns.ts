/** Columns that several tables share; meanings and ranges: pilot.md, section 2. */
import type { Column } from '../core/mart.js'

export const carNumber: Column = { name: 'car_number', type: 'string', note: 'one capital letter and four digits' }

/** The nine columns of the car master. */
export const masterColumns: readonly Column[] = [
  carNumber,
  { name: 'sex', type: 'string', note: 'sex of the owner, in Korean' },
  { name: 'age', type: 'integer', note: 'age of the owner, years' },
  { name: 'marriage', type: 'string', note: 'married or single, in Korean' },
  { name: 'region', type: 'string', note: 'one of the 17 regions, in Korean' },
  { name: 'job', type: 'string', note: 'occupation of the owner, in Korean, an open list' },
  { name: 'car_capacity', type: 'integer', note: 'engine capacity, cc' },
  { name: 'car_year', type: 'integer', note: 'model year' },
  { name: 'car_model', type: 'string', note: 'A to H' },
]

/** What a car says about itself every four seconds, without time and car number. */
export const conditionColumns: readonly Column[] = [
  ...(['fl', 'fr', 'bl', 'br'] as const).map(
    (wheel): Column => ({ name: `tire_${wheel}`, type: 'integer', note: 'tire, 0 to 100, under 70 is worn' }),
  ),
  ...(['fl', 'fr', 'bl', 'br'] as const).map(
    (corner): Column => ({ name: `light_${corner}`, type: 'integer', note: 'light, 1 good, 2 broken' }),
  ),
  { name: 'engine', type: 'string', note: 'engine, A good to C worst' },
  { name: 'break', type: 'string', note: 'brake, A good to C worst' },
  { name: 'battery', type: 'integer', note: 'battery charge, 0 to 100' },
]

/** What a driver does every two seconds, without time and car number. */
export const drivingColumns: readonly Column[] = [
  { name: 'speed_pedal', type: 'integer', note: 'accelerator, 0 to 5' },
  { name: 'break_pedal', type: 'integer', note: 'brake, 0 to 3' },
  { name: 'steer_angle', type: 'string', note: 'F straight, L1 to L3 left, R1 to R3 right' },
  { name: 'direct_light', type: 'string', note: 'direction light: N none, L left, R right' },
  { name: 'speed', type: 'integer', note: 'km/h, 0 to 250' },
  { name: 'area_number', type: 'string', note: 'A01 to F10' },
]

export const logTime = (name: string): Column => ({
  name,
  type: 'string',
  note: 'time of the row, yyyyMMddHHmmss, 240000 ends its day',
})

export const names = (columns: readonly Column[]): readonly string[] => columns.map((column) => column.name)
