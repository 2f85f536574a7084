import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class RunsTail extends BaseCommand {
  static override summary = 'follow a run that is under way, until it ends'
  static override examples = ['<%= config.bin %> <%= command.id %>']
  static override args = {
    run: Args.string({ ignoreStdin: true, description: 'id, or how it begins [default: the newest]' }),
  }

  async run() {
    const { args, flags } = await this.parse(RunsTail)
    const context = await this.open(flags)
    const { tailRun, runLineText } = await import('../../src/jobs/runs/tail.js')
    const write = async (line: Parameters<typeof runLineText>[0]) => {
      if (!flags.json) await context.stdout.write(runLineText(line))
    }
    return this.show(await tailRun(args.run, write, context), ({ id, outcome }) => `${id}: ${outcome}\n`)
  }
}
