import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { rangeFlags, rangeOf } from '../../src/cli/hbase-flags.js'

export default class HbaseScan extends BaseCommand {
  static override summary = 'rows of a table in the order of their keys'
  static override examples = [
    '<%= config.bin %> <%= command.id %> DriverCarInfo --limit 10',
    '<%= config.bin %> <%= command.id %> DriverCarInfo --prefix 0000001010 --columns cf1:speed --format json',
    '<%= config.bin %> <%= command.id %> DriverCarInfo --start 1 --end 2 > rows.txt',
  ]
  static override args = {
    table: Args.string({ ignoreStdin: true, required: true, description: 'name of the table' }),
  }
  static override flags = {
    ...rangeFlags,
    columns: Flags.string({ helpValue: 'NAMES', description: 'these alone: cf1, or cf1:speed,cf1:area_number' }),
    limit: Flags.integer({ min: 1, helpValue: 'N', description: 'rows at most' }),
    format: Flags.option({
      options: ['text', 'json'] as const,
      default: 'text',
      description: 'text: one line a row; json: one object a line',
    })(),
  }

  async run() {
    const { args, flags } = await this.parse(HbaseScan)
    const context = await this.open(flags)
    const [{ hbaseOf }, { scanRows }] = await Promise.all([
      import('../../src/jobs/hbase/open.js'),
      import('../../src/jobs/hbase/scan.js'),
    ])
    const input = {
      table: args.table,
      ...rangeOf(flags),
      ...(flags.columns === undefined ? {} : { columns: flags.columns.split(',') }),
      ...(flags.limit === undefined ? {} : { limit: flags.limit }),
      ...{ format: flags.format, collect: flags.json },
    }
    return this.show(await scanRows(hbaseOf(context), input, (text) => context.stdout.write(text), context), () => '')
  }
}
