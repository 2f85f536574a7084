import type { JobContext, WorkerHandle } from '../core/ports.js'
import { ByteBuffer } from './bytes.js'
import { addCounts, type Chunk, type ChunkSource, noRows, type RowCounts } from './chunks.js'
import { type DrivePlan, type DriveReport, DriveSource } from './drive-source.js'
import type { FaultRecord } from './faults.js'
import { type StatusPlan, type StatusReport, StatusSource } from './status-source.js'

/** A piece of a day's file with what its maker knows about it. */
export interface Piece<Report> {
  /** Valid until `done` is called. */
  readonly bytes: Uint8Array
  readonly chunk: Chunk<Report>
  /** The buffer may be filled again. */
  done(): void
}

/** Makes a plan's pieces in order, in this thread or in several. */
export interface Producer<Report> extends AsyncDisposable {
  next(): Promise<Piece<Report> | undefined>
}

/** What a worker thread (src/workers/simulate.ts) is started with. */
export interface WorkerTask {
  readonly plan: StatusPlan | DrivePlan
  readonly part: number
  readonly parts: number
}

/** Sent to a worker for every piece wanted, with a buffer to be filled again if there is one. */
export interface WorkerRequest {
  readonly buffer?: ArrayBuffer
}

export type WorkerReply =
  | { readonly done: true }
  | {
      readonly done: false
      readonly buffer: ArrayBuffer
      readonly length: number
      readonly chunk: Chunk<StatusReport | DriveReport>
    }

/** Cars of a part: contiguous, so that parts put side by side are in the order of the cars. */
function carRange(cars: number, part: number, parts: number): [number, number] {
  return [Math.floor((cars * part) / parts), Math.floor((cars * (part + 1)) / parts)]
}

/** The source of one worker: every n-th car of the status log, a range of cars of the drive log. */
export function partSource({ plan, part, parts }: WorkerTask): ChunkSource<StatusReport | DriveReport> {
  return plan.kind === 'status'
    ? new StatusSource(plan, part, parts)
    : new DriveSource(plan, ...carRange(plan.cars, part, parts))
}

/** Two buffers in turn: one is written while the other is filled. */
function localProducer<Report>(source: ChunkSource<Report>): Producer<Report> {
  const free = [new ByteBuffer(), new ByteBuffer()]
  return {
    async next() {
      const target = free.pop() ?? new ByteBuffer()
      const chunk = source.next(target)
      if (chunk === undefined) return undefined
      return { bytes: target.written(), chunk, done: () => free.push(target) }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** Pieces that a worker may have made before they are wanted. */
const piecesAhead = 2

function workerProducer<Report>(handle: WorkerHandle): Producer<Report> {
  const replies = handle.messages()[Symbol.asyncIterator]()
  const request: WorkerRequest = {}
  for (let ahead = 0; ahead < piecesAhead; ahead++) handle.post(request)
  return {
    async next() {
      const reply = (await replies.next()).value as WorkerReply | undefined
      if (reply === undefined || reply.done) return undefined
      const { buffer, length, chunk } = reply
      return {
        bytes: new Uint8Array(buffer, 0, length),
        chunk: chunk as Chunk<Report>,
        done: () => handle.post({ buffer } satisfies WorkerRequest, [buffer]),
      }
    },
    [Symbol.asyncDispose]: () => handle[Symbol.asyncDispose](),
  }
}

async function disposeAll(producers: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(producers.map((producer) => producer[Symbol.asyncDispose]()))
}

/** Pieces of several producers in turn. */
function takingTurns<Report>(producers: readonly Producer<Report>[]): Producer<Report> {
  let turn = 0
  return {
    next: async () => producers[turn++ % producers.length]?.next(),
    [Symbol.asyncDispose]: () => disposeAll(producers),
  }
}

function sumRows(reports: readonly DriveReport[]): RowCounts | undefined {
  const total = noRows()
  for (const { rows } of reports) {
    if (rows === undefined) return undefined
    addCounts(total, rows)
  }
  return total
}

function joinedWindows(reports: readonly DriveReport[]): Float64Array {
  const joined = new Float64Array(reports.reduce((sum, { windows }) => sum + windows.length, 0))
  let at = 0
  for (const { windows } of reports) {
    joined.set(windows, at)
    at += windows.length
  }
  return joined
}

/** Pieces of the same steps of the clock, put side by side step by step. */
function interleaved(producers: readonly Producer<DriveReport>[]): Producer<DriveReport> {
  const free = [new ByteBuffer(), new ByteBuffer()]
  return {
    async next() {
      const pieces: Piece<DriveReport>[] = []
      for (const producer of producers) {
        const piece = await producer.next()
        if (piece === undefined) return undefined
        pieces.push(piece)
      }
      const [first] = pieces
      if (first === undefined) return undefined
      const target = free.pop() ?? new ByteBuffer()
      target.length = 0
      const steps = first.chunk.marks?.length ?? 0
      for (let step = 0; step < steps; step++) {
        for (const piece of pieces) {
          const start = step === 0 ? 0 : piece.chunk.marks?.[step - 1]
          target.append(piece.bytes.subarray(start, piece.chunk.marks?.[step]))
        }
      }
      const reports = pieces.map(({ chunk }) => chunk.report)
      const rows = sumRows(reports)
      const faults: FaultRecord[] = reports.flatMap((report) => report.faults)
      const report: DriveReport = {
        steps: first.chunk.report.steps,
        windows: joinedWindows(reports),
        faults,
        ...(rows === undefined ? {} : { rows }),
      }
      for (const piece of pieces) piece.done()
      return { bytes: target.written(), chunk: { day: first.chunk.day, report }, done: () => free.push(target) }
    },
    [Symbol.asyncDispose]: () => disposeAll(producers),
  }
}

/** Rows below which starting threads takes longer than it saves. */
const rowsWorthThreads = 3_000_000

/** Number of threads: as asked for, else by the work; never more than there are cars. */
export function threadCount(
  context: Pick<JobContext, 'workers'>,
  jobs: number | undefined,
  cars: number,
  rows: number,
) {
  const wanted = jobs ?? (rows < rowsWorthThreads ? 1 : context.workers.parallelism)
  return Math.min(wanted, cars)
}

function startParts(context: Pick<JobContext, 'workers'>, plan: StatusPlan | DrivePlan, parts: number) {
  return Array.from({ length: parts }, (_, part) => {
    const task: WorkerTask = { plan, part, parts }
    return context.workers.start('simulate', task)
  })
}

/** The status log of a plan; the bytes are the same for any number of threads. */
export function statusProducer(
  context: Pick<JobContext, 'workers'>,
  plan: StatusPlan,
  threads: number,
): Producer<StatusReport> {
  if (threads === 1) return localProducer(new StatusSource(plan))
  return takingTurns(startParts(context, plan, threads).map((handle) => workerProducer<StatusReport>(handle)))
}

/** The drive log of a plan; the bytes are the same for any number of threads. */
export function driveProducer(
  context: Pick<JobContext, 'workers'>,
  plan: DrivePlan,
  threads: number,
): Producer<DriveReport> {
  if (threads === 1) return localProducer(new DriveSource(plan))
  return interleaved(startParts(context, plan, threads).map((handle) => workerProducer<DriveReport>(handle)))
}
