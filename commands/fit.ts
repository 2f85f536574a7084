import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'

export default class Fit extends BaseCommand {
  static override summary = 'which services fit the memory of each host, with which heaps, and what to leave out'
  static override description =
    'Asks the hosts for their memory, unless --ram gives it. A site without hosts is taken for the two hosts of the pilot. Ends with code 5 when something does not fit.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --ram 4G',
    '<%= config.bin %> <%= command.id %> --ram server01=4G --ram server02=8G',
  ]
  static override flags = {
    ram: Flags.string({
      multiple: true,
      default: [],
      defaultHelp: async () => '',
      helpValue: '[HOST=]4G',
      description: 'memory instead of what the host has',
    }),
  }

  async run() {
    const { flags } = await this.parse(Fit)
    const context = await this.open(flags)
    const [{ fitError, fitHosts }, { fitText }] = await Promise.all([
      import('../src/jobs/fit/fit.js'),
      import('../src/render/hosts.js'),
    ])
    const result = await fitHosts({ ram: flags.ram }, context)
    return this.showThenFail(result, ({ hosts }) => fitText(hosts), fitError(result))
  }
}
