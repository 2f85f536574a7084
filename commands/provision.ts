import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import { agreement } from '../src/cli/confirm.js'
import { hostFlag, noInputFlag } from '../src/cli/flags.js'
import { exitCodes } from '../src/core/exit-codes.js'

export default class Provision extends BaseCommand {
  static override summary = 'make the hosts of the site ready for a distribution'
  static override description =
    'Plans what is to be done on each host over SSH, shows it, asks, and does it: host names, /etc/hosts, SELinux, firewall, kernel settings, limits, clocks, accounts, folders, package repositories, JDK. What is in place is left alone, so a second run changes nothing. --plan writes nothing on any host.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --plan',
    '<%= config.bin %> <%= command.id %> --plan --out plan.json && <%= config.bin %> <%= command.id %> --apply plan.json',
    '<%= config.bin %> <%= command.id %> --only packages --host server02 --yes',
    '<%= config.bin %> <%= command.id %> --resume',
  ]
  static override flags = {
    plan: Flags.boolean({ description: 'show what would change, change nothing' }),
    out: Flags.string({ helpValue: 'FILE', dependsOn: ['plan'], description: 'save the plan' }),
    'exit-code': Flags.boolean({ dependsOn: ['plan'], description: 'exit with 6 when something is to be done' }),
    apply: Flags.string({
      helpValue: 'FILE',
      exclusive: ['plan', 'only', 'host', 'resume'],
      description: 'carry out a saved plan; refused when site or hosts have changed since',
    }),
    only: Flags.string({
      multiple: true,
      default: [],
      defaultHelp: async () => '',
      helpValue: 'STEP',
      description: 'these steps or groups (selinux, packages, …) and what they need',
    }),
    host: hostFlag(),
    resume: Flags.boolean({
      exclusive: ['plan', 'only', 'host'],
      description: 'go on with the newest run that did not end well',
    }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    'no-input': noInputFlag,
  }

  async run() {
    const { flags } = await this.parse(Provision)
    const context = await this.open(flags)
    const { planExit, planProvision, provision } = await import('../src/jobs/provision/provision.js')
    const { madePlanText, resultsText } = await import('../src/render/plan.js')
    const { host: hosts, only, resume, apply } = flags
    if (flags.plan) {
      const result = await planProvision({ hosts, only }, flags.out, context)
      const exit = planExit(result, flags['exit-code'])
      if (exit !== undefined) process.exitCode = exitCodes[exit].code
      return this.show(result, madePlanText)
    }
    const confirm = agreement(flags, context.signal)
    const result = await provision({ hosts, only, resume, apply, confirm }, context)
    if (result === undefined) return this.show({ outcome: 'declined' as const }, () => 'nothing was changed\n')
    const { runError } = await import('../src/jobs/provision/carry-out.js')
    return this.showThenFail(result, resultsText, runError(result, 'provision'))
  }
}
