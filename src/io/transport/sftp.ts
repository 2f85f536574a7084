import type { SFTPWrapper } from 'ssh2'
import { FailedError, type SmartcarError } from '../../core/errors.js'
import { ConnectionLostError } from '../../core/transport.js'
import type { RemoteHandle } from './transfer.js'

/** An open file at the other end; its errors say what is wrong with the file or that the connection was lost. */
export function sftpHandle(
  connection: { readonly lost: boolean },
  sftp: SFTPWrapper,
  handle: Buffer,
  host: string,
  file: string,
): RemoteHandle {
  const settle = <T>(start: (done: (error: Error | undefined | null, value: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      if (connection.lost) {
        reject(new ConnectionLostError(host))
        return
      }
      start((error, value) => {
        if (error === undefined || error === null) resolve(value)
        else reject(sftpError(connection, host, file, error))
      })
    })
  return {
    write: (chunk, position) =>
      settle<void>((done) =>
        sftp.write(handle, chunk, 0, chunk.byteLength, position, (error) => done(error, undefined)),
      ),
    read: (target, position) =>
      settle<number>((done) =>
        sftp.read(handle, target, 0, target.byteLength, position, (error, count) => {
          // 1: end of file
          if ((error as { code?: number } | undefined)?.code === 1) done(undefined, 0)
          else done(error, count)
        }),
      ),
    close: async () => {
      if (!connection.lost) await settle<void>((done) => sftp.close(handle, (error) => done(error, undefined)))
    },
  }
}

export function sftpError(
  connection: { readonly lost: boolean },
  host: string,
  file: string,
  error: Error,
): SmartcarError {
  if (connection.lost || /No response from server|not connected/i.test(error.message))
    return new ConnectionLostError(host, { cause: error })
  const code = (error as { code?: number }).code
  const reason =
    code === 3 ? 'permission denied' : code === 2 ? 'no such file' : code === 4 ? 'the disk may be full' : error.message
  return new FailedError('REMOTE_FILE_FAILED', `${host}: ${file}: ${reason}`, {
    cause: error,
    place: { thing: `${host}:${file}` },
    hints: [`check the rights and the free space (df -h) on ${host}`],
  })
}
