import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import { dayFlag, fileOutputFlag } from '../src/cli/flags.js'

export default class Report extends BaseCommand {
  static override summary = 'write one HTML page about a day'
  static override description =
    `One self-contained file: it loads nothing, so it can be mailed and opened anywhere. It shows the fleet, the
emergency checks with their reasons, unusual driving with its scores, speeding through the day, the average speed by area
and hour, purchases, rejected rows, data tests, and the timings of the last pilot; in Korean and English, light and dark.
The same data gives the same bytes: a second run says unchanged.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --day 20200322 --locale en --open',
    '<%= config.bin %> <%= command.id %> -o /tmp/report.html',
  ]
  static override flags = {
    day: dayFlag({ description: 'day to show [default: the newest day that was built]' }),
    output: fileOutputFlag({
      helpValue: 'FILE',
      description: "file to write [default: report-<day>.html in the site's reports folder]",
    }),
    locale: Flags.option({
      options: ['ko', 'en'] as const,
      description: "language that shows first; the page carries both [default: the site's]",
    })(),
    open: Flags.boolean({ description: 'show the page in the browser' }),
  }

  async run() {
    const { flags } = await this.parse(Report)
    const context = await this.open(flags)
    const { reportSummary, writeReport } = await import('../src/jobs/report/report.js')
    const result = await writeReport(
      {
        site: context.site.name,
        ruleFiles: context.site.stream.rules,
        locale: flags.locale ?? context.site.locale,
        ...(flags.day === undefined ? {} : { day: flags.day }),
        ...(flags.output === undefined ? {} : { output: flags.output }),
      },
      context,
    )
    if (flags.open) {
      const { openFile } = await import('../src/jobs/report/open.js')
      await openFile(result.file, context)
    }
    return this.show(result, reportSummary)
  }
}
