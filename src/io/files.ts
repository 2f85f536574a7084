import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import {
  access,
  constants,
  cp,
  type FileHandle,
  lchown,
  lstat,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  symlink,
} from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemCode } from '../core/errors.js'
import type { AppendFile, AtomicFile, FileInfo, FileReader, Files, WriteOptions } from '../core/ports.js'
import { makeFolder } from './folders.js'
import { acquireLock } from './lock.js'

function fileInfo(file: string, stats: Stats): FileInfo {
  return {
    path: file,
    name: path.basename(file),
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other',
    size: stats.size,
    modified: stats.mtimeMs,
    inode: stats.ino,
  }
}

async function absentAsUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** Windows refuses to replace a file that somebody reads at this moment; a reader is soon done. */
async function renameWithPatience(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to)
      return
    } catch (error) {
      const busy = process.platform === 'win32' && ['EPERM', 'EBUSY', 'EACCES'].includes(systemCode(error) ?? '')
      if (!busy || attempt === 20) throw error
      await delay(attempt * 10)
    }
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function writeAll(handle: FileHandle, data: Uint8Array | string): Promise<void> {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  let written = 0
  while (written < bytes.byteLength)
    written += (await handle.write(bytes, written, bytes.byteLength - written)).bytesWritten
}

async function openReader(file: string): Promise<FileReader> {
  const handle = await open(file, 'r')
  return {
    read: async (target, position) =>
      (await handle.read(target, 0, target.byteLength, position === undefined ? null : position)).bytesRead,
    info: async () => fileInfo(file, await handle.stat()),
    [Symbol.asyncDispose]: () => handle.close(),
  }
}

async function createAtomic(file: string, options: WriteOptions = {}): Promise<AtomicFile> {
  const folder = path.dirname(file)
  await makeFolder(folder)
  // The leading dot hides it from globs, Hive and Spark.
  const temporaryPath = path.join(folder, `.${path.basename(file)}.${randomUUID().slice(0, 8)}.tmp`)
  let handle: FileHandle | undefined
  let finished = false
  const opened = async (flags: string) => {
    handle ??= await open(temporaryPath, flags, options.mode ?? 0o666)
    return handle
  }
  return {
    temporaryPath,
    write: async (data) => writeAll(await opened('wx'), data),
    async commit() {
      // 'a': creates the file when nothing was written, keeps it when another program wrote it.
      const target = await opened('a')
      await target.sync()
      await target.close()
      handle = undefined
      await renameWithPatience(temporaryPath, file)
      finished = true
      await syncFolder(folder)
    },
    async [Symbol.asyncDispose]() {
      await handle?.close()
      handle = undefined
      if (!finished) await rm(temporaryPath, { force: true })
      finished = true
    },
  }
}

async function append(file: string, options: WriteOptions = {}): Promise<AppendFile> {
  await makeFolder(path.dirname(file))
  const handle = await open(file, 'a', options.mode ?? 0o666)
  return {
    write: (data) => writeAll(handle, data),
    sync: () => handle.sync(),
    size: async () => (await handle.stat()).size,
    [Symbol.asyncDispose]: () => handle.close(),
  }
}

async function chownTree(file: string, uid: number, gid: number): Promise<void> {
  await lchown(file, uid, gid)
  if (!(await lstat(file)).isDirectory()) return
  for (const name of await readdir(file)) await chownTree(path.join(file, name), uid, gid)
}

/** The real file system. */
export const localFiles: Files = {
  stat: async (file) => {
    const stats = await absentAsUndefined(stat(file))
    return stats === undefined ? undefined : fileInfo(file, stats)
  },
  list: async (folder) => {
    const names = (await absentAsUndefined(readdir(folder))) ?? []
    const entries = await Promise.all(
      names.sort().map(async (name) => {
        const file = path.join(folder, name)
        const stats = (await absentAsUndefined(stat(file))) ?? (await absentAsUndefined(lstat(file)))
        return stats === undefined ? [] : [fileInfo(file, stats)]
      }),
    )
    return entries.flat()
  },
  open: openReader,
  readText: (file) => absentAsUndefined(readFile(file, 'utf8')),
  createAtomic,
  writeAtomic: async (file, data, options) => {
    await using target = await createAtomic(file, options)
    await target.write(data)
    await target.commit()
  },
  append,
  mkdir: async (folder, options) => {
    await makeFolder(path.resolve(folder), options?.mode)
  },
  rename: renameWithPatience,
  remove: (file) => rm(file, { force: true }),
  removeTree: (folder) => rm(folder, { force: true, recursive: true }),
  syncFolder,
  symlink: async (target, link) => {
    await rm(link, { force: true })
    await symlink(target, link)
  },
  copyTree: (from, to) => cp(from, to, { recursive: true, force: true, verbatimSymlinks: true }),
  chownTree,
  isWritable: async (file) => {
    try {
      await access(file, constants.W_OK)
      return true
    } catch {
      return false
    }
  },
  freeBytes: async (file) => {
    const stats = await statfs(file)
    return stats.bavail * stats.bsize
  },
  lock: acquireLock,
}
