import { BaseCommand } from '../../src/cli/base-command.js'
import { exitCodes } from '../../src/core/exit-codes.js'

export default class FlumeStatus extends BaseCommand {
  static override summary = "show what the site's Flume agents do"
  static override description =
    "Of each agent its state, and by Flume's own metrics the rows that each source took in, that wait in each channel, and that each sink delivered since its start. Ends with code 10 when an agent is not healthy."
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  async run() {
    const { flags } = await this.parse(FlumeStatus)
    const context = await this.open(flags)
    const [{ flumeStatus }, { flumeStatusText }] = await Promise.all([
      import('../../src/jobs/flume/status.js'),
      import('../../src/render/flume.js'),
    ])
    const { exit, ...result } = await flumeStatus(context)
    if (exit !== undefined) process.exitCode = exitCodes[exit].code
    return this.show(result, flumeStatusText)
  }
}
