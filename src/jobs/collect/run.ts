/** The three ways to collect behind one door: files now, a folder in which files arrive, a log that grows. */
import path from 'node:path'
import { UsageError } from '../../core/errors.js'
import type { RecordKind } from '../../core/layout.js'
import { type CollectContext, collect } from './collect.js'
import { followFile } from './follow.js'
import type { CollectResult } from './result.js'
import { watchFolder } from './watch.js'

export { collectFailure, collectSummary } from './result.js'

export interface CollectRequest {
  readonly paths: readonly string[]
  readonly kind?: RecordKind
  readonly watch?: { readonly folder: string; readonly done: string; readonly settleMs: number }
  readonly follow?: { readonly file: string; readonly flushMs: number }
  /** Of `watch` and `follow`: end when nothing is left. */
  readonly once: boolean
}

/** The flags of `smartcar collect` as they are typed; times in milliseconds. */
interface CollectFlags {
  readonly kind?: RecordKind | undefined
  readonly watch?: string | undefined
  readonly done?: string | undefined
  readonly delete: boolean
  readonly settle?: number | undefined
  readonly follow?: string | undefined
  readonly flush?: number | undefined
  readonly once: boolean
}

const defaultSettleMs = 2000
const defaultFlushMs = 30_000

/** What the command line asks for; what is collected from a watched folder goes to done/ in it unless said otherwise. */
export function collectRequest(paths: readonly string[], flags: CollectFlags): CollectRequest {
  const { kind, watch: folder, follow: file, once } = flags
  const watch =
    folder === undefined
      ? undefined
      : {
          folder,
          done: flags.delete ? 'delete' : (flags.done ?? path.join(folder, 'done')),
          settleMs: flags.settle ?? defaultSettleMs,
        }
  return {
    paths,
    once,
    ...(kind === undefined ? {} : { kind }),
    ...(file === undefined ? {} : { follow: { file, flushMs: flags.flush ?? defaultFlushMs } }),
    ...(watch === undefined ? {} : { watch }),
  }
}

/** Throws UsageError for a request that cannot be meant, and what the chosen way throws. */
export async function runCollect(request: CollectRequest, context: CollectContext): Promise<CollectResult> {
  const { paths, kind, watch, follow, once } = request
  const given = [paths.length > 0, watch !== undefined, follow !== undefined].filter(Boolean).length
  if (given !== 1)
    throw new UsageError(
      'COLLECT_WHAT',
      given === 0 ? 'nothing to collect' : 'paths, --watch and --follow exclude each other',
      {
        hints: ['name files or folders, or a folder with --watch, or a log with --follow'],
      },
    )
  if (watch !== undefined)
    return watchFolder(
      { ...watch, failed: path.join(watch.folder, 'failed'), once, ...(kind === undefined ? {} : { kind }) },
      context,
    )
  if (follow !== undefined) {
    if (kind === 'master' || kind === 'purchases')
      throw new UsageError('FOLLOW_KIND', `a ${kind} file cannot be followed`, {
        hints: ['collect it without --follow when it is complete'],
      })
    return followFile({ ...follow, once, ...(kind === undefined ? {} : { kind }) }, context)
  }
  if (once) throw new UsageError('COLLECT_WHAT', '--once belongs to --watch or --follow')
  return collect({ paths, ...(kind === undefined ? {} : { kind }) }, context)
}
