import { BaseCommand } from '../../src/cli/base-command.js'

export default class MartList extends BaseCommand {
  static override summary = 'list the tables of the warehouse with their rows'
  static override description =
    `Source tables are what was collected, views are made when they are read, marts are built by smartcar mart build.`
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(MartList)
    const context = await this.open(flags)
    const { inventory, listText } = await import('../../src/jobs/mart/inventory.js')
    return this.show(await inventory(context), listText)
  }
}
