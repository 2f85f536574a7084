import { BaseCommand } from '../../src/cli/base-command.js'
import { fileOutputFlag } from '../../src/cli/flags.js'

export default class MartDocs extends BaseCommand {
  static override summary = 'write one HTML page about the warehouse'
  static override description = `Lineage, columns, data tests, SQL and row counts by partition, in one file that loads
nothing. A second run over the same warehouse says unchanged.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> -o warehouse.html',
  ]
  static override flags = {
    output: fileOutputFlag({
      helpValue: 'FILE',
      description: "file to write [default: warehouse.html in the site's reports folder]",
    }),
  }

  async run() {
    const { flags } = await this.parse(MartDocs)
    const context = await this.open(flags)
    const { docsSummary, writeMartDocs } = await import('../../src/jobs/mart/docs.js')
    const output = flags.output === undefined ? {} : { output: flags.output }
    return this.show(await writeMartDocs({ site: context.site.name, ...output }, context), docsSummary)
  }
}
