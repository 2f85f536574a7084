import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hdfsUserFlag } from '../../src/cli/flags.js'

export default class HdfsLs extends BaseCommand {
  static override summary = 'what is in a folder of HDFS'
  static override examples = [
    '<%= config.bin %> <%= command.id %> /pilot-pjt/collect',
    "<%= config.bin %> <%= command.id %> -R '/pilot-pjt/collect/*/wrk_date=202003*'",
  ]
  static override strict = false
  static override args = { path: Args.string({ ignoreStdin: true, description: 'paths or patterns [default: /]' }) }
  static override flags = {
    recursive: Flags.boolean({ char: 'R', description: 'with everything below' }),
    user: hdfsUserFlag,
  }

  async run() {
    const { argv, flags } = await this.parse(HdfsLs)
    const context = await this.open(flags)
    const [{ hdfsOf }, { ls }, { lsText }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/tree.js'),
      import('../../src/render/hdfs.js'),
    ])
    const paths = argv.length === 0 ? ['/'] : argv.map(String)
    return this.show(await ls(await hdfsOf(context, flags.user), paths, flags.recursive, context.signal), lsText)
  }
}
