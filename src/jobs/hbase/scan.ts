import { throwIfInterrupted, UsageError } from '../../core/errors.js'
import { stage } from '../../core/events.js'
import { rowJson, rowLine } from '../../render/hbase.js'
import type { HBase, ScanOptions } from '../../services/hbase/client.js'
import type { HBaseWorkContext } from './put.js'

export interface ScanInput extends ScanOptions {
  readonly table: string
  readonly limit?: number
  readonly format: 'text' | 'json'
  /** Keep the rows in the result (`--json`). */
  readonly collect: boolean
}

/** Rows in the order of their keys to `write`. */
export function scanRows(
  hbase: HBase,
  input: ScanInput,
  write: (text: string) => Promise<void>,
  context: Pick<HBaseWorkContext, 'emit' | 'signal' | 'clock'>,
) {
  const { table, limit = Number.POSITIVE_INFINITY, collect } = input
  if (input.prefix !== undefined && (input.start !== undefined || input.end !== undefined))
    throw new UsageError('HBASE_RANGE', '--prefix already says where to begin and to end')
  const started = context.clock.monotonic()
  return stage(
    context.emit,
    { id: `hbase:scan:${table}`, title: `scan ${table}` },
    async (progress) => {
      let rows = 0
      const values: ReturnType<typeof rowJson>[] = []
      for await (const batch of hbase.scan(table, input)) {
        throwIfInterrupted(context.signal)
        const taken = batch.slice(0, limit - rows)
        rows += taken.length
        if (collect) values.push(...taken.map(rowJson))
        else if (input.format === 'json') await write(taken.map((row) => `${JSON.stringify(rowJson(row))}\n`).join(''))
        else await write(taken.map(rowLine).join(''))
        progress(rows, 'rows')
        if (rows >= limit) break
      }
      const ms = Math.round(context.clock.monotonic() - started)
      return { table, rows, ms, ...(collect ? { values } : {}) }
    },
    ({ rows }) => ({ outcome: 'done', summary: 'done', counts: { rows } }),
  )
}

/** Number of rows, by their keys alone. */
export function countRows(
  hbase: HBase,
  table: string,
  range: Pick<ScanOptions, 'prefix' | 'start' | 'end'>,
  context: Pick<HBaseWorkContext, 'emit' | 'signal' | 'clock'>,
) {
  const write = async () => undefined
  return scanRows(hbase, { ...range, table, keysOnly: true, format: 'text', collect: false }, write, context)
}
