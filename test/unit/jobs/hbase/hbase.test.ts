import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { clusterOf } from '../../../../src/core/cluster/cluster.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import { csvFields } from '../../../../src/jobs/hbase/csv.js'
import { putCells, putRows } from '../../../../src/jobs/hbase/put.js'
import { countRows, scanRows } from '../../../../src/jobs/hbase/scan.js'
import { createTable, dropTable, getRow } from '../../../../src/jobs/hbase/tables.js'
import { readable } from '../../../../src/render/hbase.js'
import { afterPrefix, openHBase } from '../../../../src/services/hbase/client.js'
import { testContext } from '../../../support/context.js'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const plain = (text: string) => Buffer.from(text, 'base64').toString('utf8')

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** HBase's REST server as recorded from 2.6.1: any row name for a put, 404 with a trace, scanners that count cells. */
async function world(options: { readonly failPuts?: number } = {}) {
  const tables = new Map<string, Map<string, Map<string, string>>>()
  const scanners = new Map<string, [string, string, string][]>()
  const deleted: string[] = []
  let failures = options.failPuts ?? 0
  let batch = 0
  const server = createServer(async (request, response) => {
    const json = (value: unknown) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(value))
    }
    const end = (status: number, text = '') => {
      response.writeHead(status)
      response.end(text)
    }
    const body = await bodyOf(request)
    const [, name = '', part = '', rest = ''] = (request.url ?? '').split('/').map(decodeURIComponent)
    const table = tables.get(name)
    if (name === '') return json({ table: [...tables.keys()].map((one) => ({ name: one })) })
    if (part === 'schema' && request.method === 'PUT') {
      tables.set(name, new Map())
      return end(201)
    }
    if (part === 'scanner' && request.method === 'PUT') {
      const [, start] = /startRow="([^"]*)"/.exec(body) ?? []
      const [, stop] = /endRow="([^"]*)"/.exec(body) ?? []
      batch = Number(/batch="(\d+)"/.exec(body)?.[1]) > 4 ? 5 : 1
      const keysOnly = body.includes('KeyOnlyFilter')
      const cells = [...(table ?? [])]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .filter(([key]) => key >= plain(start ?? '') && (stop === undefined || key < plain(stop)))
        .flatMap(([key, row]) =>
          [...row]
            .slice(0, keysOnly ? 1 : undefined)
            .map(([column, value]): [string, string, string] => [key, column, keysOnly ? '' : value]),
        )
      scanners.set('1', cells)
      response.writeHead(201, { location: `http://name.only.hbase.knows:1/${name}/scanner/1` })
      return response.end()
    }
    if (part === 'scanner' && request.method === 'DELETE') {
      deleted.push(rest)
      return end(200)
    }
    if (part === 'scanner') {
      const cells = scanners.get(rest)?.splice(0, batch) ?? []
      if (cells.length === 0) return end(204)
      const rows: { key: string; Cell: { column: string; timestamp: number; $: string }[] }[] = []
      for (const [key, column, value] of cells) {
        const cell = { column: base64(column), timestamp: 1, $: base64(value) }
        if (rows.at(-1)?.key === base64(key)) rows.at(-1)?.Cell.push(cell)
        else rows.push({ key: base64(key), Cell: [cell] })
      }
      return json({ Row: rows })
    }
    if (table === undefined)
      return end(404, `Not found\norg.apache.hadoop.hbase.TableNotFoundException: ${name}\n\tat x`)
    if (part === 'schema' && request.method === 'DELETE') {
      tables.delete(name)
      return end(200)
    }
    if (part === 'schema') return json({ name, ColumnSchema: [{ name: 'cf1', VERSIONS: '1' }] })
    if (part === 'regions') return json({ name, Region: [{ startKey: '', endKey: '', location: 'x:1' }] })
    if (request.method === 'PUT') {
      if (failures-- > 0) return request.socket.destroy()
      const { Row } = JSON.parse(body) as { Row: { key: string; Cell: { column: string; $: string }[] }[] }
      for (const { key, Cell } of Row)
        for (const { column, $ } of Cell) {
          if (!plain(column).startsWith('cf1:'))
            return end(
              404,
              `Not found\nx.NoSuchColumnFamilyException: Column family ${plain(column).split(':')[0]} does not exist in region`,
            )
          const row = table.get(plain(key)) ?? new Map<string, string>()
          row.set(plain(column), plain($))
          table.set(plain(key), row)
        }
      return end(200)
    }
    const row = table.get(part)
    if (row === undefined) return end(404, 'Not found\n')
    json({
      Row: [
        {
          key: base64(part),
          Cell: [...row].map(([column, value]) => ({ column: base64(column), timestamp: 1, $: base64(value) })),
        },
      ],
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const text = `name: fake
profile: apache
hosts:
  server01: { address: 127.0.0.1, roles: [hbase-rest, hmaster, regionserver] }
services:
  hbase:
    hbase-rest: { http: ${port} }
`
  const site = resolveSite({ siteFile: { path: '/s/smartcar.yaml', text }, environment: {}, workingFolder: '/s' })
  const context = await testContext()
  const hbase = openHBase(clusterOf(site), context)
  return {
    tables,
    deleted,
    context,
    hbase,
    fill: (csv: string, columns?: readonly string[]) =>
      putRows(
        hbase,
        {
          table: 'T',
          file: '-',
          stdin: () => Readable.from([Buffer.from(csv.slice(0, 7)), Buffer.from(csv.slice(7))]),
          delimiter: ',',
          ...(columns === undefined ? {} : { columns }),
        },
        context,
      ),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await context[Symbol.asyncDispose]()
    },
  }
}

const noHost = () => {
  throw new Error('no host is needed')
}
const spec = { table: 'T', families: ['cf1'], regions: 1, split: 'HexStringSplit' as const, ifAbsent: false }

describe('tables', () => {
  test('create, again, drop', async () => {
    await using on = await world()
    expect(await createTable(on.hbase, spec, noHost)).toMatchObject({ outcome: 'created' })
    await expect(createTable(on.hbase, spec, noHost)).rejects.toMatchObject({ code: 'HBASE_TABLE_EXISTS' })
    expect(await createTable(on.hbase, { ...spec, ifAbsent: true }, noHost)).toMatchObject({ outcome: 'unchanged' })
    await expect(dropTable(on.hbase, 'T', undefined)).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED' })
    await expect(dropTable(on.hbase, 'TT', 'TT')).rejects.toMatchObject({
      code: 'HBASE_TABLE_ABSENT',
      message: 'there is no table TT (did you mean "T"?)',
    })
    await dropTable(on.hbase, 'T', 'T')
    expect(on.tables.size).toBe(0)
  })

  test("several regions are made by HBase's own tool on the HMaster's host", async () => {
    await using on = await world()
    const ran: (readonly string[])[] = []
    const host = () => ({
      javaCommand: (role: string, mainClass: string, args: readonly string[]) =>
        ['java', role, mainClass, ...args] as [string, ...string[]],
      runOnHost: async (argv: readonly [string, ...string[]]) => {
        ran.push(argv)
        on.tables.set('T', new Map())
        return { code: 0, stdout: '', stderr: '' }
      },
    })
    await createTable(on.hbase, { ...spec, families: ['cf1', 'b'], regions: 2 }, host)
    expect(ran).toEqual([
      [
        'java',
        'hmaster',
        'org.apache.hadoop.hbase.util.RegionSplitter',
        'T',
        'HexStringSplit',
        '-c',
        '2',
        '-f',
        'cf1:b',
      ],
    ])
  })
})

describe('rows', () => {
  test('keys of any kind are stored and found', async () => {
    await using on = await world()
    on.tables.set('T', new Map())
    for (const key of ['a/b,c*', '100% é한글 ?#&', ' x ']) {
      await putCells(on.hbase, 'T', key, ['cf1:v==x'])
      expect((await getRow(on.hbase, 'T', key, [])).cells[0]?.value.toString()).toBe('=x')
    }
    await expect(getRow(on.hbase, 'T', 'nope', [])).rejects.toMatchObject({ code: 'HBASE_ROW_ABSENT' })
    await expect(getRow(on.hbase, 'X', 'nope', [])).rejects.toMatchObject({ code: 'HBASE_TABLE_ABSENT' })
    await expect(putCells(on.hbase, 'T', 'k', ['other:x=1'])).rejects.toMatchObject({
      code: 'HBASE_FAMILY_ABSENT',
      hints: ['it has cf1'],
    })
  })

  test('a file of 2,500 rows goes in batches, past cut connections, and is scanned and counted', async () => {
    await using on = await world({ failPuts: 2 })
    on.tables.set('T', new Map())
    const lines = Array.from({ length: 2500 }, (_, index) => `k${String(index).padStart(5, '0')},"a, ""b""",${index},`)
    expect(await on.fill(`key,cf1:text,cf1:n,cf1:none\n${lines.join('\n')}`)).toMatchObject({ rows: 2500 })
    expect(Object.fromEntries(on.tables.get('T')?.get('k00007') ?? [])).toEqual({ 'cf1:text': 'a, "b"', 'cf1:n': '7' })
    expect(await countRows(on.hbase, 'T', {}, on.context)).toMatchObject({ rows: 2500 })
    expect(await countRows(on.hbase, 'T', { prefix: 'k0001' }, on.context)).toMatchObject({ rows: 10 })
    // The server answers five cells at once, so that rows of two cells are cut.
    const scan = { table: 'T', start: 'k00010', end: 'k00013', format: 'json' as const, collect: true }
    const { values } = await scanRows(on.hbase, scan, async () => {}, on.context)
    expect(values?.map(({ key, cells }) => [key, cells])).toEqual(
      [10, 11, 12].map((n) => [`k000${n}`, { 'cf1:text': 'a, "b"', 'cf1:n': String(n) }]),
    )
  })

  test('a limit ends the scan and frees the scanner', async () => {
    await using on = await world()
    on.tables.set('T', new Map())
    await on.fill('1,a\n2,b\n3,c\n4,d\n5,e\n6,f\n7,g', ['key', 'cf1:v'])
    const written: string[] = []
    const scan = { table: 'T', limit: 3, format: 'text' as const, collect: false }
    await scanRows(on.hbase, scan, async (text) => void written.push(text), on.context)
    expect(written.join('')).toBe('1  cf1:v=a\n2  cf1:v=b\n3  cf1:v=c\n')
    expect(on.deleted).toEqual(['1'])
  })

  test('a line that cannot be stored is named', async () => {
    await using on = await world()
    on.tables.set('T', new Map())
    await expect(on.fill('key,cf1:a\nx,1\ny\n')).rejects.toMatchObject({
      exit: 'invalid',
      diagnostics: [{ message: '1 fields instead of 2', place: { line: 3 } }],
    })
    await expect(on.fill('name,cf1:a\nx,1\n')).rejects.toMatchObject({ code: 'HBASE_HEADER' })
    await expect(on.fill('key,a\nx,1\n')).rejects.toMatchObject({ code: 'HBASE_HEADER' })
  })
})

test('pieces', () => {
  expect(csvFields('a,"b,""c""",', ',')).toEqual(['a', 'b,"c"', ''])
  expect(csvFields('a,"b', ',')).toBeUndefined()
  expect(afterPrefix(Buffer.from([1, 255, 255]))).toEqual(Buffer.from([2]))
  expect(afterPrefix(Buffer.from([255]))).toBeUndefined()
  expect(readable(Buffer.from([0, 65, 255]))).toBe('\\x00A\\xFF')
  expect(readable(Buffer.from('한글'))).toBe('한글')
})
