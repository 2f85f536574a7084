import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../../src/cli/base-command.js'

export default class KafkaTopicDelete extends BaseCommand {
  static override summary = 'delete a topic with its rows'
  static override examples = ['<%= config.bin %> <%= command.id %> SmartCar-Topic --confirm SmartCar-Topic']
  static override args = { topic: Args.string({ ignoreStdin: true, required: true, description: 'its name' }) }
  static override flags = {
    confirm: Flags.string({ helpValue: 'TOPIC', description: 'its name once more: the rows are gone for good' }),
  }

  async run() {
    const { args, flags } = await this.parse(KafkaTopicDelete)
    const context = await this.open(flags)
    const [{ withKafka }, { deleteTopic }] = await Promise.all([
      import('../../../src/jobs/kafka/open.js'),
      import('../../../src/jobs/kafka/topics.js'),
    ])
    const deleted = await withKafka(context, (log) => deleteTopic(log, args.topic, flags.confirm))
    return this.show(deleted, ({ topic, rows }) => `deleted ${topic} with ${rows} rows\n`)
  }
}
