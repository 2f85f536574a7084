import { ascii, comma, pack4, padded } from './bytes.js'
import { areaLetters, type DriverWeights, lights, maxSpeed, percentTable, steeringAngles } from './weights.js'

/** As the original writes it, spelling included. */
export const driveHeader = ascii(
  'Driver Status Infomation,CarNum,AccStep,BrkStep,WheelStep,DirLightStep,Speed,AreaNum\n',
)

/** No drive row is longer: time 14, car 6, pedals 4, steering and light 5, speed 4, area 4, newline, and a store's overrun. */
export const longestDriveRow = 40

/** What one draw of a driver gives, by percent. */
export interface DriverTables {
  readonly pedal: Uint8Array
  readonly gain: Uint8Array
  readonly brake: Uint8Array
  readonly loss: Uint8Array
  readonly steering: Uint8Array
}

export function driverTables(weights: DriverWeights): DriverTables {
  return {
    pedal: percentTable(weights.pedal),
    gain: Uint8Array.from(weights.gain),
    brake: percentTable(weights.brake),
    loss: Uint8Array.from(weights.loss),
    steering: percentTable(weights.steering),
  }
}

/** `,p,b` by pedal + 8 x brake. */
export const pedalTexts = Int32Array.from({ length: 32 }, (_, code) => pack4(`,${code & 7},${code >>> 3}`))

/** `,F,N` and `,L1,L` by steering + 8 x light: the first four characters, and the fifth where there is one. */
const steeringWords = Array.from(
  { length: 32 },
  (_, code) => `,${steeringAngles[code & 7] ?? 'F'},${lights[code >>> 3] ?? 'N'}`,
)
export const steeringTexts = Int32Array.from(steeringWords, pack4)
export const steeringFifth = Uint8Array.from(steeringWords, (word) => word.charCodeAt(4) || 0)
export const steeringLength = Uint8Array.from(steeringWords, (word) => word.length)

/**
 * A row as one number: pedal 3 bits, brake 2, steering 3, light 2, area 7 (letter x 16 + number - 1), speed in km/h above.
 */
export const steeringBit = 5
export const lightBit = 8
export const areaBit = 10
export const speedBit = 17

export function speedOf(code: number): number {
  return code >>> speedBit
}

/** `,0` to `,250` */
const speedWords = Array.from({ length: maxSpeed + 1 }, (_, speed) => `,${speed}`)
export const speedTexts = Int32Array.from(speedWords, pack4)
export const speedLength = Uint8Array.from(speedWords, (word) => word.length)

/** `,A01` by letter x 16 + number - 1 */
export const areaTexts = Int32Array.from({ length: areaLetters.length * 16 }, (_, code) =>
  pack4(`,${areaLetters.charAt(code >>> 4)}${padded((code & 15) + 1, 2)}`),
)

/** The two digits of a second and a comma; the letter of the car goes into the fourth byte. */
export const secondTexts = Int32Array.from({ length: 60 }, (_, second) => pack4(padded(second, 2)) | (comma << 16))
