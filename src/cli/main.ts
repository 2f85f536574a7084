import { Config } from '@oclif/core/config'
import { flush } from '@oclif/core/flush'
import type { LoadOptions } from '@oclif/core/interfaces'
import { run as runCommand } from '@oclif/core/run'
import { settings } from '@oclif/core/settings'
import { BugError, SmartcarError } from '../core/errors.js'
import { errorJson, errorText } from './error-text.js'
import { tolerateLostStderr } from './stderr.js'
import { unknownCommand } from './unknown.js'

/** Errors from outside any command: an unknown command, a broken installation. */
function asKnown(error: unknown, config: Config): SmartcarError {
  if (error instanceof SmartcarError) return error
  const message = error instanceof Error ? error.message : String(error)
  return unknownCommand(message, config.commandIDs) ?? new BugError(message, { cause: error })
}

async function execute(options: LoadOptions, argv: readonly string[]): Promise<void> {
  tolerateLostStderr()
  const config = await Config.load(options)
  try {
    await runCommand([...argv], config)
  } catch (error) {
    const exit = (error as { oclif?: { exit?: number } }).oclif?.exit
    if (exit !== 0) {
      const known = asKnown(error, config)
      process.exitCode = known.exitCode
      if (argv.includes('--json'))
        process.stdout.write(`${JSON.stringify({ schemaVersion: 1, error: errorJson(known) })}\n`)
      else process.stderr.write(errorText(known))
    }
  }
  // A reader that has gone (`| head`) never drains: waiting for it would wait for ever.
  if (process.stdout.writable && process.stdout.errored === null) await flush()
}

/** The installed command line. `root`: the folder of smartcar's package.json. */
export function run(root: string): Promise<void> {
  settings.enableAutoTranspile = false
  return execute({ root }, process.argv.slice(2))
}

/** The command line from its TypeScript sources: `pjson` is package.json with the commands folder of the sources. */
export function runFromSource(root: string, pjson: LoadOptions & Record<string, unknown>): Promise<void> {
  settings.enableAutoTranspile = false
  return execute({ root, pjson } as never, process.argv.slice(2))
}
