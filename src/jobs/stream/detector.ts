/** Rules over drive rows: blocks of lines go in, verdicts go to the alert stores, odd rows to side files. */
import path from 'node:path'
import { BugError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import type { Block } from '../../logs/source.js'
import type { CompiledRule } from '../../rules/compiled-rule.js'
import type { DriveField } from '../../rules/definition.js'
import { createDriveDecoder, type DecodeCounts, type DriveBatch } from '../../rules/drive-rows.js'
import { createEngine, type EngineCounts, type EngineSnapshot, type RuleEngine } from '../../rules/engine.js'
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

/** One input on its way through the rules. */
export interface InputPass extends AsyncDisposable {
  /** The rows that were decoded last. */
  readonly batch: DriveBatch
  /** Lines, or a piece of a line that is too long; valid until the next block. */
  setBlock(block: Block): void
  /** Decodes the next rows of the block; false when it is used up. */
  decode(): Promise<boolean>
  /** Gives rows of the batch, all or those from `from` (included) to `to` (not included), to the rules. */
  apply(from?: number, to?: number): void
  /** The same input goes on in another file: line numbers start anew. */
  restartLines(): void
  /** Lines so far, with those that were seen earlier. */
  lines(): number
  /** Writes odd rows that have gathered, if they are many. */
  drain(): Promise<void>
  /** Side files of a growing input to disk, and their sizes. */
  sides(): Promise<SideSizes>
  /** The input is at its end: its side files are complete. */
  end(): Promise<void>
}

export interface Detector extends AsyncDisposable {
  /** Begins an input; `growing`: where its side files go on. `linesBefore`: lines of it that were seen earlier. */
  begin(input: InputName, growing?: SideSizes, linesBefore?: number): InputPass
  /** Evaluates all open windows; with `keepOpen` for the alerts alone, as if nothing had happened. */
  finish(keepOpen?: boolean): void
  /** Brings the alert files up to date. */
  flush(): Promise<void>
  /** Opens the days of restored windows; call once before the first input. */
  restoreDays(): Promise<void>
  snapshots(): Readonly<Record<string, EngineSnapshot>>
  /** Of all inputs. */
  lines(): DecodeCounts
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
}

/** The rows that are being applied, for the rules to say which of them are late. */
interface Applied {
  readonly batch: DriveBatch
  readonly bytes: Uint8Array
  /** By rule, in their order. */
  readonly late: readonly SideFile[]
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
  const rejectFiles = new Set<string>()
  const passes = new Set<InputPass>()
  const allCounts: DecodeCounts[] = []
  let applied: Applied | undefined

  const runs = options.rules.map((rule, position): RuleRun => {
    const store = createAlertStore(rule, options.mode, context)
    const late = (row: number, by: number): void => {
      if (applied === undefined) throw new BugError('a row is late, but no rows are being applied')
      const { batch, bytes } = applied
      const start = batch.start[row] ?? 0
      const line = batch.linesBefore + (batch.line[row] ?? 0)
      applied.late[position]?.add(line, `late by ${by} s`, bytes.subarray(start, bytes.indexOf(newline, start)))
    }
    const from = options.snapshots?.[rule.definition.name]
    const engine = createEngine(rule, { window: (verdict) => store.add(verdict), late }, from)
    return { rule, engine, store, lateFiles: new Set(), days: new Map() }
  })

  const flush = async (): Promise<void> => {
    for (const run of runs) for (const change of await run.store.flush()) addChange(run.days, change)
  }

  const sideFile = (prefix: string, input: InputName, size: number | undefined): SideFile | GrowingSideFile => {
    const file = path.join(layout.rejects, sideFileName(prefix, input))
    return size === undefined
      ? atomicSideFile(file, input.name, context)
      : growingSideFile(file, input.name, size, context)
  }

  const begin: Detector['begin'] = (input, growing, linesBefore = 0) => {
    const rejects = sideFile('stream', input, growing?.rejects)
    const late = runs.map(({ rule: { definition } }) =>
      sideFile(
        `late-${definition.name}`,
        input,
        growing === undefined ? undefined : (growing.late[definition.name] ?? 0),
      ),
    )
    const onReject = (line: number, reason: string, row: Uint8Array) => rejects.add(line, reason, row)
    const decoder = createDriveDecoder(fields, onReject, options.onlyDay)
    decoder.startFile(linesBefore)
    allCounts.push(decoder.counts)
    const { batch } = decoder
    let bytes: Uint8Array = new Uint8Array(0)
    let position = 0
    let end = 0
    let longHead: Uint8Array = bytes
    const sizeOf = async (side: SideFile | GrowingSideFile): Promise<number> =>
      'checkpoint' in side ? side.checkpoint() : 0

    const pass: InputPass = {
      batch,
      lines: () => decoder.lines(),
      restartLines: () => decoder.startFile(0),
      setBlock(block) {
        bytes = block.bytes
        position = 0
        end = block.long ? 0 : block.end
        if (!block.long) return
        if (block.first) longHead = Uint8Array.from(bytes.subarray(0, Math.min(block.end, 2000)))
        if (block.last) decoder.skipLongLine(longHead)
      },
      async decode() {
        if (position >= end) return false
        position = decoder.decode(bytes, position, end)
        for (const day of decoder.takeNewDays()) for (const { store } of runs) await store.openDay(day)
        if (options.mode === 'merge' && runs.some(({ store }) => store.pending > mostPending)) await flush()
        return true
      },
      apply(from, to) {
        applied = { batch, bytes, late }
        for (const { engine } of runs) engine.apply(batch, from, to)
      },
      async drain() {
        for (const side of [rejects, ...late]) await side.drain()
      },
      async sides() {
        const sizes: Record<string, number> = {}
        for (const [place, side] of late.entries()) {
          sizes[runs[place]?.rule.definition.name ?? ''] = await sizeOf(side)
        }
        return { rejects: await sizeOf(rejects), late: sizes }
      },
      async end() {
        const rejected = await rejects.finish()
        if (rejected !== undefined) rejectFiles.add(rejected)
        for (const [place, side] of late.entries()) {
          const lateFile = await side.finish()
          if (lateFile !== undefined) runs[place]?.lateFiles.add(lateFile)
        }
        await pass[Symbol.asyncDispose]()
      },
      async [Symbol.asyncDispose]() {
        passes.delete(pass)
        for (const side of [rejects, ...late]) await side[Symbol.asyncDispose]()
      },
    }
    passes.add(pass)
    return pass
  }

  return {
    begin,
    flush,
    get rejectFiles() {
      return [...rejectFiles]
    },
    lines: () =>
      allCounts.reduce(
        (sum, { read, rows, headers, rejected }) => ({
          read: sum.read + read,
          rows: sum.rows + rows,
          headers: sum.headers + headers,
          rejected: sum.rejected + rejected,
        }),
        { read: 0, rows: 0, headers: 0, rejected: 0 },
      ),
    finish(keepOpen) {
      for (const { engine } of runs) engine.finish(keepOpen)
    },
    async restoreDays() {
      for (const { engine, store } of runs) for (const day of engine.openDays()) await store.openDay(day)
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
      for (const pass of [...passes]) await pass[Symbol.asyncDispose]()
    },
  }
}
