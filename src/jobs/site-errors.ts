/** Trouble with the folder in which a site works, in words that name it. */
import path from 'node:path'
import { FailedError, SmartcarError, systemCode } from '../core/errors.js'
import type { JobContext } from '../core/ports.js'

function notWritable(root: string, cause?: unknown): FailedError {
  return new FailedError('SITE_NOT_WRITABLE', `the site folder ${root} cannot be written`, {
    cause,
    place: { file: root },
    hints: ['check its permissions and its mount, or choose another folder with --site'],
  })
}

async function isSiteWritable({ files, layout }: Pick<JobContext, 'files' | 'layout'>): Promise<boolean> {
  let folder = layout.root
  while ((await files.stat(folder)) === undefined && path.dirname(folder) !== folder) folder = path.dirname(folder)
  return files.isWritable(folder)
}

/**
 * Asks before the first write, since Node says ENOENT when it cannot make folders on a read-only file system.
 * Throws FailedError `SITE_NOT_WRITABLE`.
 */
export async function assertSiteWritable(context: Pick<JobContext, 'files' | 'layout'>): Promise<void> {
  if (!(await isSiteWritable(context))) throw notWritable(context.layout.root)
}

/** An error of the site's disk in terms of the site; anything else as it is. */
export function asSiteError(error: unknown, context: Pick<JobContext, 'layout'>): unknown {
  if (error instanceof SmartcarError) return error
  const { root } = context.layout
  const code = systemCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new FailedError('DISK_FULL', `the disk of ${root} is full`, {
      cause: error,
      place: { file: root },
      hints: ['free some space and run the same command again: nothing is half-written, what was collected stays'],
    })
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return notWritable(root, error)
  return error
}

/** A refusal below the folder of a site that cannot be written, wherever it was met, as that; any other error as it is. */
export async function siteTrouble(error: unknown, context: Pick<JobContext, 'files' | 'layout'>): Promise<unknown> {
  const refused = ['EROFS', 'EACCES', 'EPERM'].includes(systemCode(error) ?? '')
  const where = (error as { path?: unknown } | undefined)?.path
  if (!refused || typeof where !== 'string') return error
  const { root } = context.layout
  if (where !== root && !where.startsWith(root + path.sep)) return error
  return (await isSiteWritable(context)) ? error : notWritable(root, error)
}
