import { UnreachableError, UsageError } from '../../core/errors.js'
import type { Emit } from '../../core/events.js'
import { stage } from '../../core/events.js'
import type { Clock } from '../../core/ports.js'
import { plural } from '../../render/format.js'
import type { EventLog, RecordView } from '../../services/kafka/client.js'

export type Start =
  | { readonly at: 'beginning' | 'latest' | 'committed' }
  | { readonly at: 'offset'; readonly offset: number }
  | { readonly at: 'time'; readonly time: number }

export interface ConsumeInput {
  readonly topic: string
  readonly from: Start
  /** Commits how far was read, and starts there the next time. */
  readonly group?: string
  /** This partition alone. */
  readonly partition?: number
  /** Rows at most. */
  readonly limit?: number
  /** Go on after the end, until Ctrl-C. */
  readonly follow: boolean
  readonly format: 'raw' | 'json'
  /** Keep the rows in the result (`--json`). */
  readonly collect: boolean
}

export interface ConsumedRow {
  readonly partition: number
  readonly offset: number
  readonly timestamp: string
  readonly key: string | null
  readonly value: string | null
}

export interface ConsumeResult {
  readonly topic: string
  readonly rows: number
  readonly bytes: number
  /** By partition: where reading began and where the next would begin. */
  readonly partitions: readonly { readonly partition: number; readonly from: number; readonly to: number }[]
  readonly committed: boolean
  readonly ms: number
  readonly values?: readonly ConsumedRow[]
}

export interface ConsumeContext {
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

const commitMs = 5000
const progressMs = 500
const waitMs = 500
/** How long a broker may be away with --follow. */
const awayMs = 60_000

const text = (bytes: Buffer, start: number, end: number) => (start < 0 ? null : bytes.toString('utf8', start, end))

function rowOf(partition: number, record: RecordView): ConsumedRow {
  return {
    partition,
    offset: record.offset,
    timestamp: new Date(record.timestamp).toISOString(),
    key: text(record.bytes, record.keyStart, record.keyEnd),
    value: text(record.bytes, record.valueStart, record.valueEnd),
  }
}

/** Where each partition begins, and the end that is read to without --follow. */
async function range(log: EventLog, input: ConsumeInput) {
  const all = await log.offsets(input.topic)
  const chosen = all.filter(({ partition }) => input.partition === undefined || partition === input.partition)
  if (chosen.length === 0)
    throw new UsageError('KAFKA_PARTITION', `${input.topic} has ${plural(all.length, 'partition')}, from 0`)
  const { from, group, topic } = input
  const committed = group === undefined ? new Map<number, number>() : await log.committed(group, topic)
  const byTime = from.at === 'time' ? await log.offsetsAt(topic, from.time) : []
  return chosen.map(({ partition, low, high }) => {
    const begin = () => {
      if (from.at === 'offset') return from.offset
      if (from.at === 'time') return byTime.find((one) => one.partition === partition)?.low ?? high
      if (from.at === 'latest') return high
      if (from.at === 'committed') return committed.get(partition) ?? low
      return low
    }
    // What retention has removed cannot be read: the oldest row that is there comes first.
    return { partition, from: Math.min(Math.max(begin(), low), high), end: high }
  })
}

/** Rows of a topic to `write`, partition by partition in the order of their offsets. */
export async function consume(
  log: EventLog,
  input: ConsumeInput,
  write: (chunk: Uint8Array | string) => Promise<void>,
  context: ConsumeContext,
): Promise<ConsumeResult> {
  const { topic, group, follow } = input
  const limit = input.limit ?? Number.POSITIVE_INFINITY
  const started = context.clock.monotonic()
  const values: ConsumedRow[] = []
  let rows = 0
  let bytes = 0
  const ranges = await range(log, input)
  const ends = new Map(ranges.map(({ partition, end }) => [partition, end]))
  const reached = new Map(ranges.map(({ partition, from }) => [partition, from]))
  const total = ranges.reduce((sum, { from, end }) => sum + end - from, 0)
  const committed = new Map<number, number>()
  const commit = async () => {
    if (group === undefined) return
    const news = new Map([...reached].filter(([partition, offset]) => committed.get(partition) !== offset))
    await log.commit(group, topic, news)
    for (const [partition, offset] of news) committed.set(partition, offset)
  }

  const read = async (progress: (rows: number, of?: number) => void) => {
    let lastCommit = context.clock.monotonic()
    let lastProgress = lastCommit
    let awaySince: number | undefined
    const open = new Map([...reached].filter(([partition, offset]) => follow || offset < (ends.get(partition) ?? 0)))
    while (open.size > 0 && rows < limit) {
      let pieces: Buffer[] = []
      const lines: string[] = []
      const visit = (partition: number, record: RecordView) => {
        if (rows >= limit || (!follow && record.offset >= (ends.get(partition) ?? 0))) return
        rows++
        reached.set(partition, record.offset + 1)
        bytes += Math.max(0, record.valueEnd - record.valueStart)
        if (input.collect) values.push(rowOf(partition, record))
        else if (input.format === 'json') lines.push(JSON.stringify(rowOf(partition, record)))
        else if (record.valueStart >= 0) pieces.push(record.bytes.subarray(record.valueStart, record.valueEnd), newLine)
      }
      try {
        await log.fetch(topic, open, { waitMs, visit })
        awaySince = undefined
      } catch (error) {
        if (!follow || !(error instanceof UnreachableError)) throw error
        awaySince ??= context.clock.monotonic()
        if (context.clock.monotonic() - awaySince > awayMs) throw error
        await context.clock.sleep(1000, context.signal)
      }
      if (pieces.length > 0) await write(Buffer.concat(pieces))
      pieces = []
      if (lines.length > 0) await write(`${lines.join('\n')}\n`)
      for (const [partition, offset] of open) {
        if (rows >= limit) break
        // Offsets that no row has (transactions, compaction) count as read.
        reached.set(partition, follow ? offset : Math.min(offset, ends.get(partition) ?? offset))
        if (!follow && offset >= (ends.get(partition) ?? 0)) open.delete(partition)
      }
      const now = context.clock.monotonic()
      if (now - lastProgress > progressMs) {
        lastProgress = now
        progress(rows, follow || input.limit !== undefined ? undefined : total)
      }
      if (now - lastCommit > commitMs) {
        await commit()
        lastCommit = now
      }
    }
  }

  return stage(
    context.emit,
    { id: `consume:${topic}`, title: `consume ${topic}` },
    async (progress) => {
      try {
        await read((done, of) => progress(done, 'rows', of))
      } catch (error) {
        // Ctrl-C: what was written is not read again.
        if (context.signal.aborted) await commit()
        throw error
      }
      await commit()
      return {
        topic,
        rows,
        bytes,
        partitions: ranges.map(({ partition, from }) => ({ partition, from, to: reached.get(partition) ?? from })),
        committed: group !== undefined,
        ms: Math.round(context.clock.monotonic() - started),
        ...(input.collect ? { values } : {}),
      }
    },
    (result) => ({ outcome: 'done', summary: result.committed ? 'committed' : 'done', counts: { rows: result.rows } }),
  )
}

const newLine = Buffer.from('\n')

/** `beginning`, `latest`, an offset, or a time as ISO 8601; the group's own place when left out. */
export function parseStart(given: string | undefined, group: string | undefined): Start {
  if (given === undefined) return { at: group === undefined ? 'beginning' : 'committed' }
  if (given === 'beginning' || given === 'latest') return { at: given }
  if (/^\d{1,15}$/.test(given)) return { at: 'offset', offset: Number(given) }
  const time = Date.parse(given)
  if (Number.isNaN(time) || !/^\d{4}-\d{2}-\d{2}/.test(given)) {
    throw new UsageError('KAFKA_FROM', `--from ${given} is no place in a topic`, {
      hints: ['beginning, latest, an offset such as 1200, or a time such as 2020-03-22T10:00:00Z'],
    })
  }
  return { at: 'time', time }
}
