import { BaseCommand } from '../../src/cli/base-command.js'

export default class RunsList extends BaseCommand {
  static override summary = 'runs of provision and teardown, the newest last'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(RunsList)
    const context = await this.open(flags)
    const { listRuns, runsTable } = await import('../../src/jobs/runs/list.js')
    return this.show(await listRuns(context), runsTable)
  }
}
