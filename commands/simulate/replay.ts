import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { dayFlag } from '../../src/cli/flags.js'
import { destination, given, gzipFlag, mapFlag, outputFlags } from '../../src/cli/simulate-flags.js'

export default class SimulateReplay extends BaseCommand {
  static override summary = 'real recorded telemetry as a drive log'
  static override description = [
    'Turns a CSV file of one vehicle (plain or gzip) into SmartCarDriverInfo_<yyyyMMdd>.log: a row for every 2 seconds that were recorded, the last line of them counting. --map says which column is what, by name or by number from 1; Date+Time joins two. Times: ISO 8601 (the clock as written, without zone), yyyyMMddHHmmss, epoch seconds or milliseconds (as UTC), seconds from the start. What has no column is worked out: pedals from the change of speed, steering from the change of heading, the light from the steering, the area from lat and lon (squares of 0.01 degree), else drawn.',
    'fields: date, speed, speed_pedal, break_pedal, steer_angle (F, L1..R3 or degrees, left below 0), direct_light (N, L, R), area_number (A01..F10), heading (degrees), lat, lon',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> trip.csv --map date=timestamp,speed=gps_speed --speed-unit ms --cars 20',
    '<%= config.bin %> <%= command.id %> obd.csv.gz --map date=1+2,speed=5,speed_pedal=7 --date 20200322 --truth truth.json',
  ]
  static override args = {
    file: Args.string({ required: true, ignoreStdin: true, description: 'CSV file, - for stdin' }),
  }
  static override flags = {
    ...outputFlags,
    gzip: gzipFlag,
    map: mapFlag,
    cars: Flags.integer({ helpValue: 'N', min: 1, default: 1, description: 'cars that drive the recording' }),
    shift: Flags.integer({
      helpValue: 'SECONDS',
      min: 0,
      default: 60,
      description: "how far a car's clock is behind the one before",
    }),
    date: dayFlag({ description: 'day that the recording is moved to [default: the recorded day]' }),
    'speed-unit': Flags.option({
      options: ['kmh', 'mph', 'ms'] as const,
      description: 'unit of the speed [default: kmh]',
    })(),
    pedals: Flags.option({
      options: ['percent', 'steps'] as const,
      description: 'how pedals are recorded [default: percent]',
    })(),
    delimiter: Flags.string({ helpValue: 'CHAR', description: 'what separates columns [default: found out]' }),
    truth: Flags.string({ helpValue: 'FILE', description: 'write the speeding windows of the rows, as JSON' }),
  }

  async run() {
    const { args, flags } = await this.parse(SimulateReplay)
    const context = await this.open(flags)
    const { simulateReplay } = await import('../../src/simulator/replay.js')
    const { replaySummary } = await import('../../src/simulator/summary.js')
    const { cars, shift: shiftSeconds, date: day, pedals, delimiter, truth, gzip } = flags
    const { map = {}, seed = context.site.simulate.seed, 'speed-unit': speedUnit } = flags
    const out = destination(flags.out, flags.json, context)
    const input = args.file === '-' ? context.stdin() : args.file
    const more = given({ out, seed, cars, shiftSeconds, day, speedUnit, pedals, delimiter, truth, gzip })
    const result = await simulateReplay({ input, map, ...more }, context)
    return flags.out === '-' ? undefined : this.show(result, replaySummary)
  }
}
