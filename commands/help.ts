import * as Args from '@oclif/core/args'
import { loadHelpClass } from '@oclif/core/help'
import { BaseCommand } from '../src/cli/base-command.js'

export default class HelpCommand extends BaseCommand {
  static override summary = 'show help for a command or a topic'
  static override examples = ['<%= config.bin %> help pilot', '<%= config.bin %> help exit-codes']
  static override args = {
    command: Args.string({ ignoreStdin: true, description: 'command or topic (exit-codes, environment)' }),
  }
  static override strict = false

  async run(): Promise<void> {
    const { argv } = await this.parse(HelpCommand)
    const Help = await loadHelpClass(this.config)
    await new Help(this.config, this.config.pjson.oclif.helpOptions ?? this.config.pjson.helpOptions).showHelp(
      argv as string[],
    )
  }
}
