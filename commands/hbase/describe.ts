import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class HbaseDescribe extends BaseCommand {
  static override summary = 'families and regions of a table'
  static override examples = ['<%= config.bin %> <%= command.id %> DriverCarInfo']
  static override args = { table: Args.string({ ignoreStdin: true, required: true, description: 'its name' }) }

  async run() {
    const { args, flags } = await this.parse(HbaseDescribe)
    const context = await this.open(flags)
    const [{ hbaseOf }, { tableText }] = await Promise.all([
      import('../../src/jobs/hbase/open.js'),
      import('../../src/render/hbase.js'),
    ])
    return this.show(await hbaseOf(context).describe(args.table), tableText)
  }
}
