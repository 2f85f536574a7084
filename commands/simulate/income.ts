import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { destination, given, gzipFlag, localeFlag, outputFlags } from '../../src/cli/simulate-flags.js'

export default class SimulateIncome extends BaseCommand {
  static override summary = 'the owners of the cars with their incomes'
  static override description =
    `Writes CarMaster2Income.txt: a header line, then 2,600 owners, | separated. The income goes with the capacity of the
car (1000 to 5500): times 1.1, 1.2 or 1.3, and for one car in five another 100 to 1000.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --cars 10000 --locale en --out /data/spool',
  ]
  static override flags = {
    ...outputFlags,
    gzip: gzipFlag,
    locale: localeFlag,
    cars: Flags.integer({ helpValue: 'N', min: 1, description: 'number of owners [default: 2600]' }),
  }

  async run() {
    const { flags } = await this.parse(SimulateIncome)
    const context = await this.open(flags)
    const { simulateIncome } = await import('../../src/simulator/lists.js')
    const { simulateSummary } = await import('../../src/simulator/summary.js')
    const { site } = context
    const { seed = site.simulate.seed, locale = site.locale, cars, gzip } = flags
    const out = destination(flags.out, flags.json, context)
    const result = await simulateIncome(given({ out, seed, locale, cars, gzip }), context)
    return flags.out === '-' ? undefined : this.show(result, simulateSummary)
  }
}
