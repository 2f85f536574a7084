import { FailedError } from '../../core/errors.js'
import {
  type ExecOptions,
  type ExecResult,
  type FileAccess,
  type RemoteStat,
  shellQuote,
  type Transport,
  type WriteFileOptions,
} from '../../core/transport.js'
import type { Command } from './command.js'
import type { RawResult, SessionOptions } from './session.js'

/** Runs one command; the transports differ in this alone. */
export type Execute = (command: Command, options: SessionOptions & { readonly sudo: boolean }) => Promise<RawResult>

const absent = 44

/** What sh said, as an error that names the file. */
function fileError(host: string, doing: string, path: string, result: RawResult): FailedError {
  const said = result.stderr.toString('utf8').trim().split('\n').at(-1) ?? ''
  const full = /No space left/.test(said)
  return new FailedError(
    full ? 'REMOTE_DISK_FULL' : 'REMOTE_FILE_FAILED',
    `${host}: cannot ${doing} ${path}: ${said}`,
    {
      place: { thing: `${host}:${path}` },
      hints: full
        ? [`free some space on ${host} (df -h ${path}), then run the same command again`]
        : [`check the path and the rights of the account on ${host}`],
      data: { host, path, code: result.code },
    },
  )
}

/** Runs shell text whose failure is an error about a file. */
export async function fileScript(
  execute: Execute,
  host: string,
  file: { readonly doing: string; readonly path: string },
  text: string,
  access: FileAccess,
): Promise<string> {
  const result = await execute({ kind: 'script', text, env: {} }, fileOptions(access))
  if (result.code !== 0) throw fileError(host, file.doing, file.path, result)
  return result.stdout.toString('utf8')
}

function fileOptions(access: FileAccess): { sudo: boolean; signal?: AbortSignal } {
  return { sudo: access.sudo ?? false, ...(access.signal === undefined ? {} : { signal: access.signal }) }
}

/** The operations of a transport that are shell commands on the host, whichever way they get there. */
export function shellOperations(
  host: string,
  execute: Execute,
): Pick<Transport, 'run' | 'script' | 'readFile' | 'writeFile' | 'stat' | 'bootId'> {
  const session = (options: Omit<ExecOptions, 'input'>) => ({ ...options, sudo: options.sudo ?? false })
  const text = (raw: RawResult): ExecResult => ({
    ...raw,
    stdout: raw.stdout.toString('utf8'),
    stderr: raw.stderr.toString('utf8'),
  })
  const script: Transport['script'] = async (body, options = {}) =>
    text(await execute({ kind: 'script', text: body, env: options.env ?? {} }, session(options)))
  return {
    async run(argv, options = {}) {
      const input = typeof options.input === 'string' ? Buffer.from(options.input) : (options.input ?? Buffer.alloc(0))
      return text(await execute({ kind: 'argv', argv, env: options.env ?? {}, input }, session(options)))
    },
    script,
    async readFile(path, access = {}) {
      const name = shellQuote(path)
      // A dangling link and a missing file are both "no file"; a folder that may not be entered is an error.
      const body = `if ls -dL ${name} >/dev/null 2>&1; then cat ${name}; else e=$(LC_ALL=C ls -dL ${name} 2>&1); case $e in *'No such file'*|*'Not a directory'*) exit ${absent};; esac; echo "$e" >&2; exit 1; fi`
      const result = await execute(
        { kind: 'script', text: body, env: {} },
        { ...fileOptions(access), maxOutput: 64 * 1024 * 1024 },
      )
      if (result.code === absent) return undefined
      if (result.code !== 0) throw fileError(host, 'read', path, result)
      if (result.truncated) {
        throw new FailedError('REMOTE_FILE_TOO_LARGE', `${host}: ${path} is larger than 64 MiB`, {
          hints: ['smartcar hosts pull copies large files'],
        })
      }
      return result.stdout
    },
    async writeFile(path, data, options = {}) {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data
      const body = writeScript(path, options)
      // The content comes on stdin, the text as an argument: a file may hold a secret and be large, the text neither.
      const result = await execute(
        { kind: 'argv', argv: ['sh', '-c', body], env: {}, input: bytes },
        fileOptions(options),
      )
      if (result.code !== 0) throw fileError(host, 'write', path, result)
    },
    async stat(path, access = {}) {
      const body = `stat -c '%f %s %U %G %Y' -- ${shellQuote(path)} 2>/dev/null || { e=$(LC_ALL=C ls -d ${shellQuote(path)} 2>&1) || case $e in *'No such file'*|*'Not a directory'*) exit ${absent};; esac; echo "$e" >&2; exit 1; }`
      const result = await execute({ kind: 'script', text: body, env: {} }, fileOptions(access))
      if (result.code === absent) return undefined
      if (result.code !== 0) throw fileError(host, 'look at', path, result)
      return parseStat(result.stdout.toString('utf8'))
    },
    async bootId() {
      // Where hosts share a kernel (containers, the test harness) only the start of process 1 tells boots apart.
      const result = await script('cat /proc/sys/kernel/random/boot_id; cat /proc/1/stat')
      const [id = '', stat = ''] = result.stdout.split('\n')
      const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
      if (result.code !== 0 || started === '')
        throw new FailedError('REMOTE_BOOT_UNKNOWN', `${host}: /proc does not say when it was started`)
      return `${id}/${started}`
    },
  }
}

function writeScript(path: string, options: WriteFileOptions): string {
  const mode = (options.mode ?? 0o644).toString(8)
  const owner = options.owner === undefined ? '' : `chown ${shellQuote(options.owner)} "$t" && `
  // The content is written before the mode is widened; `sync -d` on one file is too new for CentOS 6 and 7.
  return (
    `p=${shellQuote(path)}; umask 077; t=$(mktemp "$p.XXXXXX") || exit 1; trap 'rm -f "$t"' EXIT; ` +
    `cat >"$t" && { dd of="$t" conv=notrunc,fsync count=0 2>/dev/null || :; } && ${owner}chmod ${mode} "$t" && ` +
    `{ command -v restorecon >/dev/null 2>&1 && [ -e "$p" ] && chcon --reference="$p" "$t" 2>/dev/null || :; } && mv -fT "$t" "$p"`
  )
}

function parseStat(text: string): RemoteStat {
  const [hex = '0', size = '0', owner = '', group = '', modified = '0'] = text.trim().split(' ')
  const bits = Number.parseInt(hex, 16)
  const kinds: Readonly<Record<number, RemoteStat['kind']>> = { 8: 'file', 4: 'directory', 10: 'link' }
  return {
    kind: kinds[bits >> 12] ?? 'other',
    size: Number(size),
    mode: bits & 0o7777,
    owner,
    group,
    modified: Number(modified),
  }
}
