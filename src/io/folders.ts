import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { systemCode } from '../core/errors.js'

/**
 * Makes a folder and its parents; one that is there is left as it is. Not Node's own recursive mkdir: that one says
 * ENOENT on a read-only file system, and on Node 20 never returns below /proc. Throws the system's error of the folder
 * that could not be made.
 */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  const make = () => mkdir(folder, mode === undefined ? {} : { mode })
  try {
    await make()
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' && path.dirname(folder) !== folder) {
      await makeFolder(path.dirname(folder), mode)
      await make().catch(refuseUnlessFolder)
      return
    }
    await refuseUnlessFolder(error)
  }

  async function refuseUnlessFolder(error: unknown): Promise<void> {
    // A root answers EISDIR or EPERM, a folder on a read-only file system EROFS; what counts is that it is there.
    const found = await stat(folder).catch(() => undefined)
    if (found?.isDirectory() !== true) throw error
  }
}
