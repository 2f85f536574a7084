import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import { durationFlag } from '../src/cli/flags.js'

export default class Load extends BaseCommand {
  static override summary = 'bring what was collected into HDFS (profile apache)'
  static override description =
    "Status logs go through Flume's spooling directory, as in the pilot, and are waited for until HDFS has every row; drive logs, masters and purchases are written as files. What is there already is left alone."
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --direct']
  static override flags = {
    direct: Flags.boolean({ description: 'status logs as files too, without Flume' }),
    timeout: durationFlag({ default: 600_000, description: 'how long Flume may take [default: 10m]' }),
  }

  async run() {
    const { flags } = await this.parse(Load)
    const context = await this.open(flags)
    const { loadCollected, loadText } = await import('../src/jobs/load/load.js')
    return this.show(await loadCollected({ direct: flags.direct, timeoutMs: flags.timeout }, context), loadText)
  }
}
