import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { confirmName } from '../../src/cli/confirm.js'
import { hdfsUserFlag, noInputFlag } from '../../src/cli/flags.js'

export default class HdfsRm extends BaseCommand {
  static override summary = 'remove files, and folders with -r'
  static override description =
    'For good: there is no trash. A whole folder right below /, or one with 1,000 files or more, is removed when the name of the site is typed or given by --confirm.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> /tmp/big.log',
    "<%= config.bin %> <%= command.id %> -r '/pilot-pjt/collect/car-batch-log/wrk_date=202001*'",
  ]
  static override strict = false
  static override args = { path: Args.string({ ignoreStdin: true, required: true, description: 'paths or patterns' }) }
  static override flags = {
    recursive: Flags.boolean({ char: 'r', description: 'folders, with everything below' }),
    force: Flags.boolean({ char: 'f', description: 'what is not there is no error' }),
    confirm: Flags.string({ helpValue: 'NAME', description: 'name of the site, for severe removals' }),
    'no-input': noInputFlag,
    user: hdfsUserFlag,
  }

  async run() {
    const { argv, flags } = await this.parse(HdfsRm)
    const context = await this.open(flags)
    const [{ hdfsOf }, { remove }, { removedText }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/tree.js'),
      import('../../src/render/hdfs.js'),
    ])
    const noInput = flags['no-input'] || flags.json
    const agree = () => confirmName(context.site.name, flags.confirm, { noInput, signal: context.signal })
    const input = { paths: argv.map(String), recursive: flags.recursive, force: flags.force, agree }
    return this.show(await remove(await hdfsOf(context, flags.user), input, context), removedText)
  }
}
