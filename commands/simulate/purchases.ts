import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { monthFlag } from '../../src/cli/flags.js'
import { destination, given, gzipFlag, outputFlags } from '../../src/cli/simulate-flags.js'

export default class SimulatePurchases extends BaseCommand {
  static override summary = 'what the owners bought in a month'
  static override description =
    `Writes CarItemBuyList_<yyyyMM>.txt, 100,000 rows of car_number,Item-001..030,score 1-5,yyyyMM.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --month 202003 --month 202004 --rows 10000',
  ]
  static override flags = {
    ...outputFlags,
    gzip: gzipFlag,
    month: monthFlag({ multiple: true, description: 'month, may be given again [default: 202003]' }),
    rows: Flags.integer({ helpValue: 'N', min: 1, description: 'purchases a month [default: 100000]' }),
    cars: Flags.integer({ helpValue: 'N', min: 1, description: 'number of owners who buy [default: 2600]' }),
  }

  async run() {
    const { flags } = await this.parse(SimulatePurchases)
    const context = await this.open(flags)
    const { simulatePurchases } = await import('../../src/simulator/lists.js')
    const { simulateSummary } = await import('../../src/simulator/summary.js')
    const { month: months, rows, cars, gzip, seed = context.site.simulate.seed } = flags
    const out = destination(flags.out, flags.json, context)
    const result = await simulatePurchases(given({ out, seed, months, rows, cars, gzip }), context)
    return flags.out === '-' ? undefined : this.show(result, simulateSummary)
  }
}
