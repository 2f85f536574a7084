import { BaseCommand } from '../../src/cli/base-command.js'
import { siteJsonSchema } from '../../src/core/site/schema.js'

export default class SiteSchema extends BaseCommand {
  static override summary = 'print the JSON schema of the site file, for editors'
  static override examples = ['<%= config.bin %> <%= command.id %> > smartcar.schema.json']

  async run() {
    await this.parse(SiteSchema)
    return this.show(siteJsonSchema(), (schema) => `${JSON.stringify(schema, null, 2)}\n`)
  }
}
