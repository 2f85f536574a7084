import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { dayFlag } from '../../src/cli/flags.js'

export default class StreamRun extends BaseCommand {
  static override summary = 'find alerts in drive logs by the stream rules'
  static override description = [
    'Rules work on event time, so the same rows give the same alerts however they come: a collected day, files, a log that grows, stdin; in another order within the allowed lateness, again, or after a restart in the middle.',
    '--day replaces the alerts of its day: the collected logs are all there is. Files, stdin and --follow add to them; for a window that was judged before, the verdict over more rows counts.',
    'Repeats of a row count once. Late and damaged rows are counted and kept under rejects/.',
    '--follow ends with Ctrl-C and goes on from there next time, across rotation and truncation of the log.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> --day 20200322',
    '<%= config.bin %> <%= command.id %> SmartCarDriverInfo.log.gz',
    '<%= config.bin %> <%= command.id %> --follow landing/SmartCarDriverInfo.log',
    'zcat old.log.gz | <%= config.bin %> <%= command.id %> - --rule speeding',
  ]
  static override args = {
    file: Args.string({ multiple: true, ignoreStdin: true, description: 'drive logs, plain or gzip; - for stdin' }),
  }
  static override flags = {
    day: dayFlag({ description: 'the collected drive logs of this day' }),
    follow: Flags.string({ helpValue: 'FILE', description: 'a drive log that grows, until Ctrl-C' }),
    rule: Flags.string({ helpValue: 'NAME', description: 'this rule only [default: all rules]' }),
    once: Flags.boolean({
      dependsOn: ['follow'],
      description: 'with --follow: end where the log ends now, go on from there next time',
    }),
    'from-start': Flags.boolean({
      dependsOn: ['follow'],
      description: 'with --follow: forget where it was left, read the log from its beginning',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(StreamRun)
    const context = await this.open(flags)
    const { runStream, chooseSource, streamSummary } = await import('../../src/jobs/stream/run.js')
    const source = chooseSource({
      day: flags.day,
      follow: flags.follow,
      files: args.file ?? [],
      stdin: () => context.stdin(),
    })
    const result = await runStream(
      {
        source,
        ruleFiles: context.site.stream.rules,
        fromStart: flags['from-start'],
        once: flags.once,
        ...(flags.rule === undefined ? {} : { rule: flags.rule }),
      },
      context,
    )
    return this.show(result, streamSummary)
  }
}
