import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../src/cli/base-command.js'
import { durationFlag } from '../../src/cli/flags.js'

export default class HdfsSafemode extends BaseCommand {
  static override summary = 'whether HDFS is in safe mode, or wait until it is not'
  static override description =
    'In safe mode, after a start, HDFS waits for its DataNodes, and nothing can be changed. It ends by itself when enough blocks have been reported.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> wait --timeout 5m',
  ]
  static override args = {
    action: Args.string({ ignoreStdin: true, options: ['get', 'wait'], default: 'get', description: 'what to do' }),
  }
  static override flags = {
    timeout: durationFlag({ default: 180_000, description: 'with wait: at most [default: 3m]' }),
  }

  async run() {
    const { args, flags } = await this.parse(HdfsSafemode)
    const context = await this.open(flags)
    const [{ hdfsOf }, { waitForSafeMode }, { safeModeOf }] = await Promise.all([
      import('../../src/jobs/hdfs/open.js'),
      import('../../src/jobs/hdfs/health.js'),
      import('../../src/services/hdfs/health.js'),
    ])
    const hdfs = await hdfsOf(context, undefined)
    const state = args.action === 'wait' ? await waitForSafeMode(hdfs, flags.timeout, context) : await safeModeOf(hdfs)
    return this.show(state, ({ on }) => `safe mode is ${on ? `on: ${'why' in state ? state.why : ''}` : 'off'}\n`)
  }
}
