import { BaseCommand } from '../src/cli/base-command.js'

export default class Versions extends BaseCommand {
  static override summary = 'show which versions are pinned, installed and running'
  static override description =
    'Of every product of the apache profile: the pinned version (provisioning/apache), what lies on each host, and the roles that run it; one that was started with other software or configuration than the site now has waits for a restart.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  async run() {
    const { flags } = await this.parse(Versions)
    const context = await this.open(flags)
    const [{ versions }, { versionsText }] = await Promise.all([
      import('../src/jobs/software/versions.js'),
      import('../src/render/versions.js'),
    ])
    return this.show(await versions(context), versionsText)
  }
}
