import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hostFlag } from '../../src/cli/flags.js'

export default class FlumeConfig extends BaseCommand {
  static override summary = "print the configuration of the site's Flume agents"
  static override description =
    'As smartcar provision writes it. The agent reads status rows from a folder and the growing drive log, and writes to HDFS and Kafka; services.flume of the site file says where (smartcar site schema).'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --host server02 > agent.conf',
    '<%= config.bin %> <%= command.id %> --file log4j.properties',
  ]
  static override flags = {
    host: hostFlag(),
    file: Flags.option({
      options: ['agent.conf', 'log4j.properties'] as const,
      default: 'agent.conf',
      description: 'which file to print; --json has all of them',
    })(),
  }

  async run() {
    const { flags } = await this.parse(FlumeConfig)
    const context = await this.open(flags)
    const { flumeConfig, flumeConfigText } = await import('../../src/jobs/flume/config.js')
    const result = flumeConfig(context.site, flags.host)
    return this.show(result, (config) => flumeConfigText(config, flags.file))
  }
}
