import { BugError, FailedError } from '../errors.js'
import { lastLines } from './failure.js'
import type { ShellCheck, ShellOutput } from './step.js'

/** What every script of smartcar begins with: the same words and numbers on every host, and the administrator's PATH. */
export const shellPrelude = `LC_ALL=C; export LC_ALL
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
umask 022
`

/** One script that runs every check, each in a subshell of its own; `token` is random, so that no output can forge a mark. */
export function batchScript(checks: readonly ShellCheck[], token: string): string {
  const parts = checks.map(
    (check, number) =>
      `printf '@%s begin %s\\n' ${token} ${number}\n(\n${check.shell}\n) </dev/null 2>/dev/null\nprintf '\\n@%s end %s %s\\n' ${token} ${number} $?\n`,
  )
  return `${shellPrelude}${parts.join('')}`
}

/** Takes a batch's output apart again. Throws FailedError when the script ended before all checks had run. */
export function parseBatch(
  output: ShellOutput,
  count: number,
  token: string,
  host: string,
): readonly { readonly code: number; readonly stdout: string }[] {
  return Array.from({ length: count }, (_, number) => {
    const begin = `@${token} begin ${number}\n`
    const from = output.stdout.indexOf(begin)
    const to = output.stdout.indexOf(`\n@${token} end ${number} `, from)
    if (from === -1 || to === -1) {
      throw new FailedError('CHECKS_CUT_SHORT', `the checks on ${host} ended early, with exit code ${output.code}`, {
        hints: ['run the same command again: checks write nothing'],
        data: { host, exitCode: output.code, lastLines: lastLines(`${output.stdout}\n${output.stderr}`) },
      })
    }
    const code = /^\n@\S+ end \d+ (\d+)/.exec(output.stdout.slice(to))?.[1]
    if (code === undefined) throw new BugError(`the mark of check ${number} on ${host} has no exit code`)
    return { code: Number(code), stdout: output.stdout.slice(from + begin.length, to) }
  })
}
