import { BaseCommand } from '../../src/cli/base-command.js'

export default class SiteCheck extends BaseCommand {
  static override summary = 'check the site file'
  static override description = 'Reports every problem with file, line and column. Exit code 3 when there is one.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --site pilot/smartcar.yaml',
  ]

  async run() {
    const { flags } = await this.parse(SiteCheck)
    const { site } = await this.open(flags)
    return this.show({ name: site.name, profile: site.profile, file: site.file ?? null, data: site.data }, (result) =>
      result.file === null
        ? `no site file: the embedded profile works in ${result.data}\n`
        : `${result.file} is valid: site ${result.name}, profile ${result.profile}\n`,
    )
  }
}
