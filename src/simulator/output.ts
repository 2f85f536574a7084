import { createHash } from 'node:crypto'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { UsageError } from '../core/errors.js'
import type { AtomicFile, JobContext } from '../core/ports.js'

const compress = promisify(gzip)

/** Where data goes: a folder, or a stream such as stdout. */
export type Destination = string | { write(bytes: Uint8Array): Promise<void> }

export interface WrittenFile {
  readonly path: string
  /** Size of the file (compressed, if it is). */
  readonly bytes: number
  /** Of the file as it lies there. */
  readonly sha256: string
}

/** A file that the simulator made. */
export interface SimulatedFile extends WrittenFile {
  /** yyyyMMdd, for the logs of a day */
  readonly day?: string
  /** Lines that are no headers. */
  readonly rows: number
}

export interface OutputOptions {
  readonly destination: Destination
  /** Name in the folder, without `.gz`. */
  readonly name: string
  readonly gzip: boolean
}

/** Blocks that are compressed at the same time, on Node's thread pool. */
const blocksAtOnce = 4

/** A stream may keep what it is given after its promise resolves (process.stdout does), so it gets a copy. */
async function pass(stream: Exclude<Destination, string>, bytes: Uint8Array): Promise<void> {
  await stream.write(bytes.slice())
  // A promise that is always ready would never let a signal in.
  await setImmediate()
}

/** One file in the making. Disposing before `finish` leaves nothing behind. */
export class Output implements AsyncDisposable {
  private readonly hash = createHash('sha256')
  private bytes = 0
  private compressing: Promise<Uint8Array>[] = []

  private constructor(
    private readonly sink: (bytes: Uint8Array) => Promise<void>,
    private readonly options: OutputOptions,
    private readonly file: AtomicFile | undefined,
  ) {}

  static async open(context: Pick<JobContext, 'files'>, options: OutputOptions): Promise<Output> {
    const { destination } = options
    if (typeof destination !== 'string') return new Output((bytes) => pass(destination, bytes), options, undefined)
    const file = await context.files.createAtomic(outputPath(options))
    return new Output((bytes) => file.write(bytes), options, file)
  }

  /** The caller may use `bytes` again when the promise resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.options.gzip) return this.put(bytes)
    // Every block is a gzip member of its own, so that blocks are compressed side by side; readers see one stream.
    const block = compress(Uint8Array.from(bytes))
    block.catch(() => undefined)
    this.compressing.push(block)
    if (this.compressing.length >= blocksAtOnce) await this.putCompressed()
  }

  private async putCompressed(): Promise<void> {
    const block = await this.compressing.shift()
    if (block !== undefined) await this.put(block)
  }

  private async put(bytes: Uint8Array): Promise<void> {
    const writing = this.sink(bytes)
    // Hashed while the operating system writes.
    this.hash.update(bytes)
    this.bytes += bytes.length
    await writing
  }

  /** The file appears under its name. */
  async finish(): Promise<WrittenFile> {
    while (this.compressing.length > 0) await this.putCompressed()
    await this.file?.commit()
    return { path: outputPath(this.options), bytes: this.bytes, sha256: this.hash.digest('hex') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file?.[Symbol.asyncDispose]()
  }
}

/** Throws UsageError before any work when the folder is a file, or the truth file a folder. */
export async function checkPlaces(
  context: Pick<JobContext, 'files'>,
  destination: Destination,
  truth: string | undefined,
): Promise<void> {
  const folder = typeof destination === 'string' ? await context.files.stat(destination) : undefined
  if (folder !== undefined && folder.kind !== 'directory')
    throw new UsageError('OUT_INVALID', `${folder.path} is a file, not a folder`, { hints: ['give --out a folder'] })
  const file = truth === undefined ? undefined : await context.files.stat(truth)
  if (file !== undefined && file.kind !== 'file')
    throw new UsageError('TRUTH_INVALID', `${file.path} is a folder`, { hints: ['give --truth a file'] })
}

/** Path of the file; `-` for a stream. */
export function outputPath({ destination, name, gzip }: OutputOptions): string {
  return typeof destination === 'string' ? path.join(destination, gzip ? `${name}.gz` : name) : '-'
}
