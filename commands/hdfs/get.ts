import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hdfsUserFlag } from '../../src/cli/flags.js'

export default class HdfsGet extends BaseCommand {
  static override summary = 'copy files and folders from HDFS'
  static override description =
    'Into NAME.part, compared by checksum, then renamed. A copy that broke goes on where it stopped.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> /pilot-pjt/collect/car-master/CarMaster.txt',
    "<%= config.bin %> <%= command.id %> '/pilot-pjt/collect/*/wrk_date=20200322' day/",
  ]
  static override strict = false
  static override args = {
    source: Args.string({ ignoreStdin: true, required: true, description: 'files or folders on HDFS' }),
    target: Args.string({ ignoreStdin: true, description: 'file or folder here [default: this folder]' }),
  }
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'replace files with another content' }),
    user: hdfsUserFlag,
  }

  async run() {
    const { argv, flags } = await this.parse(HdfsGet)
    const context = await this.open(flags)
    const [{ hdfsOf }, { expandAll }, { get }, { transferText }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/names.js'),
      import('../../src/jobs/hdfs/get.js'),
      import('../../src/render/hdfs.js'),
    ])
    const words = argv.map(String)
    const target = words.length > 1 ? (words.pop() ?? '.') : '.'
    const hdfs = await hdfsOf(context, flags.user)
    const input = { sources: await expandAll(hdfs, words), target, force: flags.force }
    return this.show(await get(hdfs, input, context), transferText)
  }
}
