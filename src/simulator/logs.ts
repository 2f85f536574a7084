import path from 'node:path'
import { BugError, throwIfInterrupted } from '../core/errors.js'
import type { JobContext } from '../core/ports.js'
import { plural } from '../render/format.js'
import { addCounts, dataLines, noRows, type RowCounts } from './chunks.js'
import type { DrivePlan, DriveReport } from './drive-source.js'
import type { FaultRecord } from './faults.js'
import { carNumberOf, drivers } from './fleet.js'
import { type CheckedLogOptions, checkLogOptions, type LogOptions, type SimulateResult } from './options.js'
import { checkPlaces, Output, type OutputOptions, outputPath, type SimulatedFile } from './output.js'
import { driveProducer, type Producer, statusProducer, threadCount } from './producer.js'
import { type Progress, recordedRun } from './recorded-run.js'
import { driveRowsPerDay, speedingWindows } from './speeding.js'
import { statusRowsPerDay } from './status-parts.js'
import type { StatusPlan, StatusReport } from './status-source.js'
import { TruthWriter } from './truth-writer.js'

/** Lists of the truth files that grow while rows are made. */
type TruthList = 'speeding' | 'broken' | 'emergencies' | 'faults'

/** What sets one kind of log apart from the other. */
interface LogKind<Report extends { readonly faults: readonly FaultRecord[] }> {
  readonly kind: 'status' | 'drive'
  fileName(day: string): string
  readonly rowsPerCar: number
  readonly lists: readonly TruthList[]
  produce(options: CheckedLogOptions, threads: number): Producer<Report>
  /** Rows that the clock went on by, for progress. */
  rowsOf(report: Report, cars: number): number
  /** Rows of a piece, or of the day in its last piece. */
  countsOf(report: Report): RowCounts | undefined
  truthOf(report: Report, day: string): readonly (readonly [TruthList, readonly unknown[]])[]
  readonly truthRest: Readonly<Record<string, unknown>>
}

/** Paths, made absolute: a stream has none. */
function outputs(
  kind: Pick<LogKind<never>, 'fileName'>,
  options: LogOptions,
  days: readonly string[],
  context: JobContext,
) {
  const destination = options.out ?? context.layout.landing
  return days.map(
    (day): OutputOptions => ({
      destination: typeof destination === 'string' ? path.resolve(destination) : destination,
      name: kind.fileName(day),
      gzip: options.gzip ?? false,
    }),
  )
}

async function runLog<Report extends { readonly faults: readonly FaultRecord[] }>(
  kind: LogKind<Report>,
  checked: CheckedLogOptions,
  options: LogOptions,
  context: JobContext,
): Promise<SimulateResult> {
  const { seed, cars, days, faults } = checked
  const targets = outputs(kind, options, days, context)
  const truthPath = options.truth === undefined ? undefined : path.resolve(options.truth)
  await checkPlaces(context, options.out ?? context.layout.landing, truthPath)
  const stream = targets.some(({ destination }) => typeof destination !== 'string')
  const head = {
    kind: kind.kind,
    title: `simulate ${kind.kind}: ${plural(cars, 'car')}, ${plural(days.length, 'day')}`,
    paths: stream ? [] : [...targets.map(outputPath), ...(truthPath === undefined ? [] : [truthPath])],
    arguments: { kind: kind.kind, seed, cars, days, faults: faults ?? null, gzip: options.gzip ?? false },
  }
  return recordedRun(head, options, context, async (progress) => {
    const rows = kind.rowsPerCar * cars * days.length
    await using producer = kind.produce(checked, threadCount(context, options.jobs, cars, rows))
    await using truth =
      truthPath === undefined ? undefined : await TruthWriter.open<TruthList>(context, truthPath, kind.lists)
    const { files, counts } = await writeDays(kind, producer, targets, { checked, truth, progress, context })
    const total = noRows()
    for (const dayCounts of counts) addCounts(total, dayCounts)
    const written = await truth?.commit({
      schemaVersion: 1,
      kind: kind.kind,
      seed,
      cars: Array.from({ length: cars }, (_, ordinal) => carNumberOf(ordinal)),
      days,
      rows: total,
      files: files.map((file, index) => ({ name: path.basename(file.path), day: file.day, rows: counts[index] })),
      ...kind.truthRest,
    })
    return {
      status: 'done',
      files,
      rows: dataLines(total),
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      counts: total,
      ...(written === undefined ? {} : { truth: written }),
    }
  })
}

interface DayWriting {
  readonly checked: CheckedLogOptions
  readonly truth: TruthWriter<TruthList> | undefined
  readonly progress: Progress
  readonly context: JobContext
}

/** One file a day, each complete before the next begins. */
async function writeDays<Report extends { readonly faults: readonly FaultRecord[] }>(
  kind: LogKind<Report>,
  producer: Producer<Report>,
  targets: readonly OutputOptions[],
  { checked, truth, progress, context }: DayWriting,
): Promise<{ files: SimulatedFile[]; counts: RowCounts[] }> {
  const files: SimulatedFile[] = []
  const counts: RowCounts[] = []
  const total = kind.rowsPerCar * checked.cars * checked.days.length
  let done = 0
  let piece = await producer.next()
  for (const [index, target] of targets.entries()) {
    const day = checked.days[index] ?? ''
    const dayCounts = noRows()
    await using output = await Output.open(context, target)
    let writing: Promise<void> = Promise.resolve()
    try {
      while (piece?.chunk.day === index) {
        throwIfInterrupted(context.signal)
        await writing
        const { bytes, chunk, done: release } = piece
        // Written while the next piece is made.
        writing = output.write(bytes).then(release)
        writing.catch(() => undefined)
        addCounts(dayCounts, kind.countsOf(chunk.report) ?? noRows())
        if (truth !== undefined) {
          for (const [list, values] of kind.truthOf(chunk.report, day)) await truth.add(list, values)
          await truth.add('faults', chunk.report.faults)
        }
        done += kind.rowsOf(chunk.report, checked.cars)
        progress(done, total)
        piece = await producer.next()
      }
    } finally {
      // Whatever happens, nothing is taken away from under a write.
      await writing
    }
    files.push({ ...(await output.finish()), day, rows: dataLines(dayCounts) })
    counts.push(dayCounts)
  }
  if (done !== total) throw new BugError(`made ${done} rows of ${total}`)
  return { files, counts }
}

/**
 * The status log: `SmartCarStatusInfo_<yyyyMMdd>.txt`, 21,600 rows a car and day, one car after the other with a header
 * line each (pilot.md, section 2). A second run with the same arguments leaves the files alone.
 */
export function simulateStatus(options: LogOptions, context: JobContext): Promise<SimulateResult> {
  const kind: LogKind<StatusReport> = {
    kind: 'status',
    fileName: (day) => `SmartCarStatusInfo_${day}.txt`,
    rowsPerCar: statusRowsPerDay,
    lists: ['broken', 'emergencies', 'faults'],
    produce: ({ seed, cars, days, faults }, threads) => {
      const plan: StatusPlan = { kind: 'status', seed, cars, days, ...(faults === undefined ? {} : { faults }) }
      return statusProducer(context, plan, threads)
    },
    rowsOf: () => statusRowsPerDay,
    countsOf: (report) => report.rows,
    truthOf: ({ car, broken, checks }, day) => [
      ['broken', broken.map((part) => ({ car, day, ...part }))],
      ['emergencies', checks.length === 0 ? [] : [{ car, day, checks }]],
    ],
    truthRest: {},
  }
  return runLog(kind, checkLogOptions(options), options, context)
}

/**
 * Whole days of the drive log: `SmartCarDriverInfo_<yyyyMMdd>.log`, 43,200 rows a car and day, in the order of time
 * (pilot.md, section 2). For a log that grows as in real life see `simulatePaced` (paced.ts).
 */
export function simulateDrive(options: LogOptions, context: JobContext): Promise<SimulateResult> {
  const checked = checkLogOptions(options)
  const kind: LogKind<DriveReport> = {
    kind: 'drive',
    fileName: (day) => `SmartCarDriverInfo_${day}.log`,
    rowsPerCar: driveRowsPerDay,
    lists: ['speeding', 'faults'],
    produce: ({ seed, cars, days, faults }, threads) => {
      const plan: DrivePlan = { kind: 'drive', seed, cars, days, ...(faults === undefined ? {} : { faults }) }
      return driveProducer(context, plan, threads)
    },
    rowsOf: (report, cars) => report.steps * cars,
    countsOf: (report) => report.rows,
    truthOf: ({ windows }, day) => [['speeding', speedingWindows(day, [windows], carNumberOf)]],
    truthRest: { wildCars: wildCars(checked.seed, checked.cars) },
  }
  return runLog(kind, checked, options, context)
}

function wildCars(seed: number, cars: number): string[] {
  return drivers(seed, 0, cars)
    .filter(({ wild }) => wild)
    .map(({ car }) => car)
}
