import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'
import { openTerminal } from '../../src/cli/terminal.js'
import { FailedError } from '../../src/core/errors.js'

export default class HostsSsh extends BaseCommand {
  static override summary = 'a shell on a host, logged in as the site says'
  static override examples = ['<%= config.bin %> <%= command.id %> server01']
  static override args = {
    host: Args.string({ ignoreStdin: true, required: true, description: 'name of the host in the site' }),
  }

  async run() {
    const { args, flags } = await this.parse(HostsSsh)
    const context = await this.open(flags)
    const host = await context.transports.open(args.host)
    await host.connect()
    let code: number
    {
      using terminal = openTerminal(context.environment)
      code = await host.shell(terminal)
    }
    if (code !== 0) throw new FailedError('REMOTE_COMMAND_FAILED', `the shell on ${args.host} ended with ${code}`)
    return this.show({ host: args.host, code }, () => '')
  }
}
