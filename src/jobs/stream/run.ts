/** `smartcar stream run`: rules over drive rows, alerts by day. */
import path from 'node:path'
import { FailedError, throwIfInterrupted } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import type { JobContext } from '../../core/ports.js'
import { findRule, loadRules } from '../../rules/catalog.js'
import { compileRule } from '../../rules/compile.js'
import type { CompiledRule } from '../../rules/compiled-rule.js'
import { asSiteError } from '../collect/collect.js'
import { removeExpiredAlerts } from './alert-files.js'
import { createDetector, type Detector } from './detector.js'
import { followLog } from './follow.js'
import { dayInputs, fileInputs, type Input, streamInput } from './inputs.js'
import { readMerged } from './merge-inputs.js'
import { runSummary, type StreamResult, streamResult } from './result.js'
import type { StreamSource } from './source.js'

export { type StreamResult, streamSummary } from './result.js'
export { chooseSource, type StreamSource } from './source.js'

export interface StreamInput {
  readonly source: StreamSource
  /** Name of the one rule to run; all when left out. */
  readonly rule?: string
  /** Rule files or folders of the site, absolute (`stream.rules`). */
  readonly ruleFiles: readonly string[]
  /** `follow` only: forget the checkpoint. */
  readonly fromStart?: boolean
  /** `follow` only: end where the log ends now. */
  readonly once?: boolean
  /** `follow` only: milliseconds between two looks at the log, and least time between two checkpoints. */
  readonly pollMs?: number
  readonly checkpointMs?: number
}

type FiniteSource = Exclude<StreamSource, { kind: 'follow' }>

export type StreamContext = Pick<JobContext, 'layout' | 'files' | 'clock' | 'signal' | 'emit' | 'templates'>

/** So many lines without one drive row: this is something else. */
const patience = 1000
const progressEveryMs = 100

function sourceLabel(source: StreamSource): string {
  switch (source.kind) {
    case 'day':
      return `drive logs of ${source.day}`
    case 'files':
      return source.paths.map((file) => path.basename(file)).join(', ')
    case 'follow':
      return path.basename(source.path)
    case 'stdin':
      return 'stdin'
  }
}

async function inputsOf(source: FiniteSource, context: StreamContext): Promise<Input[]> {
  if (source.kind === 'day') return dayInputs(source.day, context)
  return source.kind === 'stdin' ? [streamInput(source.stream)] : fileInputs(source.paths, context)
}

function assertDriveRows(detector: Detector, ended: boolean): void {
  const { rows, rejected } = detector.lines()
  if (rows > 0 || rejected === 0 || (!ended && rejected < patience)) return
  throw new FailedError('INPUT_NOT_DRIVE', `stdin has no drive row: ${rejected} lines, none of them sound`, {
    hints: ['stream rules read rows such as 20200322000002,E0022,3,0,F,N,45,B01'],
  })
}

async function runInputs(
  source: FiniteSource,
  rules: readonly CompiledRule[],
  context: StreamContext,
  onProgress: (rows: number) => void,
): Promise<Detector> {
  const inputs = await inputsOf(source, context)
  const day = source.kind === 'day' ? { onlyDay: Number(source.day) } : {}
  const mode = source.kind === 'day' ? 'replace' : 'merge'
  const detector = createDetector({ rules, mode, ...day }, context)
  try {
    let shownAt = 0
    await readMerged(inputs, detector, () => {
      throwIfInterrupted(context.signal)
      // The kind of a file was looked at before.
      if (source.kind === 'stdin') assertDriveRows(detector, false)
      if (context.clock.monotonic() - shownAt < progressEveryMs) return
      shownAt = context.clock.monotonic()
      onProgress(detector.lines().rows)
    })
    if (source.kind === 'stdin') assertDriveRows(detector, true)
    throwIfInterrupted(context.signal)
    detector.finish()
    await detector.flush()
    return detector
  } catch (error) {
    await detector[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Runs the rules over an input on event time: the same rows give the same alerts, however they come (collected day,
 * file, growing file, stdin) and however often. A day given as such replaces its alerts, everything else is merged
 * (see AlertMode). Throws InvalidError (rules), UsageError (unknown rule), FailedError (input), InterruptedError; the
 * alerts of a day are written wholly or not at all.
 */
export async function runStream(input: StreamInput, context: StreamContext): Promise<StreamResult> {
  const started = context.clock.monotonic()
  const catalog = await loadRules(input.ruleFiles, context)
  const chosen = input.rule === undefined ? catalog : [findRule(catalog, input.rule)]
  const rules = chosen.map(({ rule }) => compileRule(rule))
  const { source } = input
  try {
    for (const { table, day } of await removeExpiredAlerts(context)) {
      context.emit({ t: 'note', level: 'info', text: `removed the expired alerts of ${day} from ${table}` })
    }
    const label = sourceLabel(source)
    const title = `stream ${rules.map(({ definition }) => definition.name).join(', ')} over ${label}`
    const finish = (detector: Detector): StreamResult =>
      streamResult(source.kind, label, detector, context.layout.root, context.clock.monotonic() - started)
    return await stage(
      context.emit,
      { id: `stream/${label}`, title },
      async (progress) => {
        if (source.kind === 'follow') {
          const file = path.resolve(source.path)
          return finish(
            await followLog(
              {
                file,
                rules,
                fromStart: input.fromStart ?? false,
                once: input.once ?? false,
                ...(input.pollMs === undefined ? {} : { pollMs: input.pollMs }),
                ...(input.checkpointMs === undefined ? {} : { checkpointMs: input.checkpointMs }),
              },
              context,
              (rows) => progress(rows, 'rows'),
            ),
          )
        }
        return finish(await runInputs(source, rules, context, (rows) => progress(rows, 'rows')))
      },
      (result) => ({
        outcome: result.unchanged ? 'unchanged' : 'done',
        summary: runSummary(result),
        counts: result.rows,
      }),
    )
  } catch (error) {
    throw asSiteError(error, context)
  }
}
