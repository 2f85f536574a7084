import { BaseCommand } from '../../src/cli/base-command.js'
import { vmText } from '../../src/render/hosts.js'

export default class VmStatus extends BaseCommand {
  static override summary = 'what the virtual machines of the hosts are doing'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(VmStatus)
    const context = await this.open(flags)
    const { vmStatus } = await import('../../src/jobs/vm/vm.js')
    return this.show(await vmStatus(context), vmText)
  }
}
