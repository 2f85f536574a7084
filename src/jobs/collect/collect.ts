/** `smartcar collect`: files into the lake, every row checked. See lake-store.ts for how a kill at any moment is survived. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { throwIfInterrupted, UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { LakeManifest } from '../../core/lake.js'
import type { RecordKind } from '../../core/layout.js'
import type { JobContext } from '../../core/ports.js'
import { detectKind } from '../../logs/detect.js'
import { rowFormats } from '../../logs/formats.js'
import { openSource, type Source, SourceError } from '../../logs/source.js'
import { asSiteError } from '../site-errors.js'
import { type LakeStore, withLake } from './lake-store.js'
import { type CollectedFile, type CollectResult, describeCollected, fileEnd, totalsOf } from './result.js'
import { type StagedContent, stageContent } from './stage.js'

export { asSiteError } from '../site-errors.js'
export { type CollectedFile, type CollectResult, collectFailure, collectSummary } from './result.js'

export type CollectContext = Pick<JobContext, 'layout' | 'files' | 'clock' | 'emit' | 'signal'>

export interface CollectInput {
  /** Files, and folders whose files are taken (not those of their subfolders, nor hidden or unfinished ones). */
  readonly paths: readonly string[]
  /** Of all these files; left out: by the content of each. */
  readonly kind?: RecordKind
}

/** Why an entry of a folder is not taken; undefined when it is. Unfinished: what writers and downloaders use. */
export function skipReason(name: string): string | undefined {
  if (name.startsWith('.')) return 'hidden'
  if (name.startsWith('_')) return 'its name starts with _, as those of working files do'
  if (/\.(tmp|part|partial|crdownload|swp)$/i.test(name)) return 'unfinished by its name'
  return undefined
}

async function findFiles(
  paths: readonly string[],
  context: CollectContext,
): Promise<{ readonly files: readonly string[]; readonly skipped: CollectResult['skipped'] }> {
  const files = new Map<string, string>()
  const skipped: { path: string; reason: string }[] = []
  for (const given of paths) {
    const info = await context.files.stat(given).catch(() => undefined)
    if (info?.kind !== 'directory') {
      files.set(path.resolve(given), given)
      continue
    }
    for (const entry of await context.files.list(given)) {
      const entryPath = path.join(given, entry.name)
      const reason =
        skipReason(entry.name) ??
        (entry.kind === 'directory' ? 'a subfolder: name it to collect its files' : undefined) ??
        (entry.kind === 'other' ? 'no regular file' : undefined)
      if (reason === undefined) files.set(path.resolve(entryPath), entryPath)
      else skipped.push({ path: entryPath, reason })
    }
  }
  return { files: [...files.values()], skipped }
}

async function hashContent(
  source: Source,
  context: CollectContext,
  onProgress: (consumed: number) => void,
): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  await using content = source.content()
  for (;;) {
    throwIfInterrupted(context.signal)
    const count = await content.read(buffer)
    if (count === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, count))
    onProgress(content.consumed)
  }
}

/** Have two contents the same rows, all good, but other line ends, other headers, or a byte order mark? */
function hasSameRows(staged: StagedContent, manifest: LakeManifest): boolean {
  const key = (files: readonly { day: string | null; sha256: string }[]) =>
    files
      .map(({ day, sha256 }) => `${day} ${sha256}`)
      .sort()
      .join()
  return (
    staged.files.length > 0 &&
    staged.rows.rejected === 0 &&
    manifest.rows.rejected === 0 &&
    key(staged.files) === key(manifest.files)
  )
}

function describeFailed(filePath: string, error: SourceError, ms: number): CollectedFile {
  return {
    path: filePath,
    status: 'failed',
    kind: null,
    days: [],
    rows: null,
    reasons: {},
    rejects: null,
    sha256: null,
    bytes: null,
    sequence: null,
    sameAs: null,
    ms,
    error: { code: error.code, message: error.message, hints: error.hints },
  }
}

/** Which manifest holds the same content? Only asked of files whose size fits, since it costs a reading of the file. */
async function findKnown(
  source: Source,
  lake: LakeStore,
  context: CollectContext,
  onProgress: (consumed: number) => void,
): Promise<LakeManifest | undefined> {
  const manifests = await lake.manifests()
  // The size that gzip notes is modulo 4 GiB, and of the last member only; a wrong guess only costs the short cut.
  const candidates = manifests.filter(
    ({ bytes }) => bytes !== undefined && bytes % 2 ** 32 === source.contentBytes % 2 ** 32,
  )
  if (candidates.length === 0) return undefined
  const sha256 = await hashContent(source, context, onProgress)
  return candidates.find((manifest) => manifest.sha256 === sha256)
}

async function collectSource(
  source: Source,
  given: RecordKind | undefined,
  lake: LakeStore,
  context: CollectContext,
  onProgress: (consumed: number) => void,
): Promise<{ readonly manifest: LakeManifest; readonly status: 'collected' | 'unchanged' }> {
  let renews = await findKnown(source, lake, context, onProgress)
  if (renews !== undefined && (await lake.isComplete(renews))) return { manifest: renews, status: 'unchanged' }
  const kind = given ?? (await detectKind(source))
  await using content = source.content()
  const staged = await stageContent(
    { content, format: rowFormats[kind], sourceName: source.name, onProgress, ...(await lake.prepareStaging()) },
    context,
  )
  await source.assertUnchanged()
  for (const manifest of await lake.manifests()) {
    if (manifest.kind !== kind || (manifest.sha256 !== staged.sha256 && !hasSameRows(staged, manifest))) continue
    if (await lake.isComplete(manifest)) return { manifest, status: 'unchanged' }
    if (manifest.sha256 === staged.sha256) renews = manifest
  }
  const manifest = await lake.commit({
    staged,
    kind,
    source: source.name,
    ...(renews?.kind === kind ? { renews } : {}),
  })
  return { manifest, status: 'collected' }
}

/** When nearly every row has the wrong encoding the file has, not the rows. */
function encodingNote(file: CollectedFile): string | undefined {
  const wrong = file.reasons.encoding ?? 0
  if (file.rows === null || wrong === 0 || wrong < file.rows.read / 2) return undefined
  return `${file.path}: most rows are not UTF-8; if they are EUC-KR, convert them: iconv -f CP949 -t UTF-8`
}

/** One file, in a stage of its own. Throws SourceError when this file cannot be collected, others when none can. */
export async function collectFile(
  filePath: string,
  kind: RecordKind | undefined,
  lake: LakeStore,
  context: CollectContext,
): Promise<CollectedFile> {
  const file = await stage(
    context.emit,
    { id: `collect/${filePath}`, title: `collect ${path.basename(filePath)}` },
    async (progress) => {
      const started = context.clock.monotonic()
      await using source = await openSource(filePath, context.files)
      const { manifest, status } = await collectSource(source, kind, lake, context, (consumed) =>
        progress(consumed, 'bytes', source.info.size),
      )
      return describeCollected(filePath, manifest, status, context.clock.monotonic() - started)
    },
    fileEnd,
  )
  const note = encodingNote(file)
  if (note !== undefined) context.emit({ t: 'note', level: 'warn', text: note })
  return file
}

/** As `collectFile`, with a SourceError as a result. */
export async function tryCollectFile(
  filePath: string,
  kind: RecordKind | undefined,
  lake: LakeStore,
  context: CollectContext,
): Promise<CollectedFile> {
  const started = context.clock.monotonic()
  try {
    return await collectFile(filePath, kind, lake, context)
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return describeFailed(filePath, error, context.clock.monotonic() - started)
  }
}

/** What a process that has to wait is told. */
const purposeOf = (paths: readonly string[]): string =>
  `collect ${paths.slice(0, 3).join(' ')}${paths.length > 3 ? ` and ${paths.length - 3} more` : ''}`

/**
 * Files the accepted rows of every file byte for byte under `lake/…`, the others under `rejects/…`, one file after
 * the other, each wholly or not at all. A file that cannot be collected is a result with status `failed` (see
 * `collectFailure`), and the others go on. Throws FailedError `DISK_FULL` or `SITE_NOT_WRITABLE`, InterruptedError,
 * UsageError when there is nothing to do; files collected before stay.
 */
export async function collect(input: CollectInput, context: CollectContext): Promise<CollectResult> {
  if (input.paths.length === 0)
    throw new UsageError('PATH_MISSING', 'nothing to collect', { hints: ['name files or folders'] })
  const { files, skipped } = await findFiles(input.paths, context)
  const done: CollectedFile[] = []
  try {
    if (files.length > 0)
      await withLake(purposeOf(input.paths), context, async (lake) => {
        for (const file of files) {
          throwIfInterrupted(context.signal)
          done.push(await tryCollectFile(file, input.kind, lake, context))
        }
      })
  } catch (error) {
    throw asSiteError(error, context)
  }
  return { files: done, skipped, totals: totalsOf(done) }
}
