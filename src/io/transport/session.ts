import { FailedError, InterruptedError, SmartcarError } from '../../core/errors.js'
import { ConnectionLostError, type ExecOptions, SudoError } from '../../core/transport.js'
import { exitOf, type WireCommand } from './command.js'
import { afterToken, cappedBuffer, lineSplitter } from './lines.js'

/** A started command, on this machine or at the other end of a channel. */
export interface Started {
  onStdout(listener: (chunk: Uint8Array) => void): void
  onStderr(listener: (chunk: Uint8Array) => void): void
  /** Once, when it has ended and its output is complete; neither code nor signal: the connection broke. */
  onClose(listener: (code: number | null, signal: string | undefined) => void): void
  /** Writes all of stdin and closes it. */
  send(input: Uint8Array): void
  /** Gives up on it without waiting. */
  abandon(): void
  /** Ends the process group on the host. */
  kill(group: string): Promise<void>
}

export interface RawResult {
  readonly code: number
  readonly signal?: string
  readonly stdout: Buffer
  readonly stderr: Buffer
  readonly truncated: boolean
  readonly ms: number
}

export type SessionOptions = Pick<ExecOptions, 'timeoutMs' | 'signal' | 'onLine' | 'maxOutput'>

const defaultMaxOutput = 16 * 1024 * 1024
/** How long a killed command may take to go away before it is left to itself. */
const patienceMs = 8000
/** How long the first line of a command that is to be stopped may take: without it, it cannot be killed. */
const firstLineMs = 3000

function sudoProblem(host: string, user: string, text: string): SudoError {
  const hints = [`set ssh.sudo for ${host} in the site file: password_file or password_env`]
  const details = { hints, place: { thing: host }, data: { host, user } }
  if (/incorrect password|Sorry, try again/i.test(text))
    return new SudoError('SUDO_PASSWORD_WRONG', `${host}: sudo refuses the password of ${user}`, details)
  if (/password is required|no password was provided/i.test(text))
    return new SudoError('SUDO_PASSWORD_REQUIRED', `${host}: sudo asks ${user} for a password`, details)
  return new SudoError('SUDO_REFUSED', `${host}: sudo refuses ${user}: ${text.trim().split('\n').at(-1) ?? ''}`, {
    ...details,
    hints: [`allow it on ${host}: a line "${user} ALL=(ALL) ALL" in /etc/sudoers.d, or log in as root`],
  })
}

/** sudo wants a terminal: the caller starts the command again with one. */
export class TerminalRequired extends Error {}

/** Waits for a started command: gathers output, splits lines, honours time-out and abort, tells sudo's refusals apart. */
export function runSession(
  started: Started,
  wire: WireCommand,
  options: SessionOptions,
  who: { readonly host: string; readonly user: string; readonly label: string; readonly sudo: boolean },
): Promise<RawResult> {
  const begin = performance.now()
  const limit = options.maxOutput ?? defaultMaxOutput
  const out = cappedBuffer(limit)
  const err = cappedBuffer(limit)
  const lines = (stream: 'out' | 'err') => lineSplitter((line) => options.onLine?.(line, stream))
  const outLines = lines('out')
  const errLines = lines('err')
  let group: string | undefined
  let settled = false
  return new Promise<RawResult>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const finish = (done: () => void) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
      done()
    }
    const stop = (error: SmartcarError) => {
      if (settled) return
      const giveUp = setTimeout(() => {
        started.abandon()
        finish(() => reject(error))
      }, patienceMs)
      ended = () => {
        clearTimeout(giveUp)
        finish(() => reject(error))
      }
      clearTimeout(timer)
      const kill = (known: string) => {
        void started
          .kill(known)
          .catch(() => {})
          .finally(() => {
            // What left the group on purpose may still hold the streams.
            setTimeout(() => ended?.(), 200)
          })
      }
      if (group !== undefined) {
        kill(group)
        return
      }
      // It may run already although its first line has not come: left to itself it would go on.
      const unknown = setTimeout(() => {
        onGroup = undefined
        started.abandon()
        ended?.()
      }, firstLineMs)
      unknown.unref()
      onGroup = (known) => {
        clearTimeout(unknown)
        kill(known)
      }
    }
    let ended: (() => void) | undefined
    let onGroup: ((group: string) => void) | undefined
    const onAbort = () =>
      stop(options.signal?.reason instanceof SmartcarError ? options.signal.reason : new InterruptedError())
    options.signal?.addEventListener('abort', onAbort, { once: true })
    if (options.timeoutMs !== undefined) {
      const ms = options.timeoutMs
      timer = setTimeout(() => {
        const message = `${who.host}: ${who.label} did not end within ${ms / 1000} s and was stopped`
        stop(
          new FailedError('COMMAND_TIMED_OUT', message, { place: { thing: who.host }, data: { host: who.host, ms } }),
        )
      }, ms)
    }
    const stdout = afterToken(
      wire.token,
      (text) => {
        group = /^\d+$/.test(text) ? text : undefined
        if (group !== undefined) onGroup?.(group)
      },
      (chunk) => {
        out.push(chunk)
        if (wire.stderrMark === undefined) outLines.push(chunk)
      },
    )
    const stderr = afterToken(
      wire.token,
      () => {},
      (chunk) => {
        err.push(chunk)
        errLines.push(chunk)
      },
    )
    started.onStdout(stdout.push)
    started.onStderr((chunk) => {
      stderr.push(chunk)
      // The same prompt again: sudo would now take our input for a password.
      if (wire.prompt !== undefined && group === undefined && stderr.before.split(wire.prompt).length > 2) {
        finish(() => {
          started.abandon()
          reject(sudoProblem(who.host, who.user, 'incorrect password'))
        })
      }
    })
    started.onClose((code, signal) => {
      if (ended !== undefined) {
        ended()
        return
      }
      finish(() => {
        if (code === null && signal === undefined) {
          reject(new ConnectionLostError(who.host))
          return
        }
        let bytesOut = out.bytes()
        let bytesErr = err.bytes()
        if (wire.stderrMark !== undefined) {
          const mark = `\n${wire.stderrMark}\n`
          const whole = group === undefined ? Buffer.from(stdout.before) : bytesOut
          const at = whole.indexOf(mark)
          const behind = at === -1 ? Buffer.alloc(0) : whole.subarray(at + mark.length)
          bytesOut = at === -1 ? whole : whole.subarray(0, at)
          const own = behind.indexOf(`${wire.token} `)
          bytesErr = own === -1 ? behind : behind.subarray(behind.indexOf('\n', own) + 1)
          outLines.push(bytesOut)
          errLines.push(bytesErr)
        }
        outLines.end()
        errLines.end()
        if (group === undefined && who.sudo && code !== 0) {
          const text = stderr.before + bytesErr.toString('utf8')
          if (wire.stderrMark === undefined && /must have a tty/i.test(text)) reject(new TerminalRequired())
          else reject(sudoProblem(who.host, who.user, text))
          return
        }
        resolve({
          ...exitOf(code, signal),
          stdout: bytesOut,
          stderr: group === undefined ? Buffer.concat([Buffer.from(stderr.before), bytesErr]) : bytesErr,
          truncated: out.truncated || err.truncated,
          ms: performance.now() - begin,
        })
      })
    })
    if (options.signal?.aborted !== true) {
      started.send(wire.stdin)
      return
    }
    // Aborted before it began: a script that reads nothing does nothing, and a command is killed.
    onAbort()
    started.send(new Uint8Array())
  })
}
