import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class HbaseDrop extends BaseCommand {
  static override summary = 'drop a table with its rows'
  static override examples = ['<%= config.bin %> <%= command.id %> DriverCarInfo --confirm DriverCarInfo']
  static override args = { table: Args.string({ ignoreStdin: true, required: true, description: 'its name' }) }
  static override flags = {
    confirm: Flags.string({ helpValue: 'TABLE', description: 'its name once more: the rows are gone for good' }),
  }

  async run() {
    const { args, flags } = await this.parse(HbaseDrop)
    const context = await this.open(flags)
    const [{ hbaseOf }, { dropTable }] = await Promise.all([
      import('../../src/jobs/hbase/open.js'),
      import('../../src/jobs/hbase/tables.js'),
    ])
    const dropped = await dropTable(hbaseOf(context), args.table, flags.confirm)
    return this.show(dropped, ({ table }) => `dropped ${table}\n`)
  }
}
