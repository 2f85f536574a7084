import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class ClusterStop extends BaseCommand {
  static override summary = 'stop services and what needs them'
  static override description = 'In reverse order of their needs; a service that does not end in time is killed.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> hbase']
  static override strict = false
  static override args = {
    service: Args.string({ ignoreStdin: true, description: 'services or roles [default: all]' }),
  }

  async run() {
    const { argv, flags } = await this.parse(ClusterStop)
    const context = await this.open(flags)
    const [{ stopCluster }, { runError }, { resultsText }] = await Promise.all([
      import('../../src/jobs/cluster/life-cycle.js'),
      import('../../src/jobs/provision/carry-out.js'),
      import('../../src/render/plan.js'),
    ])
    const result = await stopCluster({ services: argv.map(String) }, context)
    return this.showThenFail(result, resultsText, runError(result, 'cluster stop'))
  }
}
