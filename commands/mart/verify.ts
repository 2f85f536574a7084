import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { martSelection, selectionFlags } from '../../src/cli/mart-flags.js'
import { UsageError } from '../../src/core/errors.js'
import { exitCodes } from '../../src/core/exit-codes.js'

const sides = ['embedded', 'hive', 'spark'] as const

function parseSide(text: string): (typeof sides)[number] {
  const side = sides.find((name) => name === text)
  if (side !== undefined) return side
  throw new UsageError('SIDE_UNKNOWN', `"${text}" is no engine`, { hints: [`engines are ${sides.join(', ')}`] })
}

export default class MartVerify extends BaseCommand {
  static override summary = 'compare the marts and saved queries of two engines row by row'
  static override description =
    'Builds both sides, then compares counts, keys and values of every partition, and the answers to all saved queries (smartcar query --list); averages may differ in their last digits. Ends with code 5 when something differs, and shows the first differences.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --left embedded --right hive,spark --day 20200322',
  ]
  static override args = {
    mart: Args.string({ multiple: true, ignoreStdin: true, description: 'marts [default: all]' }),
  }
  static override flags = {
    ...selectionFlags,
    left: Flags.string({ default: 'embedded', helpValue: 'ENGINE', description: 'embedded, hive or spark' }),
    right: Flags.string({
      default: 'hive',
      helpValue: 'ENGINE,…',
      description: 'one or more of the same, with commas',
    }),
    queries: Flags.boolean({
      allowNo: true,
      description: 'ask both sides every saved query too [default: yes, unless marts are named]',
    }),
    'no-build': Flags.boolean({ description: 'compare what is there' }),
  }

  async run() {
    const { args, flags } = await this.parse(MartVerify)
    const input = { left: parseSide(flags.left), right: flags.right.split(',').map((word) => parseSide(word.trim())) }
    const context = await this.open(flags)
    const { verifyMarts, verifyText } = await import('../../src/jobs/warehouse/verify.js')
    const selection = martSelection(args.mart, flags)
    const queries = flags.queries ?? selection.marts.length === 0
    const result = await verifyMarts({ ...input, ...selection, queries, build: !flags['no-build'] }, context)
    if (!result.equal) process.exitCode = exitCodes.check.code
    return this.show(result, verifyText)
  }
}
