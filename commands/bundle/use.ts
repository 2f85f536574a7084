import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { UsageError } from '../../src/core/errors.js'

export default class BundleUse extends BaseCommand {
  static override summary = 'provision from a bundle instead of repositories'
  static override description =
    'Checks the bundle and writes provision.bundle into the site file; its comments stay. smartcar provision then uploads the packages, and on profile apache the software of the services, to the hosts and installs from there alone.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pilot-bundle.tar',
    '<%= config.bin %> <%= command.id %> --none',
  ]
  static override args = {
    file: Args.string({ ignoreStdin: true, description: 'the bundle' }),
  }
  static override flags = {
    none: Flags.boolean({ description: 'go back to repositories' }),
  }

  async run() {
    const { args, flags } = await this.parse(BundleUse)
    if (args.file === undefined ? !flags.none : flags.none) {
      throw new UsageError('BUNDLE_OR_NONE', 'bundle use takes either a bundle or --none', {
        hints: ['smartcar bundle use FILE', 'smartcar bundle use --none'],
      })
    }
    const context = await this.open(flags)
    const { useBundle, useNoBundle } = await import('../../src/jobs/bundle/use.js')
    const { usedText } = await import('../../src/render/bundle.js')
    return this.show(
      args.file === undefined ? await useNoBundle(context) : await useBundle(args.file, context),
      usedText,
    )
  }
}
