import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../../src/cli/base-command.js'
import { repeatedFlag } from '../../../src/cli/flags.js'

export default class KafkaTopicAlter extends BaseCommand {
  static override summary = "change a topic's partitions and settings"
  static override description =
    'Settings that are not named stay as they are. Partitions can only grow, and keys then go to other partitions than before.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> SmartCar-Topic --retention 10m',
    '<%= config.bin %> <%= command.id %> SmartCar-Topic --partitions 6 --reset retention.ms',
  ]
  static override args = { topic: Args.string({ ignoreStdin: true, required: true, description: 'its name' }) }
  static override flags = {
    partitions: Flags.integer({ min: 1, description: 'new number of partitions' }),
    retention: Flags.string({ helpValue: 'TIME', description: 'how long rows are kept: 10m, 7d, forever' }),
    config: repeatedFlag({ helpValue: 'NAME=VALUE', description: 'a setting: times as 10m, sizes as 64MiB' }),
    reset: repeatedFlag({ helpValue: 'NAME', description: "a setting that goes back to the broker's" }),
  }

  async run() {
    const { args, flags } = await this.parse(KafkaTopicAlter)
    const context = await this.open(flags)
    const [{ withKafka }, { alterTopic, parseSettings }, { alteredText }] = await Promise.all([
      import('../../../src/jobs/kafka/open.js'),
      import('../../../src/jobs/kafka/topics.js'),
      import('../../../src/render/kafka.js'),
    ])
    const change = {
      topic: args.topic,
      ...(flags.partitions === undefined ? {} : { partitions: flags.partitions }),
      set: parseSettings(flags.config ?? [], flags.retention),
      reset: flags.reset ?? [],
    }
    return this.show(await withKafka(context, (log) => alterTopic(log, change)), alteredText)
  }
}
