import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { clockText, secondsPerDay } from '../core/calendar.js'
import { UsageError } from '../core/errors.js'
import { stage } from '../core/events.js'
import type { JobContext } from '../core/ports.js'
import { number, plural } from '../render/format.js'
import { ByteBuffer, newline } from './bytes.js'
import { addCounts, dataLines, noRows, type RowCounts } from './chunks.js'
import { secondsPerStep } from './drive-rows.js'
import { DriveDay } from './drive-source.js'
import { carNumberOf, drivers } from './fleet.js'
import { type GrowingLog, growingFile, growingStream } from './growing-log.js'
import { readLogEnd } from './log-tail.js'
import { type CheckedLogOptions, checkLogOptions, type LogOptions } from './options.js'
import { checkPlaces, type WrittenFile } from './output.js'
import { lockOutput } from './recorded-run.js'
import { driveRowsPerDay, speedingWindows } from './speeding.js'
import { TruthWriter } from './truth-writer.js'

/** Seconds of log time a second; `max`: as fast as the disk. The original runs at 20. */
export type Rate = number | 'max'

export interface PacedOptions extends Omit<LogOptions, 'gzip' | 'jobs'> {
  readonly rate: Rate
  /** First second of the first day, even; default 0. */
  readonly from?: number
  /** Second of the last day that is not reached, even; default 86,400. */
  readonly until?: number
  /** The log is rotated before it grows over this many bytes; default never. */
  readonly rotateBytes?: number
}

export interface PacedResult {
  /** `unchanged`: the log has all these rows already; `interrupted`: ended by the signal, at a row boundary. */
  readonly status: 'done' | 'unchanged' | 'interrupted'
  /** Path of the log, `-` for a stream. */
  readonly log: string
  readonly rotated: readonly string[]
  /** Written by this run, lines that are no headers. */
  readonly rows: number
  readonly bytes: number
  /** yyyyMMddHHmmss of the first and the last step that this run wrote, null when it wrote none. */
  readonly from: string | null
  readonly to: string | null
  readonly counts: RowCounts
  readonly truth?: WrittenFile
}

/** Name of the log that a collector tails (pilot.md, section 2). */
export const pacedLogName = 'SmartCarDriverInfo.log'

/** Where to go on: a day of the run, a step in it, and the cars that have their row of that step. */
interface Position {
  readonly day: number
  readonly step: number
  readonly written: ReadonlySet<string>
}

/** Left behind by a run that ended cleanly: the log, at this size, has every row before `time`. */
const pacedState = z.strictObject({ schemaVersion: z.literal(1), size: z.number(), time: z.string() })

function statePath(context: Pick<JobContext, 'layout'>, log: string): string {
  return path.join(context.layout.state, 'simulate', `paced-${Buffer.from(log).toString('base64url').slice(-120)}.json`)
}

async function readState(context: JobContext, log: string): Promise<z.infer<typeof pacedState> | undefined> {
  const text = await context.files.readText(statePath(context, log))
  if (text === undefined) return undefined
  try {
    return pacedState.parse(JSON.parse(text))
  } catch {
    // Without it the end of the log itself tells where to go on.
    return undefined
  }
}

function stepOf(time: string): number {
  const part = (at: number) => Number(time.slice(at, at + 2))
  return (part(8) * 3600 + part(10) * 60 + part(12)) / secondsPerStep
}

function timeOf(day: string, step: number): string {
  return day + clockText(step * secondsPerStep)
}

/** The place behind `time`: in its step when cars are missing there, else in the next. */
function positionAfter(time: string, written: ReadonlySet<string>, days: readonly string[], cars: number): Position {
  const day = time.slice(0, 8)
  const index = days.findIndex((candidate) => candidate >= day)
  if (index === -1) return { day: days.length, step: 0, written: new Set() }
  if (days[index] !== day) return { day: index, step: 0, written: new Set() }
  const missing = Array.from({ length: cars }, (_, ordinal) => carNumberOf(ordinal)).some((car) => !written.has(car))
  const step = Math.floor(stepOf(time))
  return missing && written.size > 0
    ? { day: index, step, written }
    : { day: index, step: step + 1, written: new Set() }
}

function later(a: Position, b: Position): Position {
  return a.day > b.day || (a.day === b.day && a.step >= b.step) ? a : b
}

interface Start {
  readonly position: Position
  readonly lineEnded: boolean
  readonly lastTime: string | undefined
}

/** Where this run goes on, by what an earlier one left. */
async function findStart(
  log: string,
  options: PacedOptions,
  checked: CheckedLogOptions,
  context: JobContext,
): Promise<Start> {
  const first: Position = { day: 0, step: (options.from ?? 0) / secondsPerStep, written: new Set() }
  const end = await readLogEnd(context, log, checked.cars)
  if (end.time === undefined) return { position: first, lineEnded: end.lineEnded, lastTime: undefined }
  const state = await readState(context, log)
  const clean = state !== undefined && state.size === (await context.files.stat(log))?.size
  const position = clean
    ? positionAfter(state.time, new Set(), checked.days, checked.cars)
    : positionAfter(end.time, end.cars, checked.days, checked.cars)
  return { position: later(position, first), lineEnded: end.lineEnded, lastTime: end.time }
}

/** Rows made at once when there is no hurry to show them one by one. */
const rowsAtOnce = 24_000
/** A reader of the log sees no difference between rows that come together and rows that come so soon after each other. */
const shortestPauseMs = 50

/** Says how many steps are due, and waits when none is. */
class Pace {
  private readonly started: number
  private given = 0

  constructor(
    private readonly rate: Rate,
    private readonly context: Pick<JobContext, 'clock' | 'signal'>,
  ) {
    this.started = context.clock.monotonic()
  }

  /** Steps that may be written now, at least 1; 0 when the signal came. */
  async next(most: number): Promise<number> {
    const { clock, signal } = this.context
    for (;;) {
      // Lets a signal in, however fast the rows are.
      await setImmediate()
      if (signal.aborted) return 0
      if (this.rate === 'max') return most
      const stepMs = (secondsPerStep * 1000) / this.rate
      const due = Math.floor((clock.monotonic() - this.started) / stepMs) + 1 - this.given
      if (due >= 1) {
        const steps = Math.min(due, most)
        this.given += steps
        return steps
      }
      const pause = this.started + this.given * stepMs - clock.monotonic()
      try {
        await clock.sleep(Math.max(pause, shortestPauseMs), signal)
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
  }
}

interface Writing {
  readonly log: GrowingLog
  readonly truth: TruthWriter<'speeding' | 'faults'> | undefined
  readonly progress: (rows: number) => void
  from: string | null
  to: string | null
  bytes: number
  rows: number
  readonly days: { day: string; rows: RowCounts }[]
}

/** Appends the steps in `target`, a step never split by a rotation. */
async function append(
  target: ByteBuffer,
  marks: readonly number[],
  writing: Writing,
  timeAt: (step: number) => string,
) {
  let start = 0
  for (let step = 0; step < marks.length; ) {
    let last = step
    while (last + 1 < marks.length && (marks[last + 1] ?? 0) - start <= writing.log.room) last++
    const end = marks[last] ?? start
    await writing.log.write(target.bytes.subarray(start, end), timeAt(last))
    start = end
    step = last + 1
  }
  writing.bytes += start
}

/** One day, or what is wanted of it; false when the signal came. */
async function writeDay(
  day: string,
  position: Pick<Position, 'step' | 'written'>,
  until: number,
  pace: Pace,
  checked: CheckedLogOptions,
  writing: Writing,
): Promise<boolean> {
  const { seed, cars, faults } = checked
  const drive = new DriveDay({ seed, ...(faults === undefined ? {} : { faults }) }, day, 0, cars)
  drive.startAt(position.step, position.written)
  const atOnce = Math.max(1, Math.floor(rowsAtOnce / cars))
  const target = new ByteBuffer()
  let going = true
  while (drive.step < until) {
    const steps = await pace.next(Math.min(atOnce, until - drive.step))
    if (steps === 0) {
      going = false
      break
    }
    const first = drive.step
    const marks: number[] = []
    target.length = 0
    drive.write(steps, target, marks)
    await append(target, marks, writing, (step) => timeOf(day, first + step))
    writing.from ??= timeOf(day, first)
    writing.to = timeOf(day, drive.step - 1)
    writing.rows += steps * cars
    writing.progress(writing.rows)
    await writing.truth?.add('speeding', speedingWindows(day, [drive.takeWindows()], carNumberOf))
    await writing.truth?.add('faults', drive.takeFaults())
  }
  target.length = 0
  drive.end(target)
  if (target.length > 0) await append(target, [target.length], writing, () => timeOf(day, drive.step - 1))
  await writing.truth?.add('speeding', speedingWindows(day, [drive.takeWindows()], carNumberOf))
  await writing.truth?.add('faults', drive.takeFaults())
  writing.days.push({ day, rows: drive.counts() })
  return going
}

/** Throws UsageError for a rate, a time or a size that cannot be. */
function checkPaced({ rate, from = 0, until = secondsPerDay, rotateBytes, days = [] }: PacedOptions): void {
  if (rate !== 'max' && !(rate > 0 && rate <= 1_000_000))
    throw new UsageError('RATE_INVALID', `cannot run at ${rate} times the clock`, {
      hints: ['give --rate 1x, 60x or max'],
    })
  if (from % secondsPerStep !== 0 || until % secondsPerStep !== 0 || from < 0 || until > secondsPerDay)
    throw new UsageError('TIME_INVALID', 'rows come at even seconds of the day', {
      hints: ['write the time as 083000'],
    })
  if (days.length === 1 && from >= until)
    throw new UsageError('TIME_INVALID', `nothing lies between ${clockText(from)} and ${clockText(until)}`, {
      hints: ['give an --until after --from'],
    })
  if (rotateBytes !== undefined && !(rotateBytes >= 1000))
    throw new UsageError('ROTATE_INVALID', `cannot rotate a log at ${rotateBytes} bytes`, {
      hints: ['give --rotate 64MB'],
    })
}

/**
 * The drive log as a collector sees it: `SmartCarDriverInfo.log` grows step by step, at `rate` seconds of log time a
 * second, and is renamed to `SmartCarDriverInfo.log.<time of its last row>` when it is full. Ends at the end of the days
 * or by the signal, always behind whole rows. A second run goes on behind the log's last row, so that an interrupted
 * and resumed log holds the same bytes as one that was written at once; after a `kill -9` a torn last line stays, as a
 * line of its own. The truth file covers the rows of this run; that of a whole log is written by `simulateDrive` with the
 * same arguments.
 */
export async function simulatePaced(options: PacedOptions, context: JobContext): Promise<PacedResult> {
  checkPaced(options)
  const checked = checkLogOptions(options)
  const { cars, days } = checked
  const out = options.out ?? context.layout.landing
  await checkPlaces(context, out, options.truth)
  const log = typeof out === 'string' ? path.join(path.resolve(out), pacedLogName) : '-'
  return stage(
    context.emit,
    {
      id: 'simulate/drive',
      title: `simulate drive at ${options.rate === 'max' ? 'full speed' : `${options.rate}x`}: ${plural(cars, 'car')}`,
      ...(options.parent === undefined ? {} : { parent: options.parent }),
    },
    async (progress) => {
      if (typeof out !== 'string') {
        const position: Position = { day: 0, step: (options.from ?? 0) / secondsPerStep, written: new Set() }
        return run(log, growingStream(out), position, (rows) => progress(rows, 'rows'))
      }
      await using _lock = await lockOutput(log, 'simulate drive', context)
      const start = await findStart(log, options, checked, context)
      await using file = await growingFile(
        context,
        log,
        options.rotateBytes ?? Number.POSITIVE_INFINITY,
        start.lastTime,
      )
      if (!start.lineEnded) await file.write(Uint8Array.of(newline), start.lastTime ?? '')
      const result = await run(log, file, start.position, (rows) => progress(rows, 'rows'))
      await file.sync()
      if (result.to !== null) {
        const state: z.infer<typeof pacedState> = { schemaVersion: 1, size: file.size, time: result.to }
        await context.files.writeAtomic(statePath(context, log), `${JSON.stringify(state)}\n`)
      }
      return result
    },
    (result) => ({
      outcome: result.status === 'unchanged' ? 'unchanged' : 'done',
      summary:
        result.status === 'unchanged'
          ? 'unchanged: the log has all these rows'
          : `${number(result.rows)} rows${result.to === null ? '' : ` up to ${result.to}`}${result.status === 'interrupted' ? ', interrupted' : ''}`,
      counts: { rows: result.rows },
    }),
  )

  async function run(
    name: string,
    growing: GrowingLog,
    position: Position,
    progress: (rows: number) => void,
  ): Promise<PacedResult> {
    await using truth =
      options.truth === undefined
        ? undefined
        : await TruthWriter.open<'speeding' | 'faults'>(context, path.resolve(options.truth), ['speeding', 'faults'])
    const writing: Writing = { log: growing, truth, progress, from: null, to: null, bytes: 0, rows: 0, days: [] }
    const pace = new Pace(options.rate, context)
    let going = true
    for (let index = position.day; index < days.length && going; index++) {
      const until = index === days.length - 1 ? (options.until ?? secondsPerDay) / secondsPerStep : driveRowsPerDay
      const start = index === position.day ? position : { step: 0, written: new Set<string>() }
      going = await writeDay(days[index] ?? '', start, until, pace, checked, writing)
    }
    const counts = noRows()
    for (const { rows } of writing.days) addCounts(counts, rows)
    // An earlier run's truth file stays when there was nothing left to write.
    const written =
      writing.to === null
        ? undefined
        : await truth?.commit({
            schemaVersion: 1,
            kind: 'drive',
            seed: checked.seed,
            cars: Array.from({ length: cars }, (_, ordinal) => carNumberOf(ordinal)),
            days: writing.days.map(({ day }) => day),
            rows: counts,
            files: writing.days.map(({ day, rows }) => ({ name: path.basename(name), day, rows })),
            wildCars: drivers(checked.seed, 0, cars).flatMap(({ car, wild }) => (wild ? [car] : [])),
          })
    return {
      status: going ? (writing.to === null ? 'unchanged' : 'done') : 'interrupted',
      log: name,
      rotated: growing.rotated,
      rows: dataLines(counts),
      bytes: writing.bytes,
      from: writing.from,
      to: writing.to,
      counts,
      ...(written === undefined ? {} : { truth: written }),
    }
  }
}
