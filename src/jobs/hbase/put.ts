import path from 'node:path'
import { InterruptedError, throwIfInterrupted, UnreachableError, UsageError } from '../../core/errors.js'
import { type Emit, stage } from '../../core/events.js'
import type { Clock, Files } from '../../core/ports.js'
import { number } from '../../render/format.js'
import type { HBase, NewRow } from '../../services/hbase/client.js'
import { badLine, csvFields, textLines } from './csv.js'

export interface PutRowsInput {
  readonly table: string
  /** `-` for stdin */
  readonly file: string
  readonly stdin: () => AsyncIterable<Uint8Array>
  /** Names of the fields where the file has no header: `key`, columns, `-` for a field that is left out. */
  readonly columns?: readonly string[]
  readonly delimiter: string
}

export interface HBaseWorkContext {
  readonly files: Files
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

const batchRows = 1000
const inFlight = 4
/** The same row twice is the same row, so that a batch may be sent again. */
const tries = 5
const chunkBytes = 1024 * 1024

async function* fileChunks(files: Files, name: string): AsyncGenerator<Uint8Array> {
  await using reader = await files.open(name)
  for (;;) {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    const read = await reader.read(chunk)
    if (read === 0) return
    yield chunk.subarray(0, read)
  }
}

/** `cf1:speed=80` as a cell. */
export function parseCells(given: readonly string[]): readonly (readonly [string, string])[] {
  return given.map((text) => {
    const [, column, value] = /^([^:=]+:[^=]*)=([\s\S]*)$/.exec(text) ?? []
    if (column !== undefined && value !== undefined) return [column, value]
    throw new UsageError('HBASE_CELL', `"${text}" is no cell`, { hints: ['write it as cf1:speed=80'] })
  })
}

/** Which field is the key, and the column of each other one. */
function layout(names: readonly string[], source: string) {
  const key = names.indexOf('key')
  if (key < 0)
    throw new UsageError('HBASE_HEADER', `${source}: no field is named key`, {
      hints: ['the first line names the fields: key,cf1:speed,cf1:area', 'or --columns key,cf1:speed,-,cf1:area'],
    })
  const columns = names.map((name, index) => (index === key || name === '-' ? undefined : name))
  const wrong = columns.find((name) => name !== undefined && !/^[^:]+:/.test(name))
  if (wrong !== undefined)
    throw new UsageError('HBASE_HEADER', `${source}: ${wrong} names no family`, { hints: [`write it as cf1:${wrong}`] })
  return { key, columns }
}

async function* rowsOf(input: PutRowsInput, files: Files): AsyncGenerator<NewRow> {
  const source = input.file === '-' ? 'stdin' : input.file
  const chunks = input.file === '-' ? input.stdin() : fileChunks(files, path.resolve(input.file))
  let shape = input.columns === undefined ? undefined : layout(input.columns, source)
  let width = input.columns?.length ?? 0
  for await (const [line, at] of textLines(chunks)) {
    const fields = csvFields(line, input.delimiter)
    if (fields === undefined) throw badLine(source, at, 'a quote is not closed on its line')
    if (shape === undefined) {
      shape = layout(fields, source)
      width = fields.length
      continue
    }
    if (line === '') continue
    if (fields.length !== width) throw badLine(source, at, `${fields.length} fields instead of ${width}`)
    const key = fields[shape.key] as string
    if (key === '') throw badLine(source, at, 'the key is empty')
    const cells = shape.columns.flatMap((column, index): (readonly [string, string])[] =>
      // An empty field is a cell that is not there.
      column === undefined || fields[index] === '' ? [] : [[column, fields[index] as string]],
    )
    if (cells.length > 0) yield { key, cells }
  }
}

async function sendAgain(hbase: HBase, table: string, rows: readonly NewRow[], context: HBaseWorkContext) {
  for (let count = 1; ; count++) {
    try {
      return await hbase.put(table, rows)
    } catch (error) {
      if (!(error instanceof UnreachableError) || count >= tries) throw error
      await context.clock.sleep(300 * 2 ** count, context.signal)
    }
  }
}

/** Rows of a file or of stdin, a thousand a request, four requests under way. */
export function putRows(hbase: HBase, input: PutRowsInput, context: HBaseWorkContext) {
  const { table } = input
  const started = context.clock.monotonic()
  return stage(
    context.emit,
    { id: `hbase:put:${table}`, title: `put rows into ${table}` },
    async (progress) => {
      await hbase.existing(table)
      if (input.file !== '-' && (await context.files.stat(path.resolve(input.file)))?.kind !== 'file')
        throw new UsageError('FILE_ABSENT', `${input.file} is no file`)
      const under = new Set<Promise<void>>()
      let rows = 0
      let failure: unknown
      let batch: NewRow[] = []
      const send = async () => {
        const full = batch
        batch = []
        if (full.length === 0) return
        const sending = sendAgain(hbase, table, full, context)
          .then(() => {
            rows += full.length
            progress(rows, 'rows')
          })
          .catch((error) => {
            failure ??= error
          })
          .finally(() => under.delete(sending))
        under.add(sending)
        if (under.size >= inFlight) await Promise.race(under)
      }
      try {
        for await (const row of rowsOf(input, context.files)) {
          throwIfInterrupted(context.signal)
          if (failure !== undefined) throw failure
          batch.push(row)
          if (batch.length >= batchRows) await send()
        }
        await send()
      } finally {
        await Promise.all(under)
      }
      if (context.signal.aborted) throw new InterruptedError(`interrupted; ${number(rows)} rows were stored before`)
      if (failure !== undefined) throw failure
      return { table, rows, ms: Math.round(context.clock.monotonic() - started) }
    },
    ({ rows }) => ({ outcome: rows === 0 ? 'unchanged' : 'done', summary: 'stored', counts: { rows } }),
  )
}

export async function putCells(hbase: HBase, table: string, key: string, cells: readonly string[]) {
  const row = { key, cells: parseCells(cells) }
  await hbase.existing(table)
  await hbase.put(table, [row])
  return { table, rows: 1, ms: 0 }
}
