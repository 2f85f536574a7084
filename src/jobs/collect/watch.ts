/** `collect --watch`: a folder as Flume's spooling directory: what is complete is collected, then moved away or deleted. */
import path from 'node:path'
import { FailedError, InterruptedError, systemCode } from '../../core/errors.js'
import type { RecordKind } from '../../core/layout.js'
import type { FileInfo, Files } from '../../core/ports.js'
import { asSiteError, type CollectContext, skipReason, tryCollectFile } from './collect.js'
import { withLake } from './lake-store.js'
import { type CollectedFile, type CollectResult, resultLog } from './result.js'

export interface WatchInput {
  readonly folder: string
  /** Of all files; left out: by the content of each. */
  readonly kind?: RecordKind
  /** Where a collected file goes: a folder, or `delete`. */
  readonly done: string | 'delete'
  /** Where a file goes that cannot be collected. */
  readonly failed: string
  /** A file is complete when its size and its time of change have stood still for so long. */
  readonly settleMs: number
  readonly pollMs?: number
  /** End when nothing is left, instead of waiting for more. */
  readonly once?: boolean
}

/** What makes a file another one, as far as can be told from outside. */
const stamp = ({ size, modified, inode }: FileInfo) => `${size} ${modified} ${inode}`

/** Tells which files have stood still; durations by a clock that never jumps. */
function settling(settleMs: number) {
  let watched = new Map<string, { readonly stamp: string; readonly since: number }>()
  return (entries: readonly FileInfo[], now: number): readonly FileInfo[] => {
    const before = watched
    watched = new Map()
    return entries.filter((entry) => {
      const old = before.get(entry.path)
      const same = old !== undefined && old.stamp === stamp(entry)
      const since = same ? old.since : now
      watched.set(entry.path, { stamp: stamp(entry), since })
      return now - since >= settleMs
    })
  }
}

/** A name that is free in `folder`: the same file name comes every day. */
async function freeName(folder: string, name: string, files: Files): Promise<string> {
  for (let suffix = 0; ; suffix++) {
    const candidate = path.join(folder, suffix === 0 ? name : `${name}.${suffix}`)
    if ((await files.stat(candidate)) === undefined) return candidate
  }
}

async function moveInto(folder: string, file: string, files: Files): Promise<string> {
  await files.mkdir(folder)
  const target = await freeName(folder, path.basename(file), files)
  try {
    await files.rename(file, target)
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error
    // Another file system: copied whole before the original goes.
    await using from = await files.open(file)
    await using to = await files.createAtomic(target)
    const buffer = Buffer.allocUnsafe(1024 * 1024)
    for (let count = await from.read(buffer); count > 0; count = await from.read(buffer))
      await to.write(buffer.subarray(0, count))
    await to.commit()
    await files.remove(file)
  }
  return target
}

/**
 * Collects what arrives in a folder until the signal, or with `once` until nothing is left. Hidden and unfinished
 * files (`.tmp`, `.part`, …) and subfolders are left alone. A crash between the lake and the move does no harm: the
 * same content is recognised. Throws what `collect` throws about the site; a file's own trouble is in the result.
 */
export async function watchFolder(input: WatchInput, context: CollectContext): Promise<CollectResult> {
  const { files, clock, signal, emit } = context
  const log = resultLog()
  const settled = settling(input.settleMs)
  // Files that could neither be collected nor moved: told once.
  const given = new Map<string, string>()
  const found = await files.stat(input.folder)
  if (found?.kind !== 'directory')
    throw new FailedError('FOLDER_MISSING', `${input.folder} is ${found === undefined ? 'not there' : 'no folder'}`, {
      place: { file: input.folder },
      hints: ['make it, or name the folder in which files arrive'],
    })

  const putAway = async (entry: FileInfo, result: CollectedFile) => {
    const now = await files.stat(entry.path)
    // Gone, or written to since: then it is another file, which has to settle first.
    if (now === undefined || stamp(now) !== stamp(entry)) return
    try {
      if (result.status === 'failed') {
        const target = await moveInto(input.failed, entry.path, files)
        emit({ t: 'note', level: 'warn', text: `moved ${entry.path} to ${target}` })
      } else if (input.done === 'delete') await files.remove(entry.path)
      else await moveInto(input.done, entry.path, files)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      given.set(entry.path, stamp(entry))
      emit({ t: 'note', level: 'warn', text: `${entry.path} stays where it is: ${reason}` })
    }
  }

  try {
    for (;;) {
      const entries = (await files.list(input.folder)).filter(
        (entry) =>
          entry.kind === 'file' && skipReason(entry.name) === undefined && given.get(entry.path) !== stamp(entry),
      )
      const ready = settled(entries, clock.monotonic())
      if (ready.length > 0)
        await withLake(`collect --watch ${input.folder}`, context, async (lake) => {
          for (const entry of ready) {
            if (signal.aborted) return
            const result = await tryCollectFile(entry.path, input.kind, lake, context)
            log.add(result)
            await putAway(entry, result)
          }
        })
      else if (input.once && entries.length === 0) break
      if (signal.aborted) break
      if (ready.length === 0) await clock.sleep(input.pollMs ?? Math.min(500, Math.max(20, input.settleMs)), signal)
    }
  } catch (error) {
    // The signal is how a watch ends; what was being collected is collected next time.
    if (
      !signal.aborted ||
      (error instanceof Error && !(error instanceof InterruptedError) && error.name !== 'AbortError')
    )
      throw asSiteError(error, context)
  }
  return log.result()
}
