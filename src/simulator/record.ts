import { createHash } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import type { FileInfo, JobContext } from '../core/ports.js'
import type { WrittenFile } from './output.js'

/**
 * What an earlier run made from which arguments, so that the same command can say `unchanged` without making it again.
 * Kept per set of files in `.smartcar/simulate/`; believed only as far as the files still are what was written.
 */
const simulateRecord = z.strictObject({
  schemaVersion: z.literal(1),
  /** Arguments, and the generation of the simulator. */
  arguments: z.string(),
  files: z.array(
    z.strictObject({
      path: z.string(),
      bytes: z.number(),
      sha256: z.string(),
      modified: z.number(),
      inode: z.number(),
    }),
  ),
  result: z.unknown(),
})

type SimulateRecord = z.infer<typeof simulateRecord>

/** Raised whenever the same arguments give other bytes than before. */
const generation = 1

export interface RecordKey {
  /** The files that the command makes: what identifies it. */
  readonly paths: readonly string[]
  /** Everything that the bytes depend on; plain data. */
  readonly arguments: unknown
}

type RecordContext = Pick<JobContext, 'files' | 'layout'>

function recordPath(context: RecordContext, key: RecordKey): string {
  const digest = createHash('sha256').update(JSON.stringify(key.paths)).digest('hex').slice(0, 20)
  return path.join(context.layout.state, 'simulate', `${digest}.json`)
}

function argumentsText(key: RecordKey): string {
  return JSON.stringify([generation, key.arguments])
}

async function sha256Of(context: RecordContext, file: string): Promise<string> {
  const hash = createHash('sha256')
  await using reader = await context.files.open(file)
  const block = new Uint8Array(1024 * 1024)
  for (let read = await reader.read(block); read > 0; read = await reader.read(block))
    hash.update(block.subarray(0, read))
  return hash.digest('hex')
}

async function readRecord(context: RecordContext, key: RecordKey): Promise<SimulateRecord | undefined> {
  const text = await context.files.readText(recordPath(context, key))
  if (text === undefined) return undefined
  try {
    const record = simulateRecord.parse(JSON.parse(text))
    return record.arguments === argumentsText(key) ? record : undefined
  } catch {
    // A record that cannot be read only costs making the files again.
    return undefined
  }
}

function looksUntouched(info: FileInfo, file: SimulateRecord['files'][number]): boolean {
  return info.modified === file.modified && info.inode === file.inode
}

/**
 * The result of an earlier run with the same arguments whose files are still as they were written: same size and time of
 * change, or else the same content. undefined when they have to be made.
 */
export async function recorded(context: RecordContext, key: RecordKey): Promise<unknown> {
  const record = await readRecord(context, key)
  if (record === undefined) return undefined
  let touched = false
  for (const file of record.files) {
    const info = await context.files.stat(file.path)
    if (info === undefined || info.kind !== 'file' || info.size !== file.bytes) return undefined
    if (looksUntouched(info, file)) continue
    if ((await sha256Of(context, file.path)) !== file.sha256) return undefined
    touched = true
  }
  if (touched) await writeRecord(context, key, record.files, record.result)
  return record.result
}

/** Remembers what was made; called when every file has its name. */
export async function writeRecord(
  context: RecordContext,
  key: RecordKey,
  files: readonly WrittenFile[],
  result: unknown,
): Promise<void> {
  const entries: SimulateRecord['files'] = []
  for (const { path: file, bytes, sha256 } of files) {
    const info = await context.files.stat(file)
    entries.push({ path: file, bytes, sha256, modified: info?.modified ?? 0, inode: info?.inode ?? 0 })
  }
  const record: SimulateRecord = { schemaVersion: 1, arguments: argumentsText(key), files: entries, result }
  await context.files.writeAtomic(recordPath(context, key), `${JSON.stringify(record)}\n`)
}
