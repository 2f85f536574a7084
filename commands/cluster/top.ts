import { BaseCommand } from '../../src/cli/base-command.js'

export default class ClusterTop extends BaseCommand {
  static override summary = 'memory and processor time of every service'
  static override description =
    'Resident memory, the share of one core since the start, and the age of each process, the largest first.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(ClusterTop)
    const context = await this.open(flags)
    const [{ clusterStatus }, { topText }] = await Promise.all([
      import('../../src/jobs/cluster/status.js'),
      import('../../src/render/cluster.js'),
    ])
    return this.show(await clusterStatus([], context), topText)
  }
}
