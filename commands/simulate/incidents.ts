import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { destination, given, gzipFlag, outputFlags } from '../../src/cli/simulate-flags.js'

export default class SimulateIncidents extends BaseCommand {
  static override summary = 'driving incidents to learn from'
  static override description =
    `Writes CarDrivingIncidentInfo.csv: a header, then 200,000 rows of ten features and a class, integers 0 to 2. The header of
a training file begins with the number of rows and of features (200000,10,); --header names leaves these out.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --rows 30 --header names --seed 2 --out -',
  ]
  static override flags = {
    ...outputFlags,
    gzip: gzipFlag,
    rows: Flags.integer({ helpValue: 'N', min: 1, description: 'number of incidents [default: 200000]' }),
    header: Flags.option({
      options: ['training', 'names'] as const,
      description: 'kind of header line [default: training]',
    })(),
  }

  async run() {
    const { flags } = await this.parse(SimulateIncidents)
    const context = await this.open(flags)
    const { simulateIncidents } = await import('../../src/simulator/lists.js')
    const { simulateSummary } = await import('../../src/simulator/summary.js')
    const { rows, header, gzip, seed = context.site.simulate.seed } = flags
    const out = destination(flags.out, flags.json, context)
    const result = await simulateIncidents(given({ out, seed, rows, header, gzip }), context)
    return flags.out === '-' ? undefined : this.show(result, simulateSummary)
  }
}
