import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { chosenEngine, engineFlag } from '../../src/cli/engine-flag.js'
import { martSelection, selectionFlags } from '../../src/cli/mart-flags.js'
import { UsageError } from '../../src/core/errors.js'

const flagOfOther = (flag: string, engine: string): UsageError =>
  new UsageError('FLAG_OF_OTHER_ENGINE', `--${flag} does nothing on ${engine}`, {
    hints: [engine === 'duckdb' ? 'add --engine hive or spark' : 'add --engine duckdb'],
  })

export default class MartBuild extends BaseCommand {
  static override summary = 'build marts, and what they need, from what was collected'
  static override description =
    `Builds every day and month that has collected rows and is not up to date; what did not change is left alone. A new
partition is tested beside the old one and takes its place in one step, so that a failure leaves the old one and readers
never wait. Running it again after an interruption finishes the work.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --plan',
    '<%= config.bin %> <%= command.id %> managed_smartcar_symptom_info --day 20200322',
    '<%= config.bin %> <%= command.id %> --from 20200301 --to 20200331 --full',
  ]
  static override args = {
    mart: Args.string({ multiple: true, ignoreStdin: true, description: 'marts [default: all]' }),
  }
  static override flags = {
    ...selectionFlags,
    full: Flags.boolean({ description: 'build also what is up to date' }),
    prune: Flags.boolean({ description: 'remove partitions of which nothing is collected any more' }),
    engine: engineFlag('what builds them'),
    migrate: Flags.boolean({
      description:
        'hive and spark: put tables that are not as they are defined aside (nothing is dropped) and make them anew',
    }),
    plan: Flags.boolean({ aliases: ['dry-run'], description: 'say what would be built and why, write nothing' }),
  }

  async run() {
    const { args, flags } = await this.parse(MartBuild)
    const context = await this.open(flags)
    const selection = { ...martSelection(args.mart, flags), full: flags.full }
    const engine = chosenEngine(flags.engine, context.site)
    const foreign = (engine === 'duckdb' ? (['migrate'] as const) : (['plan', 'prune'] as const)).find(
      (flag) => flags[flag],
    )
    if (foreign !== undefined) throw flagOfOther(foreign, engine)
    if (engine !== 'duckdb') {
      const { buildOnEngine, engineBuildText } = await import('../../src/jobs/warehouse/build.js')
      return this.show(await buildOnEngine({ engine, ...selection, migrate: flags.migrate }, context), engineBuildText)
    }
    if (flags.plan) {
      const { planMarts, planText } = await import('../../src/jobs/mart/build.js')
      return this.show(await planMarts({ ...selection, prune: flags.prune }, context), planText)
    }
    const { buildMarts, buildSummary } = await import('../../src/jobs/mart/build.js')
    return this.show(await buildMarts({ ...selection, prune: flags.prune }, context), buildSummary)
  }
}
