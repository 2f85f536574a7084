import { randomBytes } from 'node:crypto'
import { shellQuote } from '../../core/transport.js'

/** Text for sh that becomes the command: an argument array, or a script that is read from stdin. */
export type Command =
  | {
      readonly kind: 'argv'
      readonly argv: readonly string[]
      readonly env: Readonly<Record<string, string>>
      readonly input: Uint8Array
    }
  | { readonly kind: 'script'; readonly text: string; readonly env: Readonly<Record<string, string>> }

/** A script without environment. */
export function shellOnly(text: string): Command {
  return { kind: 'script', text, env: {} }
}

/** How the command becomes root. */
export type Elevation =
  | { readonly kind: 'none' }
  | { readonly kind: 'sudo'; readonly password?: string /** sudoers says requiretty */; readonly terminal: boolean }

export interface WireCommand {
  /** What the login shell of the account gets. */
  readonly text: string
  readonly stdin: Uint8Array
  /** `<token> <process group>` is the first line that the command prints, on stdout and on stderr. */
  readonly token: string
  /** What sudo prints when it asks; twice means that the password is wrong. */
  readonly prompt?: string
  /** With a terminal there is one stream: stderr comes behind this line. */
  readonly stderrMark?: string
}

const exports = (env: Readonly<Record<string, string>>) =>
  Object.entries(env)
    .map(([name, value]) => `export ${name}=${shellQuote(value)}; `)
    .join('')

/**
 * The shell text around every command. It prints the process group first, so that the command and its children can be
 * killed from a second channel: a channel's signal is unknown to old servers and refused for root by newer ones, and
 * closing the channel leaves the process running.
 */
export function wireCommand(command: Command, elevation: Elevation): WireCommand {
  const token = `smartcar-${randomBytes(9).toString('hex')}`
  // Field 5 of /proc/PID/stat, counted behind the command name (proc(5)).
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own braces
  const group = '{ read -r s </proc/$$/stat; } 2>/dev/null || s=") - - $$ "; s=${s##*) }; s=${s#* }; s=${s#* }; '
  const announce = `${group}echo "${token} \${s%% *}"; echo "${token} \${s%% *}" >&2; `
  const environment = 'PATH=$PATH:/usr/sbin:/sbin; LC_ALL=C; export PATH LC_ALL; '
  const body =
    command.kind === 'argv'
      ? `${exports(command.env)}exec ${command.argv.map(shellQuote).join(' ')}`
      : // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own braces
        's=$(cat; echo .); exec </dev/null; eval "${s%.}"'
  const payload =
    command.kind === 'argv' ? Buffer.from(command.input) : Buffer.from(exports(command.env) + command.text)
  if (elevation.kind === 'none') {
    return { text: `exec sh -c ${shellQuote(environment + announce + body)}`, stdin: payload, token }
  }
  if (elevation.password === undefined) {
    const text = `exec env LC_ALL=C sudo -n -- sh -c ${shellQuote(environment + announce + body)}`
    return elevation.terminal ? withTerminal(text, payload, { token }) : { text, stdin: payload, token }
  }
  const prompt = `sudo-${token}:`
  // Where sudo does not ask (NOPASSWD), the password is still on stdin: everything up to the token line is skipped.
  const skip = `while IFS= read -r s && [ "$s" != ${token} ]; do :; done; `
  const text = `exec env LC_ALL=C sudo -S -k -p ${prompt} -- sh -c ${shellQuote(environment + announce + skip + body)}`
  const stdin = Buffer.concat([Buffer.from(`${elevation.password}\n${token}\n`), payload])
  return elevation.terminal ? withTerminal(text, stdin, { token, prompt }) : { text, stdin, token, prompt }
}

/**
 * `requiretty` wants a terminal for sudo itself, not for its streams: `head` takes exactly our bytes from the raw
 * terminal (which has no end of file) and stderr goes through a file, since a terminal has one stream.
 */
function withTerminal(
  text: string,
  stdin: Uint8Array,
  marks: { readonly token: string; readonly prompt?: string },
): WireCommand {
  const stderrMark = `stderr-${marks.token}`
  const steps = [
    'stty raw -echo 2>/dev/null',
    'f=$(mktemp) || exit 1',
    `head -c ${stdin.byteLength} | ( ${text} ) 2>"$f"`,
    'rc=$?',
    `printf '\\n${stderrMark}\\n'; cat "$f"; rm -f "$f"; exit $rc`,
  ]
  return { text: `exec sh -c ${shellQuote(steps.join('; '))}`, stdin, stderrMark, ...marks }
}

/** Ends a process group: asks first, then kills what is left after three seconds. */
export function killGroup(group: string): string {
  return (
    `kill -s TERM -- -${group} 2>/dev/null; i=0; ` +
    `while [ $i -lt 30 ] && kill -s 0 -- -${group} 2>/dev/null; do sleep 0.1; i=$((i+1)); done; ` +
    `kill -s KILL -- -${group} 2>/dev/null; true`
  )
}

/** Numbers of signals(7) that a shell adds to 128. */
const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
}

export function exitOf(code: number | null, signal: string | undefined): { code: number; signal?: string } {
  if (code !== null) return { code }
  const name = signal === undefined || signal.startsWith('SIG') ? signal : `SIG${signal}`
  return { code: 128 + (signalNumbers[name ?? ''] ?? 0), ...(name === undefined ? {} : { signal: name }) }
}
