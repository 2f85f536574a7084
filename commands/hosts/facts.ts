import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class HostsFacts extends BaseCommand {
  static override summary = 'everything that a host says about itself'
  static override description =
    'System and version, init, package manager, memory, cores, disks, Python, Java, SELinux, clock. One round trip a host.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> server01 --json',
  ]
  static override args = { host: Args.string({ ignoreStdin: true, description: 'one host [default: all]' }) }

  async run() {
    const { args, flags } = await this.parse(HostsFacts)
    const context = await this.open(flags)
    const [{ gatherFacts }, { reportError }, { factsText }] = await Promise.all([
      import('../../src/jobs/hosts/hosts.js'),
      import('../../src/jobs/hosts/side-by-side.js'),
      import('../../src/render/hosts.js'),
    ])
    const report = await gatherFacts(args.host === undefined ? [] : [args.host], context)
    return this.showThenFail(report, ({ hosts }) => factsText(hosts), reportError(report))
  }
}
