import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import { durationFlag } from '../src/cli/flags.js'

export default class Collect extends BaseCommand {
  static override summary = 'file logs, masters and purchases into the lake, every row checked'
  static override description = [
    'The kind of a file is told by its content (plain or gzip), never by its name. Rows are kept byte for byte under lake/…/wrk_date=yyyyMMdd, the day being that of the row. Header lines are dropped wherever they stand; a bad row goes to rejects/ with file, line number and reason.',
    'A file gets into the lake whole or not at all, whenever this is interrupted. The same content twice, under any name, adds nothing. Of a folder the files are taken, not those of its subfolders, nor hidden or unfinished ones.',
    '--watch collects what arrives in a folder, --follow a log that grows, across rotation and truncation; both until Ctrl-C.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> landing/',
    '<%= config.bin %> <%= command.id %> SmartCarStatusInfo_20200322.txt.gz CarMaster.txt',
    '<%= config.bin %> <%= command.id %> --watch /data/spool --done /data/collected',
    '<%= config.bin %> <%= command.id %> --follow SmartCarDriverInfo.log --flush 30s',
  ]
  static override args = {
    path: Args.string({ multiple: true, ignoreStdin: true, description: 'files or folders' }),
  }
  static override flags = {
    kind: Flags.option({ options: ['status', 'drive', 'master', 'purchases'] as const })({
      description: 'kind of the files [default: by content]',
    }),
    watch: Flags.string({
      helpValue: 'DIR',
      exclusive: ['follow'],
      description: 'collect every file that arrives in this folder, once it is complete',
    }),
    done: Flags.string({
      helpValue: 'DIR',
      dependsOn: ['watch'],
      description: 'with --watch: move collected files here [default: done/ in the watched folder]',
    }),
    delete: Flags.boolean({
      dependsOn: ['watch'],
      exclusive: ['done'],
      description: 'with --watch: delete collected files',
    }),
    settle: durationFlag({
      dependsOn: ['watch'],
      description: 'with --watch: a file is complete when it has not changed for so long [default: 2s]',
    }),
    follow: Flags.string({ helpValue: 'FILE', description: 'collect a status or drive log that grows' }),
    flush: durationFlag({
      dependsOn: ['follow'],
      description: 'with --follow: file new rows after so long, or when they are 64 MB [default: 30s]',
    }),
    once: Flags.boolean({ description: 'with --watch or --follow: end when nothing is left, instead of waiting' }),
  }

  async run() {
    const { args, flags } = await this.parse(Collect)
    const context = await this.open(flags)
    const { collectFailure, collectRequest, collectSummary, runCollect } = await import('../src/jobs/collect/run.js')
    const result = await runCollect(collectRequest(args.path ?? [], flags), context)
    return this.showThenFail(result, collectSummary, collectFailure(result))
  }
}
