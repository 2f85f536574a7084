import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class ClusterStart extends BaseCommand {
  static override summary = 'start services and what they need'
  static override description =
    'In the order of their needs, each only when those before it answer a real question. What runs as it should is left alone; what runs with another configuration is restarted.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> hbase']
  static override strict = false
  static override args = {
    service: Args.string({ ignoreStdin: true, description: 'services or roles [default: all]' }),
  }

  async run() {
    const { argv, flags } = await this.parse(ClusterStart)
    const context = await this.open(flags)
    const [{ startCluster }, { runError }, { resultsText }] = await Promise.all([
      import('../../src/jobs/cluster/life-cycle.js'),
      import('../../src/jobs/provision/carry-out.js'),
      import('../../src/render/plan.js'),
    ])
    const result = await startCluster({ services: argv.map(String) }, context)
    return this.showThenFail(result, resultsText, runError(result, 'cluster start'))
  }
}
