import path from 'node:path'
import { FailedError, SmartcarError, throwIfInterrupted, UsageError } from '../../core/errors.js'
import type { Emit } from '../../core/events.js'
import { bytes, plural } from '../../render/format.js'
import { type Hdfs, type HdfsEntry, hdfsPath } from '../../services/hdfs/client.js'
import { entryAt, expandAll } from './names.js'

/** Entries of paths: those in a folder, or a file itself. */
export async function ls(
  hdfs: Hdfs,
  given: readonly string[],
  recursive: boolean,
  signal: AbortSignal,
): Promise<{ readonly entries: readonly HdfsEntry[] }> {
  const entries: HdfsEntry[] = []
  const visit = async (folder: string): Promise<void> => {
    throwIfInterrupted(signal)
    for (const entry of await hdfs.list(folder)) {
      entries.push(entry)
      if (recursive && entry.kind === 'directory') await visit(entry.path)
    }
  }
  for (const target of await expandAll(hdfs, given)) {
    await entryAt(hdfs, target)
    await visit(target)
  }
  return { entries }
}

/** Makes folders with what is above them. */
export async function mkdir(hdfs: Hdfs, given: readonly string[], mode: string) {
  const folders: { path: string; status: 'created' | 'unchanged' }[] = []
  for (const one of given) {
    const target = hdfsPath(one, hdfs.user)
    const there = await hdfs.stat(target)
    if (there?.kind === 'file') throw new FailedError('HDFS_FILE_EXISTS', `${target} is a file on HDFS`)
    if (there === undefined) await hdfs.mkdir(target, mode)
    folders.push({ path: target, status: there === undefined ? 'created' : 'unchanged' })
  }
  return { folders }
}

export interface Removal {
  readonly path: string
  readonly kind: HdfsEntry['kind']
  readonly files: number
  readonly size: number
}

/** Files from which on a removal has to be confirmed. */
const severeFiles = 1000
const severe = (one: Removal) =>
  one.kind === 'directory' && (one.files >= severeFiles || path.posix.dirname(one.path) === '/')

/**
 * Removes files, and folders with `recursive`. Whole folders right below `/`, and any with a thousand files, are asked
 * for by `agree` first; `/` is refused.
 */
export async function remove(
  hdfs: Hdfs,
  input: {
    readonly paths: readonly string[]
    readonly recursive: boolean
    readonly force: boolean
    readonly agree: () => Promise<boolean>
  },
  { emit, signal }: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<{ readonly removed: readonly Removal[] }> {
  const removals: Removal[] = []
  for (const given of input.paths) {
    let targets: readonly string[]
    try {
      targets = await expandAll(hdfs, [given])
    } catch (error) {
      if (input.force && error instanceof SmartcarError && error.code === 'HDFS_PATH_ABSENT') continue
      throw error
    }
    for (const target of targets) {
      if (target === '/')
        throw new UsageError('HDFS_ROOT', 'the root of HDFS is not removed', { hints: ['name a folder'] })
      if (input.force && (await hdfs.stat(target)) === undefined) continue
      const entry = await entryAt(hdfs, target)
      if (entry.kind === 'directory' && !input.recursive) {
        throw new UsageError('HDFS_IS_FOLDER', `${target} is a folder`, {
          hints: ['add -r to remove it with its files'],
        })
      }
      const { files, size } = entry.kind === 'directory' ? await hdfs.summary(target) : { files: 1, size: entry.size }
      removals.push({ path: target, kind: entry.kind, files, size })
    }
  }
  const grave = removals.filter(severe)
  for (const { path: target, files, size } of grave) {
    emit({ t: 'note', level: 'warn', text: `${target} holds ${plural(files, 'file')}, ${bytes(size)}: gone for good` })
  }
  if (grave.length > 0 && !(await input.agree())) {
    throw new UsageError('NOT_CONFIRMED', 'nothing was removed')
  }
  for (const { path: target } of removals) {
    throwIfInterrupted(signal)
    await hdfs.remove(target, input.recursive)
  }
  return { removed: removals }
}

/** Size of paths, and of each entry of a folder. */
export async function du(hdfs: Hdfs, given: readonly string[], summarize: boolean) {
  const rows: { path: string; size: number; consumed: number; files: number }[] = []
  const add = async (target: string) => {
    const { size, consumed, files } = await hdfs.summary(target)
    rows.push({ path: target, size, consumed, files })
  }
  for (const target of await expandAll(hdfs, given)) {
    const entry = await entryAt(hdfs, target)
    if (summarize || entry.kind !== 'directory') await add(target)
    else for (const inner of await hdfs.list(target)) await add(inner.path)
  }
  return { rows }
}

async function each(
  hdfs: Hdfs,
  given: readonly string[],
  recursive: boolean,
  signal: AbortSignal,
  change: (entry: HdfsEntry) => Promise<boolean>,
): Promise<{ readonly changed: number; readonly unchanged: number }> {
  let changed = 0
  let unchanged = 0
  const visit = async (entry: HdfsEntry): Promise<void> => {
    throwIfInterrupted(signal)
    if (await change(entry)) changed++
    else unchanged++
    if (!recursive || entry.kind !== 'directory') return
    for (const inner of await hdfs.list(entry.path)) await visit(inner)
  }
  for (const target of await expandAll(hdfs, given)) await visit(await entryAt(hdfs, target))
  return { changed, unchanged }
}

/** Sets permissions, in octal as HDFS takes them. */
export function chmod(hdfs: Hdfs, mode: string, given: readonly string[], recursive: boolean, signal: AbortSignal) {
  if (!/^[01]?[0-7]{3}$/.test(mode))
    throw new UsageError('MODE_INVALID', `"${mode}" is no file mode`, { hints: ['write it as 755 or 1777'] })
  const wanted = mode.replace(/^0/, '')
  return each(hdfs, given, recursive, signal, async (entry) => {
    if (entry.permission === wanted) return false
    await hdfs.chmod(entry.path, wanted)
    return true
  })
}

/** Sets owner and group: `owner`, `owner:group` or `:group`. */
export function chown(hdfs: Hdfs, to: string, given: readonly string[], recursive: boolean, signal: AbortSignal) {
  const [, owner = '', group = ''] = /^([^:\s]*)(?::([^:\s]*))?$/.exec(to) ?? []
  if (owner === '' && group === '')
    throw new UsageError('OWNER_INVALID', `"${to}" names no owner`, {
      hints: ['write it as owner, owner:group or :group'],
    })
  return each(hdfs, given, recursive, signal, async (entry) => {
    const wanted = { owner: owner === '' ? entry.owner : owner, group: group === '' ? entry.group : group }
    if (entry.owner === wanted.owner && entry.group === wanted.group) return false
    await hdfs.chown(entry.path, wanted.owner, wanted.group)
    return true
  })
}
