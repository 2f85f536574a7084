/** `collect --follow`: a log that grows, across rotation and truncation, every row once however often this is restarted. */
import path from 'node:path'
import { FailedError, throwIfInterrupted } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import { asSiteError, type CollectContext } from './collect.js'
import { detectKind } from './detect.js'
import { rowFormats } from './formats.js'
import { withLake } from './lake-store.js'
import {
  endOfLines,
  findPosition,
  loadPosition,
  logId,
  newerThan,
  type OpenLog,
  openLog,
  type Position,
  positionPath,
  positionText,
  tailAt,
} from './log-position.js'
import { type CollectedFile, type CollectResult, describeCollected, fileSummary, resultLog } from './result.js'
import { rangeContent } from './source.js'
import { stageContent } from './stage.js'

export interface FollowInput {
  /** A status or drive log; it may appear later. */
  readonly file: string
  readonly kind?: 'status' | 'drive'
  /** New rows wait at most so long for more of them before they are filed. */
  readonly flushMs: number
  /** They do not wait when they are so many bytes; 64 MB, as the pilot's sink rolls its files. */
  readonly flushBytes?: number
  readonly pollMs?: number
  /** End at the end of the file, instead of waiting for more. */
  readonly once?: boolean
}

/** What of a log is to be filed now: up to where, and whether the file is finished with it. */
interface Portion {
  readonly end: number
  readonly last: boolean
}

async function collectPortion(
  input: FollowInput,
  log: OpenLog,
  kind: FollowInput['kind'],
  end: number,
  context: CollectContext,
): Promise<{ readonly log: OpenLog; readonly kind: 'status' | 'drive'; readonly file: CollectedFile }> {
  const content = () => rangeContent(log.path, log.reader, log.offset, end)
  const found = kind ?? (await detectKind({ path: log.path, content }))
  if (found !== 'status' && found !== 'drive')
    throw new FailedError('FOLLOW_KIND', `${log.path} is a ${found} file; only status and drive logs can be followed`, {
      place: { file: log.path },
      hints: ['collect it without --follow when it is complete'],
    })
  const started = context.clock.monotonic()
  const title = `collect ${path.basename(log.path)} from byte ${log.offset}`
  return await stage(
    context.emit,
    { id: `collect/${input.file}/${log.inode}-${log.offset}`, title },
    (progress) =>
      withLake(`collect --follow ${input.file}`, context, async (lake) => {
        await using bytes = content()
        const staged = await stageContent(
          {
            content: bytes,
            format: rowFormats[found],
            sourceName: path.basename(log.path),
            linesBefore: log.lines,
            onProgress: (consumed) => progress(consumed, 'bytes', end - log.offset),
            ...(await lake.prepareStaging()),
          },
          context,
        )
        const next: OpenLog = { ...log, offset: end, lines: log.lines + staged.rows.read }
        const text = positionText(await positionOf(input, next, found))
        const manifest = await lake.commit({
          staged,
          kind: found,
          source: path.basename(log.path),
          position: { path: positionPath(input.file, context), text },
        })
        const ms = context.clock.monotonic() - started
        return { log: next, kind: found, file: describeCollected(log.path, manifest, 'collected', ms) }
      }),
    ({ file }) => ({
      outcome: 'done',
      summary: fileSummary(file),
      ...(file.rows === null ? {} : { counts: file.rows }),
    }),
  )
}

async function positionOf(input: FollowInput, log: OpenLog, kind: FollowInput['kind']): Promise<Position> {
  return {
    schemaVersion: 1,
    file: path.resolve(input.file),
    kind: kind ?? null,
    inode: log.inode,
    offset: log.offset,
    lines: log.lines,
    tail: await tailAt(log.reader, log.offset),
  }
}

/**
 * Files the rows of a growing log in portions, each with a manifest and the position in one commit, so that a restart,
 * a kill included, neither loses nor repeats a row. Ends at the signal (what is complete by then is filed first), or
 * with `once` at the end of the log. Throws FailedError `FOLLOW_KIND`, SourceError for an unreadable or unknown log,
 * and what `collect` throws about the site.
 */
export async function followFile(input: FollowInput, context: CollectContext): Promise<CollectResult> {
  const { files, clock, signal, emit } = context
  const flushBytes = input.flushBytes ?? 64 * 1024 * 1024
  const note = (text: string) => emit({ t: 'note', level: 'warn', text })
  // What was begun is finished after the signal.
  const steady: CollectContext = { ...context, signal: new AbortController().signal }
  const results = resultLog()
  await using _lock = await files.lock(
    path.join(context.layout.locks, `follow-${logId(input.file)}`),
    `collect --follow ${input.file}`,
    {
      signal,
      onWait: ({ pid, since }) =>
        note(`waiting for process ${pid}, which has been following ${input.file} since ${since}`),
    },
  )
  const position = await loadPosition(input.file, context)
  let kind = input.kind ?? position?.kind ?? undefined
  let log: OpenLog | undefined
  let pending: readonly string[] = []
  let waitingSince: number | undefined
  let sizeBefore = -1

  const resumeAt = async (from: Position) => {
    const resumed = await findPosition(from, input.file, context)
    log = resumed.log
    pending = resumed.pending
    if (log === undefined && from.offset > 0)
      note(`${input.file} was truncated or replaced: it is read again from its beginning`)
  }

  /** Opens the file that comes next; undefined when it is not there yet. */
  const openNext = async (): Promise<OpenLog | undefined> => {
    const [older, ...rest] = pending
    pending = rest
    const next = older ?? input.file
    if ((await files.stat(next)) === undefined) return undefined
    return await openLog(next, context)
  }

  /** What is to be filed now; undefined when it is time to wait. */
  const portionOf = async (current: OpenLog, ending: boolean): Promise<Portion | undefined> => {
    const info = await current.reader.info()
    const named = current.path === input.file ? await files.stat(input.file) : undefined
    // The name belongs to a younger file: once nothing more is written to this one, its last line is complete.
    const rotated = current.path !== input.file || (named !== undefined && named.inode !== info.inode)
    const grows = info.size !== sizeBefore
    sizeBefore = info.size
    const waiting = info.size - current.offset
    if (waiting > flushBytes) {
      const end = await endOfLines(current.reader, current.offset, current.offset + flushBytes)
      if (end > current.offset) return { end, last: false }
    }
    if (rotated) return grows && !ending ? undefined : { end: info.size, last: true }
    if (waiting === 0) {
      waitingSince = undefined
      return undefined
    }
    waitingSince ??= clock.monotonic()
    if (!ending && waiting < flushBytes && clock.monotonic() - waitingSince < input.flushMs) return undefined
    const end = await endOfLines(current.reader, current.offset, info.size)
    return end > current.offset ? { end, last: false } : undefined
  }

  /** Is the position still where it was? Not when the log was truncated, and perhaps has grown again since. */
  const holds = async (current: OpenLog, tail: string) =>
    (await current.reader.info()).size >= current.offset && (await tailAt(current.reader, current.offset)) === tail

  try {
    if (position !== undefined) await resumeAt(position)
    let tail = log === undefined ? '' : (position?.tail ?? '')
    for (;;) {
      const ending = signal.aborted || input.once === true
      if (log === undefined) {
        log = await openNext()
        if (log !== undefined) tail = await tailAt(log.reader, 0)
      }
      const current: OpenLog | undefined = log
      if (current !== undefined && !(await holds(current, tail))) {
        const lost = { ...(await positionOf(input, current, kind)), tail }
        await current[Symbol.asyncDispose]()
        await resumeAt(lost)
        continue
      }
      const portion = current === undefined ? undefined : await portionOf(current, ending)
      if (current !== undefined && portion !== undefined) {
        if (portion.end > current.offset) {
          const filed = await collectPortion(input, current, kind, portion.end, steady)
          log = filed.log
          kind = filed.kind
          tail = await tailAt(filed.log.reader, filed.log.offset)
          waitingSince = undefined
          results.add(filed.file)
        }
        if (portion.last) {
          if (current.path === input.file) pending = await newerThan(await current.reader.info(), input.file, context)
          await current[Symbol.asyncDispose]()
          log = await openNext()
          if (log !== undefined) {
            tail = await tailAt(log.reader, 0)
            await files.writeAtomic(positionPath(input.file, context), positionText(await positionOf(input, log, kind)))
          }
        }
        if (signal.aborted && !portion.last) break
        continue
      }
      if (ending) break
      await clock.sleep(input.pollMs ?? 500, signal).catch((error: unknown) => {
        // The signal ends the wait; the next round files what is there.
        if (!signal.aborted) throw error
      })
    }
  } catch (error) {
    throw asSiteError(error, context)
  } finally {
    await log?.[Symbol.asyncDispose]()
  }
  return results.result()
}
