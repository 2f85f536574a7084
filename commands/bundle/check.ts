import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class BundleCheck extends BaseCommand {
  static override summary = 'verify a bundle and say what is in it'
  static override description =
    'Reads the whole archive and compares every checksum. Exit code 5 when it is cut off, has changed bytes, lacks a file or holds a foreign one.'
  static override examples = ['<%= config.bin %> <%= command.id %> pilot-bundle.tar']
  static override args = {
    file: Args.string({ ignoreStdin: true, required: true, description: 'the bundle' }),
  }

  async run() {
    const { args, flags } = await this.parse(BundleCheck)
    const context = await this.open(flags)
    const { checkBundle } = await import('../../src/jobs/bundle/check.js')
    const { checkedText } = await import('../../src/render/bundle.js')
    return this.show(await checkBundle(args.file, context), checkedText)
  }
}
