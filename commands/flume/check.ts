import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class FlumeCheck extends BaseCommand {
  static override summary = 'find mistakes in a Flume agent file that Flume itself does not report'
  static override description =
    'Misspelt names and properties, parts that are not wired, regular expressions whose backslashes are eaten, sizes that contradict each other, and more, each with line and column; nothing is started. Ends with code 5 when there are errors.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> /etc/flume/conf/flume.conf --agent SmartCar_Agent',
    '<%= config.bin %> <%= command.id %> flume.conf --flume-version 1.6',
    'ssh server02 cat flume.conf | <%= config.bin %> <%= command.id %> -',
  ]
  static override args = {
    file: Args.string({ ignoreStdin: true, description: "agent file; - for stdin [default: the site's own agents]" }),
  }
  static override flags = {
    agent: Flags.string({
      helpValue: 'NAME',
      description: 'the agent that is started from this file [default: every one in it]',
    }),
    'flume-version': Flags.string({
      helpValue: '1.x',
      description: 'version of Flume, 1.6 to 1.11 [default: 1.11]',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(FlumeCheck)
    const context = await this.open(flags)
    const [{ checkFlume, flumeCheckError }, { flumeFindings }] = await Promise.all([
      import('../../src/jobs/flume/check.js'),
      import('../../src/render/flume.js'),
    ])
    const result = await checkFlume(
      {
        ...(args.file === undefined ? {} : { file: args.file }),
        ...(flags.agent === undefined ? {} : { agent: flags.agent }),
        ...(flags['flume-version'] === undefined ? {} : { version: flags['flume-version'] }),
        stdin: () => context.stdin(),
      },
      context,
    )
    return this.showThenFail(result, flumeFindings, flumeCheckError(result))
  }
}
