import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class RuleShow extends BaseCommand {
  static override summary = 'show a stream rule: window, condition, lateness, alerts, and its file'
  static override examples = ['<%= config.bin %> <%= command.id %> speeding']
  static override args = {
    rule: Args.string({ ignoreStdin: true, required: true, description: 'name of a rule' }),
  }

  async run() {
    const { args, flags } = await this.parse(RuleShow)
    const context = await this.open(flags)
    const { ruleText, showRule } = await import('../../src/jobs/rule/rules.js')
    return this.show(await showRule(args.rule, context.site.stream.rules, context), ruleText)
  }
}
