import { mkdir, open } from 'node:fs/promises'
import os from 'node:os'
import { FailedError, UsageError } from '../../core/errors.js'
import { SudoError, type Transport } from '../../core/transport.js'
import { type Command, killGroup, wireCommand } from './command.js'
import { ending } from './linger.js'
import type { RawResult, SessionOptions } from './session.js'
import { runSession, type Started } from './session.js'
import { type Execute, shellOperations } from './shell-files.js'
import { download, type RemoteHandle, type TransferParts, upload } from './transfer.js'

export interface LocalSettings {
  readonly host: string
  readonly sudo: false | { readonly password?: () => Promise<string> }
}

async function start(text: string, asRoot: boolean): Promise<Started> {
  const { execa } = await import('execa')
  // Detached: a process group of its own, as a command has on a host.
  const child = execa('sh', ['-c', text], {
    reject: false,
    buffer: false,
    detached: true,
    cleanup: true,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const end = ending(() => {
    child.stdout?.destroy()
    child.stderr?.destroy()
  })
  child.once('exit', (code, signal) => end.exited(code, signal ?? undefined))
  child.once('close', end.closed)
  const take = (listener: (chunk: Uint8Array) => void) => (chunk: Buffer) => {
    end.sawOutput()
    listener(chunk)
  }
  return {
    onStdout: (listener) => child.stdout?.on('data', take(listener)),
    onStderr: (listener) => child.stderr?.on('data', take(listener)),
    onClose: end.onEnd,
    send(input) {
      // A command that does not read its input closes the pipe: that is its right.
      child.stdin?.on('error', () => {})
      child.stdin?.end(input)
    },
    abandon: () => {
      child.kill('SIGKILL')
    },
    kill: async (group) => {
      const words = ['sh', '-c', killGroup(group)]
      await execa(asRoot ? 'sudo' : 'env', asRoot ? ['-n', ...words] : words, { reject: false, stdin: 'ignore' })
    },
  }
}

async function openLocal(path: string, mode: 'create' | 'update' | 'read'): Promise<RemoteHandle> {
  const file = await open(path, mode === 'create' ? 'w' : mode === 'update' ? 'r+' : 'r')
  return {
    write: async (chunk, position) => {
      await file.write(chunk, 0, chunk.byteLength, position)
    },
    read: async (target, position) => (await file.read(target, 0, target.byteLength, position)).bytesRead,
    close: () => file.close(),
  }
}

/** This machine as a host: the same shell commands as over SSH, started by execa. */
export function localTransport(settings: LocalSettings): Transport {
  const { host } = settings
  const user = os.userInfo().username
  const root = process.geteuid?.() === 0
  const execute: Execute = async (
    command: Command,
    options: SessionOptions & { readonly sudo: boolean },
  ): Promise<RawResult> => {
    const sudo = options.sudo && !root
    if (sudo && settings.sudo === false)
      throw new SudoError('SUDO_OFF', `${host}: this needs root, and the site says that ${user} must not use sudo`, {
        hints: [`set ssh.sudo for ${host}, or run smartcar as root`],
      })
    const password = sudo && settings.sudo !== false ? await settings.sudo.password?.() : undefined
    const wire = wireCommand(
      command,
      sudo ? { kind: 'sudo', terminal: false, ...(password === undefined ? {} : { password }) } : { kind: 'none' },
    )
    const label = command.kind === 'argv' ? (command.argv[0] ?? 'a command') : 'a script'
    return runSession(await start(wire.text, sudo), wire, options, { host, user, label, sudo })
  }
  const parts: TransferParts = { host, execute, open: openLocal }
  return {
    host,
    kind: 'local',
    user,
    connect: async () => {},
    ...shellOperations(host, execute),
    upload: (local, remote, options = {}) => upload(parts, local, remote, options),
    download: async (remote, local, options = {}) => {
      await mkdir(os.tmpdir(), { recursive: true })
      return download(parts, remote, local, options)
    },
    forward: async (port, target = '127.0.0.1') => {
      if (target !== '127.0.0.1' && target !== 'localhost')
        throw new UsageError('FORWARD_LOCAL', `${host} is this machine: connect to ${target}:${port} itself`)
      return { port, [Symbol.asyncDispose]: async () => {} }
    },
    shell: async () => {
      throw new UsageError('SHELL_LOCAL', `${host} is this machine: you have a shell already`)
    },
    waitForBoot: async () => {
      throw new FailedError('LOCAL_REBOOT', `${host} is the machine that smartcar runs on: restart it by hand`, {
        hints: ['then run the same command again'],
      })
    },
    close: async () => {},
  }
}
