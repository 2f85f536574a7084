import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'

export default class ClusterOpen extends BaseCommand {
  static override summary = 'make the web pages of a service reachable from here'
  static override description =
    'Pages of another host come through its SSH connection, on 127.0.0.1 alone, until Ctrl-C. Services on this machine need no forwarding: their addresses are printed.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> hdfs',
    '<%= config.bin %> <%= command.id %> resourcemanager',
  ]
  static override args = {
    service: Args.string({ required: true, ignoreStdin: true, description: 'service or role' }),
  }

  async run() {
    const { args, flags } = await this.parse(ClusterOpen)
    const context = await this.open(flags)
    const { openPages } = await import('../../src/jobs/cluster/open.js')
    await using opened = await openPages(args.service, context)
    const { pages } = opened
    if (!flags.json && pages.some(({ forwarded }) => forwarded)) {
      for (const { role, host, url } of pages) await context.stdout.write(`${role} on ${host}: ${url}\n`)
      await context.clock.sleep(2 ** 31 - 1, context.signal).catch(() => {})
      return this.show({ pages }, () => '')
    }
    return this.show({ pages }, () => pages.map(({ role, host, url }) => `${role} on ${host}: ${url}\n`).join(''))
  }
}
