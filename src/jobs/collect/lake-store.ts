/**
 * How staged files get into the lake: all of a content or nothing, whenever the process dies.
 *
 * 1. Everything (rows by day, rejects, manifest, position of a followed log) is staged in `_tmp` folders next to where
 *    it belongs, and flushed to disk.
 * 2. An intent, the list of renames, is written to `lake/_tmp/intent.json`. From here on they will happen.
 * 3. The staged files are renamed into place, the manifest last; the intent is removed.
 *
 * Whoever takes the lock next first finishes an intent that is there, then clears the `_tmp` folders. Readers go by
 * the manifests, so they never see a file that is not committed.
 */
import path from 'node:path'
import { z } from 'zod'
import { FailedError } from '../../core/errors.js'
import { type LakeManifest, readLakeManifests } from '../../core/lake.js'
import { lakeFolders, type RecordKind } from '../../core/layout.js'
import type { JobContext } from '../../core/ports.js'
import { assertSiteWritable } from '../site-errors.js'
import type { StagedContent } from './stage.js'

/** Paths are relative to the site's folder, `/` separated; the manifest's is the last. */
const intent = z.strictObject({
  schemaVersion: z.literal(1),
  /** Name of the file that is being collected. */
  source: z.string(),
  moves: z.array(z.strictObject({ from: z.string(), to: z.string() })).min(1),
})
type Intent = z.infer<typeof intent>

type StoreContext = Pick<JobContext, 'files' | 'layout' | 'clock' | 'emit' | 'signal'>

export interface CommitInput {
  readonly staged: StagedContent
  readonly kind: RecordKind
  /** Name of the source file. */
  readonly source: string
  /** A manifest of the same content whose files are gone: it is renewed in its place. */
  readonly renews?: LakeManifest
  /** A file of the state folder that must change together with the lake: where a followed log was read up to. */
  readonly position?: { readonly path: string; readonly text: string }
}

export interface StagingFolders {
  readonly lakeFolder: string
  readonly rejectsFolder: string
  readonly stateFolder: string
}

/** The lake, while this process holds its lock. */
export interface LakeStore {
  /** Every committed manifest, oldest first. */
  manifests(): Promise<readonly LakeManifest[]>
  /** Empties the staging folders and returns them; they are made with the first file in them. */
  prepareStaging(): Promise<StagingFolders>
  commit(input: CommitInput): Promise<LakeManifest>
  /** Are all lake files of a manifest there? */
  isComplete(manifest: LakeManifest): Promise<boolean>
}

const sequenceText = (sequence: number) => String(sequence).padStart(6, '0')

/** A file name as part of another: no control characters or such as Windows refuses, at most 180 bytes (of 255). */
function safeName(name: string): string {
  let safe = ''
  for (const character of name.replace(/[\p{C}<>:"/\\|?*]/gu, '_')) {
    if (Buffer.byteLength(safe + character) > 180) break
    safe += character
  }
  return safe
}

function stagingFolders({ layout }: Pick<StoreContext, 'layout'>): StagingFolders {
  return {
    lakeFolder: path.join(layout.lake, '_tmp'),
    rejectsFolder: path.join(layout.rejects, '_tmp'),
    stateFolder: path.join(layout.collecting, '_tmp'),
  }
}

const intentPath = (context: StoreContext) => path.join(stagingFolders(context).lakeFolder, 'intent.json')

const toRelative = ({ layout }: StoreContext, file: string) =>
  path.relative(layout.root, file).split(path.sep).join('/')
const toAbsolute = ({ layout }: StoreContext, relative: string) => path.join(layout.root, ...relative.split('/'))

async function clearStaging(context: StoreContext): Promise<void> {
  for (const folder of Object.values(stagingFolders(context))) await context.files.removeTree(folder)
}

async function writeStaged(context: StoreContext, file: string, text: string): Promise<string> {
  await using staged = await context.files.append(file)
  await staged.write(text)
  await staged.sync()
  return toRelative(context, file)
}

/** Does what an intent says, however much of it was done before. */
async function carryOut(todo: Intent, context: StoreContext): Promise<void> {
  const { files } = context
  const folders = new Set<string>()
  const syncFolders = async () => {
    for (const folder of folders) await files.syncFolder(folder)
  }
  const moves = todo.moves.map(({ from, to }) => ({ from: toAbsolute(context, from), to: toAbsolute(context, to) }))
  for (const [index, { from, to }] of moves.entries()) {
    const folder = path.dirname(to)
    if ((await files.stat(from)) !== undefined) {
      await files.mkdir(folder)
      // The manifest may only appear when the rest is certain to be there.
      if (index === moves.length - 1) await syncFolders()
      await files.rename(from, to)
    }
    // The folder itself may be new.
    folders.add(folder).add(path.dirname(folder))
  }
  await syncFolders()
  await files.remove(intentPath(context))
}

/** Can an intent be finished? Not when somebody removed staged files by hand. */
async function isPossible(todo: Intent, context: StoreContext): Promise<boolean> {
  for (const { from, to } of todo.moves) {
    const places = [from, to].map((relative) => context.files.stat(toAbsolute(context, relative)))
    if ((await Promise.all(places)).every((found) => found === undefined)) return false
  }
  return true
}

/** Takes away what was renamed into place. A target whose staged file is still there is an older file, and stays. */
async function undo(todo: Intent, context: StoreContext): Promise<void> {
  for (const { from, to } of todo.moves)
    if ((await context.files.stat(toAbsolute(context, from))) === undefined)
      await context.files.remove(toAbsolute(context, to))
}

/** Finishes what an earlier process had begun to commit, and throws away what it had not. */
async function repair(context: StoreContext): Promise<void> {
  const text = await context.files.readText(intentPath(context))
  if (text !== undefined) {
    let todo: Intent
    try {
      todo = intent.parse(JSON.parse(text))
    } catch (cause) {
      throw new FailedError('INTENT_UNREADABLE', `${intentPath(context)} cannot be read`, {
        cause,
        place: { file: intentPath(context) },
        hints: ['delete this file, then collect the same files again: what is in the lake already is not taken twice'],
      })
    }
    if (await isPossible(todo, context)) {
      await carryOut(todo, context)
      context.emit({ t: 'note', level: 'info', text: `finished the interrupted commit of ${todo.source}` })
    } else {
      await undo(todo, context)
      const again = 'staged files are gone; collect it again'
      context.emit({ t: 'note', level: 'warn', text: `undid the interrupted commit of ${todo.source}: ${again}` })
    }
  }
  await clearStaging(context)
}

async function nextSequence({ files, layout }: StoreContext): Promise<number> {
  const sequences = (await files.list(layout.manifests)).map(({ name }) => Number(/\d+/.exec(name)?.[0] ?? 0))
  return 1 + sequences.reduce((highest, sequence) => Math.max(highest, sequence), 0)
}

function openStore(context: StoreContext): LakeStore {
  const { files, layout } = context
  let known: readonly LakeManifest[] | undefined
  return {
    manifests: async () => {
      known ??= await readLakeManifests(context)
      return known
    },
    async prepareStaging() {
      await clearStaging(context)
      return stagingFolders(context)
    },
    async commit({ staged, kind, source, renews, position }) {
      const sequence = renews?.sequence ?? (await nextSequence(context))
      const folder = lakeFolders[kind]
      const name = `${folder}-${sequenceText(sequence)}-${staged.sha256.slice(0, 12)}.log`
      const lakePath = (day: string | null) =>
        day === null ? `${folder}/${name}` : `${folder}/wrk_date=${day}/${name}`
      const rejects =
        staged.rejects === null
          ? null
          : toRelative(context, path.join(layout.rejects, kind, `${safeName(source)}.${staged.sha256.slice(0, 8)}.csv`))
      const manifest: LakeManifest = {
        schemaVersion: 1,
        kind,
        sequence,
        source,
        sha256: staged.sha256,
        bytes: staged.bytes,
        collectedAt: new Date(context.clock.now()).toISOString(),
        rows: staged.rows,
        reasons: staged.reasons,
        rejects,
        files: staged.files.map(({ day, rows, bytes, sha256, months }) => ({
          path: lakePath(day),
          day,
          rows,
          bytes,
          sha256,
          ...(months === undefined ? {} : { months }),
        })),
      }
      const { lakeFolder, rejectsFolder, stateFolder } = stagingFolders(context)
      const moves = staged.files.map(({ temporary, day }) => ({
        from: toRelative(context, temporary),
        to: toRelative(context, path.join(layout.lake, ...lakePath(day).split('/'))),
      }))
      if (staged.rejects !== null && rejects !== null) {
        await files.syncFolder(rejectsFolder)
        moves.push({ from: toRelative(context, staged.rejects), to: rejects })
      }
      if (position !== undefined) {
        const from = await writeStaged(context, path.join(stateFolder, 'position.json'), position.text)
        await files.syncFolder(stateFolder)
        moves.push({ from, to: toRelative(context, position.path) })
      }
      const manifestText = `${JSON.stringify(manifest, null, 2)}\n`
      const manifestName = `${sequenceText(sequence)}-${folder}-${staged.sha256.slice(0, 12)}.json`
      moves.push({
        from: await writeStaged(context, path.join(lakeFolder, 'manifest.json'), manifestText),
        to: toRelative(context, path.join(layout.manifests, manifestName)),
      })
      const todo: Intent = { schemaVersion: 1, source, moves }
      // This makes the names of the staged files durable too, which are in the same folder.
      await files.writeAtomic(intentPath(context), JSON.stringify(todo))
      await carryOut(todo, context)
      known = known === undefined ? undefined : [...known.filter((other) => other.sequence !== sequence), manifest]
      return manifest
    },
    async isComplete(manifest) {
      for (const file of manifest.files) {
        const found = await files.stat(path.join(layout.lake, ...file.path.split('/')))
        if (found?.size !== file.bytes) return false
      }
      return true
    },
  }
}

/**
 * Takes the lock of the lake, finishes what an interrupted process left, and works. A second process waits and says
 * for whom. `purpose`: what the other one will be told.
 */
export async function withLake<T>(
  purpose: string,
  context: StoreContext,
  work: (lake: LakeStore) => Promise<T>,
): Promise<T> {
  await assertSiteWritable(context)
  await using _lock = await context.files.lock(path.join(context.layout.locks, 'collect'), purpose, {
    signal: context.signal,
    onWait: (holder) =>
      context.emit({
        t: 'note',
        level: 'info',
        text: `waiting for process ${holder.pid} (${holder.purpose}), which has been collecting since ${holder.since}`,
      }),
  })
  await repair(context)
  try {
    return await work(openStore(context))
  } finally {
    // An intent that could not be carried out stays, with its files, for the next process. The disk may be full or
    // gone by now: whoever comes next clears up too.
    const unfinished = await context.files.stat(intentPath(context)).catch(() => 'unknown')
    if (unfinished === undefined) await clearStaging(context).catch(() => {})
  }
}
