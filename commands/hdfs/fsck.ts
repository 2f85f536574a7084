import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hdfsUserFlag } from '../../src/cli/flags.js'

export default class HdfsFsck extends BaseCommand {
  static override summary = 'check the blocks of HDFS; exit code 10 when some are missing or corrupt'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> /pilot-pjt --json',
  ]
  static override args = { path: Args.string({ ignoreStdin: true, default: '/', description: 'check this part' }) }
  static override flags = { user: hdfsUserFlag }

  async run() {
    const { args, flags } = await this.parse(HdfsFsck)
    const context = await this.open(flags)
    const [{ hdfsOf }, { fsckError }, { fsck }, { hdfsPath }, { fsckText }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/health.js'),
      import('../../src/services/hdfs/health.js'),
      import('../../src/services/hdfs/client.js'),
      import('../../src/render/hdfs.js'),
    ])
    const hdfs = await hdfsOf(context, flags.user)
    const result = await fsck(hdfs, hdfsPath(args.path, hdfs.user))
    return this.showThenFail(result, fsckText, fsckError(result))
  }
}
