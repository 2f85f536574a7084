import { UsageError } from '../core/errors.js'
import type { Terminal } from '../core/transport.js'

/** The terminal of this process in raw mode until it is disposed; UsageError where stdin or stdout is none. */
export function openTerminal(environment: NodeJS.ProcessEnv): Terminal & Disposable {
  const { stdin, stdout } = process
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new UsageError('NO_TERMINAL', 'a shell needs a terminal, and stdin or stdout is none', {
      hints: ['to run one command: smartcar hosts exec -- CMD'],
    })
  }
  stdin.setRawMode(true)
  const listeners: (() => void)[] = []
  return {
    type: environment.TERM ?? 'xterm',
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    onInput: (listener) => {
      stdin.on('data', listener)
      listeners.push(() => stdin.off('data', listener))
    },
    onResize: (listener) => {
      stdout.on('resize', listener)
      listeners.push(() => stdout.off('resize', listener))
    },
    write: (chunk) => {
      stdout.write(chunk)
    },
    [Symbol.dispose]() {
      for (const remove of listeners) remove()
      stdin.setRawMode(false)
      stdin.pause()
    },
  }
}
