/** `collect --follow`: a log that grows, across rotation and truncation, every row once however often this is restarted. */
import path from 'node:path'
import { FailedError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import { detectKind } from '../../logs/detect.js'
import { rowFormats } from '../../logs/formats.js'
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
  rotatedFiles,
  tailAt,
} from '../../logs/log-position.js'
import { missing, rangeContent } from '../../logs/source.js'
import { asSiteError, assertSiteWritable } from '../site-errors.js'
import type { CollectContext } from './collect.js'
import { withLake } from './lake-store.js'
import { type CollectedFile, type CollectResult, describeCollected, fileEnd, resultLog } from './result.js'
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

/** Files what stands between the position and `end` of a log. */
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
    ({ file }) => fileEnd(file),
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

/** Where a follower is: the open file and the fingerprint of the place in it, and the files that come next. */
interface Cursor {
  readonly log: OpenLog | undefined
  readonly tail: string
  /** Older files that are still to be read whole, the oldest first; the log itself comes after them. */
  readonly pending: readonly string[]
}

/** The next file from its beginning; none while it is not there yet. */
async function openNext(pending: readonly string[], input: FollowInput, context: CollectContext): Promise<Cursor> {
  const [older, ...rest] = pending
  const next = older ?? input.file
  if ((await context.files.stat(next)) === undefined) return { log: undefined, tail: '', pending: rest }
  const log = await openLog(next, context)
  return { log, tail: await tailAt(log.reader, 0), pending: rest }
}

/** Until the next look; the signal ends it without an error. */
async function pause(input: FollowInput, clock: CollectContext['clock'], signal: AbortSignal): Promise<void> {
  await clock.sleep(input.pollMs ?? 500, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

/** Waits for a log that is not there yet; what was rotated away before anybody looked comes first. */
async function firstFile(input: FollowInput, context: CollectContext): Promise<Cursor> {
  const { emit, files, clock, signal } = context
  const older = new Set((await rotatedFiles(input.file, context)).map(({ inode }) => inode))
  emit({ t: 'note', level: 'info', text: `waiting for ${input.file} to appear` })
  while ((await files.stat(input.file)) === undefined && !signal.aborted) await pause(input, clock, signal)
  const newer = (await rotatedFiles(input.file, context)).filter(({ inode }) => !older.has(inode))
  return await openNext(
    newer.map((entry) => entry.path),
    input,
    context,
  )
}

async function resume(position: Position, input: FollowInput, context: CollectContext): Promise<Cursor> {
  const { log, pending } = await findPosition(position, input.file, context)
  if (log !== undefined) return { log, tail: position.tail, pending }
  if (position.offset > 0) {
    const text = `${input.file} was truncated or replaced: it is read again from its beginning`
    context.emit({ t: 'note', level: 'warn', text })
  }
  return await openNext([], input, context)
}

/** The cursor, found again if its place is gone: the log was truncated, and has perhaps grown again since. */
async function holdPlace(
  cursor: Cursor,
  input: FollowInput,
  kind: FollowInput['kind'],
  context: CollectContext,
): Promise<Cursor> {
  const { log, tail, pending } = cursor
  if (log === undefined) return await openNext(pending, input, context)
  if ((await log.reader.info()).size >= log.offset && (await tailAt(log.reader, log.offset)) === tail) return cursor
  const lost = { ...(await positionOf(input, log, kind)), tail }
  await log[Symbol.asyncDispose]()
  return await resume(lost, input, context)
}

/** Goes on to the file after one that was read to its end, and remembers that. */
async function leave(
  log: OpenLog,
  cursor: Cursor,
  input: FollowInput,
  kind: FollowInput['kind'],
  context: CollectContext,
): Promise<Cursor> {
  const isLog = log.path === input.file
  const pending = isLog ? await newerThan(await log.reader.info(), input.file, context) : cursor.pending
  await log[Symbol.asyncDispose]()
  const next = await openNext(pending, input, context)
  if (next.log !== undefined) {
    const text = positionText(await positionOf(input, next.log, kind))
    await context.files.writeAtomic(positionPath(input.file, context), text)
  }
  return next
}

/** What of a log is to be filed now: up to where, and whether that is all there will be. */
interface Portion {
  readonly end: number
  readonly last: boolean
}

/** Decides when new rows are filed. `ending`: there will be no later. Undefined: it is time to wait. */
function portioner(input: FollowInput, { files, clock }: CollectContext) {
  const flushBytes = input.flushBytes ?? 64 * 1024 * 1024
  let waitingSince: number | undefined
  let sizeBefore = -1
  return async (log: OpenLog, pending: readonly string[], ending: boolean): Promise<Portion | undefined> => {
    const { size, inode } = await log.reader.info()
    const named = await files.stat(input.file)
    const rotated = log.path !== input.file || (named !== undefined && named.inode !== inode)
    const grows = size !== sizeBefore
    sizeBefore = size
    const waiting = size - log.offset
    if (waiting > flushBytes) {
      const end = await endOfLines(log.reader, log.offset, log.offset + flushBytes)
      if (end > log.offset) return { end, last: false }
    }
    if (rotated) {
      // With rows in a younger file, or when it stands still, nothing more is written to this one: its end is a row's.
      const finished = pending.length > 0 || (named !== undefined && named.size > 0)
      return finished || !grows || ending ? { end: size, last: true } : undefined
    }
    if (waiting === 0) {
      waitingSince = undefined
      return undefined
    }
    waitingSince ??= clock.monotonic()
    if (!ending && waiting < flushBytes && clock.monotonic() - waitingSince < input.flushMs) return undefined
    const end = await endOfLines(log.reader, log.offset, size)
    if (end === log.offset) return undefined
    waitingSince = undefined
    return { end, last: false }
  }
}

/**
 * Files the rows of a growing log in portions, each with a manifest and the position in one commit, so that a restart,
 * a kill included, neither loses nor repeats a row. Ends at the signal, after one last portion of what is complete by
 * then, or with `once` at the end of the log. Throws FailedError `FOLLOW_KIND`, SourceError for an unreadable or
 * unknown log, and what `collect` throws about the site.
 */
export async function followFile(input: FollowInput, context: CollectContext): Promise<CollectResult> {
  const { files, clock, signal, emit, layout } = context
  // What was begun is finished after the signal.
  const steady: CollectContext = { ...context, signal: new AbortController().signal }
  const results = resultLog()
  const portionOf = portioner(input, context)
  let cursor: Cursor = { log: undefined, tail: '', pending: [] }
  try {
    await assertSiteWritable(context)
    await using _lock = await files.lock(
      path.join(layout.locks, `follow-${logId(input.file)}`),
      `collect --follow ${input.file}`,
      {
        signal,
        onWait: ({ pid, since }) =>
          emit({
            t: 'note',
            level: 'info',
            text: `waiting for process ${pid}, which has been following ${input.file} since ${since}`,
          }),
      },
    )
    const position = await loadPosition(input.file, context)
    let kind = input.kind ?? position?.kind ?? undefined
    if (position !== undefined) cursor = await resume(position, input, context)
    else if ((await files.stat(input.file)) === undefined) {
      if (input.once) throw missing(input.file)
      cursor = await firstFile(input, context)
    }
    for (;;) {
      const stopping = signal.aborted
      const ending = stopping || input.once === true
      cursor = await holdPlace(cursor, input, kind, context)
      const { log } = cursor
      const portion = log === undefined ? undefined : await portionOf(log, cursor.pending, ending)
      if (log === undefined || portion === undefined) {
        if (ending) break
        await pause(input, clock, signal)
        continue
      }
      let filed = log
      if (portion.end > log.offset) {
        const collected = await collectPortion(input, log, kind, portion.end, steady)
        results.add(collected.file)
        kind = collected.kind
        filed = collected.log
        cursor = { ...cursor, log: filed, tail: await tailAt(filed.reader, filed.offset) }
      }
      if (portion.last) cursor = await leave(filed, cursor, input, kind, context)
      if (stopping) break
    }
  } catch (error) {
    throw asSiteError(error, context)
  } finally {
    await cursor.log?.[Symbol.asyncDispose]()
  }
  return results.result()
}
