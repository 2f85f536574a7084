import { BaseCommand } from '../../src/cli/base-command.js'
import { table } from '../../src/render/table.js'

export default class SiteShow extends BaseCommand {
  static override summary = 'show the effective values of the site and where each comes from'
  static override description =
    'Precedence: flags, SMARTCAR_* variables, smartcar.yaml, your own configuration (XDG), defaults.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    'SMARTCAR_LOCALE=en <%= config.bin %> <%= command.id %> --json',
  ]

  async run() {
    const { flags } = await this.parse(SiteShow)
    const { site } = await this.open(flags)
    const result = { file: site.file ?? null, data: site.data, values: site.values }
    return this.show(result, ({ values }) =>
      table(
        [{ title: 'key' }, { title: 'value' }, { title: 'from' }],
        values.map(({ key, value, from }) => [key, typeof value === 'string' ? value : JSON.stringify(value), from]),
      ),
    )
  }
}
