import { BaseCommand } from '../../src/cli/base-command.js'

export default class FlumeStart extends BaseCommand {
  static override summary = "start the site's Flume agents"
  static override description =
    'And what they need, HDFS and Kafka, in the order of their needs. An agent that runs as it should is left alone.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(FlumeStart)
    const context = await this.open(flags)
    const [{ startCluster }, { runError }, { resultsText }] = await Promise.all([
      import('../../src/jobs/cluster/life-cycle.js'),
      import('../../src/jobs/provision/carry-out.js'),
      import('../../src/render/plan.js'),
    ])
    const result = await startCluster({ services: ['flume'] }, context)
    return this.showThenFail(result, resultsText, runError(result, 'flume start'))
  }
}
