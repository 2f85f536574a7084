import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hdfsUserFlag } from '../../src/cli/flags.js'
import { UsageError } from '../../src/core/errors.js'

export default class HdfsPut extends BaseCommand {
  static override summary = 'copy files and folders to HDFS'
  static override description =
    'A file appears under its name complete or not at all, compared by checksum. A copy that broke goes on where it stopped; what is there already with the same content is left alone.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> CarMaster.txt /pilot-pjt/collect/car-master/',
    '<%= config.bin %> <%= command.id %> smartcar-data/lake/car-batch-log /pilot-pjt/collect',
    'zcat big.log.gz | <%= config.bin %> <%= command.id %> - /tmp/big.log',
  ]
  static override strict = false
  static override args = {
    source: Args.string({ ignoreStdin: true, required: true, description: 'files or folders here, or - for stdin' }),
    target: Args.string({ ignoreStdin: true, description: 'file or folder on HDFS' }),
  }
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'replace files with another content' }),
    user: hdfsUserFlag,
  }

  async run() {
    const { argv, flags } = await this.parse(HdfsPut)
    const words = argv.map(String)
    const target = words.pop()
    if (target === undefined || words.length === 0)
      throw new UsageError('TARGET_ABSENT', 'the target on HDFS is missing', {
        hints: ['smartcar hdfs put FILE /folder'],
      })
    const context = await this.open(flags)
    const [{ hdfsOf }, { put }, { transferText }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/put.js'),
      import('../../src/render/hdfs.js'),
    ])
    const input = { sources: words, target, force: flags.force, stdin: () => context.stdin() }
    return this.show(await put(await hdfsOf(context, flags.user), input, context), transferText)
  }
}
