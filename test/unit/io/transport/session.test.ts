import { expect, test } from 'vitest'
import { InterruptedError } from '../../../../src/core/errors.js'
import { shellOnly, wireCommand } from '../../../../src/io/transport/command.js'
import { runSession, type SessionOptions, type Started } from '../../../../src/io/transport/session.js'

/** A command that does what the test says, and notes what is done to it. */
function fakeCommand() {
  const seen: string[] = []
  let print: (chunk: Uint8Array) => void = () => {}
  let close: (code: number | null, signal: string | undefined) => void = () => {}
  const started: Started = {
    onStdout: (listener) => {
      print = listener
    },
    onStderr: () => {},
    onClose: (listener) => {
      close = listener
    },
    send: (input) => seen.push(`sent ${input.byteLength > 0 ? 'its input' : 'nothing'}`),
    abandon: () => seen.push('abandoned'),
    kill: async (group) => {
      seen.push(`killed ${group}`)
      close(null, 'SIGTERM')
    },
  }
  return { started, seen, print: (text: string) => print(Buffer.from(text)), close: () => close(0, undefined) }
}

const wire = wireCommand(shellOnly('sleep 1000'), { kind: 'none' })
const run = (started: Started, options: SessionOptions) =>
  runSession(started, wire, options, { host: 'server01', user: 'root', label: 'a script', sudo: false })

test('a command whose first line has not come when it is aborted is killed as soon as it comes', async () => {
  const command = fakeCommand()
  const stop = new AbortController()
  const result = run(command.started, { signal: stop.signal })
  stop.abort(new InterruptedError())
  expect(command.seen).toEqual(['sent its input'])
  command.print(`${wire.token} 4711\n`)
  await expect(result).rejects.toBeInstanceOf(InterruptedError)
  expect(command.seen).toEqual(['sent its input', 'killed 4711'])
})

test('a command that was started into an abort gets no input and is killed', async () => {
  const command = fakeCommand()
  const result = run(command.started, { signal: AbortSignal.abort(new InterruptedError()) })
  command.print(`${wire.token} 4711\n`)
  await expect(result).rejects.toBeInstanceOf(InterruptedError)
  expect(command.seen).toEqual(['sent nothing', 'killed 4711'])
})

test('a command that ends by itself meanwhile is not waited for', async () => {
  const command = fakeCommand()
  const stop = new AbortController()
  const result = run(command.started, { signal: stop.signal })
  stop.abort(new InterruptedError())
  command.close()
  await expect(result).rejects.toBeInstanceOf(InterruptedError)
  expect(command.seen).toEqual(['sent its input'])
})
