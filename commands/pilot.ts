import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import { siteDatabase } from '../src/cli/export-flags.js'
import { dayFlag } from '../src/cli/flags.js'

export default class Pilot extends BaseCommand {
  static override summary = 'the whole pilot on this machine, from simulated cars to a report'
  static override description =
    `Simulates a day of cars (or takes the files of --input), collects them, finds speeding, builds and tests the five marts,
asks the pilot's questions, exports the symptom mart to PostgreSQL and writes a report. Then compares what came out with
what the simulator knows must come out; exit code 5 when something differs. A second run changes nothing and says so;
after Ctrl-C the next run goes on where this one stopped. On profile apache the rows also go through Flume into HDFS,
the marts are built on Hive or Spark too, and both are compared row by row.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --cars 100 --date 20200322 --days 2 --site ./pilot-100',
    '<%= config.bin %> <%= command.id %> --input ./my-files --locale en',
    '<%= config.bin %> <%= command.id %> --faults malformed=0.001,duplicate=0.001,late=0.01',
  ]
  static override flags = {
    cars: Flags.integer({ helpValue: 'N', min: 1, description: "number of cars [default: the site's, 20]" }),
    date: dayFlag({ description: 'first day to simulate [default: 20200322]' }),
    days: Flags.integer({ helpValue: 'N', min: 1, max: 366, default: 1, description: 'number of days to simulate' }),
    seed: Flags.integer({
      helpValue: 'N',
      min: 0,
      description: "the same seed gives the same bytes [default: the site's, 1]",
    }),
    faults: Flags.string({
      helpValue: 'LIST',
      description: 'faults in the logs, such as malformed=0.001,duplicate=0.001',
    }),
    input: Flags.string({
      helpValue: 'PATH',
      multiple: true,
      exclusive: ['cars', 'date', 'seed', 'faults'],
      description: 'use these files, or the files of this folder, instead of simulating',
    }),
    locale: Flags.option({
      options: ['ko', 'en'] as const,
      description: "language of the owners' data and of the report [default: the site's]",
    })(),
  }

  async run() {
    const { flags } = await this.parse(Pilot)
    const context = await this.open(flags)
    const { pilotFailure, runPilot } = await import('../src/jobs/pilot/pilot.js')
    const { clusterOption, pilotOptions } = await import('../src/jobs/pilot/options.js')
    const { pilotSummary } = await import('../src/jobs/pilot/summary.js')
    const options = pilotOptions(flags, context.site, context.environment)
    const setting = { ...options.export, ...siteDatabase(context) }
    const result = await runPilot({ ...options, export: setting, ...clusterOption(context) }, context)
    const failure = pilotFailure(result)
    // With --json there is exactly one value: the error carries the result.
    if (failure !== undefined && flags.json) throw failure
    const shown = await this.show(result, pilotSummary)
    if (failure !== undefined) throw failure
    return shown
  }
}
