import path from 'node:path'
import { throwIfInterrupted, UsageError } from '../core/errors.js'
import type { JobContext } from '../core/ports.js'
import { plural } from '../render/format.js'
import { noRows } from './chunks.js'
import { type LineBlock, sniffDelimiter, splitFields, textLines } from './csv-lines.js'
import { secondsPerStep } from './drive-rows.js'
import { carNumberOf, checkCars } from './fleet.js'
import { checkSeed, defaultDay, defaultSeed, type SimulateOptions, type SimulateResult } from './options.js'
import { checkPlaces, Output, type SimulatedFile } from './output.js'
import { recordedRun } from './recorded-run.js'
import { knownTimes, recordedTime } from './recorded-time.js'
import { numberOfDay, ReplayFleet, type ReplaySink, type Step } from './replay-fleet.js'
import { type Columns, findColumns, numberedTime, type ReplayMap } from './replay-map.js'
import { type PedalScale, type SpeedUnit, telemetryReader } from './telemetry.js'
import { TruthWriter } from './truth-writer.js'

export interface ReplayOptions extends SimulateOptions {
  /** Path of a CSV file (plain or gzip), or its bytes. */
  readonly input: string | AsyncIterable<Uint8Array>
  /** Columns by field, see replay-map.ts; columns that are called like a field need no entry. */
  readonly map: ReplayMap
  /** Cars that drive the recording, default 1. */
  readonly cars?: number
  /** How far a car's clock is behind the one before it, in seconds, even; default 60. */
  readonly shiftSeconds?: number
  /** yyyyMMdd that the recording is moved to; default the recorded day. */
  readonly day?: string
  /** Default: found out. */
  readonly delimiter?: string
  readonly speedUnit?: SpeedUnit
  readonly pedals?: PedalScale
  /** Path of the truth file to write, see truth.ts. */
  readonly truth?: string
}

export interface ReplayResult extends SimulateResult {
  readonly recorded: {
    /** Lines of the recording, without its header. */
    readonly lines: number
    /** Moments that were driven: the last line of every 2 seconds. */
    readonly moments: number
    /** Lines that cannot be used, by reason: columns, date, speed, value, order. */
    readonly skipped: Readonly<Record<string, number>>
  }
}

const mostSteps = 50_000_000
const defaultShift = 60

function checkReplay({ cars = 1, shiftSeconds = defaultShift, delimiter }: ReplayOptions): void {
  checkCars(cars)
  if (!Number.isInteger(shiftSeconds) || shiftSeconds < 0 || shiftSeconds % secondsPerStep !== 0)
    throw new UsageError('SHIFT_INVALID', `cannot shift clocks by ${shiftSeconds} seconds`, {
      hints: ['rows come every 2 seconds: give --shift an even number'],
    })
  if ((cars * shiftSeconds) / secondsPerStep > mostSteps)
    throw new UsageError('SHIFT_INVALID', `${cars} cars ${shiftSeconds} seconds apart span too long a time`, {
      hints: ['give a smaller --shift or fewer --cars'],
    })
  if (delimiter !== undefined && delimiter.length !== 1)
    throw new UsageError('DELIMITER_INVALID', `"${delimiter}" is no delimiter`, { hints: ['give one character'] })
}

const linesLookedAt = 20

/** The first lines, which tell the delimiter and the header, and all of them. */
async function readHead(blocks: AsyncIterable<LineBlock>) {
  const iterator = blocks[Symbol.asyncIterator]()
  const start = await iterator.next()
  const first: LineBlock = start.done === true ? { first: 1, lines: [] } : start.value
  async function* all() {
    yield first
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { head: first.lines.filter((line) => line.trim() !== '').slice(0, linesLookedAt), all: all() }
}

interface Recording {
  readonly columns: Columns
  readonly delimiter: string
  readonly hasHeader: boolean
  readonly lines: AsyncIterable<LineBlock>
}

async function openRecording(
  options: ReplayOptions,
  name: string,
  blocks: AsyncIterable<LineBlock>,
): Promise<Recording> {
  const { head, all } = await readHead(blocks)
  const [first] = head
  if (first === undefined)
    throw new UsageError('REPLAY_EMPTY', `${name} is empty`, { place: { file: name }, hints: ['give a CSV file'] })
  const delimiter = options.delimiter ?? sniffDelimiter(head)
  if (delimiter === undefined)
    throw new UsageError('DELIMITER_UNKNOWN', `cannot tell what separates the columns of ${name}`, {
      place: { file: name },
      hints: ['name it with --delimiter'],
    })
  const fields = splitFields(first, delimiter)
  const numbered = numberedTime(options.map)
  const hasHeader = numbered === undefined || timeIn(fields, numbered) === undefined
  const columns = findColumns(options.map, hasHeader ? fields : undefined, fields.length)
  return { columns, delimiter, hasHeader, lines: all }
}

function timeIn(fields: readonly string[], columns: readonly number[]) {
  return recordedTime(columns.map((index) => fields[index] ?? '').join(' '))
}

/** Counts lines, chooses the last one of every step, and hands its code to the fleet. */
async function drive(recording: Recording, options: ReplayOptions, fleet: ReplayFleet, context: JobContext) {
  const { columns, delimiter } = recording
  const telemetry = telemetryReader(columns, options.speedUnit ?? 'kmh', options.pedals ?? 'percent')
  const skipped: Record<string, number> = {}
  let lines = 0
  let moments = 0
  let offset: Step | undefined
  let kind: string | undefined
  let open: { readonly step: Step; readonly fields: readonly string[] } | undefined
  const skip = (reason: string) => {
    skipped[reason] = (skipped[reason] ?? 0) + 1
  }
  const close = async () => {
    if (open === undefined) return
    const reading = telemetry.read(open.fields)
    if ('skipped' in reading) skip(reading.skipped)
    else {
      await fleet.add(open.step, reading.code)
      moments++
    }
  }
  const width = Math.max(...[...columns.values()].flat()) + 1
  let header = recording.hasHeader
  for await (const block of recording.lines) {
    throwIfInterrupted(context.signal)
    for (const line of block.lines) {
      if (line.trim() === '') continue
      if (header) {
        header = false
        continue
      }
      lines++
      const fields = splitFields(line, delimiter)
      const time = fields.length < width ? undefined : timeIn(fields, columns.get('date') ?? [])
      kind ??= time?.kind
      if (fields.length < width) skip('columns')
      else if (time === undefined || time.kind !== kind) skip('date')
      else if (!telemetry.hasSpeed(fields)) skip('speed')
      else {
        const recordedStep = Math.floor(time.seconds / secondsPerStep)
        offset ??= clockOffset(time.kind, recordedStep, options.day)
        const step = recordedStep + offset
        if (open !== undefined && step < open.step) skip('order')
        else {
          if (open !== undefined && step > open.step) await close()
          open = { step, fields }
        }
      }
    }
  }
  await close()
  await fleet.end()
  return { lines, moments, skipped }
}

/** Steps to add to a recorded one: whole days to the wanted first day. */
function clockOffset(kind: 'moment' | 'elapsed', first: Step, day: string | undefined): Step {
  const stepsPerDay = 86_400 / secondsPerStep
  if (kind === 'elapsed') return numberOfDay(day ?? defaultDay) * stepsPerDay
  return day === undefined ? 0 : (numberOfDay(day) - Math.floor(first / stepsPerDay)) * stepsPerDay
}

/** Files of the days, one after the other as the clock reaches them. */
class DayFiles implements AsyncDisposable {
  readonly files: (SimulatedFile & { readonly day: string })[] = []
  private open: { readonly day: string; readonly output: Output; rows: number } | undefined

  constructor(
    private readonly options: ReplayOptions,
    private readonly context: JobContext,
  ) {}

  async write(day: string, bytes: Uint8Array, rows: number): Promise<void> {
    if (this.open?.day !== day) {
      await this.finish()
      const out = this.options.out ?? this.context.layout.landing
      const output = await Output.open(this.context, {
        destination: typeof out === 'string' ? path.resolve(out) : out,
        name: `SmartCarDriverInfo_${day}.log`,
        gzip: this.options.gzip ?? false,
      })
      this.open = { day, output, rows: 0 }
    }
    this.open.rows += rows
    await this.open.output.write(bytes)
  }

  async finish(): Promise<void> {
    if (this.open === undefined) return
    const { day, output, rows } = this.open
    this.files.push({ ...(await output.finish()), day, rows })
    this.open = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.open?.output[Symbol.asyncDispose]()
  }
}

/**
 * Real recorded telemetry of one vehicle in the drive format, `SmartCarDriverInfo_<yyyyMMdd>.log`, driven by `cars` cars
 * whose clocks are shifted. A row is written for every 2 seconds that have at least one recorded line (the last counts);
 * what is not recorded is worked out, see telemetry.ts. Throws UsageError when the file or its columns cannot be read.
 */
export async function simulateReplay(options: ReplayOptions, context: JobContext): Promise<ReplayResult> {
  checkReplay(options)
  const { cars = 1, shiftSeconds = defaultShift, input } = options
  const seed = checkSeed(options.seed ?? defaultSeed)
  const name = typeof input === 'string' ? input : 'standard input'
  const info = typeof input === 'string' ? await context.files.stat(input) : undefined
  if (typeof input === 'string' && info?.kind !== 'file')
    throw new UsageError(
      'REPLAY_MISSING',
      info === undefined ? `there is no file ${input}` : `${input} is not a file`,
      {
        place: { file: input },
        hints: ['give a CSV file of recorded telemetry'],
      },
    )
  const out = options.out ?? context.layout.landing
  const truthPath = options.truth === undefined ? undefined : path.resolve(options.truth)
  await checkPlaces(context, out, truthPath)
  const remembered = typeof input === 'string' && typeof out === 'string'
  const head = {
    kind: 'replay',
    title: `replay ${path.basename(name)}: ${plural(cars, 'car')}`,
    paths: remembered ? [path.resolve(out), 'replay', path.resolve(input), truthPath ?? ''] : [],
    arguments: {
      ...{ kind: 'replay', seed, cars, shiftSeconds, map: options.map, day: options.day ?? null },
      ...{ delimiter: options.delimiter ?? null, unit: options.speedUnit ?? null, pedals: options.pedals ?? null },
      ...{ gzip: options.gzip ?? false, size: info?.size, modified: info?.modified, inode: info?.inode },
    },
  }
  return recordedRun(head, options, context, async (progress): Promise<ReplayResult> => {
    await using days = new DayFiles(options, context)
    await using truth =
      truthPath === undefined ? undefined : await TruthWriter.open<'speeding'>(context, truthPath, ['speeding'])
    let rows = 0
    const sink: ReplaySink = {
      rows: async (day, bytes, count) => {
        await days.write(day, bytes, count)
        rows += count
        progress(rows)
      },
      speeding: async (windows) => truth?.add('speeding', windows),
    }
    const fleet = new ReplayFleet(cars, shiftSeconds / secondsPerStep, seed, sink)
    const lines = textLines(context.files, input, name)
    let recorded: ReplayResult['recorded']
    try {
      recorded = await drive(await openRecording(options, name, lines), options, fleet, context)
    } finally {
      await lines.return(undefined)
    }
    if (rows === 0) throw nothingUsable(name, recorded.lines, recorded.skipped)
    await days.finish()
    const counts = { ...noRows(), valid: rows, distinct: rows, headers: days.files.length }
    const written = await truth?.commit({
      ...{ schemaVersion: 1, kind: 'drive', seed: null, days: days.files.map(({ day }) => day), rows: counts },
      cars: Array.from({ length: cars }, (_, ordinal) => carNumberOf(ordinal)),
      files: days.files.map((file) => ({
        name: path.basename(file.path),
        day: file.day,
        rows: { ...noRows(), valid: file.rows, distinct: file.rows, headers: 1 },
      })),
      ...{ faults: [], wildCars: [] },
    })
    return {
      status: 'done',
      files: days.files,
      rows,
      bytes: days.files.reduce((sum, file) => sum + file.bytes, 0),
      counts,
      recorded,
      ...(written === undefined ? {} : { truth: written }),
    }
  })
}

function nothingUsable(name: string, lines: number, skipped: Readonly<Record<string, number>>): UsageError {
  const [reason = 'no line'] = Object.entries(skipped)
    .sort((a, b) => b[1] - a[1])
    .map(([why]) => why)
  const cures: Readonly<Record<string, string>> = {
    date: `times that are understood: ${knownTimes}`,
    columns: 'lines have fewer columns than are mapped: check --delimiter',
    speed: 'the mapped speed is not a number of 0 or more',
    value: 'a mapped pedal, angle, light or area is not understood: see smartcar simulate replay --help',
  }
  return new UsageError('REPLAY_EMPTY', `none of the ${lines} lines of ${name} can be used (${reason})`, {
    place: { file: name },
    hints: [cures[reason] ?? 'check --map'],
  })
}
