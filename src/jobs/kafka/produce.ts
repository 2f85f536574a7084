import path from 'node:path'
import { FailedError, InterruptedError, UsageError } from '../../core/errors.js'
import type { Emit } from '../../core/events.js'
import { stage } from '../../core/events.js'
import type { Clock, Files } from '../../core/ports.js'
import { number, plural } from '../../render/format.js'
import type { EventLog, PartitionDelivery, RowWriter } from '../../services/kafka/client.js'
import { type FindKey, keyOfColumn, keyOfPattern } from './rows.js'

export interface ProduceInput {
  readonly topic: string
  /** Files of this machine; none, or `-`, for stdin. */
  readonly files: readonly string[]
  readonly stdin: () => AsyncIterable<Uint8Array>
  /** Regular expression for the key of a row. */
  readonly key?: string
  /** Or its field, from 1. */
  readonly keyColumn?: number
  readonly gzip: boolean
  /** How long one batch may be tried. */
  readonly deliveryMs: number
}

export interface ProduceResult {
  readonly topic: string
  readonly rows: number
  /** As they came, without line ends. */
  readonly bytes: number
  /** As they were sent. */
  readonly sentBytes: number
  /** Batches that were sent again after the broker had not confirmed them; none is in the topic twice. */
  readonly resent: number
  readonly partitions: readonly PartitionDelivery[]
  readonly ms: number
}

export interface ProduceContext {
  readonly files: Files
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

const chunkBytes = 1024 * 1024
const lineFeed = 0x0a
/** Rows that wait for more are sent after this time without any. */
const lingerMs = 50
const progressMs = 200
const noBytes = Buffer.alloc(0)

async function* fileChunks(files: Files, name: string): AsyncGenerator<Uint8Array> {
  await using reader = await files.open(path.resolve(name))
  for (;;) {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    const read = await reader.read(chunk)
    if (read === 0) return
    yield chunk.subarray(0, read)
  }
}

/** Chunks of all sources in order; a file whose last line has no end is ended. */
async function* allChunks(input: ProduceInput, files: Files): AsyncGenerator<Uint8Array> {
  const names = input.files.length === 0 ? ['-'] : input.files
  for (const name of names) {
    let last: number | undefined
    for await (const chunk of name === '-' ? input.stdin() : fileChunks(files, name)) {
      if (chunk.length === 0) continue
      last = chunk[chunk.length - 1]
      yield chunk
    }
    if (last !== undefined && last !== lineFeed) yield Uint8Array.of(lineFeed)
  }
}

/** The next chunk; `onIdle` once when it takes longer than a moment. */
async function nextChunk(
  chunks: AsyncIterator<Uint8Array>,
  onIdle: () => Promise<void>,
  aborted: Promise<never>,
): Promise<Uint8Array | undefined> {
  const next = chunks.next()
  // Where it is given up for Ctrl-C, nobody waits for it any more.
  next.catch(() => undefined)
  let timer: NodeJS.Timeout | undefined
  const idle = new Promise<'idle'>((resolve) => {
    timer = setTimeout(resolve, lingerMs, 'idle')
  })
  try {
    if ((await Promise.race([next, idle])) === 'idle') await onIdle()
    const result = await Promise.race([next, aborted])
    return result.done === true ? undefined : result.value
  } finally {
    clearTimeout(timer)
  }
}

async function sendLines(
  input: ProduceInput,
  writer: RowWriter,
  findKey: FindKey | undefined,
  context: ProduceContext,
  progress: (rows: number) => void,
): Promise<number> {
  const chunks = allChunks(input, context.files)
  const key = { start: -1, end: -1 }
  let rest: Buffer = noBytes
  let bytes = 0
  let line = 0
  let told = 0
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(context.signal.reason)
    if (context.signal.aborted) onAbort()
    else context.signal.addEventListener('abort', onAbort, { once: true })
  })
  aborted.catch(() => undefined)
  const add = (source: Uint8Array, start: number, end: number, now: number) => {
    findKey?.(source, start, end, key)
    line++
    bytes += end - start
    return writer.add(source, start, end, source, key.start, key.end, now)
  }
  try {
    for (;;) {
      const chunk = await nextChunk(chunks, () => writer.flush(), aborted)
      if (chunk === undefined) break
      const now = context.clock.now()
      const all = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      let start = 0
      let end = all.indexOf(lineFeed)
      if (end >= 0 && rest.length > 0) {
        const row = Buffer.concat([rest, all.subarray(0, end)])
        rest = noBytes
        await add(row, 0, row.length, now)
        start = end + 1
        end = all.indexOf(lineFeed, start)
      }
      while (end >= 0) {
        const wait = add(all, start, end, now)
        if (wait !== undefined) await wait
        start = end + 1
        end = all.indexOf(lineFeed, start)
      }
      if (start < all.length) rest = Buffer.concat([rest, all.subarray(start)])
      if (context.clock.monotonic() - told > progressMs) {
        told = context.clock.monotonic()
        progress(writer.delivered)
      }
    }
    await writer.flush()
  } catch (error) {
    if (error instanceof FailedError && error.code === 'KAFKA_TOO_LARGE')
      throw new FailedError(error.code, `line ${number(line)}: ${error.message}`, { hints: error.hints, cause: error })
    throw error
  } finally {
    context.signal.removeEventListener('abort', onAbort)
    // Not waited for: a stdin that brings nothing would hold up Ctrl-C.
    chunks.return(undefined).catch(() => undefined)
  }
  return bytes
}

/** Sends lines as rows. Each is confirmed by the broker when this returns. */
export async function produce(log: EventLog, input: ProduceInput, context: ProduceContext): Promise<ProduceResult> {
  if (input.key !== undefined && input.keyColumn !== undefined)
    throw new UsageError('KEY_TWICE', 'the key is given by --key and by --key-column')
  const findKey =
    input.key !== undefined
      ? keyOfPattern(input.key)
      : input.keyColumn !== undefined
        ? keyOfColumn(input.keyColumn)
        : undefined
  for (const name of input.files) {
    if (name !== '-' && (await context.files.stat(path.resolve(name)))?.kind !== 'file')
      throw new UsageError('FILE_ABSENT', `${name} is no file`)
  }
  const started = context.clock.monotonic()
  return stage(
    context.emit,
    { id: `produce:${input.topic}`, title: `produce to ${input.topic}` },
    async (progress) => {
      const writer = await log.writer(input.topic, { gzip: input.gzip, deliveryMs: input.deliveryMs })
      const result = (bytes: number): ProduceResult => ({
        topic: input.topic,
        rows: writer.delivered,
        bytes,
        sentBytes: writer.deliveredBytes,
        resent: writer.resent,
        partitions: writer.partitions,
        ms: Math.round(context.clock.monotonic() - started),
      })
      try {
        return result(await sendLines(input, writer, findKey, context, (rows) => progress(rows, 'rows')))
      } catch (error) {
        await writer.settle()
        if (!context.signal.aborted) throw error
        throw new InterruptedError(`interrupted; ${plural(writer.delivered, 'row')} were delivered before`, {
          data: { ...result(0) },
        })
      }
    },
    ({ rows, resent }) => ({
      outcome: rows === 0 ? 'unchanged' : 'done',
      summary: `delivered${resent === 0 ? '' : `, ${plural(resent, 'batch', 'batches')} sent again`}`,
      counts: { rows },
    }),
  )
}
