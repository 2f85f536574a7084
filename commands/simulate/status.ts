import { BaseCommand } from '../../src/cli/base-command.js'
import { given, logFlags, logOptions } from '../../src/cli/simulate-flags.js'

export default class SimulateStatus extends BaseCommand {
  static override summary = 'the status log of a fleet: tires, lights, engine, break, battery'
  static override description =
    `Writes SmartCarStatusInfo_<yyyyMMdd>.txt, 21,600 rows a car and day (one every 4 seconds, 000000 to 235956).
A part that falls into its worst class keeps that value for the rest of the day. --truth names these parts and the rows
that managed_smartcar_emergency_check_info must have. The first 2,600 cars are the owners of simulate master.

The same command again leaves the files alone and says unchanged.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --cars 100 --date 20200322 --days 7 --gzip --out /data/spool',
    '<%= config.bin %> <%= command.id %> --faults malformed=0.001,gap=0.0001 --truth truth/status.json',
    '<%= config.bin %> <%= command.id %> --cars 1 --out - | head',
  ]
  static override flags = logFlags

  async run() {
    const { flags } = await this.parse(SimulateStatus)
    const context = await this.open(flags)
    const { simulateStatus } = await import('../../src/simulator/logs.js')
    const { simulateSummary } = await import('../../src/simulator/summary.js')
    const options = { ...(await logOptions(flags, context)), ...given({ gzip: flags.gzip, jobs: flags.jobs }) }
    const result = await simulateStatus(options, context)
    return flags.out === '-' ? undefined : this.show(result, simulateSummary)
  }
}
