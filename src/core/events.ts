/** Numbers of one piece of work, in the order in which they should be read: `{ rows: 432000, rejected: 3 }`. */
export type Counts = Readonly<Record<string, number>>

/** What `done` and `total` of a progress event count. */
export type ProgressUnit = 'rows' | 'bytes' | 'files' | 'partitions' | 'steps'

/**
 * What the library says while it works. It never prints: reporters (terminal, plain lines, silent) subscribe.
 * A stage is one piece of work that a reader wants to see (collect a file, build a partition); stages may nest by `parent`.
 */
export type SmartcarEvent =
  | { readonly t: 'stage.start'; readonly id: string; readonly title: string; readonly parent?: string }
  | {
      readonly t: 'stage.progress'
      readonly id: string
      readonly done: number
      readonly total?: number
      readonly unit: ProgressUnit
    }
  | {
      readonly t: 'stage.end'
      readonly id: string
      /** `unchanged`: nothing was to do. */
      readonly outcome: 'done' | 'unchanged' | 'skipped' | 'failed'
      readonly summary: string
      readonly counts?: Counts
      readonly ms: number
    }
  | { readonly t: 'note'; readonly level: 'info' | 'warn'; readonly text: string }

export type Emit = (event: SmartcarEvent) => void

/** What a stage's work returns to its `stage.end` event. */
export interface StageEnd {
  readonly outcome: 'done' | 'unchanged' | 'skipped'
  readonly summary: string
  readonly counts?: Counts
}

/**
 * Runs `work` between a `stage.start` and a `stage.end` event; a throw ends the stage as failed and is rethrown.
 * `describe` turns the value into the line of the end event.
 */
export async function stage<T>(
  emit: Emit,
  head: { readonly id: string; readonly title: string; readonly parent?: string },
  work: (progress: (done: number, unit: ProgressUnit, total?: number) => void) => Promise<T>,
  describe: (value: T) => StageEnd,
): Promise<T> {
  const started = performance.now()
  emit({ t: 'stage.start', ...head })
  try {
    const value = await work((done, unit, total) =>
      emit({ t: 'stage.progress', id: head.id, done, unit, ...(total === undefined ? {} : { total }) }),
    )
    emit({ t: 'stage.end', id: head.id, ms: performance.now() - started, ...describe(value) })
    return value
  } catch (error) {
    const summary = error instanceof Error ? error.message : String(error)
    emit({ t: 'stage.end', id: head.id, ms: performance.now() - started, outcome: 'failed', summary })
    throw error
  }
}
