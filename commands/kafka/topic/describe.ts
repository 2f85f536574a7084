import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../../src/cli/base-command.js'

export default class KafkaTopicDescribe extends BaseCommand {
  static override summary = 'partitions, leaders, replicas, offsets, and the settings that differ'
  static override examples = ['<%= config.bin %> <%= command.id %> SmartCar-Topic']
  static override args = { topic: Args.string({ ignoreStdin: true, required: true, description: 'its name' }) }

  async run() {
    const { args, flags } = await this.parse(KafkaTopicDescribe)
    const context = await this.open(flags)
    const [{ withKafka }, { topicText }] = await Promise.all([
      import('../../../src/jobs/kafka/open.js'),
      import('../../../src/render/kafka.js'),
    ])
    return this.show(await withKafka(context, (log) => log.describe(args.topic)), topicText)
  }
}
