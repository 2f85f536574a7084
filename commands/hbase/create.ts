import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class HbaseCreate extends BaseCommand {
  static override summary = 'make a table'
  static override description =
    'With several regions the rows are spread from the start: HexStringSplit by keys that begin with hexadecimal digits, DecimalStringSplit by digits, UniformSplit by any bytes.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> DriverCarInfo --family cf1 --regions 2',
    '<%= config.bin %> <%= command.id %> notes --family a --family b --if-absent',
  ]
  static override args = { table: Args.string({ ignoreStdin: true, required: true, description: 'its name' }) }
  static override flags = {
    family: Flags.string({ multiple: true, multipleNonGreedy: true, default: ['cf1'], description: 'a column family' }),
    regions: Flags.integer({ min: 1, max: 1000, default: 1, description: 'regions to split it into' }),
    split: Flags.option({
      options: ['HexStringSplit', 'DecimalStringSplit', 'UniformSplit'] as const,
      default: 'HexStringSplit',
      description: 'how keys are spread over the regions',
    })(),
    'if-absent': Flags.boolean({ description: 'a table that is there already, and the same, is no error' }),
  }

  async run() {
    const { args, flags } = await this.parse(HbaseCreate)
    const context = await this.open(flags)
    const [{ hbaseOf, masterHost }, { createTable }, { createdText }] = await Promise.all([
      import('../../src/jobs/hbase/open.js'),
      import('../../src/jobs/hbase/tables.js'),
      import('../../src/render/hbase.js'),
    ])
    const { family: families, regions, split } = flags
    const input = { table: args.table, families, regions, split, ifAbsent: flags['if-absent'] }
    return this.show(await createTable(hbaseOf(context), input, () => masterHost(context)), createdText)
  }
}
