import { CommandHelp, Help } from '@oclif/core/help'
import { exitCodes } from '../core/exit-codes.js'
import { environmentKeys, environmentName } from '../core/site/resolve.js'
import { table } from '../render/table.js'
import { unknownCommand } from './unknown.js'

/** Examples first: most readers want to copy one. */
class ExamplesFirst extends CommandHelp {
  override sections() {
    const sections = super.sections()
    const examples = sections.filter((section) => section.header.startsWith('EXAMPLE'))
    return [...examples, ...sections.filter((section) => !examples.includes(section))]
  }
}

/** Pages of `smartcar help` that are no commands. */
export const helpTopics: Readonly<Record<string, { readonly title: string; readonly text: () => string }>> = {
  'exit-codes': {
    title: 'what the exit code of a command means',
    text: () =>
      table(
        [{ title: 'code', align: 'right' }, { title: 'meaning' }],
        Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]),
      ),
  },
  environment: {
    title: 'environment variables that smartcar reads',
    text: () =>
      table(
        [{ title: 'variable' }, { title: 'sets' }],
        [
          ['SMARTCAR_SITE', '--site'],
          ...environmentKeys.map((key) => [environmentName(key), `${key} of the site file`]),
          ['NO_COLOR', 'no colours when it is not empty'],
          ['XDG_CONFIG_HOME', 'where smartcar/config.yaml of the user is looked for'],
        ],
      ),
  },
}

export default class SmartcarHelp extends Help {
  protected override CommandHelpClass = ExamplesFirst

  override async showHelp(argv: string[]): Promise<void> {
    const topic = argv.find((word) => !word.startsWith('-') && word !== 'help')
    const page = topic === undefined ? undefined : helpTopics[topic]
    if (page !== undefined) {
      process.stdout.write(page.text())
      return
    }
    try {
      await super.showHelp(argv)
    } catch (error) {
      throw (error instanceof Error ? unknownCommand(error.message, this.config.commandIDs) : undefined) ?? error
    }
  }

  override formatRoot(): string {
    const first = [
      '# the whole pilot on this machine, ends with a report',
      'smartcar pilot',
      '',
      '# your own site file',
      'smartcar init',
    ]
    const indent = (lines: readonly string[]) => lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')
    const topics = Object.entries(helpTopics).map(([name, page]) => `smartcar help ${name}: ${page.title}`)
    return `${super.formatRoot()}\n\nEXAMPLES\n${indent(first)}\n\nMORE HELP\n${indent(topics)}`
  }
}
