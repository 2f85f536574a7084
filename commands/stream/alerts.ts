import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { dayFlag } from '../../src/cli/flags.js'

export default class StreamAlerts extends BaseCommand {
  static override summary = 'list the alerts of a day'
  static override description =
    'Alerts are kept for seven days after they were last found (a rule may say otherwise). The warehouse has the same alerts as the table speeding_alerts, for smartcar query.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --day 20200322',
    '<%= config.bin %> <%= command.id %> --day 20200322 --car W0025 --limit 0',
    '<%= config.bin %> <%= command.id %> --follow --interval 10s',
  ]
  static override flags = {
    day: dayFlag({ description: 'day of the alerts [default: the newest day that has some]' }),
    car: Flags.string({ helpValue: 'CAR', description: 'this car only, such as A0001' }),
    rule: Flags.string({ helpValue: 'NAME', default: 'speeding', description: 'alerts of this rule' }),
    limit: Flags.integer({ min: 0, default: 1000, description: 'show at most this many; 0 shows all' }),
    follow: Flags.boolean({ exclusive: ['json'], description: 'keep looking for new ones, until Ctrl-C' }),
    interval: Flags.string({ default: '10s', description: 'with --follow: time between two looks' }),
  }

  async run() {
    const { flags } = await this.parse(StreamAlerts)
    const context = await this.open(flags)
    const stream = await import('../../src/jobs/stream/list-alerts.js')
    const input = {
      rule: flags.rule,
      ruleFiles: context.site.stream.rules,
      ...(flags.day === undefined ? {} : { day: flags.day }),
      ...(flags.car === undefined ? {} : { car: flags.car }),
    }
    if (flags.follow) {
      for await (const alerts of stream.followAlerts(input, stream.intervalMs(flags.interval), context)) {
        await context.stdout.write(alerts.map(stream.alertLine).join(''))
      }
      return
    }
    const limit = flags.limit === 0 ? {} : { limit: flags.limit }
    return this.show(await stream.listAlerts({ ...input, ...limit }, context), stream.alertsSummary)
  }
}
