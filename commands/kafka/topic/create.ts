import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../../src/cli/base-command.js'
import { repeatedFlag } from '../../../src/cli/flags.js'

export default class KafkaTopicCreate extends BaseCommand {
  static override summary = 'make a topic'
  static override examples = [
    '<%= config.bin %> <%= command.id %> SmartCar-Topic --partitions 3 --retention 10m',
    '<%= config.bin %> <%= command.id %> cars --config cleanup.policy=compact --config max.message.bytes=4MiB',
  ]
  static override args = { topic: Args.string({ ignoreStdin: true, required: true, description: 'its name' }) }
  static override flags = {
    partitions: Flags.integer({ min: 1, default: 1, description: 'number of partitions' }),
    replication: Flags.integer({ min: 1, default: 1, description: 'brokers that keep each row' }),
    retention: Flags.string({ helpValue: 'TIME', description: 'how long rows are kept: 10m, 7d, forever' }),
    config: repeatedFlag({ helpValue: 'NAME=VALUE', description: 'a setting of the topic' }),
    'if-absent': Flags.boolean({ description: 'a topic that is there already, and the same, is no error' }),
  }

  async run() {
    const { args, flags } = await this.parse(KafkaTopicCreate)
    const context = await this.open(flags)
    const [{ withKafka }, { createTopic, parseSettings }, { createdText }] = await Promise.all([
      import('../../../src/jobs/kafka/open.js'),
      import('../../../src/jobs/kafka/topics.js'),
      import('../../../src/render/kafka.js'),
    ])
    const config = parseSettings(flags.config ?? [], flags.retention)
    const { partitions, replication } = flags
    const spec = { topic: args.topic, partitions, replication, config, ifAbsent: flags['if-absent'] }
    return this.show(await withKafka(context, (log) => createTopic(log, spec)), createdText)
  }
}
