import { ascii, type ByteBuffer, minuteTexts, newline, pack4, padded } from './bytes.js'
import { Random, streamState } from './random.js'
import {
  constantTable,
  engineBreakTable,
  lastOfHundred,
  lightPair,
  type NumberTable,
  normalBattery,
  normalTire,
  statusRowsPerDay,
  type WornPart,
  wornParts,
} from './status-parts.js'

/** As the original writes it, spelling included. */
export const statusHeader = ascii(
  'SmartCar Status Information,CarNum,TireFL,TireFR,TireBL,TireBR,LightFL,LightFR,LightBL,LightBR,EngineInfo,BreakInfo,BatteryInfo\n',
)

/** No status row is longer: 20 bytes of time and car, four tires of 4, lights 8, engine and break 4, battery 4, newline. */
export const longestStatusRow = 53

const rowsPerMinute = 15

/** Sums of the rows written: four tires, then the battery. */
export type StatusSums = Float64Array

/** One car on one day, row by row. */
export class StatusDay {
  readonly worn: readonly WornPart[]
  readonly sums: StatusSums = new Float64Array(5)
  private readonly state: Int32Array
  private readonly dayHead: number
  private readonly dayTail: number
  private readonly carDigits: number
  private readonly seconds: Int32Array
  private readonly tires = [normalTire, normalTire, normalTire, normalTire] as [
    NumberTable,
    NumberTable,
    NumberTable,
    NumberTable,
  ]
  private readonly lights = ['1', '1', '1', '1']
  private frontLights = lightPair('1', '1')
  private backLights = lightPair('1', '1')
  private engineWorn = false
  private breakWorn = false
  private engineBreak = engineBreakTable(false, false)
  private battery = normalBattery
  private row = 0
  private nextWorn = 0

  constructor(seed: number, day: string, ordinal: number, car: string) {
    this.state = streamState({ seed, purpose: 'status', car: ordinal, day: Number(day) })
    this.worn = wornParts(new Random(this.state))
    this.dayHead = pack4(day.slice(0, 4))
    this.dayTail = pack4(day.slice(4))
    this.carDigits = pack4(car.slice(1))
    this.seconds = Int32Array.from({ length: rowsPerMinute }, (_, index) =>
      pack4(`${padded(index * 4, 2)},${car.charAt(0)}`),
    )
  }

  /** Appends the next rows up to (not including) row `until` of the day, and adds their numbers to `sums`. */
  write(until: number, target: ByteBuffer): void {
    const end = Math.min(until, statusRowsPerDay)
    target.reserve((end - this.row) * longestStatusRow)
    while (this.row < end) {
      let next = this.worn[this.nextWorn]
      while (next !== undefined && next.row <= this.row) {
        this.wearOut(next)
        next = this.worn[++this.nextWorn]
      }
      const stop = next === undefined ? end : Math.min(end, next.row)
      target.length = this.writeRows(target.view, target.length, this.row, stop)
      this.row = stop
    }
  }

  private wearOut({ part, value }: WornPart): void {
    const index = ['fl', 'fr', 'bl', 'br'].indexOf(part.slice(-2))
    if (part.startsWith('tire')) this.tires[index] = constantTable(Number(value))
    else if (part.startsWith('light')) this.lights[index] = value
    else if (part === 'battery') this.battery = constantTable(Number(value))
    else if (part === 'engine') this.engineWorn = true
    else this.breakWorn = true
    const [fl = '1', fr = '1', bl = '1', br = '1'] = this.lights
    this.frontLights = lightPair(fl, fr)
    this.backLights = lightPair(bl, br)
    this.engineBreak = engineBreakTable(this.engineWorn, this.breakWorn)
  }

  /**
   * The hot loop: three random words a row (sfc32, see random.ts), every field one lookup and one unaligned 32-bit store.
   * Stores run over the end of a field where the next one overwrites them. Tables of other modules go into local variables
   * first: V8 looks an imported binding up again at every use.
   */
  private writeRows(view: DataView, start: number, from: number, to: number): number {
    const { dayHead, dayTail, carDigits, seconds, state, sums, frontLights, backLights, engineBreak, battery } = this
    const [fl, fr, bl, br] = this.tires
    const { cells: flCells, packed: flText, length: flLength } = fl
    const { cells: frCells, packed: frText, length: frLength } = fr
    const { cells: blCells, packed: blText, length: blLength } = bl
    const { cells: brCells, packed: brText, length: brLength } = br
    const { cells: batteryCells, packed: batteryText, length: batteryLength } = battery
    const [minutes, perMinute, lineEnd] = [minuteTexts, rowsPerMinute, newline]
    const [hundredMark, beyondMark] = [lastOfHundred, 100 - lastOfHundred]
    let [a, b, c, counter] = state as unknown as [number, number, number, number]
    let [sumFl, sumFr, sumBl, sumBr, sumBattery] = sums as unknown as [number, number, number, number, number]
    const rows = to - from
    sumFl += fl.constant * rows
    sumFr += fr.constant * rows
    sumBl += bl.constant * rows
    sumBr += br.constant * rows
    sumBattery += battery.constant * rows
    let at = start
    for (let row = from; row < to; row++) {
      const first = (((a + b) | 0) + counter) | 0
      counter = (counter + 1) | 0
      a = b ^ (b >>> 9)
      b = (c + (c << 3)) | 0
      c = (((c << 21) | (c >>> 11)) + first) | 0
      const second = (((a + b) | 0) + counter) | 0
      counter = (counter + 1) | 0
      a = b ^ (b >>> 9)
      b = (c + (c << 3)) | 0
      c = (((c << 21) | (c >>> 11)) + second) | 0
      const third = (((a + b) | 0) + counter) | 0
      counter = (counter + 1) | 0
      a = b ^ (b >>> 9)
      b = (c + (c << 3)) | 0
      c = (((c << 21) | (c >>> 11)) + third) | 0

      const minute = (row / perMinute) | 0
      view.setInt32(at, dayHead, true)
      view.setInt32(at + 4, dayTail, true)
      view.setInt32(at + 8, minutes[minute] as number, true)
      view.setInt32(at + 12, seconds[row - minute * perMinute] as number, true)
      view.setInt32(at + 16, carDigits, true)
      at += 20

      let cell = ((first & 0xffff) * flCells) >>> 16
      let text = flText[cell] as number
      view.setInt32(at, text, true)
      let value = text >>> 24
      let hundred = value === hundredMark ? 1 : 0
      at += flLength + hundred
      sumFl += value + beyondMark * hundred
      cell = ((first >>> 16) * frCells) >>> 16
      text = frText[cell] as number
      view.setInt32(at, text, true)
      value = text >>> 24
      hundred = value === hundredMark ? 1 : 0
      at += frLength + hundred
      sumFr += value + beyondMark * hundred
      cell = ((second & 0xffff) * blCells) >>> 16
      text = blText[cell] as number
      view.setInt32(at, text, true)
      value = text >>> 24
      hundred = value === hundredMark ? 1 : 0
      at += blLength + hundred
      sumBl += value + beyondMark * hundred
      cell = ((second >>> 16) * brCells) >>> 16
      text = brText[cell] as number
      view.setInt32(at, text, true)
      value = text >>> 24
      hundred = value === hundredMark ? 1 : 0
      at += brLength + hundred
      sumBr += value + beyondMark * hundred

      view.setInt32(at, frontLights, true)
      view.setInt32(at + 4, backLights, true)
      view.setInt32(at + 8, engineBreak[((third & 0xffff) * 25) >>> 16] as number, true)
      cell = ((third >>> 16) * batteryCells) >>> 16
      text = batteryText[cell] as number
      view.setInt32(at + 12, text, true)
      value = text >>> 24
      hundred = value === hundredMark ? 1 : 0
      at += 12 + batteryLength + hundred
      sumBattery += value + beyondMark * hundred
      view.setUint8(at++, lineEnd)
    }
    state.set([a, b, c, counter])
    sums.set([sumFl, sumFr, sumBl, sumBr, sumBattery])
    return at
  }
}
