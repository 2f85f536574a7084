import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class MartShow extends BaseCommand {
  static override summary = 'show columns, data tests and partitions of a table'
  static override examples = ['<%= config.bin %> <%= command.id %> managed_smartcar_symptom_info']
  static override args = {
    table: Args.string({ ignoreStdin: true, required: true, description: 'mart, view or source table' }),
  }

  async run() {
    const { args, flags } = await this.parse(MartShow)
    const context = await this.open(flags)
    const { showTable, showText } = await import('../../src/jobs/mart/inventory.js')
    return this.show(await showTable(args.table, context), showText)
  }
}
