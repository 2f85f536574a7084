/** `stream run --follow`: a log that grows, with a checkpoint that a restart goes on from. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import type { JobContext } from '../../core/ports.js'
import type { CompiledRule } from '../../rules/compiled-rule.js'
import { type Checkpoint, checkpointFile, readCheckpoint, writeCheckpoint } from './checkpoint.js'
import { createDetector, type Detector } from './detector.js'
import { removeLeftovers } from './leftovers.js'
import { type TailPosition, tailLog } from './tail.js'

export interface FollowInput {
  /** Absolute. */
  readonly file: string
  readonly rules: readonly CompiledRule[]
  /** Forget the checkpoint and read the log from its beginning. */
  readonly fromStart: boolean
  /** End where the log ends now, instead of waiting for more. */
  readonly once?: boolean
  /** Milliseconds between two looks at the log. */
  readonly pollMs?: number
  /** Least time between two checkpoints, in milliseconds. */
  readonly checkpointMs?: number
}

type FollowContext = Pick<JobContext, 'layout' | 'files' | 'clock' | 'signal' | 'emit'>

const pollDefault = 250
const checkpointDefault = 1000
/** Writing alerts takes at most a tenth of the time, however many there are. */
const restFactor = 9

async function loadCheckpoint(
  input: FollowInput,
  file: string,
  context: FollowContext,
): Promise<Checkpoint | undefined> {
  if (input.fromStart) return undefined
  const warn = (text: string) => {
    context.emit({ t: 'note', level: 'warn', text: `${input.file}: ${text}, reading it from its beginning` })
    return undefined
  }
  const found = await readCheckpoint(context, file)
  if (found === undefined) return undefined
  if (found === 'unreadable') return warn(`its checkpoint ${file} cannot be read`)
  const changed = input.rules.filter(({ definition, digest }) => found.rules[definition.name] !== digest)
  if (changed.length === 0) return found
  return warn(`rule ${changed.map(({ definition }) => definition.name).join(', ')} changed since its checkpoint`)
}

/**
 * Follows until the signal aborts. The alerts and the side files are on disk before the checkpoint that counts on
 * them, and bringing the same verdict twice changes nothing: so a kill at any moment only repeats some work. At a clean
 * end the open windows are evaluated as they are, as at the end of a file, but go on in the checkpoint; what comes
 * later puts their alerts right. Returns the detector with its counts.
 */
export async function followLog(
  input: FollowInput,
  context: FollowContext,
  onProgress: (rows: number) => void,
): Promise<Detector> {
  const names = input.rules.map(({ definition }) => definition.name)
  const stateFile = checkpointFile(context.layout, input.file, names)
  const lockName = `stream-${createHash('sha256').update(stateFile).digest('hex').slice(0, 12)}.lock`
  await using _ = await context.files.lock(
    path.join(context.layout.locks, lockName),
    `stream run --follow ${input.file}`,
    {
      signal: context.signal,
      onWait: (holder) =>
        context.emit({
          t: 'note',
          level: 'info',
          text: `waiting for process ${holder.pid}, which follows ${input.file}`,
        }),
    },
  )
  await removeLeftovers(context.files, stateFile)
  const from = await loadCheckpoint(input, stateFile, context)
  // After the signal, too, what was read is written.
  const steady = { ...context, signal: new AbortController().signal }
  const detector = createDetector(
    { rules: input.rules, mode: 'merge', ...(from === undefined ? {} : { snapshots: from.engines }) },
    steady,
  )
  await detector.restoreDays()
  const name = { name: path.basename(input.file), id: input.file }
  const pass = detector.begin(name, from?.sides ?? { rejects: 0, late: {} }, from?.lines ?? 0)

  const { monotonic } = context.clock
  let dirty = false
  let nextAt = 0
  const checkpoint = async (position: TailPosition): Promise<void> => {
    const started = monotonic()
    await detector.flush()
    const sides = await pass.sides()
    await writeCheckpoint(context, stateFile, {
      schemaVersion: 1,
      file: input.file,
      rules: Object.fromEntries(input.rules.map(({ definition, digest }) => [definition.name, digest])),
      position,
      lines: pass.lines(),
      sides,
      engines: detector.snapshots(),
    })
    dirty = false
    nextAt = monotonic() + Math.max(input.checkpointMs ?? checkpointDefault, restFactor * (monotonic() - started))
  }

  try {
    const end = await tailLog(
      input.file,
      {
        async take(block) {
          dirty = true
          pass.setBlock(block)
          while (await pass.decode()) pass.apply()
          await pass.drain()
        },
        newFile: () => pass.restartLines(),
        async reached(position) {
          if (!dirty || monotonic() < nextAt) return
          await checkpoint(await position())
          onProgress(detector.lines().rows)
        },
      },
      {
        pollMs: input.pollMs ?? pollDefault,
        once: input.once ?? false,
        ...(from === undefined ? {} : { from: from.position }),
      },
      context,
    )
    detector.finish(true)
    if (end !== undefined) await checkpoint(end)
    await pass.end()
    return detector
  } catch (error) {
    await detector[Symbol.asyncDispose]()
    throw error
  }
}
