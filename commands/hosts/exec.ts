import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { hostFlag } from '../../src/cli/flags.js'
import { UsageError } from '../../src/core/errors.js'

export default class HostsExec extends BaseCommand {
  static override summary = 'run a command on the hosts, side by side'
  static override description =
    'Everything behind -- is the command and its arguments; no shell reads it (use: -- sh -c "…"). Lines come behind the name of their host. Ctrl-C and --timeout end it on the hosts too.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> -- uptime',
    '<%= config.bin %> <%= command.id %> --host server02 --sudo -- tail -n 20 /var/log/messages',
  ]
  static override strict = false
  static override flags = {
    host: hostFlag(),
    sudo: Flags.boolean({ description: 'as root' }),
    timeout: Flags.integer({ min: 1, helpValue: 'SECONDS', description: 'end it after this time' }),
  }

  async run() {
    const { argv, flags } = await this.parse(HostsExec)
    const [program, ...rest] = argv.map(String)
    if (program === undefined)
      throw new UsageError('COMMAND_ABSENT', 'no command is given', { hints: ['smartcar hosts exec -- uptime'] })
    const context = await this.open(flags)
    const [{ execError, execOnHosts }, { reportError }, { execEnd, execLine }] = await Promise.all([
      import('../../src/jobs/hosts/hosts.js'),
      import('../../src/jobs/hosts/side-by-side.js'),
      import('../../src/render/hosts.js'),
    ])
    const report = await execOnHosts(
      {
        hosts: flags.host,
        argv: [program, ...rest],
        sudo: flags.sudo,
        ...(flags.json ? {} : { onLine: (host, line) => void context.stdout.write(execLine(host, line)) }),
        ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout * 1000 }),
      },
      context,
    )
    return this.showThenFail(report, ({ hosts }) => execEnd(hosts), reportError(report) ?? execError(report))
  }
}
