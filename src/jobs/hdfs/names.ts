import path from 'node:path'
import { didYouMean } from '../../core/did-you-mean.js'
import { FailedError, SmartcarError } from '../../core/errors.js'
import { type Hdfs, type HdfsEntry, hdfsPath } from '../../services/hdfs/client.js'

/** What is at a path; HDFS_PATH_ABSENT with the nearest name beside it when nothing is. */
export async function entryAt(hdfs: Hdfs, target: string): Promise<HdfsEntry> {
  const found = await hdfs.stat(target)
  if (found !== undefined) return found
  throw await absent(hdfs, target)
}

async function absent(hdfs: Hdfs, target: string): Promise<FailedError> {
  // The deepest folder that is there knows what else could have been meant.
  let folder = target
  let name = target
  let near: readonly HdfsEntry[] = []
  do {
    name = path.posix.basename(folder)
    folder = path.posix.dirname(folder)
    try {
      near = await hdfs.list(folder)
      break
    } catch (error) {
      if (!(error instanceof SmartcarError) || error.code !== 'HDFS_PATH_ABSENT') break
    }
  } while (folder !== '/')
  const names = near.map((entry) => entry.name)
  return new FailedError('HDFS_PATH_ABSENT', `${target} is not on HDFS${didYouMean(name, names)}`, {
    hints: [`smartcar hdfs ls ${folder} shows what is`],
    data: { path: target },
  })
}

const wild = /[*?[\]{}]/

/** One part of a path with `*`, `?`, `[a-c]` and `{a,b}` as a regular expression. */
function matcher(part: string): RegExp {
  let depth = 0
  const text = part.replace(/\\(.)|[.+^$()|]|[*?{},]/g, (found: string, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped.replace(/\W/, '\\$&')
    if (found === '*') return '.*'
    if (found === '?') return '.'
    if (found === '{') {
      depth++
      return '(?:'
    }
    if (found === '}') {
      depth = Math.max(0, depth - 1)
      return ')'
    }
    if (found === ',') return depth > 0 ? '|' : ','
    return `\\${found}`
  })
  return new RegExp(`^${text}$`)
}

/** The paths that a pattern stands for, sorted; itself when it has no wildcard or names something that is there. */
export async function expand(hdfs: Hdfs, given: string): Promise<readonly string[]> {
  const target = hdfsPath(given, hdfs.user)
  if (!wild.test(target) || (await hdfs.stat(target)) !== undefined) return [target]
  let found: readonly string[] = ['/']
  for (const part of target.split('/').slice(1)) {
    if (!wild.test(part)) {
      found = found.map((folder) => path.posix.join(folder, part))
      continue
    }
    const pattern = matcher(part)
    const next: string[] = []
    for (const folder of found) {
      if ((await hdfs.stat(folder))?.kind !== 'directory') continue
      for (const entry of await hdfs.list(folder)) {
        // As a shell does it: hidden names only where they are asked for.
        if (pattern.test(entry.name) && (part.startsWith('.') || !entry.name.startsWith('.'))) next.push(entry.path)
      }
    }
    found = next
  }
  if (found.length > 0) return found
  throw new FailedError('HDFS_PATH_ABSENT', `nothing on HDFS is named as ${target} says`, {
    hints: [`smartcar hdfs ls ${path.posix.dirname(target).replace(/\/[^/]*[*?[\]{}].*$/, '') || '/'}`],
  })
}

/** All paths of several patterns, in order. */
export async function expandAll(hdfs: Hdfs, given: readonly string[]): Promise<readonly string[]> {
  const all: string[] = []
  for (const one of given) all.push(...(await expand(hdfs, one)))
  return all
}
