import type { Cluster } from '../../core/cluster/cluster.js'
import { didYouMean } from '../../core/did-you-mean.js'
import { BugError, FailedError, UnreachableError, UsageError } from '../../core/errors.js'
import type { Http, HttpRequest, HttpResponse } from '../../core/ports.js'

export interface HBaseCell {
  /** `family:qualifier` */
  readonly column: string
  readonly value: Buffer
  /** milliseconds since 1970 */
  readonly timestamp: number
}

export interface HBaseRow {
  readonly key: Buffer
  readonly cells: readonly HBaseCell[]
}

export interface NewRow {
  readonly key: string
  readonly cells: readonly (readonly [column: string, value: string])[]
}

export interface RegionState {
  readonly start: string
  readonly end: string
  readonly server: string
}

export interface TableDescription {
  readonly table: string
  readonly families: readonly { readonly name: string; readonly settings: Readonly<Record<string, string>> }[]
  readonly regions: readonly RegionState[]
}

export interface ScanOptions {
  /** First key, and the key that is not read any more. */
  readonly start?: string
  readonly end?: string
  readonly prefix?: string
  /** `family` or `family:qualifier` */
  readonly columns?: readonly string[]
  /** Only that the row is there: its key, and one cell without its value. */
  readonly keysOnly?: boolean
}

/** HBase by its REST server. Keys and values travel as base64, so that any bytes are taken. */
export interface HBase {
  readonly where: string
  tables(): Promise<readonly string[]>
  describe(table: string): Promise<TableDescription>
  /** One region; false when it is there already. */
  create(table: string, families: readonly string[]): Promise<boolean>
  drop(table: string): Promise<void>
  put(table: string, rows: readonly NewRow[]): Promise<void>
  /** undefined when there is no such row. */
  get(table: string, key: string, columns?: readonly string[]): Promise<HBaseRow | undefined>
  scan(table: string, options?: ScanOptions): AsyncIterable<readonly HBaseRow[]>
  /** Throws HBASE_TABLE_ABSENT with the nearest name. */
  existing(table: string): Promise<void>
}

interface JsonRows {
  readonly Row?: readonly {
    readonly key: string
    readonly Cell: readonly { readonly column: string; readonly timestamp: number; readonly $: string }[]
  }[]
}

const timeoutMs = 60_000
/** An answer may be as long as its cells. */
const answerLimit = 256 * 1024 * 1024
/** What a scanner brings at once: it counts cells, not rows. */
const scannerCells = 5000
const json = { accept: 'application/json', 'content-type': 'application/json' }
const base64 = (text: string | Buffer) => Buffer.from(text as string).toString('base64')
const keysOnlyFilter = JSON.stringify({
  type: 'FilterList',
  op: 'MUST_PASS_ALL',
  filters: [{ type: 'FirstKeyOnlyFilter' }, { type: 'KeyOnlyFilter' }],
})

/** A part of a path; `*` at its end would make a row a prefix. */
const encode = (part: string) => encodeURIComponent(part).replaceAll('*', '%2A')

/** The first key behind all that begin with `prefix`; undefined when there is none. */
export function afterPrefix(prefix: Buffer): Buffer | undefined {
  const next = Buffer.from(prefix)
  for (let at = next.length - 1; at >= 0; at--) {
    if ((next[at] as number) === 255) continue
    next[at] = (next[at] as number) + 1
    return next.subarray(0, at + 1)
  }
  return undefined
}

function rowsOf(answer: JsonRows): HBaseRow[] {
  return (answer.Row ?? []).map(({ key, Cell }) => ({
    key: Buffer.from(key, 'base64'),
    cells: Cell.map(({ column, timestamp, $ }) => ({
      column: Buffer.from(column, 'base64').toString('utf8'),
      value: Buffer.from($ ?? '', 'base64'),
      timestamp,
    })),
  }))
}

export function openHBase(cluster: Cluster, options: { readonly http: Http; readonly signal: AbortSignal }): HBase {
  return new RestHBase(cluster, options)
}

class RestHBase implements HBase {
  readonly where: string
  private readonly root: string

  constructor(
    private readonly cluster: Cluster,
    private readonly options: { readonly http: Http; readonly signal: AbortSignal },
  ) {
    const { host, address, port } = cluster.endpoint('hbase-rest', 'http')
    this.where = `HBase's REST server on ${host}, ${address}:${port}`
    this.root = `http://${address.includes(':') ? `[${address}]` : address}:${port}`
  }

  private async send(
    method: HttpRequest['method'],
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = json,
  ): Promise<HttpResponse> {
    try {
      return await this.options.http.request({
        method,
        url: path.startsWith('http') ? path : `${this.root}${path}`,
        headers,
        ...(body === undefined ? {} : { body }),
        timeoutMs,
        signal: this.options.signal,
        addressOf: (name) => this.cluster.addressOf(name),
      })
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
      throw new UnreachableError('SERVICE_UNREACHABLE', `${this.where}: ${error.message.replace(/^\S+: /, '')}`, {
        cause: error,
        place: { thing: this.where },
        hints: ['smartcar cluster status shows whether HBase runs'],
      })
    }
  }

  /** An answer that says no, as an error. REST answers 404 for a table, a family and a row alike. */
  private async refusal(response: HttpResponse, table: string): Promise<never> {
    const text = await response.text()
    const exception = /([A-Za-z.]*(?:Exception|Error)): *(.*)/.exec(text)
    const name = exception?.[1]?.split('.').at(-1)
    if (name === 'TableNotFoundException') await this.existing(table)
    const family = /Column family (\S+) does not exist/.exec(text)?.[1]
    if (family !== undefined) {
      const known = (await this.describe(table)).families.map((one) => one.name)
      throw new FailedError(
        'HBASE_FAMILY_ABSENT',
        `the table ${table} has no family ${family}${didYouMean(family, known)}`,
        {
          hints: [`it has ${known.join(', ')}`],
        },
      )
    }
    if (response.status === 503 || name === 'RetriesExhaustedException' || name === 'NoServerForRegionException') {
      throw new UnreachableError('HBASE_NOT_SERVING', `${this.where} does not reach the regions of ${table}`, {
        hints: ['smartcar cluster status shows whether HMaster and RegionServer run'],
        cause: exception?.[0]?.slice(0, 500),
      })
    }
    const what = exception?.[2] || text.split('\n').find((line) => line.trim() !== '') || 'no reason is given'
    throw new FailedError('HBASE_FAILED', `${table}: HBase answers ${response.status}: ${what.slice(0, 500)}`, {
      data: { status: response.status, ...(name === undefined ? {} : { exception: name }) },
    })
  }

  private async parsed<T>(response: HttpResponse, table: string): Promise<T> {
    if (response.status >= 300) return this.refusal(response, table)
    return JSON.parse(await response.text(answerLimit)) as T
  }

  async tables(): Promise<readonly string[]> {
    const response = await this.send('GET', '/')
    const { table = [] } = await this.parsed<{ table?: readonly { name: string }[] }>(response, 'the list of tables')
    return table.map(({ name }) => name).sort()
  }

  async existing(table: string): Promise<void> {
    const known = await this.tables()
    if (known.includes(table)) return
    throw new FailedError('HBASE_TABLE_ABSENT', `there is no table ${table}${didYouMean(table, known)}`, {
      hints: [
        known.length === 0 ? 'there are none' : `there are ${known.slice(0, 10).join(', ')}`,
        `smartcar hbase create ${table} makes it`,
      ],
    })
  }

  async describe(table: string): Promise<TableDescription> {
    const [schema, regions] = await Promise.all([
      this.send('GET', `/${encode(table)}/schema`).then((response) =>
        this.parsed<{ ColumnSchema?: readonly Record<string, string>[] }>(response, table),
      ),
      this.send('GET', `/${encode(table)}/regions`).then((response) =>
        this.parsed<{ Region?: readonly { startKey: string; endKey: string; location: string }[] }>(response, table),
      ),
    ])
    return {
      table,
      families: (schema.ColumnSchema ?? []).map(({ name = '', ...settings }) => ({ name, settings })),
      regions: (regions.Region ?? []).map(({ startKey, endKey, location }) => ({
        start: Buffer.from(startKey, 'base64').toString('latin1'),
        end: Buffer.from(endKey, 'base64').toString('latin1'),
        server: location,
      })),
    }
  }

  async create(table: string, families: readonly string[]): Promise<boolean> {
    if ((await this.tables()).includes(table)) return false
    const body = JSON.stringify({ name: table, ColumnSchema: families.map((name) => ({ name })) })
    const response = await this.send('PUT', `/${encode(table)}/schema`, body)
    if (response.status >= 300) await this.refusal(response, table)
    await response.text()
    return true
  }

  async drop(table: string): Promise<void> {
    const response = await this.send('DELETE', `/${encode(table)}/schema`)
    if (response.status >= 300) await this.refusal(response, table)
    await response.text()
  }

  async put(table: string, rows: readonly NewRow[]): Promise<void> {
    const body = JSON.stringify({
      Row: rows.map(({ key, cells }) => ({
        key: base64(key),
        Cell: cells.map(([column, value]) => ({ column: base64(column), $: base64(value) })),
      })),
    })
    // Any row name does: the keys are in the body.
    const response = await this.send('PUT', `/${encode(table)}/rows`, body)
    if (response.status >= 300) await this.refusal(response, table)
    await response.text()
  }

  async get(table: string, key: string, columns: readonly string[] = []): Promise<HBaseRow | undefined> {
    const chosen = columns.length === 0 ? '' : `/${columns.map(encode).join(',')}`
    const response = await this.send('GET', `/${encode(table)}/${encode(key)}${chosen}`)
    if (response.status === 404) {
      await response.text()
      await this.existing(table)
      return undefined
    }
    return rowsOf(await this.parsed<JsonRows>(response, table))[0]
  }

  private async scanner(table: string, options: ScanOptions): Promise<string> {
    // A scanner is made of any table, and fails at its first rows.
    await this.existing(table)
    const { prefix, columns = [] } = options
    const start = options.start ?? prefix
    const behind = prefix === undefined ? undefined : afterPrefix(Buffer.from(prefix))
    const end = options.end === undefined ? behind : Buffer.from(options.end)
    const parts = [
      `<Scanner batch="${scannerCells}"`,
      start === undefined || start === '' ? '' : ` startRow="${base64(start)}"`,
      end === undefined || end.length === 0 ? '' : ` endRow="${base64(end)}"`,
      '>',
      ...columns.map((column) => `<column>${base64(column)}</column>`),
      // As an attribute a filter is ignored without a word.
      options.keysOnly === true
        ? `<filter>${keysOnlyFilter.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</filter>`
        : '',
      '</Scanner>',
    ]
    const response = await this.send('PUT', `/${encode(table)}/scanner`, parts.join(''), { 'content-type': 'text/xml' })
    if (response.status !== 201) return this.refusal(response, table)
    await response.text()
    const { location } = response.headers
    if (location === undefined) throw new BugError('HBase made a scanner without a place')
    // The server calls itself by a name that this machine need not know, or by the one that was asked for.
    return `${this.root}${new URL(location).pathname}`
  }

  async *scan(table: string, options: ScanOptions = {}): AsyncGenerator<readonly HBaseRow[]> {
    for (const column of options.columns ?? [])
      if (!/^[^:]+(:.*)?$/.test(column))
        throw new UsageError('HBASE_COLUMN', `${column} is no column`, { hints: ['cf1:speed'] })
    const place = await this.scanner(table, options)
    let open = true
    try {
      let held: HBaseRow | undefined
      for (;;) {
        const response = await this.send('GET', place, undefined, { accept: 'application/json' })
        if (response.status === 204) {
          await response.text()
          break
        }
        const rows = rowsOf(await this.parsed<JsonRows>(response, table))
        // A row may be cut by the end of a batch: the last one waits for what comes.
        const [first] = rows
        if (held !== undefined && first?.key.equals(held.key)) {
          rows[0] = { key: held.key, cells: [...held.cells, ...first.cells] }
        } else if (held !== undefined) rows.unshift(held)
        held = rows.pop()
        if (rows.length > 0) yield rows
      }
      // The server closes a scanner that has come to its end.
      if (held !== undefined) yield [held]
    } catch (error) {
      open = !(error instanceof UnreachableError)
      throw error
    } finally {
      if (open && !this.options.signal.aborted) {
        await this.send('DELETE', place)
          .then((response) => response.text())
          .catch(() => undefined)
      }
    }
  }
}
