import path from 'node:path'
import { FailedError, throwIfInterrupted, UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import { type Hdfs, type HdfsEntry, hdfsPath } from '../../services/hdfs/client.js'
import { remoteChunks, sameContent } from './content.js'
import { entryAt } from './names.js'
import { report, type TransferContext, type TransferReport, type TransferredFile, transferEnd } from './put.js'

export interface GetInput {
  readonly sources: readonly string[]
  /** File or folder of this machine. */
  readonly target: string
  /** Replace files with another content. */
  readonly force: boolean
}

interface Job {
  readonly entry: HdfsEntry
  readonly local: string
}

async function* below(hdfs: Hdfs, folder: string): AsyncGenerator<HdfsEntry> {
  for (const entry of await hdfs.list(folder)) {
    yield entry
    if (entry.kind === 'directory') yield* below(hdfs, entry.path)
  }
}

async function plan(hdfs: Hdfs, input: GetInput, { files }: TransferContext) {
  const jobs: Job[] = []
  const folders: string[] = []
  const target = path.resolve(input.target)
  const kind = (await files.stat(target))?.kind
  const into = kind === 'directory' || /[/\\]$/.test(input.target) || input.sources.length > 1
  if (into && kind === 'file') throw new UsageError('TARGET_IS_FILE', `${input.target} is a file`)
  for (const source of input.sources) {
    const entry = await entryAt(hdfs, hdfsPath(source, hdfs.user))
    const local = into ? path.join(target, entry.name) : target
    if (entry.kind === 'file') jobs.push({ entry, local })
    if (entry.kind !== 'directory') continue
    folders.push(local)
    for await (const inner of below(hdfs, entry.path)) {
      const name = path.join(local, path.posix.relative(entry.path, inner.path))
      if (inner.kind === 'directory') folders.push(name)
      else jobs.push({ entry: inner, local: name })
    }
  }
  return { jobs, folders }
}

/** Into `<name>.part`, compared with HDFS's checksum, then renamed; what an earlier attempt left is gone on with. */
async function getFile(
  hdfs: Hdfs,
  { entry, local }: Job,
  force: boolean,
  context: TransferContext,
  onBytes: (count: number) => void,
): Promise<TransferredFile> {
  const { files, clock, signal } = context
  const head = { from: entry.path, to: local, bytes: entry.size }
  const there = await files.stat(local)
  if (there?.kind === 'directory') throw new FailedError('TARGET_IS_FOLDER', `${local} is a folder`)
  if (there !== undefined) {
    if (there.size === entry.size && (await sameContent(hdfs, entry, local, context))) {
      onBytes(entry.size)
      return { ...head, status: 'unchanged', resumedFrom: 0 }
    }
    if (!force)
      throw new FailedError('FILE_EXISTS', `${local} is there already, with another content`, {
        hints: ['--force replaces it', 'give another name'],
      })
  }
  const part = `${local}.part`
  await files.mkdir(path.dirname(local))
  for (let fresh = false; ; fresh = true) {
    if (fresh || ((await files.stat(part))?.size ?? 0) > entry.size) await files.remove(part)
    let resumedFrom = 0
    {
      await using output = await files.append(part)
      resumedFrom = await output.size()
      onBytes(resumedFrom)
      for await (const chunk of remoteChunks(hdfs, entry, resumedFrom, clock, signal)) {
        throwIfInterrupted(signal)
        await output.write(chunk)
        onBytes(chunk.length)
      }
      await output.sync()
    }
    if (await sameContent(hdfs, entry, part, context)) {
      await files.rename(part, local)
      return { ...head, status: 'written', resumedFrom }
    }
    onBytes(-entry.size)
    if (resumedFrom === 0) {
      await files.remove(part)
      throw new FailedError(
        'HDFS_CONTENT_DIFFERS',
        `${entry.path}: what came is not what HDFS has; it was removed again`,
        {
          hints: ['the file may have changed meanwhile: run the same command again'],
        },
      )
    }
  }
}

/** Copies files and folders from HDFS to this machine. */
export function get(hdfs: Hdfs, input: GetInput, context: TransferContext): Promise<TransferReport> {
  const started = context.clock.monotonic()
  return stage(
    context.emit,
    { id: 'hdfs:get', title: `get ${input.sources.join(' ')}` },
    async (progress) => {
      const { jobs, folders } = await plan(hdfs, input, context)
      const total = jobs.reduce((sum, { entry }) => sum + entry.size, 0)
      for (const folder of folders) await context.files.mkdir(folder)
      let done = 0
      const results: TransferredFile[] = []
      for (const job of jobs) {
        results.push(
          await getFile(hdfs, job, input.force, context, (count) => {
            done += count
            progress(done, 'bytes', total)
          }),
        )
      }
      return report(results, context.clock.monotonic() - started)
    },
    transferEnd,
  )
}

/** Contents of files, one after the other; a folder's files in the order of their names. */
export async function cat(
  hdfs: Hdfs,
  sources: readonly string[],
  write: (chunk: Uint8Array) => Promise<void>,
  context: TransferContext,
): Promise<{ readonly files: readonly string[]; readonly bytes: number }> {
  // All are looked at first: an error in the third file should not come after two have been written.
  const entries: HdfsEntry[] = []
  for (const source of sources) {
    const entry = await entryAt(hdfs, hdfsPath(source, hdfs.user))
    if (entry.kind === 'directory') {
      throw new FailedError('HDFS_IS_FOLDER', `${entry.path} is a folder`, {
        hints: [`smartcar hdfs cat '${entry.path}/*' gives all files in it`],
      })
    }
    entries.push(entry)
  }
  let bytes = 0
  for (const entry of entries) {
    for await (const chunk of remoteChunks(hdfs, entry, 0, context.clock, context.signal)) {
      throwIfInterrupted(context.signal)
      bytes += chunk.length
      await write(chunk)
    }
  }
  return { files: entries.map((entry) => entry.path), bytes }
}
