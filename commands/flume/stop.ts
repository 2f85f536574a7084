import { BaseCommand } from '../../src/cli/base-command.js'

export default class FlumeStop extends BaseCommand {
  static override summary = "stop the site's Flume agents"
  static override description =
    'HDFS and Kafka go on. Rows that wait in a file channel are delivered after the next start.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(FlumeStop)
    const context = await this.open(flags)
    const [{ stopCluster }, { runError }, { resultsText }] = await Promise.all([
      import('../../src/jobs/cluster/life-cycle.js'),
      import('../../src/jobs/provision/carry-out.js'),
      import('../../src/render/plan.js'),
    ])
    const result = await stopCluster({ services: ['flume'] }, context)
    return this.showThenFail(result, resultsText, runError(result, 'flume stop'))
  }
}
