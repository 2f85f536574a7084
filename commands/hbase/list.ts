import { BaseCommand } from '../../src/cli/base-command.js'

export default class HbaseList extends BaseCommand {
  static override summary = 'the tables'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(HbaseList)
    const context = await this.open(flags)
    const [{ hbaseOf }, { tablesText }] = await Promise.all([
      import('../../src/jobs/hbase/open.js'),
      import('../../src/render/hbase.js'),
    ])
    return this.show({ tables: await hbaseOf(context).tables() }, tablesText)
  }
}
