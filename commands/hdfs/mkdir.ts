import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hdfsUserFlag } from '../../src/cli/flags.js'

export default class HdfsMkdir extends BaseCommand {
  static override summary = 'make folders, with those above them'
  static override examples = ['<%= config.bin %> <%= command.id %> /pilot-pjt/collect/car-batch-log']
  static override strict = false
  static override args = { path: Args.string({ ignoreStdin: true, required: true, description: 'folders to make' }) }
  static override flags = {
    mode: Flags.string({ default: '755', helpValue: '755', description: 'permissions of new folders' }),
    user: hdfsUserFlag,
  }

  async run() {
    const { argv, flags } = await this.parse(HdfsMkdir)
    const context = await this.open(flags)
    const [{ hdfsOf }, { mkdir }, { mkdirText }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/tree.js'),
      import('../../src/render/hdfs.js'),
    ])
    return this.show(await mkdir(await hdfsOf(context, flags.user), argv.map(String), flags.mode), mkdirText)
  }
}
