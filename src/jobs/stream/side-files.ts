/** Rows that could not be used, kept beside the result: CSV `file,line,reason,row` in the site's folder of rejects. */
import { createHash } from 'node:crypto'
import type { AppendFile, Files, JobContext } from '../../core/ports.js'
import { type RejectsFile, rejectsFile, rejectsHeader } from '../../logs/rejects-file.js'
import { removeLeftovers } from './leftovers.js'

/** A row longer than this is cut: a reject shows what came, it is no copy of it. */
const longestShown = 1000
const encoder = new TextEncoder()
/** Milliseconds after which a half-written file of another run is nobody's any more. */
const abandonedAfter = 86_400_000

export interface SideFile extends AsyncDisposable {
  add(line: number, reason: string, row: Uint8Array): void
  /** Writes what has gathered, if that is much. */
  drain(): Promise<void>
  /** Everything to disk. Returns the file, or undefined when there are no rows. */
  finish(): Promise<string | undefined>
}

/** A side file that also knows how far it was when a checkpoint was taken. */
export interface GrowingSideFile extends SideFile {
  /** Everything to disk; the size in bytes that belongs to the checkpoint. */
  checkpoint(): Promise<number>
}

type SideContext = Pick<JobContext, 'files' | 'clock'>

/** The name of a side file: what it is, the input's name, and a part of the input's identity, for two of one name. */
export function sideFileName(prefix: string, input: { readonly name: string; readonly id: string }): string {
  const name = input.name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 100)
  return `${prefix}-${name}-${createHash('sha256').update(input.id).digest('hex').slice(0, 8)}.csv`
}

function cut(row: Uint8Array): Uint8Array {
  if (row.byteLength <= longestShown) return row
  const shown = new Uint8Array(longestShown + 3)
  shown.set(row.subarray(0, longestShown))
  shown.set(encoder.encode('…'), longestShown)
  return shown
}

const adder = (rows: RejectsFile) => (line: number, reason: string, row: Uint8Array) => rows.add(line, reason, cut(row))

/** For an input that ends: appears whole at the end. Without rows, an earlier run's file is removed. */
export function atomicSideFile(file: string, source: string, { files, clock }: SideContext): SideFile {
  let commit: (() => Promise<void>) | undefined
  const rows = rejectsFile(source, async (): Promise<AppendFile> => {
    await removeLeftovers(files, file, clock.now() - abandonedAfter)
    const target = await files.createAtomic(file)
    commit = () => target.commit()
    return {
      write: (data) => target.write(data),
      sync: async () => {},
      size: async () => 0,
      [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
    }
  })
  return {
    add: adder(rows),
    drain: () => rows.drain(),
    async finish() {
      const count = await rows.finish()
      if (count === 0) {
        await files.remove(file)
        return undefined
      }
      await commit?.()
      return file
    },
    [Symbol.asyncDispose]: () => rows[Symbol.asyncDispose](),
  }
}

/** Rows behind `size` were written after the last checkpoint and will come again: they are taken off. */
async function cutBack(file: string, size: number, files: Files): Promise<void> {
  const info = await files.stat(file)
  if (info === undefined || info.size <= size) return
  if (size === 0) return files.remove(file)
  await using reader = await files.open(file)
  await using target = await files.createAtomic(file)
  const chunk = Buffer.allocUnsafe(1024 * 1024)
  for (let position = 0; position < size; ) {
    const count = await reader.read(chunk.subarray(0, Math.min(chunk.byteLength, size - position)), position)
    if (count === 0) break
    await target.write(chunk.subarray(0, count))
    position += count
  }
  await target.commit()
}

/** For an input that grows: appended to. `size`: how far the file was at the checkpoint that the input goes on from. */
export function growingSideFile(file: string, source: string, size: number, { files }: SideContext): GrowingSideFile {
  let target: AppendFile | undefined
  const rows = rejectsFile(source, async (): Promise<AppendFile> => {
    await cutBack(file, size, files)
    const opened = await files.append(file)
    target = opened
    let goesOn = (await opened.size()) > 0
    return {
      ...opened,
      async write(data) {
        // rejectsFile begins with its header; a file that goes on has it already.
        await opened.write(goesOn ? Buffer.from(data).subarray(rejectsHeader.length) : data)
        goesOn = false
      },
    }
  })
  return {
    add: adder(rows),
    drain: () => rows.drain(),
    async checkpoint() {
      await rows.finish()
      return target === undefined ? size : target.size()
    },
    async finish() {
      const count = await rows.finish()
      return count > 0 || size > 0 ? file : undefined
    },
    [Symbol.asyncDispose]: () => rows[Symbol.asyncDispose](),
  }
}
