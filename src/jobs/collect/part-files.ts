/** The staged files of one content, one per day: any number of days with few open files. */
import { createHash, type Hash } from 'node:crypto'
import type { AppendFile, Files } from '../../core/ports.js'

/** Open files at once; a content with more days closes the one that was not written to for longest. */
const openLimit = 32

interface Part {
  readonly path: string
  readonly hash: Hash
  bytes: number
}

export interface PartFiles extends AsyncDisposable {
  /** Appends to the file of part `index`. */
  write(index: number, path: string, data: Uint8Array): Promise<void>
  /** Flushes every file to disk and closes it. Results in order of the part's index. */
  finish(): Promise<
    readonly { readonly index: number; readonly path: string; readonly bytes: number; readonly sha256: string }[]
  >
}

export function partFiles(files: Files): PartFiles {
  const parts = new Map<number, Part>()
  // In order of last use: a Map keeps the order in which keys were set.
  const open = new Map<number, AppendFile>()

  const handle = async (index: number, path: string): Promise<AppendFile> => {
    const found = open.get(index)
    if (found !== undefined) {
      if (open.size > 1) {
        open.delete(index)
        open.set(index, found)
      }
      return found
    }
    const oldest = open.entries().next()
    if (open.size >= openLimit && !oldest.done) {
      open.delete(oldest.value[0])
      await oldest.value[1][Symbol.asyncDispose]()
    }
    const opened = await files.append(path)
    open.set(index, opened)
    return opened
  }

  const closeAll = async () => {
    for (const [index, file] of [...open]) {
      open.delete(index)
      await file[Symbol.asyncDispose]()
    }
  }

  return {
    async write(index, path, data) {
      let part = parts.get(index)
      if (part === undefined) {
        part = { path, hash: createHash('sha256'), bytes: 0 }
        parts.set(index, part)
      }
      const file = await handle(index, path)
      part.hash.update(data)
      part.bytes += data.byteLength
      await file.write(data)
    },
    async finish() {
      for (const [index, part] of parts) await (await handle(index, part.path)).sync()
      await closeAll()
      return [...parts]
        .sort(([a], [b]) => a - b)
        .map(([index, { path, bytes, hash }]) => ({ index, path, bytes, sha256: hash.digest('hex') }))
    },
    [Symbol.asyncDispose]: closeAll,
  }
}
