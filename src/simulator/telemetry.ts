import { areaBit, lightBit, speedBit, steeringBit } from './drive-tables.js'
import type { Columns, ReplayField } from './replay-map.js'
import { areaLetters, calmDriver, lights, maxSpeed, steeringAngles } from './weights.js'

export type SpeedUnit = 'kmh' | 'mph' | 'ms'

/** km/h of one unit; a mile has 1.609344 km. */
const kmh: Readonly<Record<SpeedUnit, number>> = { kmh: 1, mph: 1.609344, ms: 3.6 }

/** How pedals are recorded: in percent of their way, as by OBD, or in the steps of the drive log. */
export type PedalScale = 'percent' | 'steps'

/** Area of a row whose place is not recorded: drawn for each car. */
export const drawnArea = 127

/** One recorded moment as a code of drive-tables.ts, or why it is none. */
export type Reading = { readonly code: number } | { readonly skipped: 'speed' | 'value' }

export interface TelemetryReader {
  /** A line without a usable speed does not take the place of the line before it. */
  hasSpeed(fields: readonly string[]): boolean
  read(fields: readonly string[]): Reading
}

interface State {
  readonly speed: number
  readonly heading: number | undefined
}

/** Degrees of the wheel, or of the change of heading within one step, from which a turn is L1/R1, L2/R2, L3/R3. */
const wheelSteps = [5, 30, 90] as const
const headingSteps = [5, 15, 30] as const

const [firstGain = 5] = calmDriver.gain.slice(1)
const [firstLoss = 10] = calmDriver.loss.slice(1)

function decimal(text: string | undefined): number | undefined {
  if (text === undefined || !/^[+-]?\d*[.,]?\d+(?:e[+-]?\d+)?$/i.test(text)) return undefined
  return Number(text.replace(',', '.'))
}

/** Turn to the left (below 0) or right in degrees as a steering angle. */
function steeringOf(degrees: number, steps: readonly number[]): number {
  const size = steps.filter((least) => Math.abs(degrees) >= least).length
  return size === 0 ? 0 : degrees < 0 ? size : 3 + size
}

function mappedSteering(text: string): number | undefined {
  const word = (steeringAngles as readonly string[]).indexOf(text.toUpperCase())
  if (word !== -1) return word
  const degrees = decimal(text)
  return degrees === undefined ? undefined : steeringOf(degrees, wheelSteps)
}

const lightWords: Readonly<Record<string, number>> = {
  ...Object.fromEntries(lights.map((word, index) => [word.toLowerCase(), index])),
  ...{ none: 0, off: 0, left: 1, right: 2, '0': 0, '1': 1, '2': 2 },
}

function mappedPedal(text: string, most: number, scale: PedalScale): number | undefined {
  const value = decimal(text)
  if (value === undefined) return undefined
  if (scale === 'steps') return Number.isInteger(value) && value >= 0 && value <= most ? value : undefined
  return Math.min(most, Math.max(0, Math.ceil((value * most) / 100)))
}

function mappedArea(text: string): number | undefined {
  const [, letter, digits] = /^([A-F])(0[1-9]|10)$/.exec(text.toUpperCase()) ?? []
  return letter === undefined ? undefined : areaLetters.indexOf(letter) * 16 + Number(digits) - 1
}

function modulo(value: number, count: number): number {
  return ((Math.floor(value) % count) + count) % count
}

/** Squares of a hundredth of a degree (about a kilometre): 6 letters from south to north, 10 numbers from west to east, again and again. */
function areaOfPlace(lat: number | undefined, lon: number | undefined): number {
  return lat === undefined || lon === undefined ? drawnArea : modulo(lat * 100, 6) * 16 + modulo(lon * 100, 10)
}

/**
 * Reads recorded moments one after the other. What is not recorded is worked out from what is: the pedal and the brake
 * from the change of speed (as much as the pilot's calm driver gains and loses by each step), steering from the change
 * of heading, the light from the steering, the area from the place. A constant speed above 0 takes the first pedal step.
 */
export function telemetryReader(columns: Columns, unit: SpeedUnit, pedals: PedalScale): TelemetryReader {
  let last: State | undefined

  function field(fields: readonly string[], name: ReplayField): string | undefined {
    const [index] = columns.get(name) ?? []
    const text = index === undefined ? undefined : fields[index]
    return text === '' ? undefined : text
  }

  function speedOf(fields: readonly string[]): number | undefined {
    const recorded = decimal(field(fields, 'speed'))
    return recorded === undefined || recorded < 0 ? undefined : recorded
  }

  function read(fields: readonly string[]): Reading {
    const recorded = speedOf(fields)
    if (recorded === undefined) return { skipped: 'speed' }
    const speed = Math.min(maxSpeed, Math.round(recorded * kmh[unit]))
    const heading = decimal(field(fields, 'heading'))
    const change = last === undefined ? 0 : speed - last.speed
    const pedalText = field(fields, 'speed_pedal')
    const brakeText = field(fields, 'break_pedal')
    const steeringText = field(fields, 'steer_angle')
    const lightText = field(fields, 'direct_light')
    const areaText = field(fields, 'area_number')

    const gained = change > 0 ? Math.min(5, Math.ceil(change / firstGain)) : change === 0 && speed > 0 ? 1 : 0
    const pedal = pedalText === undefined ? gained : mappedPedal(pedalText, 5, pedals)
    const lost = change < 0 ? Math.min(3, Math.ceil(-change / firstLoss)) : 0
    const brake = brakeText === undefined ? lost : mappedPedal(brakeText, 3, pedals)
    const turn =
      last?.heading === undefined || heading === undefined ? 0 : modulo(heading - last.heading + 180, 360) - 180
    const steering = steeringText === undefined ? steeringOf(turn, headingSteps) : mappedSteering(steeringText)
    const follows = steering === undefined || steering === 0 ? 0 : steering > 3 ? 2 : 1
    const light = lightText === undefined ? follows : lightWords[lightText.toLowerCase()]
    const place = areaOfPlace(decimal(field(fields, 'lat')), decimal(field(fields, 'lon')))
    const area = areaText === undefined ? place : mappedArea(areaText)
    if (
      pedal === undefined ||
      brake === undefined ||
      steering === undefined ||
      light === undefined ||
      area === undefined
    )
      return { skipped: 'value' }
    last = { speed, heading }
    // The drive log knows no brake while the pedal is down.
    const braked = pedal === 0 ? brake : 0
    const code = pedal | (braked << 3) | (steering << steeringBit) | (light << lightBit) | (area << areaBit)
    return { code: code | (speed << speedBit) }
  }

  return { hasSpeed: (fields) => speedOf(fields) !== undefined, read }
}
