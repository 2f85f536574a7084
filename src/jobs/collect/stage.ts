/** One pass over a content: every row checked, good rows copied to staged files by day, bad ones to a staged rejects file. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { throwIfInterrupted } from '../../core/errors.js'
import type { LakeManifest } from '../../core/lake.js'
import type { JobContext } from '../../core/ports.js'
import type { RowFormat } from '../../logs/formats.js'
import { rejectsFile } from '../../logs/rejects-file.js'
import { type Content, lineBlocks } from '../../logs/source.js'
import { partFiles } from './part-files.js'
import { createScanner, type KeptRanges } from './scan.js'

export interface StagedFile {
  /** Absolute path of the temporary file. */
  readonly temporary: string
  /** yyyyMMdd, null for unpartitioned kinds */
  readonly day: string | null
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
  /** Purchases: rows by yyyyMM. */
  readonly months?: Readonly<Record<string, number>>
}

export interface StagedContent {
  readonly sha256: string
  /** Uncompressed. */
  readonly bytes: number
  readonly rows: LakeManifest['rows']
  readonly reasons: Readonly<Record<string, number>>
  readonly files: readonly StagedFile[]
  /** Absolute path of the temporary rejects file, null when every row is good. */
  readonly rejects: string | null
}

export interface StageInput {
  readonly content: Content
  readonly format: RowFormat
  /** For the rejects file. */
  readonly sourceName: string
  /** Lines of the file in front of this content. */
  readonly linesBefore?: number
  /** Empty folders, or none yet, for temporary files on the file systems of the lake and of the rejects. */
  readonly lakeFolder: string
  readonly rejectsFolder: string
  readonly onProgress?: (consumed: number) => void
}

/** Ranges of so many bytes are written as they stand, smaller ones are gathered first. */
const largeRange = 64 * 1024

/** Kept ranges as few large pieces: pairs of part and bytes, in order within a part, valid until the next piece. */
function gatherer() {
  let scratch = Buffer.alloc(0)
  return function* gather(bytes: Buffer, kept: KeptRanges): Generator<readonly [part: number, data: Uint8Array]> {
    const byPart = new Map<number, number[]>()
    for (let i = 0; i < kept.length; i += 3) {
      const [start = 0, end = 0, part = 0] = [kept[i], kept[i + 1], kept[i + 2]]
      const ranges = byPart.get(part)
      if (ranges === undefined) byPart.set(part, [start, end])
      else ranges.push(start, end)
    }
    for (const [part, ranges] of byPart) {
      let filled = 0
      for (let i = 0; i < ranges.length; i += 2) {
        const [start = 0, end = 0] = [ranges[i], ranges[i + 1]]
        if (end - start < largeRange) {
          if (scratch.byteLength === 0) scratch = Buffer.allocUnsafeSlow(bytes.byteLength)
          filled += bytes.copy(scratch, filled, start, end)
          continue
        }
        if (filled > 0) yield [part, scratch.subarray(0, filled)]
        filled = 0
        yield [part, bytes.subarray(start, end)]
      }
      if (filled > 0) yield [part, scratch.subarray(0, filled)]
    }
  }
}

/** Throws SourceError when the content cannot be read, the system's error when the site cannot be written. */
export async function stageContent(
  input: StageInput,
  context: Pick<JobContext, 'files' | 'signal'>,
): Promise<StagedContent> {
  const { format } = input
  const hash = createHash('sha256')
  const gather = gatherer()
  const rejectsPath = path.join(input.rejectsFolder, 'rejects.csv')
  const partPath = (part: number) => path.join(input.lakeFolder, `part-${part}.log`)
  await using parts = partFiles(context.files)
  await using rejects = rejectsFile(input.sourceName, () => context.files.append(rejectsPath))
  const scanner = createScanner(format, {
    onReject: rejects.add,
    ...(input.linesBefore === undefined ? {} : { linesBefore: input.linesBefore }),
  })
  let bytes = 0
  for await (const block of lineBlocks(input.content)) {
    throwIfInterrupted(context.signal)
    bytes += block.contentEnd
    // In front of the scan, which overwrites CRs.
    hash.update(block.bytes.subarray(0, block.contentEnd))
    if (block.long) {
      if (block.first) rejects.beginRow(scanner.countLongLine(), 'too-long')
      rejects.append(block.bytes.subarray(0, block.end))
      if (block.last) rejects.endRow()
    } else {
      const kept = scanner.scan(block.bytes, 0, block.end)
      for (const [part, data] of gather(block.bytes, kept)) await parts.write(part, partPath(part), data)
    }
    await rejects.drain()
    input.onProgress?.(input.content.consumed)
  }
  const rejectedRows = await rejects.finish()
  const written = await parts.finish()
  const { groups, counts } = scanner
  const months =
    format.kind === 'purchases'
      ? { months: Object.fromEntries(groups.map(({ group, rows }) => [String(group), rows] as const).sort()) }
      : {}
  return {
    sha256: hash.digest('hex'),
    bytes,
    rows: {
      read: counts.kept + counts.headers + counts.rejected,
      kept: counts.kept,
      headers: counts.headers,
      rejected: counts.rejected,
      duplicates: counts.duplicates,
    },
    reasons: Object.fromEntries([...scanner.reasons].sort()),
    files: written.map(({ index, path: temporary, bytes: size, sha256 }) => ({
      temporary,
      day: format.partition === 'day' ? String(groups[index]?.group) : null,
      rows: format.partition === 'day' ? (groups[index]?.rows ?? 0) : counts.kept,
      bytes: size,
      sha256,
      ...months,
    })),
    rejects: rejectedRows === 0 ? null : rejectsPath,
  }
}
