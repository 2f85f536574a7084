import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class StreamTest extends BaseCommand {
  static override summary = 'run the cases of stream rules'
  static override description =
    "A case gives rows and expects alerts. Cases stand in the rule's file under cases:, or beside it in <rule file's name>.cases.yaml, and run on the engine of stream run. Exit code 5 when one fails."
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> speeding',
    '<%= config.bin %> <%= command.id %> rules/tailgating.yaml',
  ]
  static override args = {
    rule: Args.string({ ignoreStdin: true, description: 'name of a rule, or a rule file [default: all rules]' }),
  }

  async run() {
    const { args, flags } = await this.parse(StreamTest)
    const context = await this.open(flags)
    const { testFailure, testRules, testSummary } = await import('../../src/jobs/stream/test-rules.js')
    const result = await testRules(
      { ruleFiles: context.site.stream.rules, ...(args.rule === undefined ? {} : { only: args.rule }) },
      context,
    )
    const failure = testFailure(result)
    if (failure === undefined) return this.show(result, testSummary)
    if (!flags.json) await context.stdout.write(testSummary(result))
    throw failure
  }
}
