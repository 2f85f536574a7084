import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../../src/cli/base-command.js'

export default class KafkaTopicList extends BaseCommand {
  static override summary = 'the topics, with their partitions'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --all --json']
  static override flags = { all: Flags.boolean({ description: "Kafka's own topics too" }) }

  async run() {
    const { flags } = await this.parse(KafkaTopicList)
    const context = await this.open(flags)
    const [{ withKafka }, { topicsText }] = await Promise.all([
      import('../../../src/jobs/kafka/open.js'),
      import('../../../src/render/kafka.js'),
    ])
    const topics = await withKafka(context, (log) => log.topics())
    return this.show({ topics: topics.filter(({ internal }) => flags.all || !internal) }, (result) =>
      topicsText(result.topics),
    )
  }
}
