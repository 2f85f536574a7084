/** The part of webhdfs 1.2.0 that is used: what asks the NameNode alone. Its calls return the running request. */
declare module 'webhdfs' {
  type Done<T = void> = (error: Error | null | undefined, value: T) => void
  interface Running {
    abort(): void
  }
  export interface FileStatus {
    readonly pathSuffix: string
    readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK'
    readonly length: number
    readonly owner: string
    readonly group: string
    readonly permission: string
    readonly modificationTime: number
    readonly replication: number
    readonly blockSize: number
  }
  export interface WebHdfsClient {
    readdir(path: string, done: Done<readonly FileStatus[]>): Running
    stat(path: string, done: Done<FileStatus>): Running
    mkdir(path: string, mode: string, done: Done): Running
    chmod(path: string, mode: string, done: Done): Running
    chown(path: string, owner: string, group: string, done: Done): Running
    unlink(path: string, recursive: boolean, done: Done): Running
    /** Makes the error of an answer; replaced, since the package's own drops the exception's class. */
    _parseError: (body: unknown, strict?: boolean, status?: number) => Error
  }
  interface Options {
    readonly host: string
    readonly port: string
    readonly path: string
    readonly user: string
  }
  const webhdfs: {
    createClient(options: Options, request: Readonly<Record<string, unknown>>): WebHdfsClient
  }
  export default webhdfs
}
