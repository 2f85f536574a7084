import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client, ClientChannel, PseudoTtyOptions, SFTPWrapper } from 'ssh2'
import { FailedError, SmartcarError, throwIfInterrupted, UnreachableError } from '../../core/errors.js'
import {
  AuthenticationError,
  ConnectionLostError,
  HostKeyError,
  SudoError,
  type Transport,
} from '../../core/transport.js'
import { type Command, killGroup, shellOnly, wireCommand } from './command.js'
import { ending } from './linger.js'
import { readSecret } from './secrets.js'
import { type RawResult, runSession, type SessionOptions, type Started, TerminalRequired } from './session.js'
import { sftpError, sftpHandle } from './sftp.js'
import { type Execute, shellOperations } from './shell-files.js'
import { type ConnectOptions, connectSsh } from './ssh-connect.js'
import type { SshTarget } from './ssh-target.js'
import { download, type TransferParts, upload } from './transfer.js'

/** sshd allows 10 sessions a connection and frees one only after our close: more than four at once gets refusals. */
const channelsPerConnection = 4
/** How long a server that has no session free is asked again; its sessions may be held by long commands. */
const refusedMs = 30_000

/** A raw terminal: no echo, no line editing, no signals, bytes as they are (RFC 4254, section 8). */
const rawTerminal: PseudoTtyOptions = {
  term: 'dumb',
  rows: 24,
  cols: 80,
  modes: { ECHO: 0, ICANON: 0, ISIG: 0, IEXTEN: 0, OPOST: 0, ONLCR: 0, ICRNL: 0, INLCR: 0, IXON: 0, IXOFF: 0 },
}

interface Connection {
  readonly client: Client
  readonly lost: boolean
  sftp(): Promise<SFTPWrapper>
}

function limiter(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve))
    running++
    try {
      return await work()
    } finally {
      running--
      waiting.shift()?.()
    }
  }
}

/**
 * Opens a channel; a server that has no session free (reason 2) is asked again. Its events are listened to from the
 * first moment: a quick command's end may be in the same packet as the server's yes.
 */
async function startCommand(
  connection: Connection,
  host: string,
  text: string,
  terminal: boolean,
  kill: (group: string) => Promise<void>,
): Promise<Started> {
  const deadline = performance.now() + refusedMs
  for (let pause = 20; ; pause = Math.min(pause * 2, 1000)) {
    try {
      return await new Promise<Started>((resolve, reject) => {
        if (connection.lost) {
          reject(new ConnectionLostError(host))
          return
        }
        const onClosed = () => reject(new ConnectionLostError(host))
        connection.client.once('close', onClosed)
        connection.client.exec(text, terminal ? { pty: rawTerminal } : {}, (error, channel) => {
          connection.client.removeListener('close', onClosed)
          if (error === undefined) resolve(startedChannel(channel, kill))
          else reject(error)
        })
      })
    } catch (error) {
      if (error instanceof SmartcarError) throw error
      if (connection.lost) throw new ConnectionLostError(host, { cause: error })
      const refused = (error as { reason?: unknown }).reason === 2
      if (!refused || performance.now() > deadline) {
        throw new UnreachableError('SSH_CHANNEL_REFUSED', `${host} opens no session: ${(error as Error).message}`, {
          cause: error,
          place: { thing: host },
        })
      }
      await delay(pause)
    }
  }
}

function startedChannel(channel: ClientChannel, kill: (group: string) => Promise<void>): Started {
  const end = ending(() => channel.close())
  channel.on('exit', (code: number | null, signal?: string) => end.exited(code, signal))
  channel.on('close', end.closed)
  channel.on('error', () => {})
  const take = (listener: (chunk: Uint8Array) => void) => (chunk: Buffer) => {
    end.sawOutput()
    listener(chunk)
  }
  return {
    onStdout: (listener) => channel.on('data', take(listener)),
    onStderr: (listener) => channel.stderr.on('data', take(listener)),
    onClose: end.onEnd,
    send: (input) => {
      channel.end(Buffer.from(input.buffer, input.byteOffset, input.byteLength))
    },
    abandon: () => channel.close(),
    kill,
  }
}

/** A host over SSH. Connects when it is first used; see Transport for what happens when the connection breaks. */
export function sshTransport(target: SshTarget, options: ConnectOptions): Transport {
  const host = target.name
  const root = target.user === 'root'
  const limit = limiter(channelsPerConnection)
  let current: Promise<Connection> | undefined
  let live: Connection | undefined
  let wasConnected = false
  let needsTerminal = false
  let ended = false

  const open = async (): Promise<Connection> => {
    const client = await connectSsh(target, options)
    let lost = false
    let sftp: Promise<SFTPWrapper> | undefined
    client.once('close', () => {
      lost = true
      if (live === connection) {
        live = undefined
        current = undefined
      }
    })
    const connection: Connection = {
      client,
      get lost() {
        return lost
      },
      sftp: () => {
        sftp ??= new Promise<SFTPWrapper>((resolve, reject) => {
          client.sftp((error, wrapper) => {
            if (error === undefined) resolve(wrapper)
            else
              reject(
                new FailedError('SFTP_ABSENT', `${host}: no SFTP: ${error.message}`, {
                  cause: error,
                  hints: ['the Subsystem sftp line of its sshd_config has to name an existing program'],
                }),
              )
          })
        })
        return sftp
      },
    }
    live = connection
    wasConnected = true
    if (ended) client.end()
    return connection
  }

  /** Tries until `deadline`; never again after a wrong key, nor after a refused login unless `patient`. */
  const retry = async (deadline: number, patient: boolean, signal?: AbortSignal): Promise<Connection> => {
    for (let pause = 100; ; pause = Math.min(pause * 1.5, 2000)) {
      if (signal !== undefined) throwIfInterrupted(signal)
      try {
        return await open()
      } catch (error) {
        const final = error instanceof HostKeyError || (error instanceof AuthenticationError && !patient)
        if (final || !(error instanceof UnreachableError) || performance.now() + pause > deadline) throw error
        await delay(pause)
      }
    }
  }

  const connected = (): Promise<Connection> => {
    if (current === undefined) {
      ended = false
      const attempt = wasConnected ? retry(performance.now() + options.reconnectMs, false) : open()
      current = attempt
      attempt.catch(() => {
        if (current === attempt) current = undefined
      })
    }
    return current
  }

  const elevation = async (sudo: boolean) => {
    if (!sudo) return { kind: 'none' } as const
    if (target.sudo === false) {
      throw new SudoError(
        'SUDO_OFF',
        `${host}: this needs root, and the site says that ${target.user} must not use sudo`,
        {
          place: { thing: host },
          hints: ['log in as root, or take sudo: false out of the ssh settings of this host'],
        },
      )
    }
    const source = target.sudo.password
    const password =
      source === undefined
        ? undefined
        : await readSecret(source, options.environment, `sudo password of ${target.user} on ${host}`)
    return { kind: 'sudo', terminal: needsTerminal, ...(password === undefined ? {} : { password }) } as const
  }

  const kill = async (connection: Connection, group: string, sudo: boolean): Promise<void> => {
    const wire = wireCommand(shellOnly(killGroup(group)), await elevation(sudo))
    const started = await startCommand(connection, host, wire.text, needsTerminal && sudo, async () => {})
    await runSession(started, wire, { timeoutMs: 6000 }, { host, user: target.user, label: 'kill', sudo })
  }

  const execute: Execute = async (
    command: Command,
    session: SessionOptions & { readonly sudo: boolean },
  ): Promise<RawResult> => {
    const sudo = session.sudo && !root
    if (session.signal !== undefined) throwIfInterrupted(session.signal)
    const connection = await connected()
    const attempt = async () => {
      const wire = wireCommand(command, await elevation(sudo))
      const label = command.kind === 'argv' ? (command.argv[0] ?? 'a command') : 'a script'
      const started = await startCommand(connection, host, wire.text, wire.stderrMark !== undefined, (group) =>
        kill(connection, group, sudo),
      )
      return runSession(started, wire, session, { host, user: target.user, label, sudo })
    }
    return limit(async () => {
      try {
        return await attempt()
      } catch (error) {
        if (!(error instanceof TerminalRequired)) throw error
        needsTerminal = true
        return attempt()
      }
    })
  }

  const parts: TransferParts = {
    host,
    execute,
    async open(file, mode) {
      const connection = await connected()
      const sftp = await connection.sftp()
      const flags = mode === 'create' ? 'w' : mode === 'update' ? 'r+' : 'r'
      const handle = await new Promise<Buffer>((resolve, reject) => {
        sftp.open(file, flags, (error, opened) =>
          error === undefined || error === null ? resolve(opened) : reject(sftpError(connection, host, file, error)),
        )
      })
      return sftpHandle(connection, sftp, handle, host, file)
    },
  }

  const operations = shellOperations(host, execute)
  return {
    host,
    kind: 'ssh',
    user: target.user,
    connect: async () => {
      await connected()
    },
    ...operations,
    upload: (local, remote, transfer = {}) => upload(parts, local, remote, rootless(transfer, root)),
    download: (remote, local, transfer = {}) => download(parts, remote, local, rootless(transfer, root)),
    async forward(port, through = '127.0.0.1') {
      await connected()
      const server = createServer((socket) => {
        socket.on('error', () => {})
        connected()
          .then(({ client }) =>
            client.forwardOut('127.0.0.1', socket.remotePort ?? 0, through, port, (error, channel) => {
              if (error !== undefined) {
                socket.destroy()
                return
              }
              socket.on('error', () => channel.destroy())
              channel.on('error', () => socket.destroy())
              channel.on('close', () => socket.destroy())
              socket.pipe(channel).pipe(socket)
            }),
          )
          .catch(() => socket.destroy())
      })
      const sockets = new Set<{ destroy(): void }>()
      server.on('connection', (socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
      })
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(0, '127.0.0.1', resolve)
      })
      const address = server.address()
      if (address === null || typeof address === 'string')
        throw new FailedError('FORWARD_FAILED', `${host}: no local port for a forward`)
      return {
        port: address.port,
        [Symbol.asyncDispose]: async () => {
          for (const socket of sockets) socket.destroy()
          await new Promise<void>((resolve) => server.close(() => resolve()))
        },
      }
    },
    async shell(terminal) {
      const connection = await connected()
      const size = () => ({ cols: terminal.size().columns, rows: terminal.size().rows })
      return new Promise<number>((resolve, reject) => {
        connection.client.shell({ term: terminal.type, ...size() }, (error, channel) => {
          if (error !== undefined) {
            reject(
              new UnreachableError('SSH_CHANNEL_REFUSED', `${host} opens no shell: ${error.message}`, { cause: error }),
            )
            return
          }
          let code: number | null = null
          channel.on('exit', (exitCode: number | null) => {
            code = exitCode
          })
          channel.on('data', (chunk: Buffer) => terminal.write(chunk))
          channel.on('close', () => {
            if (code === null && connection.lost) reject(new ConnectionLostError(host))
            else resolve(code ?? 0)
          })
          channel.on('error', () => {})
          terminal.onInput((chunk) => channel.write(Buffer.from(chunk)))
          terminal.onResize(() => {
            const { cols, rows } = size()
            channel.setWindow(rows, cols, 0, 0)
          })
        })
      })
    },
    async waitForBoot(previous, wait) {
      const deadline = performance.now() + wait.timeoutMs
      for (;;) {
        try {
          live?.client.end()
          current = retry(deadline, true, wait.signal)
          await current
          if ((await operations.bootId()) !== previous) return
        } catch (error) {
          current = undefined
          if (error instanceof HostKeyError || !(error instanceof UnreachableError)) throw error
        }
        if (performance.now() > deadline) {
          throw new UnreachableError(
            'REBOOT_NOT_SEEN',
            `${host} was not back ${wait.timeoutMs / 1000} s after its restart`,
            {
              place: { thing: host },
              hints: ['look at its console'],
            },
          )
        }
        await delay(200)
      }
    },
    async close() {
      ended = true
      const open = live
      live = undefined
      current = undefined
      if (open === undefined || open.lost) return
      await new Promise<void>((resolve) => {
        const give = setTimeout(() => {
          open.client.destroy()
          resolve()
        }, 1000)
        open.client.once('close', () => {
          clearTimeout(give)
          resolve()
        })
        open.client.end()
      })
    },
  }
}

/** Root needs no detour over sudo. */
function rootless<T extends { readonly sudo?: boolean }>(transfer: T, root: boolean): T {
  return root ? { ...transfer, sudo: false } : transfer
}
