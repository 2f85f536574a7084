import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { durationFlag } from '../../src/cli/flags.js'

export default class KafkaProduce extends BaseCommand {
  static override summary = 'lines of files or of stdin into a topic'
  static override description = [
    'One row a line. The broker has confirmed every row when it ends; a batch that is sent again after a cut connection is in the topic once.',
    "With a key, a car's rows keep their order, since they go to one partition: the same that every other Kafka client takes.",
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> SmartCar-Topic SmartCarDriverInfo.log --key-column 2',
    'tail -F SmartCarDriverInfo.log | <%= config.bin %> <%= command.id %> SmartCar-Topic --gzip',
    "<%= config.bin %> <%= command.id %> SmartCar-Topic drive.log --key ',([A-Z][0-9]{4}),'",
  ]
  static override strict = false
  static override args = {
    topic: Args.string({ ignoreStdin: true, required: true, description: 'name of the topic' }),
    files: Args.string({ ignoreStdin: true, description: 'files, one after the other [default: stdin]' }),
  }
  static override flags = {
    key: Flags.string({ helpValue: 'REGEX', exclusive: ['key-column'], description: 'key: its first group, or all' }),
    'key-column': Flags.integer({ min: 1, helpValue: 'N', description: 'key: this field of the row, from 1' }),
    gzip: Flags.boolean({ description: 'compress: a fifth of the bytes, for some more processor time' }),
    timeout: durationFlag({ default: 120_000, description: 'give up on a batch after this time [default: 2m]' }),
  }

  async run() {
    const { argv, args, flags } = await this.parse(KafkaProduce)
    const context = await this.open(flags)
    const [{ withKafka }, { produce }, { producedText }] = await Promise.all([
      import('../../src/jobs/kafka/open.js'),
      import('../../src/jobs/kafka/produce.js'),
      import('../../src/render/kafka.js'),
    ])
    const input = {
      topic: args.topic,
      files: argv.slice(1).map(String),
      stdin: () => context.stdin(),
      ...(flags.key === undefined ? {} : { key: flags.key }),
      ...(flags['key-column'] === undefined ? {} : { keyColumn: flags['key-column'] }),
      gzip: flags.gzip,
      deliveryMs: flags.timeout,
    }
    return this.show(await withKafka(context, (log) => produce(log, input, context)), producedText)
  }
}
