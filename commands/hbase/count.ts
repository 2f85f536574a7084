import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'
import { rangeFlags, rangeOf } from '../../src/cli/hbase-flags.js'

export default class HbaseCount extends BaseCommand {
  static override summary = 'number of rows of a table'
  static override examples = [
    '<%= config.bin %> <%= command.id %> DriverCarInfo',
    '<%= config.bin %> <%= command.id %> DriverCarInfo --prefix 0000001010',
  ]
  static override args = {
    table: Args.string({ ignoreStdin: true, required: true, description: 'name of the table' }),
  }
  static override flags = { ...rangeFlags }

  async run() {
    const { args, flags } = await this.parse(HbaseCount)
    const context = await this.open(flags)
    const [{ hbaseOf }, { countRows }, { countText }] = await Promise.all([
      import('../../src/jobs/hbase/open.js'),
      import('../../src/jobs/hbase/scan.js'),
      import('../../src/render/hbase.js'),
    ])
    return this.show(await countRows(hbaseOf(context), args.table, rangeOf(flags), context), countText)
  }
}
