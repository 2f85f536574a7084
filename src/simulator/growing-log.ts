import type { AppendFile, JobContext } from '../core/ports.js'
import { rotatedName } from './log-tail.js'
import type { Destination } from './output.js'

/** A log that is appended to and renamed away when it is full. */
export interface GrowingLog extends AsyncDisposable {
  /** Files that this run renamed, in order. */
  readonly rotated: readonly string[]
  /** Size of the present file in bytes. */
  readonly size: number
  /** Appends whole lines; `time` is that of their last row. */
  write(bytes: Uint8Array, time: string): Promise<void>
  /** Bytes that fit before the log has to be rotated. */
  readonly room: number
  sync(): Promise<void>
}

/** A stream: it grows for ever. */
export function growingStream(stream: Exclude<Destination, string>): GrowingLog {
  return {
    rotated: [],
    size: 0,
    room: Number.POSITIVE_INFINITY,
    write: (bytes) => stream.write(bytes.slice()),
    sync: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

class RotatingLog implements GrowingLog {
  readonly rotated: string[] = []
  private lastTime: string | undefined

  constructor(
    private readonly context: Pick<JobContext, 'files'>,
    private readonly path: string,
    private readonly limit: number,
    private file: AppendFile,
    public size: number,
    firstTime: string | undefined,
  ) {
    this.lastTime = firstTime
  }

  get room(): number {
    return this.limit - this.size
  }

  async write(bytes: Uint8Array, time: string): Promise<void> {
    if (this.size > 0 && bytes.length > this.room) await this.rotate()
    await this.file.write(bytes)
    this.size += bytes.length
    this.lastTime = time
  }

  /** A rename, so that a reader that has the file open reads it to its end under its new name. */
  private async rotate(): Promise<void> {
    await this.file.sync()
    await this.file[Symbol.asyncDispose]()
    const name = rotatedName(this.path, this.lastTime ?? '0'.repeat(14))
    let target = name
    for (let copy = 2; (await this.context.files.stat(target)) !== undefined; copy++) target = `${name}-${copy}`
    await this.context.files.rename(this.path, target)
    this.rotated.push(target)
    this.file = await this.context.files.append(this.path)
    this.size = 0
  }

  sync(): Promise<void> {
    return this.file.sync()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file[Symbol.asyncDispose]()
  }
}

/** `limit`: bytes from which on the log is rotated; `lastTime`: of the last row that stands in it already. */
export async function growingFile(
  context: Pick<JobContext, 'files'>,
  path: string,
  limit: number,
  lastTime: string | undefined,
): Promise<GrowingLog> {
  const file = await context.files.append(path)
  return new RotatingLog(context, path, limit, file, await file.size(), lastTime)
}
