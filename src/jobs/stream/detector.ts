/** One pass of rules over drive rows: blocks of lines go in, verdicts go to the alert stores, odd rows to side files. */
import path from 'node:path'
import type { JobContext } from '../../core/ports.js'
import type { CompiledRule } from '../../rules/compiled-rule.js'
import type { DriveField } from '../../rules/definition.js'
import { createDriveDecoder, type DecodeCounts } from '../../rules/drive-rows.js'
import { createEngine, type EngineCounts, type EngineSnapshot, type RuleEngine } from '../../rules/engine.js'
import type { Block } from '../collect/source.js'
import type { AlertMode, DayChange } from './alert-merge.js'
import { type AlertStore, createAlertStore } from './alert-store.js'
import { atomicSideFile, type GrowingSideFile, growingSideFile, type SideFile, sideFileName } from './side-files.js'

const newline = 0x0a
/** Alerts in memory before they are merged into their files: about 100 MB. */
const mostPending = 3_000_000

/** An input as the side files name it. */
export interface InputName {
  /** Shown, and the first column of the side files. */
  readonly name: string
  /** What tells it from another input of the same name. */
  readonly id: string
}

/** What a rule found so far. */
export interface RuleProgress {
  readonly rule: CompiledRule
  readonly counts: EngineCounts
  readonly lateFiles: readonly string[]
  readonly days: readonly DayChange[]
}

/** How far the side files of a growing input are: bytes of the rejects, and of each rule's late rows. */
export interface SideSizes {
  readonly rejects: number
  readonly late: Readonly<Record<string, number>>
}

export interface DetectorOptions {
  readonly rules: readonly CompiledRule[]
  readonly mode: AlertMode
  /** yyyymmdd: rows of other days are rejected. */
  readonly onlyDay?: number
  /** By rule name: state to go on from. */
  readonly snapshots?: Readonly<Record<string, EngineSnapshot>>
}

export interface Detector extends AsyncDisposable {
  /** The next input; `growing`: where its side files go on. `linesBefore`: lines of it that were seen earlier. */
  startInput(input: InputName, growing?: SideSizes, linesBefore?: number): Promise<void>
  /** The same input goes on in another file: line numbers start anew. */
  restartLines(): void
  /** Lines, or a piece of a line that is too long. */
  take(block: Block): Promise<void>
  /** The input is at its end: its side files are complete. */
  endInput(): Promise<void>
  /** Evaluates all open windows; with `keepOpen` for the alerts alone, as if nothing had happened. */
  finish(keepOpen?: boolean): void
  /** Brings the alert files and the side files up to date; returns the sizes of growing side files. */
  flush(): Promise<SideSizes>
  /** Opens the days of restored windows; call once before the first input. */
  restoreDays(): Promise<void>
  snapshots(): Readonly<Record<string, EngineSnapshot>>
  readonly lines: DecodeCounts
  /** Lines of the present input so far. */
  inputLines(): number
  readonly rejectFiles: readonly string[]
  progress(): readonly RuleProgress[]
}

type DetectorContext = Pick<JobContext, 'layout' | 'files' | 'clock' | 'signal' | 'emit'>

interface RuleRun {
  readonly rule: CompiledRule
  readonly engine: RuleEngine
  readonly store: AlertStore
  readonly lateFiles: Set<string>
  readonly days: Map<string, DayChange>
  late: SideFile | GrowingSideFile | undefined
}

function addChange(days: Map<string, DayChange>, change: DayChange): void {
  const before = days.get(change.day)
  days.set(change.day, {
    day: change.day,
    outcome: before?.outcome === 'written' ? 'written' : change.outcome,
    alerts: change.alerts,
    added: change.added + (before?.added ?? 0),
    changed: change.changed + (before?.changed ?? 0),
    removed: change.removed + (before?.removed ?? 0),
  })
}

export function createDetector(options: DetectorOptions, context: DetectorContext): Detector {
  const { layout } = context
  const fields = new Set<DriveField>(options.rules.flatMap((rule) => [...rule.fields]))
  let bytes: Uint8Array = new Uint8Array(0)
  let rejects: SideFile | GrowingSideFile | undefined
  const rejectFiles = new Set<string>()
  const decoder = createDriveDecoder(fields, (line, reason, row) => rejects?.add(line, reason, row), options.onlyDay)
  const { batch } = decoder

  const runs = options.rules.map((rule): RuleRun => {
    const store = createAlertStore(rule, options.mode, context)
    const engine = createEngine(
      rule,
      {
        window: (verdict) => store.add(verdict),
        late(row, by) {
          const start = batch.start[row] ?? 0
          const line = batch.linesBefore + (batch.line[row] ?? 0)
          run.late?.add(line, `late by ${by} s`, bytes.subarray(start, bytes.indexOf(newline, start)))
        },
      },
      options.snapshots?.[rule.definition.name],
    )
    const run: RuleRun = { rule, engine, store, lateFiles: new Set(), days: new Map(), late: undefined }
    return run
  })

  const sideFile = (prefix: string, input: InputName, size: number | undefined): SideFile | GrowingSideFile => {
    const file = path.join(layout.rejects, sideFileName(prefix, input))
    return size === undefined
      ? atomicSideFile(file, input.name, context)
      : growingSideFile(file, input.name, size, context)
  }

  const flushStores = async (): Promise<void> => {
    for (const run of runs) for (const change of await run.store.flush()) addChange(run.days, change)
  }

  const openDays = async (days: readonly number[]): Promise<void> => {
    for (const day of days) for (const run of runs) await run.store.openDay(day)
  }

  let longHead: Uint8Array | undefined

  return {
    lines: decoder.counts,
    inputLines: () => decoder.lines(),
    get rejectFiles() {
      return [...rejectFiles]
    },
    async startInput(input, growing, linesBefore = 0) {
      decoder.startFile(linesBefore)
      rejects = sideFile('stream', input, growing?.rejects)
      for (const run of runs) {
        const { name } = run.rule.definition
        run.late = sideFile(`late-${name}`, input, growing === undefined ? undefined : (growing.late[name] ?? 0))
      }
    },
    restartLines: () => decoder.startFile(0),
    async take(block) {
      if (block.long) {
        if (block.first) longHead = Uint8Array.from(block.bytes.subarray(0, Math.min(block.end, 2000)))
        if (block.last) decoder.skipLongLine(longHead ?? new Uint8Array(0))
        return
      }
      bytes = block.bytes
      for (let position = 0; position < block.end; ) {
        position = decoder.decode(bytes, position, block.end)
        const days = decoder.takeNewDays()
        if (days.length > 0) await openDays(days)
        for (const { engine } of runs) engine.apply(batch)
      }
      await rejects?.drain()
      for (const { late } of runs) await late?.drain()
      if (runs.some(({ store }) => store.pending > mostPending) && options.mode === 'merge') await flushStores()
    },
    async endInput() {
      const rejectsFileName = await rejects?.finish()
      if (rejectsFileName !== undefined) rejectFiles.add(rejectsFileName)
      await rejects?.[Symbol.asyncDispose]()
      rejects = undefined
      for (const run of runs) {
        const lateFile = await run.late?.finish()
        if (lateFile !== undefined) run.lateFiles.add(lateFile)
        await run.late?.[Symbol.asyncDispose]()
        run.late = undefined
      }
    },
    finish(keepOpen) {
      for (const { engine } of runs) engine.finish(keepOpen)
    },
    async flush() {
      await flushStores()
      const sizeOf = async (side: SideFile | GrowingSideFile | undefined): Promise<number> =>
        side !== undefined && 'checkpoint' in side ? side.checkpoint() : 0
      const late: Record<string, number> = {}
      for (const run of runs) late[run.rule.definition.name] = await sizeOf(run.late)
      return { rejects: await sizeOf(rejects), late }
    },
    async restoreDays() {
      for (const run of runs) {
        for (const day of run.engine.openDays()) await run.store.openDay(day)
      }
    },
    snapshots: () => Object.fromEntries(runs.map(({ rule, engine }) => [rule.definition.name, engine.snapshot()])),
    progress: () =>
      runs.map((run) => ({
        rule: run.rule,
        counts: run.engine.counts(),
        lateFiles: [...run.lateFiles],
        days: [...run.days.values()].sort((a, b) => (a.day < b.day ? -1 : 1)),
      })),
    async [Symbol.asyncDispose]() {
      await rejects?.[Symbol.asyncDispose]()
      for (const { late } of runs) await late?.[Symbol.asyncDispose]()
    },
  }
}
