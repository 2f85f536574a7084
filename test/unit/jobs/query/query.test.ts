import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InterruptedError } from '../../../../src/core/errors.js'
import { type Asked, askWarehouse } from '../../../../src/jobs/query/ask.js'
import { querySummary, runQuery } from '../../../../src/jobs/query/query.js'
import { listSavedQueries, parseQueryFile, savedQueriesTable } from '../../../../src/jobs/query/saved.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { filled, plainSymptoms, writePartition } from '../export/sample.js'

let context: TestContext
beforeAll(async () => {
  context = await testContext()
  await writePartition(context, 'managed_smartcar_symptom_info', '20200321', plainSymptoms(2))
  await writePartition(context, 'managed_smartcar_symptom_info', '20200322', plainSymptoms(3))
})
afterAll(() => context[Symbol.asyncDispose]())

type Options = Partial<Omit<Asked, 'source'>> & { source?: Partial<Asked['source']> }

/** The text that a query writes, and its result. */
async function ask(sql: string | undefined, asked: Options = {}, on = context) {
  const parts: Buffer[] = []
  const result = await askWarehouse(
    {
      options: {},
      parameters: [],
      collect: false,
      ...asked,
      source: { sql, file: undefined, saved: undefined, stdin: () => Readable.from([]), ...asked.source },
    },
    async (bytes) => {
      parts.push(Buffer.from(bytes as Uint8Array))
    },
    on,
  )
  return { result, text: Buffer.concat(parts).toString('utf8') }
}

const failure = (sql: string, asked: Options = {}) =>
  ask(sql, asked).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as { code: string; message: string; exit: string; hints: string[]; place?: unknown },
  )

const every = `SELECT true AS yes, 1::TINYINT AS tiny, (-2147483648)::INTEGER AS int, 9007199254740993 AS big,
  170141183460469231731687303715884105727::HUGEINT AS huge, 1.50::DECIMAL(10, 2) AS price, 12345678901234567.89 AS exact,
  0.1::FLOAT AS single, 0.1::DOUBLE + 0.2::DOUBLE AS double, 'nan'::DOUBLE AS nan, DATE '2020-03-22' AS day,
  TIMESTAMP '2020-03-22 01:02:03.5' AS time, [1, NULL] AS list, {'a': 'x"y', 'b': 9007199254740993} AS struct,
  NULL AS nothing, '' AS empty, 'a "quoted", text' AS quoted, E'two\\nlines' AS lines, '남자 프리랜서 가나다' AS korean`

describe('formats', () => {
  test('csv: RFC 4180, NULL empty, the empty text in quotes', async () => {
    const { text, result } = await ask(every, { options: { format: 'csv' } })
    expect(text).toBe(
      'yes,tiny,int,big,huge,price,exact,single,double,nan,day,time,list,struct,nothing,empty,quoted,lines,korean\n' +
        'true,1,-2147483648,9007199254740993,170141183460469231731687303715884105727,1.50,12345678901234567.89,0.1,' +
        '0.30000000000000004,NaN,2020-03-22,2020-03-22 01:02:03.5,"[1, NULL]","{\'a\': \'x""y\', \'b\': 9007199254740993}",' +
        ',"","a ""quoted"", text","two\nlines",남자 프리랜서 가나다\n',
    )
    expect(result).toMatchObject({ rows: 1, format: 'csv', more: 0 })
  })

  test('json: one array that any reader can read without losing a digit', async () => {
    const { text } = await ask(`${every} UNION ALL BY NAME SELECT 'second' AS korean`, { options: { format: 'json' } })
    const rows = JSON.parse(text) as Record<string, unknown>[]
    expect(rows).toHaveLength(2)
    expect(rows.find((row) => row.yes === true)).toEqual({
      yes: true,
      tiny: 1,
      int: -2147483648,
      big: '9007199254740993',
      huge: '170141183460469231731687303715884105727',
      price: 1.5,
      exact: '12345678901234567.89',
      single: 0.1,
      double: 0.1 + 0.2,
      nan: 'NaN',
      day: '2020-03-22',
      time: '2020-03-22 01:02:03.5',
      list: [1, null],
      struct: { a: 'x"y', b: '9007199254740993' },
      nothing: null,
      empty: '',
      quoted: 'a "quoted", text',
      lines: 'two\nlines',
      korean: '남자 프리랜서 가나다',
    })
    expect((await ask('SELECT 1 AS a WHERE false', { options: { format: 'json' } })).text).toBe('[]\n')
  })

  test('ndjson: one object a line; control characters escaped', async () => {
    const { text } = await ask("SELECT i, chr(1) || chr(i::INTEGER + 8) || '\\' AS t FROM range(3) r(i)", {
      options: { format: 'ndjson' },
    })
    const lines = text.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { i: 0, t: '\u0001\b\\' },
      { i: 1, t: '\u0001\t\\' },
      { i: 2, t: '\u0001\n\\' },
    ])
    expect((await ask('SELECT 1 AS a WHERE false', { options: { format: 'ndjson' } })).text).toBe('')
  })

  test('table: aligned, 50 rows, and how many more there are', async () => {
    const { text, result } = await ask("SELECT i, NULL::INTEGER AS n, '남' AS k FROM range(5000) r(i)")
    expect(text.split('\n').slice(0, 3)).toEqual([' i     n  k', '--  ----  --', ' 0  NULL  남'])
    expect(result).toMatchObject({ rows: 50, more: 4950, moreIsExact: true })
    expect(querySummary(result)).toBe('')
    expect(context.events).toContainEqual({ t: 'note', level: 'info', text: '4,950 more rows: --limit 0 shows all' })
    expect((await ask('FROM range(70)', { options: { limit: 0 } })).result).toMatchObject({ rows: 70, more: 0 })
    expect((await ask('FROM range(70)', { options: { limit: 3 } })).result).toMatchObject({ rows: 3, more: 0 })
    expect((await ask('EXPLAIN SELECT 42 AS answer')).text).toContain('PROJECTION')
  })

  test('parquet and files: whole under their name, the format by the ending', async () => {
    const file = path.join(context.layout.root, 'answer.parquet')
    const { result, text } = await ask("SELECT $a AS a, i, ';' AS b FROM range(10) r(i); -- the end;", {
      options: { output: file, limit: 7 },
      parameters: ['a=x'],
    })
    expect(text).toBe('')
    expect(result).toMatchObject({
      format: 'parquet',
      rows: 7,
      file,
      columns: [{ name: 'a' }, { name: 'i', type: 'BIGINT' }, { name: 'b' }],
    })
    const database = await DuckDBInstance.create(':memory:')
    const read = await (await database.connect()).runAndReadAll(`SELECT count(*)::INTEGER, min(a) FROM '${file}'`)
    expect(read.getRows()).toEqual([[7, 'x']])
    database.closeSync()
    const late = await failure("SELECT\n  CAST('x' || i AS INTEGER) AS a FROM range(3) r(i)", {
      options: { output: file },
    })
    expect(late).toMatchObject({ code: 'SQL_FAILED', place: { line: 2, column: 3 } })
    expect(await failure('EXPLAIN SELECT 1', { options: { output: file } })).toMatchObject({ code: 'EXPLAIN_NOT_ROWS' })
    expect((await ask('SHOW TABLES', { options: { output: file } })).result.rows).toBeGreaterThan(10)
    const csv = path.join(context.layout.root, 'answer.csv')
    expect((await ask('SELECT 1 AS a', { options: { output: csv } })).result).toMatchObject({ format: 'csv', rows: 1 })
    expect(await readFile(csv, 'utf8')).toBe('a\n1\n')
    expect(
      (await ask("SELECT error('boo') AS a", { options: { output: csv } }).catch((error) => error)).code,
    ).toBeDefined()
    expect(await readFile(csv, 'utf8')).toBe('a\n1\n')
    expect((await readdir(context.layout.root)).filter((name) => name.includes('.tmp'))).toEqual([])
    expect(await failure('SELECT 1', { options: { format: 'parquet' } })).toMatchObject({ code: 'OUTPUT_MISSING' })
    expect(await failure('SELECT 1', { options: { output: context.layout.root } })).toMatchObject({
      code: 'OUTPUT_IS_FOLDER',
    })
  })

  test('columns of the same name stay apart', async () => {
    const { text } = await ask('SELECT 1 AS a, 2 AS a', { options: { format: 'ndjson' } })
    expect(Object.values(JSON.parse(text) as object)).toEqual([1, 2])
  })

  test('long texts, repeated texts and NULL in one column, over several chunks', async () => {
    const { text } = await ask(
      `SELECT i, CASE WHEN i % 5 = 0 THEN NULL WHEN i % 3 = 0 THEN 'short' WHEN i % 7 = 0 THEN 'the same long text again'
       ELSE 'a text that is longer than twelve bytes, number ' || i END AS t FROM range(10000) r(i)`,
      { options: { format: 'ndjson' } },
    )
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { i: number; t: string | null })
    expect(rows).toHaveLength(10_000)
    for (const { i, t } of rows) {
      const long = `a text that is longer than twelve bytes, number ${i}`
      expect(t).toBe(i % 5 === 0 ? null : i % 3 === 0 ? 'short' : i % 7 === 0 ? 'the same long text again' : long)
    }
  })

  test('collected for --json', async () => {
    const { result, text } = await ask(
      'SELECT car_number, biz_date FROM managed_smartcar_symptom_info ORDER BY ALL LIMIT 1',
      { collect: true },
    )
    expect(text).toBe('')
    expect(result.values).toEqual([{ car_number: 'A000000', biz_date: '20200321' }])
  })
})

test('a slow reader is waited for, one that has gone ends the query', async () => {
  let open = 0
  let most = 0
  const gone = new AbortController()
  let bytes = 0
  const query = runQuery(
    { sql: { text: 'SELECT * FROM range(1000000000)' }, format: 'csv' },
    async (chunk) => {
      open++
      most = Math.max(most, open)
      await new Promise((resolve) => setImmediate(resolve))
      bytes += chunk.length
      open--
      if (bytes > 100_000) gone.abort(new InterruptedError('the reader of the output has gone'))
    },
    { ...context, signal: gone.signal },
  )
  await expect(query).rejects.toMatchObject({ message: 'the reader of the output has gone' })
  expect(most).toBe(1)
})

test('an interruption ends a statement that gives no rows yet', async () => {
  const stop = new AbortController()
  const query = runQuery(
    { sql: { text: 'SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range % 7 = b.range % 11' } },
    async () => {},
    { ...context, signal: stop.signal },
  )
  setTimeout(() => stop.abort(new InterruptedError()), 300)
  await expect(query).rejects.toMatchObject({ exit: 'interrupted' })
})

describe('mistakes', () => {
  test('show their line with a caret', async () => {
    expect(await failure('SELECT *\nFORM x')).toMatchObject({
      code: 'SQL_INVALID',
      exit: 'usage',
      message: expect.stringMatching(/^syntax error at or near "FORM"|x"\n {2}line 2: FORM x\n {10,}\^$/),
      place: { line: 2 },
    })
    const korean = await failure("SELECT '남자', '여자',\n  '가나', nope FROM managed_smartcar_symptom_info")
    expect(korean.message.split('\n').slice(-2)).toEqual([
      "  line 2:   '가나', nope FROM managed_smartcar_symptom_info",
      '                    ^',
    ])
    const long = await failure(`SELECT ${Array.from({ length: 60 }, (_, i) => `${i} AS c${i}`).join(', ')}, nope`)
    const [shown = '', caret = ''] = long.message.split('\n').slice(-2)
    expect(shown.length).toBeLessThan(130)
    expect(shown.slice(caret.indexOf('^'))).toMatch(/^nope/)
  })

  test('name the table or column that was meant', async () => {
    expect(await failure('SELECT * FROM managed_smartcar_symptom_inf')).toMatchObject({
      message: expect.stringContaining('(did you mean "managed_smartcar_symptom_info"?)'),
      exit: 'usage',
    })
    expect((await failure('SELECT car_numbr FROM managed_smartcar_symptom_info')).message).toContain('car_number')
  })

  test('that only show while it runs are failures of the query', async () => {
    expect(await failure('SELECT CAST(steer_p_symptom AS INTEGER) FROM managed_smartcar_symptom_info')).toMatchObject({
      code: 'SQL_FAILED',
      exit: 'failed',
      message: expect.stringContaining("Could not convert string 'normal' to INT32"),
    })
  })

  test('empty texts, several statements, no query and two queries', async () => {
    for (const text of ['', ' \n', ';', '-- nothing', '/* nothing */ ;'])
      expect(await failure(text)).toMatchObject({ code: 'QUERY_EMPTY' })
    expect(await failure('SELECT 1; SELECT 2')).toMatchObject({ code: 'QUERY_NOT_ONE' })
    expect((await ask('SELECT 1 AS a; -- the end\n')).text).toContain('1')
    await expect(ask(undefined)).rejects.toMatchObject({ code: 'QUERY_SOURCE' })
    expect(await failure('SELECT 1', { source: { saved: 'partitions' } })).toMatchObject({ code: 'QUERY_SOURCE' })
  })
})

describe('protection', () => {
  test.each([
    'CREATE TABLE t AS SELECT 1',
    "COPY (SELECT 1) TO 'x.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'",
    'EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1',
    "ATTACH 'x.db'",
    'INSTALL httpfs',
    'SET threads = 1',
    'PRAGMA enable_profiling',
    'DROP VIEW smartcar_master',
    "EXPORT DATABASE 'x'",
    'BEGIN',
    'CALL enable_logging()',
    'WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a',
  ])('%s is refused', async (sql) => {
    expect((await failure(sql)).exit).toBe('usage')
    expect(await context.files.list(context.layout.lake)).toEqual([])
  })

  test('files outside the tables cannot be read, not even those of the site, unless they are named', async () => {
    const secret = path.join(context.layout.postgres, 'password')
    await context.files.writeAtomic(secret, 'secret')
    const mine = path.join(context.layout.root, 'mine', 'cars.csv')
    await context.files.writeAtomic(mine, 'a,b\n1,2\n')
    for (const file of [secret, mine, '/etc/passwd', `${context.layout.lake}/../postgres/password`]) {
      const denied = await failure(`SELECT * FROM read_text('${file}')`)
      expect(denied).toMatchObject({ code: 'QUERY_DENIED', exit: 'usage' })
    }
    expect(await failure("SELECT * FROM read_text('http://127.0.0.1:1/')")).toMatchObject({ exit: 'usage' })
    for (const readable of [mine, path.dirname(mine)]) {
      expect((await ask(`SELECT b FROM '${mine}'`, { options: { readable: [readable], format: 'csv' } })).text).toBe(
        'b\n2\n',
      )
    }
    expect(await failure('SELECT 1', { options: { readable: ['/nonexistent'] } })).toMatchObject({
      code: 'NO_SUCH_FILE',
    })
  })
})

describe('parameters', () => {
  test('are bound by type and never become text', async () => {
    const evil = "x' OR '1'='1"
    const sql = 'SELECT count(*) AS n FROM managed_smartcar_symptom_info WHERE speed_p_symptom = $s'
    expect((await ask(sql, { parameters: [`s=${evil}`], options: { format: 'csv' } })).text).toBe('n\n0\n')
    expect((await ask(sql, { parameters: ['s=normal'], options: { format: 'csv' } })).text).toBe('n\n5\n')
    const numbers = 'SELECT count(*) AS n FROM managed_smartcar_symptom_info WHERE steer_a_cnt >= $least'
    expect((await ask(numbers, { parameters: ['least=1'], options: { format: 'csv' } })).text).toBe('n\n3\n')
    expect((await ask(numbers, { parameters: ['least=0.5'], options: { format: 'csv' } })).text).toBe('n\n3\n')
    expect(
      (
        await ask("SELECT DATE '2020-03-22' > $d AS later, $t AS t", {
          parameters: ['d=2020-03-21', 't=a=b'],
          options: { format: 'csv' },
        })
      ).text,
    ).toBe('later,t\ntrue,a=b\n')
  })

  test('that are missing, unknown, twice or of another type are refused', async () => {
    const sql = 'SELECT * FROM managed_smartcar_symptom_info WHERE steer_a_cnt >= $least'
    expect(await failure(sql)).toMatchObject({ code: 'PARAMETER_MISSING' })
    expect(await failure(sql, { parameters: ['leest=1'] })).toMatchObject({
      code: 'PARAMETER_UNKNOWN',
      message: expect.stringContaining('did you mean "least"'),
    })
    expect(await failure(sql, { parameters: ['least=many'] })).toMatchObject({ code: 'PARAMETER_INVALID' })
    expect(await failure(sql, { parameters: ['least'] })).toMatchObject({ code: 'PARAMETER_INVALID' })
    expect(await failure(sql, { parameters: ['least=1', 'least=2'] })).toMatchObject({ code: 'PARAMETER_TWICE' })
  })
})

describe('saved queries', () => {
  test('every one has a title and runs on a site without data', async () => {
    await using empty = await testContext()
    const queries = await listSavedQueries(empty)
    expect(queries.length).toBeGreaterThanOrEqual(9)
    for (const { name, title, parameters } of queries) {
      expect(title, name).not.toBe('')
      const given = parameters.filter((parameter) => parameter.default === undefined)
      expect(given, `${name}: every parameter has a default`).toEqual([])
      const { result } = await ask(undefined, { source: { saved: name }, options: { format: 'csv' } }, empty)
      expect(result.rows, name).toBe(0)
    }
    expect(savedQueriesTable(queries)).toContain('--param threshold=')
  })

  test('answer the questions of the pilot', async () => {
    await using site = await testContext()
    const drive = 'managed_smartcar_drive_info'
    const rows = (speeds: string) => `(VALUES ${speeds}) AS v(car, area, speed)`
    const columns = { car_number: 'car', area_number: 'area', speed: 'speed::INTEGER' }
    await writePartition(site, drive, '20200321', await filled(drive, columns, rows("('A0001','A01',200)")))
    await writePartition(
      site,
      drive,
      '20200322',
      await filled(
        drive,
        columns,
        rows("('A0001','A01',50),('A0001','A01',70),('B0002','A01',80),('B0002','B02',30),('C0003','B02',20)"),
      ),
    )
    const status = 'managed_smartcar_status_info'
    await writePartition(
      site,
      status,
      '20200322',
      await filled(
        status,
        { car_number: 'car', battery: 'battery' },
        "(VALUES ('A0001', 59), ('B0002', 60)) AS v(car, battery)",
      ),
    )
    await writePartition(site, 'managed_smartcar_symptom_info', '20200321', plainSymptoms(2))
    await writePartition(site, 'managed_smartcar_symptom_info', '20200322', plainSymptoms(1))
    const answer = async (saved: string, ...parameters: string[]) =>
      (await ask(undefined, { source: { saved }, parameters, options: { format: 'csv' } }, site)).text
        .trimEnd()
        .split('\n')
        .slice(1)
    expect(await answer('fastest-cars-by-area', 'day=2020-03-22')).toEqual(['A01,1,B0002,80,1', 'B02,1,B0002,30,1'])
    expect(await answer('fastest-cars-by-area')).toEqual(['A01,1,A0001,106.67,3', 'B02,1,B0002,30,1'])
    expect(await answer('average-speed-by-area', 'threshold=26', 'day=20200322')).toEqual(['A01,66.67,2,3'])
    expect(await answer('low-battery')).toEqual([expect.stringContaining('20200322,A0001,x,59')])
    expect(await answer('low-battery', 'battery=61')).toHaveLength(2)
    expect(await answer('symptoms-of-day')).toHaveLength(1)
    expect(await answer('symptoms-of-day', 'day=20200321')).toHaveLength(2)
    expect(await answer('symptoms-of-day', 'day=20200321', 'abnormal=true')).toEqual([])
    expect(await answer('symptom-scores')).toHaveLength(3)
    expect(await answer('partitions')).toEqual([
      'managed_smartcar_status_info,20200322,2',
      'managed_smartcar_drive_info,20200321,1',
      'managed_smartcar_drive_info,20200322,5',
      'managed_smartcar_symptom_info,20200321,2',
      'managed_smartcar_symptom_info,20200322,1',
    ])
    await expect(answer('fastest-car-by-area')).rejects.toMatchObject({
      message: expect.stringContaining('did you mean "fastest-cars-by-area"'),
    })
    await expect(answer('low-battery', 'day=20200230')).rejects.toMatchObject({ code: 'PARAMETER_INVALID' })
  })

  test('a file of the user and stdin may declare parameters too', async () => {
    const file = path.join(context.layout.root, 'mine.sql')
    const text = '\ufeff-- mine\n-- @param least integer = 1 | at least\nSELECT $least + 1 AS n'
    await writeFile(file, text)
    const csv = { format: 'csv' as const }
    expect((await ask(undefined, { source: { file }, options: csv })).text).toBe('n\n2\n')
    expect(
      (
        await ask('-', {
          source: { stdin: () => Readable.from([Buffer.from(text.slice(1))]) },
          parameters: ['least=4'],
          options: csv,
        })
      ).text,
    ).toBe('n\n5\n')
    await writeFile(file, 'SELECT nope')
    await expect(ask(undefined, { source: { file } })).rejects.toMatchObject({ place: { file, line: 1, column: 8 } })
    await expect(ask(undefined, { source: { file: '/nonexistent.sql' } })).rejects.toMatchObject({
      code: 'QUERY_FILE_MISSING',
    })
    expect(() => parseQueryFile('-- @param x number | what', 'q.sql')).toThrow(
      expect.objectContaining({
        code: 'QUERY_FILE_INVALID',
        diagnostics: [expect.objectContaining({ place: { file: 'q.sql', line: 1 } })],
      }),
    )
  })
})
