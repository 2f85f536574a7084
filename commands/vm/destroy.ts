import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { vmText } from '../../src/render/hosts.js'

export default class VmDestroy extends BaseCommand {
  static override summary = 'delete the virtual machines of the hosts and their disks'
  static override examples = ['<%= config.bin %> <%= command.id %> --confirm pilot']
  static override flags = {
    confirm: Flags.string({ helpValue: 'NAME', description: 'name of the site, to say that you mean it' }),
  }

  async run() {
    const { flags } = await this.parse(VmDestroy)
    const context = await this.open(flags)
    const { vmDestroy } = await import('../../src/jobs/vm/vm.js')
    return this.show(await vmDestroy({ confirm: flags.confirm }, context), vmText)
  }
}
