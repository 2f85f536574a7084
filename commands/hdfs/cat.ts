import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hdfsUserFlag } from '../../src/cli/flags.js'

export default class HdfsCat extends BaseCommand {
  static override summary = 'contents of files of HDFS to stdout'
  static override description = 'Byte for byte, one file after the other; compressed files are left as they are.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> /pilot-pjt/collect/car-master/CarMaster.txt | head',
    "<%= config.bin %> <%= command.id %> '/pilot-pjt/collect/car-batch-log/wrk_date=20200322/*' > day.log",
  ]
  static override strict = false
  static override args = { path: Args.string({ ignoreStdin: true, required: true, description: 'files or patterns' }) }
  static override flags = { user: hdfsUserFlag }

  async run() {
    const { argv, flags } = await this.parse(HdfsCat)
    const context = await this.open(flags)
    const [{ hdfsOf }, { expandAll }, { cat }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/names.js'),
      import('../../src/jobs/hdfs/get.js'),
    ])
    const hdfs = await hdfsOf(context, flags.user)
    // With --json there is one value on stdout, and the contents have no place.
    const write = flags.json ? async () => undefined : (chunk: Uint8Array) => context.stdout.write(chunk)
    return this.show(await cat(hdfs, await expandAll(hdfs, argv.map(String)), write, context), () => '')
  }
}
