import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hdfsUserFlag } from '../../src/cli/flags.js'

export default class HdfsChmod extends BaseCommand {
  static override summary = 'set the permissions of files and folders'
  static override examples = ['<%= config.bin %> <%= command.id %> -R 775 /pilot-pjt/collect']
  static override strict = false
  static override args = {
    mode: Args.string({ ignoreStdin: true, required: true, description: 'permissions as 755 or 1777' }),
    path: Args.string({ ignoreStdin: true, required: true, description: 'paths or patterns' }),
  }
  static override flags = {
    recursive: Flags.boolean({ char: 'R', description: 'with everything below' }),
    user: hdfsUserFlag,
  }

  async run() {
    const { args, argv, flags } = await this.parse(HdfsChmod)
    const context = await this.open(flags)
    const [{ hdfsOf }, { chmod }, { changedText }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/tree.js'),
      import('../../src/render/hdfs.js'),
    ])
    const hdfs = await hdfsOf(context, flags.user)
    const paths = argv.slice(1).map(String)
    return this.show(await chmod(hdfs, args.mode, paths, flags.recursive, context.signal), changedText)
  }
}
