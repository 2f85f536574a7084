import { duration, number, plural, rate } from './format.js'
import { table as textTable } from './table.js'

interface Row {
  readonly key: Buffer
  readonly cells: readonly { readonly column: string; readonly value: Buffer; readonly timestamp: number }[]
}

/** Text where the bytes are text; else as the HBase shell writes them, `\x00A`. */
export function readable(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  if (!text.includes('\ufffd') && Buffer.from(text, 'utf8').equals(bytes)) return text
  return [...bytes]
    .map((byte) =>
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
}

export function rowJson(row: Row) {
  return {
    key: readable(row.key),
    cells: Object.fromEntries(row.cells.map(({ column, value }) => [column, readable(value)])),
    timestamp: new Date(Math.max(0, ...row.cells.map(({ timestamp }) => timestamp))).toISOString(),
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
const oneLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')

/** `key  cf1:area=A01  cf1:speed=80` */
export function rowLine(row: Row): string {
  const cells = row.cells.map(({ column, value }) => `${column}=${readable(value)}`)
  return `${oneLine([readable(row.key), ...cells].join('  '))}\n`
}

export function rowText(row: Row): string {
  return textTable(
    [{ title: 'column' }, { title: 'value' }, { title: 'written (UTC)' }],
    row.cells.map(({ column, value, timestamp }) => [
      column,
      readable(value),
      new Date(timestamp).toISOString().slice(0, 19).replace('T', ' '),
    ]),
  )
}

export function tablesText({ tables }: { readonly tables: readonly string[] }): string {
  return tables.length === 0 ? 'there are no tables: smartcar hbase create makes one\n' : `${tables.join('\n')}\n`
}

interface Description {
  readonly table: string
  readonly families: readonly { readonly name: string; readonly settings: Readonly<Record<string, string>> }[]
  readonly regions: readonly { readonly start: string; readonly end: string; readonly server: string }[]
}

export function tableText({ table, families, regions }: Description): string {
  const shown = ['VERSIONS', 'COMPRESSION', 'BLOOMFILTER', 'TTL']
  const time = (value: string | undefined) => (value === '2147483647' ? 'forever' : value)
  return [
    `${table}: ${families.length === 1 ? '1 family' : `${families.length} families`}, ${plural(regions.length, 'region')}\n`,
    textTable(
      [{ title: 'family' }, ...shown.map((title) => ({ title: title.toLowerCase() }))],
      families.map(({ name, settings }) => [name, ...shown.map((key) => time(settings[key]) ?? '')]),
    ),
    '\n',
    textTable(
      [{ title: 'from key' }, { title: 'up to' }, { title: 'server' }],
      regions.map(({ start, end, server }) => [start === '' ? '(first)' : start, end === '' ? '(last)' : end, server]),
    ),
  ].join('')
}

export function createdText(result: Description & { readonly outcome: string }): string {
  return `${result.outcome} ${result.table}, ${plural(result.regions.length, 'region')}\n`
}

export function storedText({
  table,
  rows,
  ms,
}: {
  readonly table: string
  readonly rows: number
  readonly ms: number
}) {
  const pace = rows > 1 ? ` in ${duration(ms)}, ${rate(rows, ms)}` : ''
  return `${plural(rows, 'row')} stored in ${table}${pace}\n`
}

export const countText = ({ rows }: { readonly rows: number }) => `${number(rows)}\n`
