import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { FailedError, systemCode } from '../../core/errors.js'

/** What of a user's SSH configuration the toolkit honours. */
export interface SshConfigValues {
  readonly hostName?: string
  readonly user?: string
  readonly port?: number
  readonly identityFiles: readonly string[]
  /** OpenSSH's notation: `user@host:port`, comma separated. */
  readonly proxyJump?: string
  readonly knownHosts: readonly string[]
}

function home(file: string): string {
  return file.startsWith('~/') ? path.join(os.homedir(), file.slice(2)) : file
}

function fromPairs(pairs: readonly (readonly [string, string])[]): SshConfigValues {
  const all = (key: string) => pairs.filter(([name]) => name === key).map(([, value]) => value)
  const one = (key: string) => all(key)[0]
  const port = Number(one('port'))
  const jump = one('proxyjump')
  const hostName = one('hostname')
  const user = one('user')
  return {
    ...(hostName === undefined ? {} : { hostName }),
    ...(user === undefined ? {} : { user }),
    ...(Number.isInteger(port) && port > 0 ? { port } : {}),
    identityFiles: all('identityfile').map(home),
    ...(jump === undefined || jump === 'none' ? {} : { proxyJump: jump }),
    knownHosts: all('userknownhostsfile')
      .flatMap((value) => value.split(/\s+/))
      .filter((file) => file !== '/dev/null' && file !== '')
      .map(home),
  }
}

/**
 * What OpenSSH would use for `alias`: from `ssh -G`, which follows Include and Match; where there is no ssh program,
 * from the file itself by ssh-config, which knows Host and wildcards alone.
 */
export async function readSshConfig(alias: string, file: string | undefined): Promise<SshConfigValues> {
  const { execa } = await import('execa')
  const result = await execa('ssh', [...(file === undefined ? [] : ['-F', file]), '-G', '--', alias], {
    reject: false,
    stdin: 'ignore',
    timeout: 20_000,
  })
  if (result.exitCode === 0) {
    return fromPairs(
      result.stdout.split('\n').flatMap((line) => {
        const space = line.indexOf(' ')
        return space === -1 ? [] : [[line.slice(0, space).toLowerCase(), line.slice(space + 1).trim()] as const]
      }),
    )
  }
  if (systemCode(result.cause) !== 'ENOENT' && systemCode(result) !== 'ENOENT') {
    throw new FailedError('SSH_CONFIG_INVALID', `ssh -G ${alias} refuses the configuration: ${result.stderr.trim()}`, {
      place: { file: file ?? '~/.ssh/config' },
    })
  }
  return parseSshConfig(alias, file ?? path.join(os.homedir(), '.ssh', 'config'))
}

/** The fallback: one file, without Include and Match. */
export async function parseSshConfig(alias: string, file: string): Promise<SshConfigValues> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return fromPairs([])
    throw error
  }
  const { default: sshConfig } = await import('ssh-config')
  const computed = sshConfig.parse(text).compute(alias, { ignoreCase: true })
  const expand = (value: string) => value.replaceAll('%h', alias).replaceAll('%d', os.homedir()).replaceAll('%%', '%')
  return fromPairs(
    Object.entries(computed).flatMap(([name, value]) =>
      [value].flat().map((text) => [name.toLowerCase(), expand(String(text))] as const),
    ),
  )
}
