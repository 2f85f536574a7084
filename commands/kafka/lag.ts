import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class KafkaLag extends BaseCommand {
  static override summary = 'how many rows a group has not taken yet'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --group nightly',
    '<%= config.bin %> <%= command.id %> --group nightly --topic SmartCar-Topic --json',
  ]
  static override flags = {
    group: Flags.string({ required: true, helpValue: 'NAME', description: 'the group' }),
    topic: Flags.string({ helpValue: 'NAME', description: 'this topic alone [default: all that it reads]' }),
  }

  async run() {
    const { flags } = await this.parse(KafkaLag)
    const context = await this.open(flags)
    const [{ withKafka }, { groupLag }, { lagText }] = await Promise.all([
      import('../../src/jobs/kafka/open.js'),
      import('../../src/jobs/kafka/topics.js'),
      import('../../src/render/kafka.js'),
    ])
    return this.show(await withKafka(context, (log) => groupLag(log, flags.group, flags.topic)), lagText)
  }
}
