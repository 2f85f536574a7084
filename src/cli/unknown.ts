/** Words of the command line that name nothing: what was meant. */
import { nearest } from '../core/did-you-mean.js'
import { UsageError } from '../core/errors.js'

/**
 * The command whose words come nearest to what was typed, arguments behind it or not: `simulate staus` means
 * `simulate status`, and so does `simulate staus 5`.
 */
function nearestCommand(words: readonly string[], commands: readonly string[]): string | undefined {
  for (let count = words.length; count > 0; count--) {
    const found = nearest(words.slice(0, count).join(' '), commands)
    if (found !== undefined) return found
  }
  return commands.find((command) => command.split(' ').at(-1) === words.at(-1))
}

/** oclif's `command x:y not found` as our own error; undefined for any other message. */
export function unknownCommand(message: string, ids: readonly string[]): UsageError | undefined {
  const typed = /^[Cc]ommand (.+) not found/.exec(message)?.[1]?.replaceAll(':', ' ')
  if (typed === undefined) return undefined
  const commands = ids.map((id) => id.replaceAll(':', ' '))
  const words = typed.split(' ')
  const topic = words[0] ?? ''
  const others = commands.some((command) => command.startsWith(`${topic} `))
    ? `smartcar help ${topic} lists its commands`
    : 'smartcar help lists the commands'
  const found = nearestCommand(words, commands)
  return new UsageError('COMMAND_UNKNOWN', `there is no command "${typed}"`, {
    hints: [found === undefined ? others : `smartcar ${found}`],
  })
}

/** What to try for oclif's `Nonexistent flag: --car`: the flag that comes nearest to it, undefined when none does. */
export function flagHint(message: string, flags: readonly string[]): string | undefined {
  const typed = /^Nonexistent flags?: --([\w-]+)/.exec(message)?.[1]
  const found = typed === undefined ? undefined : nearest(typed, flags)
  return found === undefined ? undefined : `did you mean --${found}?`
}
