import { BaseCommand } from '../../src/cli/base-command.js'

export default class HdfsReport extends BaseCommand {
  static override summary = 'DataNodes, room and blocks of HDFS'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  async run() {
    const { flags } = await this.parse(HdfsReport)
    const context = await this.open(flags)
    const [{ hdfsOf }, { hdfsReport }, { reportText }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/services/hdfs/health.js'),
      import('../../src/render/hdfs.js'),
    ])
    return this.show(await hdfsReport(await hdfsOf(context, undefined)), reportText)
  }
}
