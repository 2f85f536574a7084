import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'
import { martSelection, selectionFlags } from '../../src/cli/mart-flags.js'

export default class MartTest extends BaseCommand {
  static override summary = 'run the data tests of built partitions'
  static override description = `The same tests run in every build, before the new partition replaces the old one.
Exit code 5 when a test fails; the message names rows.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> managed_smartcar_status_info --day 20200322',
  ]
  static override args = {
    mart: Args.string({ multiple: true, ignoreStdin: true, description: 'marts [default: all]' }),
  }
  static override flags = selectionFlags

  async run() {
    const { args, flags } = await this.parse(MartTest)
    const context = await this.open(flags)
    const { testMarts, testSummary } = await import('../../src/jobs/mart/test.js')
    return this.show(await testMarts(martSelection(args.mart, flags), context), testSummary)
  }
}
