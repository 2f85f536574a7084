import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import { confirmName } from '../src/cli/confirm.js'

export default class Teardown extends BaseCommand {
  static override summary = 'take back what provision did to the hosts'
  static override description =
    'Goes back to what each host kept about its state before, in reverse order. Packages, accounts and folders with data are left, and listed with the reason.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --plan',
    '<%= config.bin %> <%= command.id %> --confirm pilot',
  ]
  static override flags = {
    plan: Flags.boolean({ description: 'show what would be taken back, change nothing' }),
    host: Flags.string({ multiple: true, helpValue: 'HOST', description: 'these hosts' }),
    confirm: Flags.string({ helpValue: 'NAME', description: "the site's name, instead of being asked for it" }),
    'no-input': Flags.boolean({ description: 'never ask: fail instead' }),
  }

  async run() {
    const { flags } = await this.parse(Teardown)
    const context = await this.open(flags)
    const { planText, stepResultsText, lostHostLines } = await import('../src/render/plan.js')
    const { planTeardown, teardown } = await import('../src/jobs/teardown/teardown.js')
    if (flags.plan) return this.show(await planTeardown(flags.host ?? [], context), ({ plan }) => planText(plan))
    const { runError } = await import('../src/jobs/provision/carry-out.js')
    const result = await teardown(
      {
        hosts: flags.host ?? [],
        confirm: async (plan) => {
          if (!flags.json && !flags.quiet) process.stderr.write(planText(plan))
          const noInput = flags['no-input'] || flags.json
          return confirmName(context.site.name, flags.confirm, { noInput, signal: context.signal })
        },
      },
      context,
    )
    if (result === undefined) return this.show({ outcome: 'declined' as const }, () => 'nothing was changed\n')
    const text = `${stepResultsText(result.steps)}${lostHostLines(result.lost)
      .map((line) => `${line}\n`)
      .join('')}`
    return this.showThenFail(result, () => text, runError(result, 'teardown'))
  }
}
