import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import { agreementByName } from '../src/cli/confirm.js'
import { hostFlag, noInputFlag } from '../src/cli/flags.js'
import { exitCodes } from '../src/core/exit-codes.js'

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
    host: hostFlag(),
    confirm: Flags.string({ helpValue: 'NAME', description: "the site's name, instead of being asked for it" }),
    'no-input': noInputFlag,
  }

  async run() {
    const { flags } = await this.parse(Teardown)
    const context = await this.open(flags)
    const { madePlanText, resultsText } = await import('../src/render/plan.js')
    const { planTeardown, teardown } = await import('../src/jobs/teardown/teardown.js')
    if (flags.plan) {
      const { planExit } = await import('../src/jobs/provision/provision.js')
      const result = await planTeardown(flags.host, context)
      const exit = planExit(result, false)
      if (exit !== undefined) process.exitCode = exitCodes[exit].code
      return this.show(result, madePlanText)
    }
    const confirm = agreementByName(context.site.name, flags.confirm, flags, context.signal)
    const result = await teardown({ hosts: flags.host, confirm }, context)
    if (result === undefined) return this.show({ outcome: 'declined' as const }, () => 'nothing was changed\n')
    const { runError } = await import('../src/jobs/provision/carry-out.js')
    return this.showThenFail(result, resultsText, runError(result, 'teardown'))
  }
}
