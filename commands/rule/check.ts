import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class RuleCheck extends BaseCommand {
  static override summary = 'check stream rules'
  static override description =
    'Reports every problem with file, line and column: unknown keys and fields, types that do not fit, windows that do not divide a day. Exit code 3 when there is one. smartcar stream test runs the cases of rules.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> rules/tailgating.yaml',
  ]
  static override strict = false
  static override args = {
    path: Args.string({ ignoreStdin: true, description: 'rule file or folder [default: the rules of the site]' }),
  }

  async run() {
    const { argv, flags } = await this.parse(RuleCheck)
    const context = await this.open(flags)
    const { checkRules, checkText } = await import('../../src/jobs/rule/rules.js')
    return this.show(await checkRules(argv.map(String), context.site.stream.rules, context), checkText)
  }
}
