import { BaseCommand } from '../../src/cli/base-command.js'
import { vmText } from '../../src/render/hosts.js'

export default class VmUp extends BaseCommand {
  static override summary = 'start the virtual machines of the hosts, making them when they are not there'
  static override description =
    "Needs Vagrant and VirtualBox. The Vagrantfile is made from the site (hosts, vm); how to log in is written to vm/ssh_config in the site's data folder."
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(VmUp)
    const context = await this.open(flags)
    const { vmUp } = await import('../../src/jobs/vm/vm.js')
    return this.show(await vmUp(context), vmText)
  }
}
