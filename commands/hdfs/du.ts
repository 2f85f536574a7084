import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hdfsUserFlag } from '../../src/cli/flags.js'

export default class HdfsDu extends BaseCommand {
  static override summary = 'how much room the entries of a folder take'
  static override examples = [
    '<%= config.bin %> <%= command.id %> /pilot-pjt/collect',
    '<%= config.bin %> <%= command.id %> --summarize /pilot-pjt /user',
  ]
  static override strict = false
  static override args = { path: Args.string({ ignoreStdin: true, description: 'paths or patterns [default: /]' }) }
  static override flags = {
    summarize: Flags.boolean({ description: 'one line a path, not one an entry' }),
    user: hdfsUserFlag,
  }

  async run() {
    const { argv, flags } = await this.parse(HdfsDu)
    const context = await this.open(flags)
    const [{ hdfsOf }, { du }, { duText }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/tree.js'),
      import('../../src/render/hdfs.js'),
    ])
    const paths = argv.length === 0 ? ['/'] : argv.map(String)
    return this.show(await du(await hdfsOf(context, flags.user), paths, flags.summarize), duText)
  }
}
