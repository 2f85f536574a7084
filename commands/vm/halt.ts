import { BaseCommand } from '../../src/cli/base-command.js'
import { vmText } from '../../src/render/hosts.js'

export default class VmHalt extends BaseCommand {
  static override summary = 'stop the virtual machines of the hosts'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(VmHalt)
    const context = await this.open(flags)
    const { vmHalt } = await import('../../src/jobs/vm/vm.js')
    return this.show(await vmHalt(context), vmText)
  }
}
