import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class HbaseGet extends BaseCommand {
  static override summary = 'one row of a table'
  static override examples = [
    '<%= config.bin %> <%= command.id %> DriverCarInfo 00000010106102-A0001',
    '<%= config.bin %> <%= command.id %> DriverCarInfo 00000010106102-A0001 --columns cf1:speed,cf1:area_number',
  ]
  static override args = {
    table: Args.string({ ignoreStdin: true, required: true, description: 'name of the table' }),
    row: Args.string({ ignoreStdin: true, required: true, description: 'key of the row' }),
  }
  static override flags = {
    columns: Flags.string({ helpValue: 'NAMES', description: 'these alone: cf1, or cf1:speed,cf1:area_number' }),
  }

  async run() {
    const { args, flags } = await this.parse(HbaseGet)
    const context = await this.open(flags)
    const [{ hbaseOf }, { getRow }, { rowJson, rowText }] = await Promise.all([
      import('../../src/jobs/hbase/open.js'),
      import('../../src/jobs/hbase/tables.js'),
      import('../../src/render/hbase.js'),
    ])
    const row = await getRow(hbaseOf(context), args.table, args.row, flags.columns?.split(',') ?? [])
    return this.show({ table: args.table, ...rowJson(row) }, () => rowText(row))
  }
}
