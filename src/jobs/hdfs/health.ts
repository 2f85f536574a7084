import { FailedError, SmartcarError, UnreachableError } from '../../core/errors.js'
import { type Emit, stage } from '../../core/events.js'
import type { Clock } from '../../core/ports.js'
import type { Hdfs } from '../../services/hdfs/client.js'
import { type FsckResult, safeModeOf } from '../../services/hdfs/health.js'

const pauseMs = 1000

/** Waits until HDFS leaves its safe mode, or, when it is still starting, until it answers at all. */
export function waitForSafeMode(
  hdfs: Hdfs,
  timeoutMs: number,
  context: { readonly clock: Clock; readonly emit: Emit; readonly signal: AbortSignal },
): Promise<{ readonly on: false; readonly ms: number }> {
  const { clock } = context
  const started = clock.monotonic()
  return stage(
    context.emit,
    { id: 'hdfs:safemode', title: 'wait for the end of the safe mode' },
    async () => {
      for (;;) {
        let why: string
        let failure: unknown
        try {
          const state = await safeModeOf(hdfs)
          if (!state.on) return { on: false, ms: Math.round(clock.monotonic() - started) }
          why = state.why
        } catch (error) {
          const passes =
            error instanceof UnreachableError || (error instanceof FailedError && error.code === 'HDFS_STARTING')
          if (!passes) throw error
          failure = error
          why = error.message
        }
        if (clock.monotonic() - started > timeoutMs) {
          if (failure !== undefined) throw failure
          throw new FailedError(
            'HDFS_SAFE_MODE',
            `HDFS is still in safe mode after ${Math.round(timeoutMs / 1000)} s: ${why}`,
            {
              hints: ['smartcar hdfs report shows which DataNodes are missing', 'give it more time with --timeout'],
            },
          )
        }
        await clock.sleep(pauseMs, context.signal)
      }
    },
    () => ({ outcome: 'done', summary: 'off' }),
  )
}

/** Exit code 10 for files with blocks that are gone; undefined when all is well. */
export function fsckError(result: FsckResult): SmartcarError | undefined {
  if (result.healthy) return undefined
  const { missingBlocks, corruptBlocks, problems, path } = result
  const files = new Set(problems.filter(({ kind }) => kind !== 'under replicated').map((one) => one.path)).size
  return new SmartcarError(
    'unhealthy',
    'HDFS_UNHEALTHY',
    `${path}: HDFS is not healthy: ${missingBlocks} blocks are missing and ${corruptBlocks} are corrupt, in ${files} files`,
    {
      hints: [
        'smartcar hdfs report shows which DataNodes are missing: with them the blocks come back',
        'what is gone for good: smartcar hdfs rm the file, and smartcar hdfs put it again',
      ],
      data: { ...result },
    },
  )
}
