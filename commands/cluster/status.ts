import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'
import { exitCodes } from '../../src/core/exit-codes.js'

export default class ClusterStatus extends BaseCommand {
  static override summary = 'ask every service a real question'
  static override description =
    'Live DataNodes and safe mode, active NodeManagers, brokers and partitions, RegionServers, a query to HiveServer2: an open port is not a working service. Ends with code 10 when one of them is not healthy.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> hdfs kafka']
  static override strict = false
  static override args = {
    service: Args.string({ ignoreStdin: true, description: 'services or roles [default: all]' }),
  }

  async run() {
    const { argv, flags } = await this.parse(ClusterStatus)
    const context = await this.open(flags)
    const [{ clusterStatus, statusExit }, { chooseServices }, { clusterText }] = await Promise.all([
      import('../../src/jobs/cluster/status.js'),
      import('../../src/jobs/cluster/life-cycle.js'),
      import('../../src/render/cluster.js'),
    ])
    const result = await clusterStatus(chooseServices(argv.map(String), context), context)
    const exit = statusExit(result)
    if (exit !== undefined) process.exitCode = exitCodes[exit].code
    return this.show(result, clusterText)
  }
}
