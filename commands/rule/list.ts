import { BaseCommand } from '../../src/cli/base-command.js'

export default class RuleList extends BaseCommand {
  static override summary = 'list the stream rules in force'
  static override description =
    'Those of smartcar and those that stream.rules of the site file names; a rule of the site replaces one of smartcar with its name.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  async run() {
    const { flags } = await this.parse(RuleList)
    const context = await this.open(flags)
    const { listRules, listText } = await import('../../src/jobs/rule/rules.js')
    return this.show(await listRules(context.site.stream.rules, context), listText)
  }
}
