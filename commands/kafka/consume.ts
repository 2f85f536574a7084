import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class KafkaConsume extends BaseCommand {
  static override summary = 'rows of a topic to stdout'
  static override description = [
    'Ends at the rows that were there when it began, unless --follow. The order holds within a partition.',
    'With --group it begins where the group has committed, and commits what it has written: every 5 seconds and at the end. It reads all partitions itself, so nobody else may be working in the group.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> SmartCar-Topic --limit 10',
    '<%= config.bin %> <%= command.id %> SmartCar-Topic --from latest --follow --format json',
    '<%= config.bin %> <%= command.id %> SmartCar-Topic --group nightly > drive.log',
    '<%= config.bin %> <%= command.id %> SmartCar-Topic --from 2020-03-22T10:00:00Z --partition 0',
  ]
  static override args = {
    topic: Args.string({ ignoreStdin: true, required: true, description: 'name of the topic' }),
  }
  static override flags = {
    from: Flags.string({
      helpValue: 'PLACE',
      description: "beginning, latest, an offset, or a time [default: the group's place, else beginning]",
    }),
    group: Flags.string({ helpValue: 'NAME', description: 'go on where this group stopped, and commit' }),
    partition: Flags.integer({ min: 0, helpValue: 'N', description: 'this partition alone' }),
    limit: Flags.integer({ min: 1, helpValue: 'N', description: 'rows at most' }),
    follow: Flags.boolean({ exclusive: ['json'], description: 'wait for more, until Ctrl-C' }),
    format: Flags.option({
      options: ['raw', 'json'] as const,
      default: 'raw',
      description: 'raw: the rows as they are; json: one object a line with partition, offset, timestamp, key, value',
    })(),
  }

  async run() {
    const { args, flags } = await this.parse(KafkaConsume)
    const context = await this.open(flags)
    const [{ withKafka }, { consume, parseStart }] = await Promise.all([
      import('../../src/jobs/kafka/open.js'),
      import('../../src/jobs/kafka/consume.js'),
    ])
    const { group, partition, limit, follow, format } = flags
    const input = {
      topic: args.topic,
      from: parseStart(flags.from, group),
      ...(group === undefined ? {} : { group }),
      ...(partition === undefined ? {} : { partition }),
      ...(limit === undefined ? {} : { limit }),
      ...{ follow, format, collect: flags.json },
    }
    const write = (chunk: Uint8Array | string) => context.stdout.write(chunk)
    return this.show(await withKafka(context, (log) => consume(log, input, write, context)), () => '')
  }
}
