import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { agreement } from '../../src/cli/confirm.js'
import { hostFlag, noInputFlag } from '../../src/cli/flags.js'

export default class FlumeDeploy extends BaseCommand {
  static override summary = "bring the site's Flume agents to their hosts"
  static override description =
    'Lints the agent file first, and ends with code 5 when it has errors. Then software and configuration are shown as a plan and put in place; an agent whose configuration changed is restarted, one that does not run is started. What is in place is left alone.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --yes']
  static override flags = {
    host: hostFlag(),
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    'no-input': noInputFlag,
  }

  async run() {
    const { flags } = await this.parse(FlumeDeploy)
    const context = await this.open(flags)
    const [{ deployFlume }, { runError }, { resultsText }] = await Promise.all([
      import('../../src/jobs/flume/life-cycle.js'),
      import('../../src/jobs/provision/carry-out.js'),
      import('../../src/render/plan.js'),
    ])
    const result = await deployFlume({ hosts: flags.host, confirm: agreement(flags, context.signal) }, context)
    if (result.outcome === 'refused') throw result.error
    if (result.outcome === 'declined') return this.show(result, () => 'nothing was changed\n')
    return this.showThenFail(result, resultsText, runError(result, 'flume deploy'))
  }
}
