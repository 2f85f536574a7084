import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { destination, given, gzipFlag, localeFlag, outputFlags } from '../../src/cli/simulate-flags.js'

export default class SimulateMaster extends BaseCommand {
  static override summary = 'the owners of the cars'
  static override description =
    `Writes CarMaster.txt: 26 letters x 100 numbers, 2,600 owners, | separated, UTF-8, no header. A larger fleet gets
numbers from 0101 on; an owner stays the same whatever the size.`
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
    const { flags } = await this.parse(SimulateMaster)
    const context = await this.open(flags)
    const { simulateMaster } = await import('../../src/simulator/lists.js')
    const { simulateSummary } = await import('../../src/simulator/summary.js')
    const { site } = context
    const { seed = site.simulate.seed, locale = site.locale, cars, gzip } = flags
    const out = destination(flags.out, flags.json, context)
    const result = await simulateMaster(given({ out, seed, locale, cars, gzip }), context)
    return flags.out === '-' ? undefined : this.show(result, simulateSummary)
  }
}
