import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class RunsShow extends BaseCommand {
  static override summary = 'what one run did, step by step'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261122-1609',
  ]
  static override args = {
    run: Args.string({ ignoreStdin: true, description: 'id, or how it begins [default: the newest]' }),
  }

  async run() {
    const { args, flags } = await this.parse(RunsShow)
    const context = await this.open(flags)
    const { showRun, runText } = await import('../../src/jobs/runs/show.js')
    return this.show(await showRun(args.run, context), runText)
  }
}
