import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import { confirmYes } from '../src/cli/confirm.js'
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
      helpValue: 'STEP',
      description: 'these steps or groups (selinux, packages, …) and what they need',
    }),
    host: Flags.string({ multiple: true, helpValue: 'HOST', description: 'these hosts' }),
    resume: Flags.boolean({
      exclusive: ['plan', 'only', 'host'],
      description: 'go on with the newest run that did not end well',
    }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    'no-input': Flags.boolean({ description: 'never ask: fail instead' }),
  }

  async run() {
    const { flags } = await this.parse(Provision)
    const context = await this.open(flags)
    const { planText, stepResultsText, lostHostLines } = await import('../src/render/plan.js')
    const selection = { hosts: flags.host ?? [], only: flags.only ?? [] }
    if (flags.plan) {
      const { planProvision } = await import('../src/jobs/provision/provision.js')
      const result = await planProvision(selection, flags.out, context)
      const { counts, lost } = result.plan
      if (flags['exit-code'] && counts.change + counts.blocked > 0) process.exitCode = exitCodes.pending.code
      if (lost.length > 0)
        process.exitCode = exitCodes[lost.some((one) => one.unreachable) ? 'unreachable' : 'failed'].code
      return this.show(result, ({ plan, file }) => `${planText(plan)}${file === undefined ? '' : `saved as ${file}\n`}`)
    }
    const { provision } = await import('../src/jobs/provision/provision.js')
    const { runError } = await import('../src/jobs/provision/carry-out.js')
    const result = await provision(
      {
        ...selection,
        resume: flags.resume,
        ...(flags.apply === undefined ? {} : { apply: flags.apply }),
        confirm: async (plan) => {
          if (!flags.json && !flags.quiet) process.stderr.write(planText(plan))
          const noInput = flags['no-input'] || flags.json
          return confirmYes('do this?', { yes: flags.yes, noInput, signal: context.signal })
        },
      },
      context,
    )
    if (result === undefined) return this.show({ outcome: 'declined' as const }, () => 'nothing was changed\n')
    const text = `${stepResultsText(result.steps)}${lostHostLines(result.lost)
      .map((line) => `${line}\n`)
      .join('')}`
    return this.showThenFail(result, () => text, runError(result, 'provision'))
  }
}
