import { FailedError, SmartcarError, UnreachableError } from '../errors.js'
import type { ShellOutput } from './step.js'

/** Why a step failed, as it stands in records, in `--json` and in the summary. */
export interface Failure {
  readonly code: string
  readonly message: string
  /** What was run, without secrets; undefined where no command was at fault. */
  readonly command?: string
  readonly exitCode?: number
  readonly lastLines?: readonly string[]
  readonly cause?: string
  readonly hints: readonly string[]
}

/** The last lines that say something. */
export function lastLines(text: string, count = 8): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .map((line) => (line.length > 300 ? `${line.slice(0, 300)}…` : line))
}

const knownCauses: readonly { readonly pattern: RegExp; readonly cause: string; readonly hint: string }[] = [
  {
    pattern:
      /No space left on device|needs \d+\s?[MG]B (more )?(space )?on the|Disk Requirements|not enough free space/i,
    cause: 'the disk of the host is full',
    hint: 'free space on the host (df -h shows where), then run with --resume',
  },
  {
    pattern: /Read-only file system/i,
    cause: 'a file system of the host is mounted read-only',
    hint: 'look at dmesg for disk errors and mount it read-write again',
  },
  {
    pattern: /Could not resolve host|Temporary failure (in name resolution|resolving)|Couldn't resolve host/i,
    cause: 'the host cannot resolve the name of the package repository',
    hint: 'give the site a mirror (provision.repositories) or a proxy (provision.proxy), or use smartcar bundle',
  },
  {
    pattern: /: (command )?not found$/m,
    cause: 'a program that this step calls is not on the host',
    hint: 'the last line names it: install its package on the host, then run with --resume',
  },
  {
    pattern: /\b(401|407)\b|Unauthorized|authentication required/i,
    cause: 'the repository or the proxy asks for credentials',
    hint: 'Cloudera’s repositories need a subscription since 2021: give credentials or a mirror in provision.repositories',
  },
  {
    pattern: /\b403\b|Forbidden/i,
    cause: 'the repository refuses this host',
    hint: 'check the credentials of the repository, or give a mirror in provision.repositories',
  },
  {
    pattern: /\b404\b/,
    cause: 'the repository does not hold what was asked for',
    hint: 'check its URL: CentOS 6 and 7 are only on vault.centos.org, or on a mirror (provision.repositories)',
  },
  {
    pattern: /Connection timed out|Timeout was reached|Operation too slow|Connection refused|No route to host/i,
    cause: 'the package repository does not answer',
    hint: 'try its URL from the host with curl; behind a firewall give provision.proxy or a mirror',
  },
  {
    pattern: /No package .* available|Unable to (find a match|locate package)|Nothing to do|No match for argument/i,
    cause: 'no enabled repository has this package',
    hint: 'check the name and the repositories of the host (yum repolist, apt-cache policy)',
  },
  {
    pattern: /GPG key retrieval failed|is not signed|NO_PUBKEY|public key .* not (installed|available)/i,
    cause: 'the key of the repository is not on the host',
    hint: 'give gpg_key for the repository in provision.repositories',
  },
  {
    pattern: /another (app|process) is (currently )?(holding|using)|Could not get lock|yum lock|being used by another/i,
    cause: 'another package manager is running on the host',
    hint: 'wait until it has ended (on Ubuntu often unattended-upgrades), then run with --resume',
  },
  {
    pattern: /rpmdb: |DB_RUNRECOVERY|database disk image is malformed|dpkg was interrupted/i,
    cause: 'the package database of the host is damaged or was left in the middle of something',
    hint: 'rpm --rebuilddb, or dpkg --configure -a, on the host',
  },
  {
    pattern: /incorrect password|a password is required|not in the sudoers file|must have a tty/i,
    cause: 'sudo refused the account',
    hint: 'check the sudo settings of this host in the site file',
  },
  {
    pattern: /Operation not permitted|Permission denied/i,
    cause: 'the host refused this to the account',
    hint: 'the account needs root’s rights: check sudo for this host in the site file',
  },
]

/** What the output of a failed command means, when it is one of the failures that are known. */
function knownCause(output: string): { readonly cause: string; readonly hint: string } | undefined {
  return knownCauses.find((known) => known.pattern.test(output))
}

/** Throws what a non-zero exit of a step's script means. `command`: what a reader should see as the command. */
export function commandFailed(output: ShellOutput, command: string, host: string): FailedError {
  const text = `${output.stdout}\n${output.stderr}`
  const known = knownCause(text)
  return new FailedError('STEP_COMMAND_FAILED', `${command} failed on ${host} with exit code ${output.code}`, {
    hints: known === undefined ? [] : [known.hint],
    data: {
      command,
      exitCode: output.code,
      lastLines: lastLines(text),
      ...(known === undefined ? {} : { cause: known.cause }),
    },
  })
}

/** Any thrown value as a Failure. */
export function toFailure(error: unknown): Failure {
  if (!(error instanceof SmartcarError)) {
    return { code: 'BUG', message: error instanceof Error ? error.message : String(error), hints: [] }
  }
  const { command, exitCode, lastLines: lines, cause } = error.data ?? {}
  return {
    code: error.code,
    message: error.message,
    hints: error.hints,
    ...(typeof command === 'string' ? { command } : {}),
    ...(typeof exitCode === 'number' ? { exitCode } : {}),
    ...(Array.isArray(lines) ? { lastLines: lines.map(String) } : {}),
    ...(typeof cause === 'string' ? { cause } : {}),
  }
}

/** The connection is at fault, not the step: it may be tried again. */
export function isConnectionLoss(error: unknown): boolean {
  return error instanceof UnreachableError
}
