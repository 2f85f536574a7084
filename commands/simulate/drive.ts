import { BaseCommand } from '../../src/cli/base-command.js'
import { given, growthFlags, logFlags, logOptions } from '../../src/cli/simulate-flags.js'
import { throwIfInterrupted } from '../../src/core/errors.js'
import { exitCodes } from '../../src/core/exit-codes.js'

export default class SimulateDrive extends BaseCommand {
  static override summary = 'the drive log of a fleet, whole days or growing as in real life'
  static override description = [
    'Whole days go to SmartCarDriverInfo_<yyyyMMdd>.log, 43,200 rows a car and day (one every 2 seconds, in the order of time). One car in ten has a wild driver. --truth names the windows of 30 seconds with an average speed over 80.',
    'With --rate the log SmartCarDriverInfo.log grows: 1x is log time as fast as wall time, 20x the pace of the original, max as fast as the disk. Ctrl-C ends it behind a whole row; the same command again goes on there, so that the log holds the same bytes as one written at once. At 1x without --date and --from rows carry the present time.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --cars 100 --truth truth/drive.json',
    '<%= config.bin %> <%= command.id %> --rate 60x --rotate 64MB',
    '<%= config.bin %> <%= command.id %> --rate 1x --cars 5 --out - | <%= config.bin %> stream run -',
  ]
  static override flags = {
    ...logFlags,
    ...growthFlags,
  }

  async run() {
    const { flags } = await this.parse(SimulateDrive)
    const context = await this.open(flags)
    const options = await logOptions(flags, context)
    const { pacedSummary, simulateSummary } = await import('../../src/simulator/summary.js')
    if (flags.rate === undefined) {
      const { simulateDrive } = await import('../../src/simulator/logs.js')
      const result = await simulateDrive({ ...options, ...given({ gzip: flags.gzip, jobs: flags.jobs }) }, context)
      return flags.out === '-' ? undefined : this.show(result, simulateSummary)
    }
    const { simulatePaced } = await import('../../src/simulator/paced.js')
    const { pacedOptions } = await import('../../src/simulator/paced-options.js')
    const result = await simulatePaced(
      { ...options, ...pacedOptions({ ...flags, rate: flags.rate }, context.clock) },
      context,
    )
    if (flags.out === '-') {
      throwIfInterrupted(context.signal)
      return undefined
    }
    // Ctrl-C is how a growing log is meant to end: the result is shown, and the exit code tells.
    if (result.status === 'interrupted') process.exitCode = exitCodes.interrupted.code
    return this.show(result, pacedSummary)
  }
}
