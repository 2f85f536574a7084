import { FailedError, type SmartcarError, UnreachableError, UsageError } from '../../core/errors.js'

/** What HDFS says when it refuses: class and message of its exception. */
export interface RemoteException {
  readonly exception: string
  readonly message: string
}

/** The exception in an answer's body; undefined when there is none. */
export function remoteException(body: unknown): RemoteException | undefined {
  let value = body
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value)
    } catch {
      return undefined
    }
  }
  if (typeof value !== 'object' || value === null || !('RemoteException' in value)) return undefined
  const found = value.RemoteException as { exception?: unknown; message?: unknown }
  return { exception: String(found.exception ?? 'IOException'), message: String(found.message ?? '') }
}

const safeModeHints = [
  'smartcar hdfs safemode wait waits for its end',
  'smartcar hdfs report shows which DataNodes are missing; smartcar doctor looks for the cause',
]
const data = (remote: RemoteException) => ({ exception: remote.exception, remoteMessage: remote.message })

type Make = (path: string, user: string, remote: RemoteException) => SmartcarError

const denied: Make = (path, user, remote) => {
  const { access, inode } =
    /access=(?<access>\w+), inode="(?<inode>[^"]*)"/.exec(remote.message)?.groups ?? ({} as Record<string, string>)
  const owner = /inode="[^"]*":([^:]+):([^:]+):(\S+)/.exec(remote.message)
  const why =
    owner === null || access === undefined
      ? remote.message.split('\n')[0]
      : `${access} on ${inode}, which is ${owner[3]} of ${owner[1]}:${owner[2]}`
  return new FailedError('HDFS_ACCESS_DENIED', `${path}: HDFS does not let ${user} do this: ${why}`, {
    hints: [
      ...(owner === null ? [] : [`do it as ${owner[1]}: --user ${owner[1]}`]),
      'smartcar hdfs chmod and smartcar hdfs chown change who may do what',
    ],
    data: data(remote),
  })
}

const safeMode: Make = (path, _user, remote) =>
  new FailedError('HDFS_SAFE_MODE', `${path}: HDFS is in safe mode, in which nothing can be changed`, {
    hints: safeModeHints,
    cause: remote.message.replace(/\s*NamenodeHostName:\S*/, '').replaceAll('\n', ' '),
    data: data(remote),
  })

const quota: Make = (path, _user, remote) =>
  new FailedError('HDFS_QUOTA', `${path}: a quota of HDFS is used up: ${remote.message}`, {
    hints: ['smartcar hdfs du shows what takes the room; smartcar hdfs rm makes some'],
    data: data(remote),
  })

const busy: Make = (path, _user, remote) =>
  new FailedError('HDFS_FILE_BUSY', `${path}: somebody is writing this file, or was until a moment ago`, {
    hints: ['HDFS gives it free a minute after its writer has gone: try again then'],
    cause: remote.message,
    data: data(remote),
  })

const absent: Make = (path, _user, remote) =>
  new FailedError('HDFS_PATH_ABSENT', `${path} is not on HDFS`, {
    hints: ['smartcar hdfs ls shows what is'],
    data: data(remote),
  })

const exceptions: Readonly<Record<string, Make>> = {
  AccessControlException: denied,
  FileNotFoundException: absent,
  SafeModeException: safeMode,
  NSQuotaExceededException: quota,
  DSQuotaExceededException: quota,
  QuotaExceededException: quota,
  QuotaByStorageTypeExceededException: quota,
  AlreadyBeingCreatedException: busy,
  RecoveryInProgressException: busy,
  FileAlreadyExistsException: (path, _user, remote) =>
    new FailedError('HDFS_FILE_EXISTS', `${path} is on HDFS already`, { data: data(remote) }),
  ParentNotDirectoryException: (path, _user, remote) =>
    new FailedError('HDFS_NO_FOLDER', `${path}: a part of this path is a file on HDFS`, { data: data(remote) }),
  PathIsNotEmptyDirectoryException: (path, _user, remote) =>
    new UsageError('HDFS_NOT_EMPTY', `${path} is a folder that is not empty`, {
      hints: ['add -r'],
      data: data(remote),
    }),
  StandbyException: (path, _user, remote) =>
    new UnreachableError('HDFS_STANDBY', `${path}: this NameNode is on standby`, { data: data(remote) }),
  IllegalArgumentException: (path, _user, remote) =>
    new UsageError('HDFS_ARGUMENT', `${path}: HDFS does not take this: ${remote.message}`, { data: data(remote) }),
  InvalidPathException: (path, _user, remote) =>
    new UsageError('HDFS_ARGUMENT', `${path} is no path that HDFS takes`, {
      cause: remote.message,
      data: data(remote),
    }),
}

/** What a message gives away when the class is only IOException. */
const messages: readonly [pattern: RegExp, make: Make][] = [
  [/safe ?mode/i, safeMode],
  [
    /could only be (written|replicated) to/i,
    (path, _user, remote) => {
      const nodes = /There are (\d+) datanode\(s\) running/.exec(remote.message)?.[1]
      const none = nodes === '0'
      return new FailedError(
        none ? 'HDFS_NO_DATANODE' : 'HDFS_NO_SPACE',
        none
          ? `${path}: no DataNode of HDFS runs, so nothing can be stored`
          : `${path}: none of the ${nodes ?? ''} DataNodes of HDFS takes it: they are full, or cannot be reached from here`,
        {
          hints: [
            'smartcar hdfs report shows them with their free room',
            none ? 'smartcar cluster status' : 'smartcar hdfs rm makes room',
          ],
          data: data(remote),
        },
      )
    },
  ],
  [/lease recovery is in progress|already the current lease holder|already created by|lease/i, busy],
  [
    /No space left on device/i,
    (path, _user, remote) =>
      new FailedError('HDFS_NO_SPACE', `${path}: the disk of a DataNode is full`, {
        hints: ['smartcar hdfs report shows the free room'],
        data: data(remote),
      }),
  ],
  [
    /BlockMissingException|Could not obtain block|No active nodes contain this block/i,
    (path, _user, remote) =>
      new FailedError('HDFS_BLOCK_MISSING', `${path}: a block of the file is on no DataNode that runs`, {
        hints: ['smartcar hdfs fsck names the file', 'smartcar hdfs report shows which DataNodes are missing'],
        data: data(remote),
      }),
  ],
]

/** A refusal of HDFS as an error that names the path, the cause and the cure. */
export function hdfsError(path: string, user: string, remote: RemoteException): SmartcarError {
  const byClass = exceptions[remote.exception]
  if (byClass !== undefined) return byClass(path, user, remote)
  const byMessage = messages.find(([pattern]) => pattern.test(`${remote.exception} ${remote.message}`))?.[1]
  if (byMessage !== undefined) return byMessage(path, user, remote)
  const [first] = remote.message.split('\n')
  return new FailedError('HDFS_FAILED', `${path}: ${first} (${remote.exception})`, { data: data(remote) })
}
