import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hostFlag, repeatedFlag } from '../../src/cli/flags.js'
import { systemFamilies } from '../../src/core/plan/shell/system.js'

export default class BundleCreate extends BaseCommand {
  static override summary = 'pack all that provisioning would download, for hosts without internet'
  static override description =
    'Reads the package repositories that smartcar provision would use, from this machine, finds every package that its steps install with all that these need, downloads them, compares the checksums of the repositories, and writes one archive. On profile apache the software of the services is in it too, each file as it is pinned. What is here already is not downloaded again; an archive with the same content stays as it is. The hosts are only asked what they are, and not even that with --family.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --family el6 --family el7 -o pilot.tar',
    '<%= config.bin %> <%= command.id %> --family debian --apt "http://mirror.example.com/debian bookworm main"',
  ]
  static override flags = {
    output: Flags.string({
      char: 'o',
      helpValue: 'FILE',
      description: 'where it goes [default: <site>-bundle.tar beside the site file]',
    }),
    family: Flags.option({ options: systemFamilies, multiple: true, multipleNonGreedy: true })({
      exclusive: ['host'],
      description: 'system of hosts; may be repeated [default: the hosts are asked]',
    }),
    host: hostFlag(),
    apt: repeatedFlag({
      helpValue: 'SOURCE',
      description: 'repository of Debian hosts, as in sources.list; may be repeated [default: the hosts are asked]',
    }),
    parallel: Flags.integer({ default: 4, min: 1, max: 16, description: 'downloads at once' }),
  }

  async run() {
    const { flags } = await this.parse(BundleCreate)
    const context = await this.open(flags)
    const [{ createBundle }, { parseAptFlag }, { createdText }] = await Promise.all([
      import('../../src/jobs/bundle/create.js'),
      import('../../src/jobs/bundle/repositories.js'),
      import('../../src/render/bundle.js'),
    ])
    const { family: families = [], host: hosts, apt = [], parallel, output } = flags
    const place = output === undefined ? {} : { output }
    const result = await createBundle({ families, hosts, apt: apt.map(parseAptFlag), parallel, ...place }, context)
    return this.show(result, createdText)
  }
}
