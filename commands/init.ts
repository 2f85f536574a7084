import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'

export default class Init extends BaseCommand {
  static override summary = 'write a commented smartcar.yaml'
  static override description = 'An existing site file is never overwritten.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> pilot --name pilot --locale en',
  ]
  static override args = {
    folder: Args.string({ default: '.', ignoreStdin: true, description: 'folder of the new site' }),
  }
  static override flags = {
    name: Flags.string({ description: 'name of the site [default: name of the folder]' }),
    profile: Flags.option({ options: ['embedded', 'apache'] as const, default: 'embedded' as const })({
      description: 'where it runs',
    }),
    locale: Flags.option({ options: ['ko', 'en'] as const, default: 'ko' as const })({
      description: 'language of master values and report',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(Init)
    const context = await this.open(flags)
    const { writeSiteFile } = await import('../src/jobs/init/write-site-file.js')
    const result = await writeSiteFile(
      {
        folder: args.folder,
        profile: flags.profile,
        locale: flags.locale,
        ...(flags.name === undefined ? {} : { name: flags.name }),
      },
      context,
    )
    return this.show(result, ({ file, status }) =>
      status === 'created' ? `wrote ${file}\n` : `${file} is there already: nothing changed\n`,
    )
  }
}
