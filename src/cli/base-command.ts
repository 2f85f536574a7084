import { Command } from '@oclif/core/command'
import * as Flags from '@oclif/core/flags'
import { BugError, FailedError, SmartcarError, systemCode, UsageError } from '../core/errors.js'
import { siteTrouble } from '../jobs/site-errors.js'
import { type Context, openContext } from './context.js'
import { errorJson, errorText } from './error-text.js'
import { flagHint } from './unknown.js'

/** The JSON value that every command prints with `--json`. */
export interface CommandResult<T> {
  readonly schemaVersion: 1
  readonly command: string
  readonly result: T
}

/** Errors of the operating system that a user can mend; anything else that is not a SmartcarError is a bug. */
const systemHints: Readonly<Record<string, string>> = {
  ENOSPC: 'free some disk space and run the same command again: nothing was half-written',
  EACCES: 'check the permissions of this path',
  EPERM: 'check the permissions of this path',
  EROFS: 'the file system is read-only: choose another folder with --site',
  ENOENT: 'check the path',
  EISDIR: 'this is a folder: give a file',
  ENOTDIR: 'a part of this path is a file: give a folder',
  EMFILE: 'raise the limit of open files (ulimit -n)',
}

/** oclif's words for a wrong command line, on one line: `--cars: expected an integer …`. */
function usageText(message: string): string {
  const text = (message.split('\nSee more help')[0] ?? message)
    .replace(/^Parsing (\S+) \n\t/, '$1: ')
    .replace(/^The following errors? occurred:\n\s*/, '')
  return text.replace(/\s*\n\s*/g, '; ')
}

/** Every error as one that has a code, an exit code and hints. `flags`: those of the command. */
function asSmartcarError(error: unknown, flags: readonly string[]): SmartcarError {
  if (error instanceof SmartcarError) {
    // oclif puts its own words around what a flag's parser throws.
    const wrapped = /^Parsing (\S+) \n\t([\s\S]*?)\nSee more help with --help$/.exec(error.message)
    if (wrapped !== null) error.message = `${wrapped[1]}: ${wrapped[2]}`
    return error
  }
  const message = error instanceof Error ? error.message : String(error)
  const oclifExit = (error as { oclif?: { exit?: number } }).oclif?.exit
  if (oclifExit !== undefined) {
    const text = usageText(message)
    return new UsageError('USAGE', text, { hints: [flagHint(text, flags) ?? 'add --help'] })
  }
  const code = systemCode(error)
  const hint = code === undefined ? undefined : systemHints[code]
  if (code !== undefined && hint !== undefined) return new FailedError(code, message, { hints: [hint], cause: error })
  const bug = new BugError(message, { cause: error })
  if (error instanceof Error && error.stack !== undefined) bug.stack = error.stack
  return bug
}

/** The parent of every command: base flags, context, one way to show a result and one way to fail. */
export abstract class BaseCommand extends Command {
  static override baseFlags = {
    site: Flags.string({
      char: 's',
      env: 'SMARTCAR_SITE',
      helpValue: 'PATH',
      helpGroup: 'GLOBAL',
      description: 'site file, or folder to work in [default: smartcar.yaml upwards from here, else ./smartcar-data]',
    }),
    json: Flags.boolean({
      helpGroup: 'GLOBAL',
      description: 'print one JSON value on stdout, also on failure, and progress as JSON lines on stderr',
    }),
    quiet: Flags.boolean({ char: 'q', helpGroup: 'GLOBAL', description: 'no progress on stderr, warnings alone' }),
  }

  private context: Context | undefined

  protected async open(flags: { site?: string | undefined; json: boolean; quiet: boolean }): Promise<Context> {
    this.context = await openContext({
      json: flags.json,
      quiet: flags.quiet,
      ...(flags.site === undefined ? {} : { site: flags.site }),
    })
    return this.context
  }

  private wantsJson(): boolean {
    const end = this.argv.indexOf('--')
    return (end === -1 ? this.argv : this.argv.slice(0, end)).includes('--json')
  }

  /** Shows a result: as text for people, or as the one JSON value with `--json`. */
  protected async show<T>(result: T, render: (result: T) => string): Promise<CommandResult<T>> {
    await this.context?.close()
    const value: CommandResult<T> = { schemaVersion: 1, command: this.id ?? '', result }
    const text = this.wantsJson() ? `${JSON.stringify(value)}\n` : render(result)
    if (this.context === undefined) process.stdout.write(text)
    else await this.context.stdout.write(text)
    return value
  }

  /** As `show`, for a result that is there in part: people see it before the error, `--json` has it in the error's data. */
  protected async showThenFail<T>(result: T, render: (result: T) => string, error: SmartcarError | undefined) {
    if (error === undefined) return this.show(result, render)
    await this.context?.close()
    if (!this.wantsJson()) await this.context?.stdout.write(render(result))
    throw error
  }

  protected override async catch(error: Error): Promise<void> {
    await this.context?.close()
    const flags = Object.keys({ ...this.ctor.baseFlags, ...this.ctor.flags })
    const known = asSmartcarError(this.context === undefined ? error : await siteTrouble(error, this.context), flags)
    process.exitCode = known.exitCode
    // A reader that has gone (`| head`) wants to hear nothing more.
    if (this.context?.signal.aborted && known.message === 'the reader of the output has gone') {
      process.exitCode = 0
      return
    }
    if (this.wantsJson())
      process.stdout.write(`${JSON.stringify({ schemaVersion: 1, command: this.id ?? '', error: errorJson(known) })}\n`)
    else process.stderr.write(errorText(known))
  }

  /** oclif prints a command's return value itself when its own JSON switch is on; ours is printed by `show`. */
  override jsonEnabled(): boolean {
    return false
  }
}
