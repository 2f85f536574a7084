import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hostFlag } from '../../src/cli/flags.js'

export default class HostsPull extends BaseCommand {
  static override summary = 'fetch a file of the hosts, compared by SHA-256'
  static override description = 'From several hosts at once each file goes into a folder with the name of its host.'
  static override examples = ['<%= config.bin %> <%= command.id %> /var/log/messages logs --sudo']
  static override args = {
    file: Args.string({ ignoreStdin: true, required: true, description: 'absolute path on the host' }),
    folder: Args.string({ ignoreStdin: true, default: '.', description: 'folder of this machine' }),
  }
  static override flags = {
    host: hostFlag(),
    sudo: Flags.boolean({ description: 'read it as root' }),
  }

  async run() {
    const { args, flags } = await this.parse(HostsPull)
    const context = await this.open(flags)
    const [{ pullFile }, { reportError }, { transferText }] = await Promise.all([
      import('../../src/jobs/hosts/hosts.js'),
      import('../../src/jobs/hosts/side-by-side.js'),
      import('../../src/render/hosts.js'),
    ])
    const report = await pullFile(
      { remote: args.file, folder: args.folder, hosts: flags.host, sudo: flags.sudo },
      context,
    )
    return this.showThenFail(report, ({ hosts }) => transferText(hosts), reportError(report))
  }
}
