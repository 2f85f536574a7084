import { spawn } from 'node:child_process'
import { createHash, timingSafeEqual } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { type AddressInfo, connect, type Socket } from 'node:net'
import ssh2, { type Connection, type ServerChannel, type Session, type SFTPWrapper } from 'ssh2'

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp

export interface SshServerOptions {
  /** Private host keys; one ed25519 key made for the occasion when left out. */
  readonly hostKeys?: readonly string[]
  readonly password?: string
  /** Public keys (authorized_keys lines) that may log in. */
  readonly publicKeys?: readonly string[]
  /** Sessions a connection may have at once, as MaxSessions of sshd. */
  readonly maxSessions?: number
  readonly port?: number
}

export interface SshServer extends AsyncDisposable {
  readonly port: number
  readonly hostKey: { readonly private: string; readonly public: string; readonly fingerprint: string }
  /** Line for a known_hosts file. */
  readonly knownHosts: string
  readonly counts: { connections: number; sessions: number; refusedSessions: number; commands: number }
  /** Breaks every connection as a cut cable does: no goodbye. */
  drop(): void
}

/** Bytes of an ed25519 key as SSH has it: two lengths, its name, 32 of its own (RFC 8709). */
const ed25519Blob = 4 + 'ssh-ed25519'.length + 4 + 32

function makeEd25519(protection?: { passphrase: string; cipher: string; rounds: number }) {
  for (;;) {
    const { generateKeyPairSync: generate } = ssh2.utils
    const pair = protection === undefined ? generate('ed25519') : generate('ed25519', protection)
    // ssh2 1.17 drops a leading zero byte, one key in a few hundred: no other program reads such a key.
    if (Buffer.from(pair.public.split(' ')[1] ?? '', 'base64').byteLength === ed25519Blob) return pair
  }
}

export function makeKey(type: 'ed25519' | 'rsa' = 'ed25519', passphrase?: string): { private: string; public: string } {
  const protection = passphrase === undefined ? undefined : { passphrase, cipher: 'aes256-cbc', rounds: 8 }
  if (type === 'ed25519') return makeEd25519(protection)
  const { generateKeyPairSync: generate } = ssh2.utils
  return protection === undefined ? generate('rsa', { bits: 2048 }) : generate('rsa', { bits: 2048, ...protection })
}

/** ssh2's own server, running commands with sh as this user: what a host does, without a host. */
export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const made = makeKey()
  const hostKeys = options.hostKeys ?? [made.private]
  const parsed = ssh2.utils.parseKey(hostKeys[0] ?? '')
  const key = Array.isArray(parsed) ? parsed[0] : parsed
  if (key === undefined || key instanceof Error) throw new Error('no host key')
  const publicBlob = key.getPublicSSH()
  const counts = { connections: 0, sessions: 0, refusedSessions: 0, commands: 0 }
  const sockets = new Set<Connection>()
  const server = new ssh2.Server({ hostKeys: [...hostKeys] }, (connection) => {
    counts.connections++
    sockets.add(connection)
    connection.on('error', () => {})
    connection.on('close', () => sockets.delete(connection))
    connection.on('authentication', (context) => {
      if (context.method === 'password' && options.password !== undefined) {
        const digest = (text: string) => createHash('sha256').update(text).digest()
        if (timingSafeEqual(digest(context.password), digest(options.password))) context.accept()
        else context.reject(['password', 'publickey'])
      } else if (context.method === 'publickey') {
        const allowed = (options.publicKeys ?? []).some((line) => {
          const known = ssh2.utils.parseKey(line)
          const one = Array.isArray(known) ? known[0] : known
          if (one === undefined || one instanceof Error || !one.getPublicSSH().equals(context.key.data)) return false
          return context.signature === undefined || context.blob === undefined
            ? true
            : one.verify(context.blob, context.signature, context.hashAlgo) === true
        })
        if (allowed) context.accept()
        else context.reject(['password', 'publickey'])
      } else context.reject(['password', 'publickey'])
    })
    let sessions = 0
    connection.on('ready', () => {
      connection.on('session', (accept, reject) => {
        if (sessions >= (options.maxSessions ?? 10)) {
          counts.refusedSessions++
          reject()
          return
        }
        sessions++
        counts.sessions++
        const session = accept()
        session.once('close', () => {
          sessions--
        })
        serve(session, () => {
          counts.commands++
        })
      })
      connection.on('tcpip', (accept, reject, info) => {
        const socket: Socket = connect(info.destPort, info.destIP)
        socket.once('connect', () => {
          const channel = accept()
          socket.pipe(channel).pipe(socket)
          channel.on('error', () => socket.destroy())
        })
        socket.once('error', () => reject())
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const drop = () => {
    for (const connection of sockets) (connection as unknown as { _sock: Socket })._sock.destroy()
  }
  return {
    port,
    hostKey: {
      private: hostKeys[0] ?? '',
      public: `${key.type} ${publicBlob.toString('base64')}`,
      fingerprint: `SHA256:${createHash('sha256').update(publicBlob).digest('base64').replace(/=+$/, '')}`,
    },
    knownHosts: `[127.0.0.1]:${port} ${key.type} ${publicBlob.toString('base64')}\n`,
    counts,
    drop,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      drop()
      await closed
    },
  }
}

function serve(session: Session, onCommand: () => void): void {
  session.on('exec', (accept, _reject, info) => {
    onCommand()
    const channel: ServerChannel = accept()
    // A session of its own, as sshd gives one: the shell leads a process group.
    const child = spawn('/bin/sh', ['-c', info.command], { detached: true })
    channel.on('error', () => {})
    child.stdin.on('error', () => {})
    channel.pipe(child.stdin)
    child.stdout.pipe(channel, { end: false })
    child.stderr.pipe(channel.stderr, { end: false })
    child.once('exit', (code, signal) => {
      if (signal === null) channel.exit(code ?? 0)
      else channel.exit(signal.replace(/^SIG/, ''), false, '')
    })
    child.once('close', () => channel.close())
    channel.once('close', () => {
      child.stdout.destroy()
      child.stderr.destroy()
    })
  })
  session.on('sftp', (accept) => serveFiles(accept()))
}

/** Open, read, write and close: what the transport uses. */
function serveFiles(sftp: SFTPWrapper): void {
  const files = new Map<number, FileHandle>()
  let next = 0
  const file = (handle: Buffer) => files.get(handle.readUInt32BE(0))
  const failed = (id: number) => (error: { code?: string }) =>
    sftp.status(id, error.code === 'ENOENT' ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE)
  sftp.on('OPEN', (id, name, flags) => {
    const mode = (flags & OPEN_MODE.TRUNC) !== 0 ? 'w' : (flags & OPEN_MODE.WRITE) !== 0 ? 'r+' : 'r'
    open(name, mode).then((opened) => {
      const handle = Buffer.alloc(4)
      handle.writeUInt32BE(next)
      files.set(next++, opened)
      sftp.handle(id, handle)
    }, failed(id))
  })
  sftp.on('WRITE', (id, handle, offset, data) => {
    file(handle)
      ?.write(data, 0, data.length, offset)
      .then(() => sftp.status(id, STATUS_CODE.OK), failed(id))
  })
  sftp.on('READ', (id, handle, offset, length) => {
    file(handle)
      ?.read(Buffer.alloc(length), 0, length, offset)
      .then(({ bytesRead, buffer }) => {
        if (bytesRead === 0) sftp.status(id, STATUS_CODE.EOF)
        else sftp.data(id, buffer.subarray(0, bytesRead))
      }, failed(id))
  })
  sftp.on('CLOSE', (id, handle) => {
    const opened = file(handle)
    files.delete(handle.readUInt32BE(0))
    opened?.close().then(() => sftp.status(id, STATUS_CODE.OK), failed(id))
  })
}
