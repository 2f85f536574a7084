import { BaseCommand } from '../../src/cli/base-command.js'

export default class HostsList extends BaseCommand {
  static override summary = "the site's hosts: system, memory, cores, disk, roles"
  static override description = 'Asks every host once, side by side. A host that cannot be reached ends it with code 4.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(HostsList)
    const context = await this.open(flags)
    const [{ gatherFacts }, { reportError }, { hostsTable }] = await Promise.all([
      import('../../src/jobs/hosts/hosts.js'),
      import('../../src/jobs/hosts/side-by-side.js'),
      import('../../src/render/hosts.js'),
    ])
    const report = await gatherFacts([], context)
    return this.showThenFail(report, ({ hosts }) => hostsTable(hosts), reportError(report))
  }
}
