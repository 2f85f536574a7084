import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class ClusterLogs extends BaseCommand {
  static override summary = 'show what a service prints'
  static override description = 'Of all its roles on all their hosts; lines come behind role and host.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> namenode',
    '<%= config.bin %> <%= command.id %> hbase --lines 200 --follow',
  ]
  static override args = {
    service: Args.string({ required: true, ignoreStdin: true, description: 'service or role' }),
  }
  static override flags = {
    lines: Flags.integer({ char: 'n', min: 0, default: 50, description: 'last lines of each log' }),
    follow: Flags.boolean({ char: 'f', description: 'go on until Ctrl-C' }),
  }

  async run() {
    const { args, flags } = await this.parse(ClusterLogs)
    const context = await this.open(flags)
    const { clusterLogs } = await import('../../src/jobs/cluster/logs.js')
    const result = await clusterLogs(
      {
        service: args.service,
        lines: flags.lines,
        follow: flags.follow,
        onLine: (role, host, line) => {
          if (!flags.json) void context.stdout.write(`${role}@${host} | ${line}\n`)
        },
      },
      context,
    )
    return this.show(result, () => '')
  }
}
