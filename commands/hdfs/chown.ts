import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hdfsUserFlag } from '../../src/cli/flags.js'

export default class HdfsChown extends BaseCommand {
  static override summary = 'give files and folders to an account'
  static override examples = ['<%= config.bin %> <%= command.id %> -R flume:hadoop /pilot-pjt/collect']
  static override strict = false
  static override args = {
    owner: Args.string({ ignoreStdin: true, required: true, description: 'owner, owner:group or :group' }),
    path: Args.string({ ignoreStdin: true, required: true, description: 'paths or patterns' }),
  }
  static override flags = {
    recursive: Flags.boolean({ char: 'R', description: 'with everything below' }),
    user: hdfsUserFlag,
  }

  async run() {
    const { args, argv, flags } = await this.parse(HdfsChown)
    const context = await this.open(flags)
    const [{ hdfsOf }, { chown }, { changedText }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/tree.js'),
      import('../../src/render/hdfs.js'),
    ])
    const hdfs = await hdfsOf(context, flags.user)
    const paths = argv.slice(1).map(String)
    return this.show(await chown(hdfs, args.owner, paths, flags.recursive, context.signal), changedText)
  }
}
