import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hostFlag, modeFlag } from '../../src/cli/flags.js'

export default class HostsPush extends BaseCommand {
  static override summary = 'copy a file to the hosts, resumed after a break and compared by SHA-256'
  static override examples = [
    '<%= config.bin %> <%= command.id %> CDH-6.3.2.parcel /opt/cloudera/parcel-repo/ --sudo',
    '<%= config.bin %> <%= command.id %> job.jar /tmp/ --host server02',
  ]
  static override args = {
    file: Args.string({ ignoreStdin: true, required: true, description: 'file of this machine' }),
    target: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'absolute path on the host; a folder when it ends with /',
    }),
  }
  static override flags = {
    host: hostFlag(),
    sudo: Flags.boolean({ description: 'write it as root' }),
    mode: modeFlag({ description: 'permissions of the file' }),
    owner: Flags.string({ helpValue: 'USER[:GROUP]', description: 'owner of the file (with --sudo)' }),
  }

  async run() {
    const { args, flags } = await this.parse(HostsPush)
    const context = await this.open(flags)
    const [{ pushFile }, { reportError }, { transferText }] = await Promise.all([
      import('../../src/jobs/hosts/hosts.js'),
      import('../../src/jobs/hosts/side-by-side.js'),
      import('../../src/render/hosts.js'),
    ])
    const report = await pushFile(
      {
        local: args.file,
        remote: args.target,
        hosts: flags.host,
        sudo: flags.sudo,
        ...(flags.mode === undefined ? {} : { mode: flags.mode }),
        ...(flags.owner === undefined ? {} : { owner: flags.owner }),
      },
      context,
    )
    return this.showThenFail(report, ({ hosts }) => transferText(hosts), reportError(report))
  }
}
