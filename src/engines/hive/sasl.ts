/**
 * The login of the binary transport by SASL PLAIN. hive-driver has one too, but it waits for ever when the server closes
 * the connection without an answer, and takes what any server says for SASL.
 */
import { FailedError, UnreachableError } from '../../core/errors.js'

interface Socket extends NodeJS.ReadWriteStream {
  setKeepAlive(on: boolean, firstMs: number): unknown
  destroy(): unknown
}

/** What hive-driver hands to an authentication: a socket behind a few methods. */
interface Transport {
  getTransport(): Socket
  connect(): void
}

interface Authentication<T> {
  authenticate(transport: T): Promise<T>
}

const message = { start: 1, ok: 2, bad: 3, error: 4, complete: 5 } as const
const headerBytes = 5
/** A login's reason is one line; more is another protocol. */
const mostReason = 65_536
/** Silence of the network is noticed by itself, whatever is being waited for. */
const keepAliveMs = 30_000

function packet(status: number, body: Buffer): Buffer {
  const head = Buffer.alloc(headerBytes)
  head[0] = status
  head.writeUInt32BE(body.length, 1)
  return Buffer.concat([head, body])
}

/** The server's answer once it is whole; undefined before. Throws for bytes that are not SASL's. */
function readAnswer(received: Buffer): { readonly accepted: boolean; readonly reason: string } | undefined {
  const [status = 0] = received
  if (received.length > 0 && (status < message.start || status > message.complete)) throw new Error('not SASL')
  if (received.length < headerBytes) return undefined
  const length = received.readUInt32BE(1)
  if (length > mostReason) throw new Error('not SASL')
  if (received.length < headerBytes + length) return undefined
  return { accepted: status === message.complete, reason: received.toString('utf8', headerBytes, headerBytes + length) }
}

export const mismatchHints = (transport: 'binary' | 'http', other: string): readonly string[] => [
  `the site says transport ${transport}: is the server on ${transport === 'binary' ? 'http' : 'binary'}? (transport: of the service)`,
  other,
  'does another program listen on this port? (smartcar doctor)',
]

/** Throws what `authenticate` throws: UnreachableError, or FailedError LOGIN_REFUSED with the server's reason. */
export function plainSasl<T extends Transport>(where: string, user: string, password: string): Authentication<T> {
  return {
    authenticate: (transport) =>
      new Promise((resolve, reject) => {
        transport.connect()
        const socket = transport.getTransport()
        socket.setKeepAlive(true, keepAliveMs)
        let received: Buffer = Buffer.alloc(0)
        const mismatch = (how: string) =>
          new UnreachableError('PROTOCOL_MISMATCH', `${where} ${how}, so it is no login by SASL`, {
            place: { thing: where },
            hints: mismatchHints('binary', 'is its authentication none (NOSASL)? (authentication: of the service)'),
          })
        const end = (error?: Error) => {
          socket.off('connect', onConnect).off('data', onData).off('close', onClose).off('error', end)
          if (error === undefined) return resolve(transport)
          // What comes later concerns nobody.
          socket.on('error', () => {})
          socket.destroy()
          reject(error)
        }
        const onConnect = () => {
          const credentials = [user, user, password].join('\0')
          socket.write(packet(message.start, Buffer.from('PLAIN')))
          socket.write(packet(message.ok, Buffer.from(credentials)))
        }
        const onData = (data: Buffer) => {
          received = Buffer.concat([received, data])
          try {
            const answer = readAnswer(received)
            if (answer === undefined) return
            if (answer.accepted) return end()
            end(
              new FailedError('LOGIN_REFUSED', `${where} refuses the user ${user}: ${answer.reason || 'no reason'}`, {
                place: { thing: where },
                hints: ['check user, password_file or password_env of the service in the site file'],
              }),
            )
          } catch {
            end(mismatch('answers in another protocol'))
          }
        }
        const onClose = () => end(mismatch('closed the connection before it answered'))
        socket.on('connect', onConnect).on('data', onData).on('close', onClose).on('error', end)
      }),
  }
}
