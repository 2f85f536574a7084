import path from 'node:path'
import { FailedError, SmartcarError, throwIfInterrupted, UnreachableError, UsageError } from '../../core/errors.js'
import { type Emit, stage } from '../../core/events.js'
import type { Clock, FileInfo, Files } from '../../core/ports.js'
import { bytes, plural } from '../../render/format.js'
import { HdfsChecksum } from '../../services/hdfs/checksum.js'
import { type Hdfs, type HdfsEntry, hdfsPath } from '../../services/hdfs/client.js'
import { localChecksum, localChunks, sameContent } from './content.js'

export interface TransferContext {
  readonly files: Files
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

export interface PutInput {
  /** Files and folders of this machine; `-` for stdin. */
  readonly sources: readonly string[]
  readonly target: string
  /** Replace files with another content. */
  readonly force: boolean
  readonly stdin: () => AsyncIterable<Uint8Array>
}

export interface TransferredFile {
  readonly from: string
  readonly to: string
  readonly bytes: number
  readonly status: 'written' | 'unchanged'
  /** Bytes that an earlier attempt had brought over. */
  readonly resumedFrom: number
}

export interface TransferReport {
  readonly files: readonly TransferredFile[]
  readonly bytes: number
  /** Of them, the ones that went over the network. */
  readonly transferred: number
  readonly ms: number
}

/** Attempts at one file after cut connections. */
const tries = 6
/** HDFS keeps a file for its writer for a minute after it was last heard of. */
const busyMs = 100_000
const sideBySide = 3
const defaultMode = '755'

interface Job {
  readonly local: string
  readonly target: string
  readonly size: number
}

/** Where a source goes: into a folder that is there (or a path that ends with `/`), else to the name itself. */
async function destination(hdfs: Hdfs, source: string, given: string, many: boolean): Promise<string> {
  const target = hdfsPath(given, hdfs.user)
  const there = await hdfs.stat(target)
  const into = there?.kind === 'directory' || (there === undefined && (given.endsWith('/') || many))
  if (!into && many) throw new UsageError('HDFS_NO_FOLDER', `${target} is a file: several sources need a folder`)
  if (!into) return target
  if (source === '-') throw new UsageError('HDFS_IS_FOLDER', `${target} is a folder: stdin needs the name of a file`)
  return path.posix.join(target, path.basename(path.resolve(source)))
}

async function* below(files: Files, folder: FileInfo): AsyncGenerator<FileInfo> {
  for (const entry of await files.list(folder.path)) {
    yield entry
    if (entry.kind === 'directory') yield* below(files, entry)
  }
}

async function plan(hdfs: Hdfs, input: PutInput, context: TransferContext) {
  const jobs: Job[] = []
  const folders: string[] = []
  for (const source of input.sources) {
    const root = path.resolve(source)
    const info = await context.files.stat(root)
    if (info === undefined) throw new UsageError('FILE_ABSENT', `${source} is not there`)
    const target = await destination(hdfs, source, input.target, input.sources.length > 1)
    if (info.kind === 'file') jobs.push({ local: root, target, size: info.size })
    if (info.kind !== 'directory') continue
    folders.push(target)
    for await (const entry of below(context.files, { ...info, path: root })) {
      const name = path.posix.join(target, path.relative(root, entry.path).split(path.sep).join('/'))
      if (entry.kind === 'directory') folders.push(name)
      else if (entry.kind === 'file') jobs.push({ local: entry.path, target: name, size: entry.size })
      else context.emit({ t: 'note', level: 'warn', text: `${entry.path} is no file and was left out` })
    }
  }
  return { jobs, folders }
}

/** Unfinished file of a target; readers of a folder pass over names that begin with a dot. */
const partOf = (target: string) => path.posix.join(path.posix.dirname(target), `.${path.posix.basename(target)}.part`)

/** Waits while HDFS keeps a file for a writer that has gone. */
async function whenFree<T>(what: string, work: () => Promise<T>, context: TransferContext): Promise<T> {
  const started = context.clock.monotonic()
  for (let told = false; ; told = true) {
    try {
      return await work()
    } catch (error) {
      const busy = error instanceof SmartcarError && error.code === 'HDFS_FILE_BUSY'
      if (!busy || context.clock.monotonic() - started > busyMs) throw error
      if (!told) context.emit({ t: 'note', level: 'info', text: `${what}: waits until HDFS gives it free` })
      await context.clock.sleep(2000, context.signal)
    }
  }
}

class Upload {
  private resumedFrom = 0

  constructor(
    private readonly hdfs: Hdfs,
    private readonly job: Job,
    private readonly blockSize: number,
    private readonly context: TransferContext,
    private readonly onBytes: (count: number) => void,
  ) {}

  /** What an earlier attempt left, as far as it is the beginning of the file; the checksum of that much. */
  private async begin(part: string): Promise<{ offset: number; checksum: HdfsChecksum; exists: boolean }> {
    const fresh = { offset: 0, checksum: new HdfsChecksum(this.blockSize), exists: false }
    const left = await this.hdfs.stat(part)
    if (left === undefined || left.size === 0 || left.size > this.job.size) return fresh
    // A length that HDFS still has to settle is not the one that the checksum is over: appending settles it.
    const theirs = await whenFree(part, () => this.hdfs.checksum(part), this.context)
    const settled = await this.hdfs.stat(part)
    if (theirs === undefined || settled?.size !== left.size) return fresh
    const { files } = this.context
    const checksum = await localChecksum(files, this.job.local, left.size, left.blockSize)
    // Digesting ends a checksum, so that the rest needs another one over the same bytes.
    if (checksum.digest() !== theirs) return fresh
    return {
      offset: left.size,
      checksum: await localChecksum(files, this.job.local, left.size, left.blockSize),
      exists: true,
    }
  }

  /** One attempt: goes on with what is there, or begins. */
  private async attempt(part: string): Promise<HdfsChecksum> {
    const { hdfs, job, context, onBytes } = this
    const { offset, checksum, exists } = await this.begin(part)
    this.resumedFrom = offset
    onBytes(offset)
    let sent = 0
    async function* body() {
      for await (const chunk of localChunks(context.files, job.local, offset, job.size)) {
        throwIfInterrupted(context.signal)
        checksum.update(chunk)
        sent += chunk.length
        yield chunk
        onBytes(chunk.length)
      }
    }
    try {
      if (!exists) await whenFree(part, () => hdfs.create(part, body(), this.blockSize), context)
      else if (offset < job.size) await whenFree(part, () => hdfs.append(part, body()), context)
    } catch (error) {
      onBytes(-(offset + sent))
      throw error
    }
    return checksum
  }

  async run(): Promise<{ readonly resumedFrom: number }> {
    const { hdfs, job, context } = this
    const part = partOf(job.target)
    for (let count = 1; ; count++) {
      try {
        const checksum = await this.attempt(part)
        await this.verify(part, checksum)
        await hdfs.rename(part, job.target)
        return { resumedFrom: this.resumedFrom }
      } catch (error) {
        if (!(error instanceof UnreachableError) || count >= tries) throw error
        context.emit({ t: 'note', level: 'warn', text: `${job.target}: ${error.message}; goes on where it broke` })
        await context.clock.sleep(500 * 2 ** count, context.signal)
      }
    }
  }

  private async verify(part: string, checksum: HdfsChecksum): Promise<void> {
    const { hdfs, job, context } = this
    const [there, theirs, here] = await Promise.all([
      hdfs.stat(part),
      job.size === 0 ? undefined : hdfs.checksum(part),
      context.files.stat(job.local),
    ])
    if (here?.size !== job.size) {
      throw new FailedError('FILE_CHANGED', `${job.local} changed while it was copied`, {
        hints: ['run the same command again: it begins anew'],
      })
    }
    if (there?.size === job.size) {
      const same = theirs === undefined ? sameContent(hdfs, there, job.local, context) : theirs === checksum.digest()
      if (await same) return
    }
    await hdfs.remove(part, false)
    throw new FailedError('HDFS_CONTENT_DIFFERS', `${job.target}: HDFS has not got what was sent; it was removed again`)
  }
}

async function unchanged(
  hdfs: Hdfs,
  there: HdfsEntry,
  job: Job,
  force: boolean,
  context: TransferContext,
): Promise<boolean> {
  if (there.kind === 'directory') {
    throw new FailedError('HDFS_IS_FOLDER', `${job.target} is a folder on HDFS, ${job.local} is a file`)
  }
  if (there.size === job.size && (await sameContent(hdfs, there, job.local, context))) return true
  if (force) return false
  throw new FailedError('HDFS_FILE_EXISTS', `${job.target} is on HDFS already, with another content`, {
    hints: ['--force replaces it', 'give another name'],
  })
}

async function putStdin(hdfs: Hdfs, input: PutInput, context: TransferContext, onBytes: (count: number) => void) {
  const target = await destination(hdfs, '-', input.target, false)
  const there = await hdfs.stat(target)
  if (there !== undefined && !input.force) {
    throw new FailedError('HDFS_FILE_EXISTS', `${target} is on HDFS already`, { hints: ['--force replaces it'] })
  }
  const part = partOf(target)
  const blockSize = await hdfs.blockSize()
  const checksum = new HdfsChecksum(blockSize)
  async function* body() {
    for await (const chunk of input.stdin()) {
      throwIfInterrupted(context.signal)
      checksum.update(chunk)
      onBytes(chunk.length)
      yield chunk
    }
  }
  try {
    await hdfs.create(part, body(), blockSize)
    const theirs = checksum.size === 0 ? undefined : await hdfs.checksum(part)
    if ((await hdfs.stat(part))?.size !== checksum.size || (theirs !== undefined && theirs !== checksum.digest()))
      throw new FailedError('HDFS_CONTENT_DIFFERS', `${target}: HDFS has not got what was sent`)
  } catch (error) {
    // stdin cannot be read a second time: what came is of no use.
    if (!context.signal.aborted) await hdfs.remove(part, false).catch(() => undefined)
    throw error
  }
  await hdfs.rename(part, target)
  return [{ from: '-', to: target, bytes: checksum.size, status: 'written' as const, resumedFrom: 0 }]
}

async function putFiles(
  hdfs: Hdfs,
  input: PutInput,
  context: TransferContext,
  progress: (done: number, total: number) => void,
): Promise<readonly TransferredFile[]> {
  const { jobs, folders } = await plan(hdfs, input, context)
  const total = jobs.reduce((sum, { size }) => sum + size, 0)
  for (const folder of folders) await hdfs.mkdir(folder, defaultMode)
  const blockSize = await hdfs.blockSize()
  const results: TransferredFile[] = new Array(jobs.length)
  let done = 0
  let next = 0
  const onBytes = (count: number) => {
    done += count
    progress(done, total)
  }
  let failed = false
  const work = async () => {
    for (let index = next++; index < jobs.length && !failed; index = next++) {
      throwIfInterrupted(context.signal)
      const job = jobs[index] as Job
      const head = { from: job.local, to: job.target, bytes: job.size }
      const there = await hdfs.stat(job.target)
      if (there !== undefined && (await unchanged(hdfs, there, job, input.force, context))) {
        results[index] = { ...head, status: 'unchanged', resumedFrom: 0 }
        onBytes(job.size)
      } else {
        const { resumedFrom } = await new Upload(hdfs, job, blockSize, context, onBytes).run()
        results[index] = { ...head, status: 'written', resumedFrom }
      }
    }
  }
  const lanes = Array.from({ length: Math.min(sideBySide, jobs.length) }, () =>
    work().catch((error) => {
      failed = true
      throw error
    }),
  )
  const outcomes = await Promise.allSettled(lanes)
  const broken = outcomes.find((outcome) => outcome.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  return results
}

/** Copies files and folders to HDFS. Each appears under its name complete or not at all. */
export function put(hdfs: Hdfs, input: PutInput, context: TransferContext): Promise<TransferReport> {
  const started = context.clock.monotonic()
  return stage(
    context.emit,
    { id: 'hdfs:put', title: `put ${input.target}` },
    async (progress) => {
      let bytesDone = 0
      const files =
        input.sources.length === 1 && input.sources[0] === '-'
          ? await putStdin(hdfs, input, context, (count) => {
              bytesDone += count
              progress(bytesDone, 'bytes')
            })
          : await putFiles(hdfs, input, context, (done, total) => progress(done, 'bytes', total))
      return report(files, context.clock.monotonic() - started)
    },
    transferEnd,
  )
}

export function report(files: readonly TransferredFile[], ms: number): TransferReport {
  const written = files.filter(({ status }) => status === 'written')
  return {
    files,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    transferred: written.reduce((sum, file) => sum + file.bytes - file.resumedFrom, 0),
    ms: Math.round(ms),
  }
}

export function transferEnd(result: TransferReport) {
  const written = result.files.filter(({ status }) => status === 'written').length
  const resumed = result.files.reduce((sum, { resumedFrom }) => sum + resumedFrom, 0)
  return {
    outcome: written === 0 ? ('unchanged' as const) : ('done' as const),
    summary:
      written === 0 ? 'unchanged' : `${plural(written, 'file')}${resumed > 0 ? `, ${bytes(resumed)} were there` : ''}`,
    counts: { bytes: result.transferred },
  }
}

/** One file of this machine to its place, over whatever is there; whether it was written. Throws as `put`. */
export async function putFile(hdfs: Hdfs, file: string, target: string, context: TransferContext): Promise<boolean> {
  const { files } = await put(hdfs, { sources: [file], target, force: true, stdin: noInput }, context)
  return files.some(({ status }) => status === 'written')
}

async function* noInput(): AsyncGenerator<Uint8Array, void> {}
