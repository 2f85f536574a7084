import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import { agreement } from '../src/cli/confirm.js'
import { hostFlag, noInputFlag } from '../src/cli/flags.js'
import { SmartcarError } from '../src/core/errors.js'

export default class Doctor extends BaseCommand {
  static override summary = 'look for what is wrong on this machine and on the hosts'
  static override description =
    'Each check says what it saw, the likely cause and the remedy. Exits with 10 when something is bad. --fix shows the remedies that are safe as a plan, and carries them out. On profile apache the services are asked too.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --fix']
  static override flags = {
    host: hostFlag(),
    fix: Flags.boolean({ description: 'show the remedies as a plan and carry them out' }),
    confirm: Flags.string({
      helpValue: 'NAME',
      dependsOn: ['fix'],
      description: "the site's name: also repairs that give up what a service has stored",
    }),
    yes: Flags.boolean({ char: 'y', dependsOn: ['fix'], description: 'do not ask' }),
    'no-input': noInputFlag,
  }

  async run() {
    const { flags } = await this.parse(Doctor)
    const context = await this.open(flags)
    const { doctor, doctorText } = await import('../src/jobs/doctor/doctor.js')
    const fix = flags.fix ? { fix: agreement(flags, context.signal) } : {}
    const confirm = flags.confirm === undefined ? {} : { confirm: flags.confirm }
    const report = await doctor({ hosts: flags.host, ...fix, ...confirm }, context)
    const bad = report.results.filter(({ state }) => state === 'bad').length
    const error = new SmartcarError('unhealthy', 'UNHEALTHY', `${bad} of ${report.results.length} checks say no`, {
      hints: flags.fix ? [] : ['smartcar doctor --fix shows and applies the remedies that it can'],
      data: { report },
    })
    return this.showThenFail(report, doctorText, report.healthy ? undefined : error)
  }
}
