import { BaseCommand } from '../../src/cli/base-command.js'

export default class KafkaGroups extends BaseCommand {
  static override summary = 'the groups that read, with their members and lag'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run() {
    const { flags } = await this.parse(KafkaGroups)
    const context = await this.open(flags)
    const [{ withKafka }, { listGroups }, { groupsText }] = await Promise.all([
      import('../../src/jobs/kafka/open.js'),
      import('../../src/jobs/kafka/topics.js'),
      import('../../src/render/kafka.js'),
    ])
    const groups = await withKafka(context, (log) => listGroups(log))
    return this.show({ groups }, (result) => groupsText(result.groups))
  }
}
