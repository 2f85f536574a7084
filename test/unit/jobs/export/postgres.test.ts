import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type ExportRequest, exportMart } from '../../../../src/jobs/export/export.js'
import type { PasswordSources } from '../../../../src/jobs/export/target.js'
import { type PostgresServer, startPostgres, stopPostgres } from '../../../../src/services/postgres/index.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { ask as askServer, plainSymptoms, symptoms, writePartition } from './sample.js'

const symptomMart = 'managed_smartcar_symptom_info'
const day = '20200322'

let context: TestContext
let server: PostgresServer
let password: string
const passwords: PasswordSources = { environment: {} }
const site = { export: { target: 'embedded', targets: {} }, postgres: { port: 'auto' as const } }

const ask = (sql: string) => askServer(server, password, sql)
const run = (request: Partial<ExportRequest> = {}, sources: PasswordSources = passwords, on = context) =>
  exportMart({ mart: symptomMart, ...request }, { site, passwords: sources }, on)

beforeAll(async () => {
  context = await testContext()
  server = await startPostgres(context)
  password = (await readFile(server.passwordFile, 'utf8')).trim()
})
afterAll(async () => {
  await stopPostgres(context)
  await context[Symbol.asyncDispose]()
})
afterEach(async () => {
  await ask('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  await context.files.removeTree(context.layout.warehouse)
  context.events.length = 0
})

test('values arrive as they are, in a table with types, key and comments', async () => {
  await writePartition(context, symptomMart, day, symptoms)
  const result = await run()
  expect(result).toMatchObject({
    mart: symptomMart,
    kind: 'postgres',
    target: server.url,
    table: `public.${symptomMart}`,
    partitions: [{ partition: day, rows: 5, status: 'exported' }],
  })
  expect(await ask(`SELECT * FROM ${symptomMart} ORDER BY car_number`)).toEqual([
    ['A0001', 0.1 + 0.2, 'normal', -0, 'abnormal', '0', 'normal', day],
    ['B0002', 1e300, 'tab\t and \\ backslash', 1e-300, 'line\nbreak\r', '9007199254740993', 'a', day],
    ['C0003', -1.7976931348623157e308, '', 5e-324, '"quoted", comma', '-9223372036854775808', '남자 프리랜서', day],
    ['D0004', Number.NaN, null, Number.POSITIVE_INFINITY, '\\N', '9223372036854775807', '긴 글 '.repeat(5000), day],
    ['E0005', null, 'exactly12byt', null, 'exactly13byte', null, null, day],
  ])
  expect(
    await ask(`SELECT column_name, data_type, is_nullable FROM information_schema.columns
               WHERE table_name = '${symptomMart}' ORDER BY ordinal_position`),
  ).toEqual([
    ['car_number', 'text', 'NO'],
    ['speed_p_avg', 'double precision', 'YES'],
    ['speed_p_symptom', 'text', 'YES'],
    ['break_p_avg', 'double precision', 'YES'],
    ['break_p_symptom', 'text', 'YES'],
    ['steer_a_cnt', 'bigint', 'YES'],
    ['steer_p_symptom', 'text', 'YES'],
    ['biz_date', 'text', 'NO'],
  ])
  expect(
    await ask(
      `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '${symptomMart}'::regclass AND contype = 'p'`,
    ),
  ).toEqual([['PRIMARY KEY (biz_date, car_number)']])
  expect(await ask(`SELECT obj_description('${symptomMart}'::regclass)`)).toEqual([
    [expect.stringContaining('one car on one day')],
  ])
})

test('texts of every length and numbers of every size are compared equal by both sides', async () => {
  await writePartition(
    context,
    symptomMart,
    day,
    `SELECT 'A' || i AS car_number, (random() - 0.5) * pow(10, i % 600 - 300) AS speed_p_avg,
       left(repeat('abcdefghijk\u00e9가', 20), (i % 200)::INTEGER) AS speed_p_symptom, -i / 7.0::DOUBLE AS break_p_avg,
       CASE WHEN i % 4 > 0 THEN md5(i::VARCHAR) END AS break_p_symptom,
       ((random() - 0.5) * pow(2, i % 63))::BIGINT AS steer_a_cnt, repeat(chr(65 + (i % 26)::INTEGER), 12) AS steer_p_symptom
     FROM range(5000) r(i)`,
  )
  expect((await run()).partitions).toMatchObject([{ rows: 5000, status: 'exported' }])
  const types = ['bigint', 'double precision', 'text', 'text', 'text'] as const
  const columns = ['steer_a_cnt', 'speed_p_avg', 'speed_p_symptom', 'break_p_symptom', 'steer_p_symptom']
  const spread = columns.map((column, index) => `count(DISTINCT ${column}::${types[index]})::int > 20`)
  expect(await ask(`SELECT ${spread.join(' AND ')} FROM ${symptomMart}`)).toEqual([[true]])
})

test('a second run says unchanged, a rebuilt partition replaces its rows alone, --full writes again', async () => {
  await writePartition(context, symptomMart, '20200321', plainSymptoms(3))
  await writePartition(context, symptomMart, day, plainSymptoms(4))
  expect((await run()).partitions.map((p) => [p.partition, p.rows, p.status])).toEqual([
    ['20200321', 3, 'exported'],
    [day, 4, 'exported'],
  ])
  const before = await ask(`SELECT xmin::text FROM ${symptomMart}`)
  expect((await run()).partitions.map((p) => p.status)).toEqual(['unchanged', 'unchanged'])
  expect(await ask(`SELECT xmin::text FROM ${symptomMart}`)).toEqual(before)
  await writePartition(context, symptomMart, day, plainSymptoms(6, 10))
  expect((await run()).partitions.map((p) => p.status)).toEqual(['unchanged', 'exported'])
  expect(
    await ask(`SELECT biz_date, count(*)::int, min(car_number) FROM ${symptomMart} GROUP BY 1 ORDER BY 1`),
  ).toEqual([
    ['20200321', 3, 'A000000'],
    [day, 6, 'A000010'],
  ])
  expect((await run({ full: true })).partitions.map((p) => p.status)).toEqual(['exported', 'exported'])
  expect(await ask('SELECT mart, partition, rows::int FROM smartcar_exports ORDER BY 2')).toEqual([
    [symptomMart, '20200321', 3],
    [symptomMart, day, 6],
  ])
})

test('rows that somebody deleted in the target are written again', async () => {
  await writePartition(context, symptomMart, day, plainSymptoms(5))
  await run()
  await ask(`DELETE FROM ${symptomMart} WHERE car_number = 'A000003'`)
  expect((await run()).partitions).toMatchObject([{ status: 'exported', rows: 5 }])
  await ask(`DROP TABLE ${symptomMart}`)
  expect((await run()).partitions).toMatchObject([{ status: 'exported', rows: 5 }])
})

test('a partition without rows and a mart without a key', async () => {
  await writePartition(context, symptomMart, day, plainSymptoms(0))
  expect((await run()).partitions).toMatchObject([{ rows: 0, status: 'exported' }])
  expect((await run()).partitions).toMatchObject([{ rows: 0, status: 'unchanged' }])
  const items = 'managed_smartcar_item_buylist_info'
  const row = `SELECT 'A0001' car_number, '남' sex, 30 age, '기혼' marriage, '경기' region, '학생' job, 1000 car_capacity,
    2001 car_year, 'A' car_model, 'Item-001' item, 5 score FROM range(3)`
  await writePartition(context, items, '202003', row)
  expect((await run({ mart: items, range: { from: '20200315' } })).partitions).toMatchObject([{ rows: 3 }])
  expect(await ask(`SELECT count(*)::int, min(sex), min(biz_month) FROM ${items}`)).toEqual([[3, '남', '202003']])
  expect(await ask(`SELECT count(*)::int FROM pg_indexes WHERE tablename = '${items}'`)).toEqual([[1]])
})

test('content that comes out differently is found and rolled back', async () => {
  await writePartition(context, symptomMart, day, plainSymptoms(50))
  await run()
  await ask(`CREATE FUNCTION swap() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.steer_a_cnt := CASE NEW.steer_a_cnt WHEN 7 THEN 8 WHEN 8 THEN 7 ELSE NEW.steer_a_cnt END; RETURN NEW; END $$;
    CREATE TRIGGER swap BEFORE INSERT ON ${symptomMart} FOR EACH ROW EXECUTE FUNCTION swap()`)
  await writePartition(context, symptomMart, day, plainSymptoms(60))
  // Two values change places: counts and sums by column stay the same.
  await expect(run()).rejects.toMatchObject({ code: 'EXPORT_DIFFERS', exit: 'check' })
  expect(await ask(`SELECT count(*)::int FROM ${symptomMart}`)).toEqual([[50]])
  await ask(`CREATE OR REPLACE FUNCTION swap() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RETURN CASE WHEN NEW.steer_a_cnt = 7 THEN NULL ELSE NEW END; END $$`)
  await expect(run()).rejects.toMatchObject({ code: 'EXPORT_DIFFERS' })
  await ask(`DROP TRIGGER swap ON ${symptomMart}`)
  expect((await run()).partitions).toMatchObject([{ rows: 60, status: 'exported' }])
})

test('a table with other columns is refused, and made anew with --recreate', async () => {
  await writePartition(context, symptomMart, day, plainSymptoms(2))
  await ask(`CREATE TABLE ${symptomMart} (car_number integer, biz_date text, mine text)`)
  await expect(run()).rejects.toMatchObject({
    code: 'EXPORT_TABLE_DIFFERS',
    message: expect.stringContaining('car_number is integer instead of text'),
  })
  expect((await run({ recreate: true })).partitions).toMatchObject([{ rows: 2, status: 'exported' }])
  // The table is right now: nothing to recreate.
  expect((await run({ recreate: true })).partitions).toMatchObject([{ status: 'unchanged' }])
})

test('another schema is made when it is not there; no name breaks out of its quotes', async () => {
  await writePartition(context, symptomMart, day, plainSymptoms(2))
  const schema = 'x"; DROP SCHEMA public CASCADE; --'
  const result = await run({ schema })
  expect(result.table).toBe(`${schema}.${symptomMart}`)
  expect(await ask(`SELECT count(*)::int FROM "x""; DROP SCHEMA public CASCADE; --".${symptomMart}`)).toEqual([[2]])
  await ask('DROP SCHEMA "x""; DROP SCHEMA public CASCADE; --" CASCADE')
  await expect(run({ schema: 'x'.repeat(64) })).rejects.toMatchObject({ code: 'POSTGRES_NAME' })
  await expect(run({ mart: "x'; DROP TABLE y; --" })).rejects.toMatchObject({ code: 'UNKNOWN_MART' })
})

test('what is not built is said with the cure', async () => {
  await expect(run()).rejects.toMatchObject({ code: 'NO_SUCH_PARTITION', message: `${symptomMart} is not built yet` })
  await writePartition(context, symptomMart, day, plainSymptoms(1))
  await expect(run({ range: { from: '20200401' } })).rejects.toMatchObject({
    code: 'NO_SUCH_PARTITION',
    hints: expect.arrayContaining([`built are ${day}`]),
  })
  await expect(run({ mart: 'smartcar_master' })).rejects.toMatchObject({ code: 'NOT_A_MART' })
})

test('two exports at once: one writes, the other waits and finds it done', async () => {
  await writePartition(context, symptomMart, day, plainSymptoms(20_000))
  const results = await Promise.all([run(), run()])
  expect(results.flatMap((result) => result.partitions.map((p) => p.status)).sort()).toEqual(['exported', 'unchanged'])
  expect(await ask(`SELECT count(*)::int FROM ${symptomMart}`)).toEqual([[20_000]])
})

/** Calls `act` with the backend's process id as soon as rows have arrived. */
async function whileCopying(act: (backend: number) => Promise<unknown>): Promise<void> {
  for (;;) {
    const found = await ask('SELECT pid FROM pg_stat_progress_copy WHERE tuples_processed > 10000')
    if (found[0] !== undefined) {
      await act(Number(found[0][0]))
      return
    }
  }
}

test('a backend that is killed half-way: exit 4, the old rows stay, the next run finishes', async () => {
  await writePartition(context, symptomMart, '20200321', plainSymptoms(10))
  await writePartition(context, symptomMart, day, plainSymptoms(5))
  await run()
  await writePartition(context, symptomMart, day, plainSymptoms(200_000))
  const failed = expect(run()).rejects.toMatchObject({ code: 'POSTGRES_UNREACHABLE', exit: 'unreachable' })
  await whileCopying((backend) => ask(`SELECT pg_terminate_backend(${backend})`))
  await failed
  expect(await ask(`SELECT count(*)::int FROM ${symptomMart}`)).toEqual([[15]])
  expect((await run()).partitions.map((p) => [p.rows, p.status])).toEqual([
    [10, 'unchanged'],
    [200_000, 'exported'],
  ])
})

test('a server that is stopped half-way: exit 4, then it is started again and the export finishes', async () => {
  await writePartition(context, symptomMart, day, plainSymptoms(200_000))
  const failed = expect(run()).rejects.toMatchObject({ code: 'POSTGRES_UNREACHABLE', exit: 'unreachable' })
  await whileCopying(() => stopPostgres(context))
  await failed
  expect((await run()).partitions).toMatchObject([{ rows: 200_000, status: 'exported' }])
})

test('an interruption rolls back', async () => {
  await writePartition(context, symptomMart, day, plainSymptoms(200_000))
  const stop = new AbortController()
  const failed = expect(run({}, passwords, { ...context, signal: stop.signal })).rejects.toMatchObject({
    exit: 'interrupted',
  })
  await whileCopying(async () => stop.abort())
  await failed
  expect(await ask(`SELECT to_regclass('${symptomMart}')`)).toEqual([[null]])
})

test('a damaged partition file is named, and nothing is written', async () => {
  await writePartition(context, symptomMart, day, plainSymptoms(5))
  const file = path.join(context.layout.warehouse, symptomMart, `biz_date=${day}`, `${symptomMart}.parquet`)
  await writeFile(file, 'no parquet')
  await expect(run()).rejects.toMatchObject({
    code: 'DUCKDB_FAILED',
    message: expect.stringContaining(`${symptomMart} ${day}`),
  })
  expect(await ask(`SELECT to_regclass('${symptomMart}')`)).toEqual([[null]])
})

test('servers without 64-bit hashes are compared column by column', async () => {
  await writePartition(context, symptomMart, day, symptoms)
  const { openPostgres } = await import('../../../../src/engines/postgres/session.js')
  const { parsePostgresUrl } = await import('../../../../src/engines/postgres/target.js')
  const { exportPartition } = await import('../../../../src/jobs/export/to-postgres.js')
  const { storedPartitions } = await import('../../../../src/marts/partitions.js')
  const { mart } = await import('./sample.js')
  await using session = await openPostgres(parsePostgresUrl(server.url, 'smartcar'), password, context)
  const definition = await mart(symptomMart)
  const [partition] = await storedPartitions(context, definition)
  if (partition === undefined) throw new Error('no partition')
  const input = { mart: definition, schema: 'public', full: true, recreate: false }
  const old = { ...session, version: 100_000 }
  const done = await exportPartition(input, partition, old, context, () => {})
  expect(done).toMatchObject({ rows: 5, status: 'exported', checksum: expect.stringMatching(/^(-?\d+ ){7}-?\d+$/) })
  await ask(`CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.speed_p_avg := NEW.speed_p_avg + 1; RETURN NEW; END $$;
    CREATE TRIGGER change BEFORE INSERT ON ${symptomMart} FOR EACH ROW EXECUTE FUNCTION change()`)
  await expect(exportPartition(input, partition, old, context, () => {})).rejects.toMatchObject({
    code: 'EXPORT_DIFFERS',
  })
})

test('logins that fail say which and how to mend it; no message holds a password', async () => {
  await writePartition(context, symptomMart, day, plainSymptoms(1))
  await ask("CREATE ROLE guest LOGIN PASSWORD 'guest-secret'")
  const at = `127.0.0.1:${server.port}`
  const secret = { environment: { PGPASSWORD: 'guest-secret' } }
  const caught = async (to: string, sources: PasswordSources) => {
    const error: unknown = await run({ to }, sources).catch((thrown: unknown) => thrown)
    expect(JSON.stringify([String(error), error])).not.toContain('secret')
    return error
  }
  expect(
    await caught(`postgres://guest@${at}/smartcar`, { environment: { PGPASSWORD: 'wrong-secret' } }),
  ).toMatchObject({
    code: 'POSTGRES_PASSWORD_WRONG',
    exit: 'failed',
  })
  expect(await caught(`postgres://guest@${at}/smartcar`, { environment: {} })).toMatchObject({
    code: 'POSTGRES_PASSWORD_MISSING',
  })
  expect(await caught(`postgres://guest@${at}/nowhere`, secret)).toMatchObject({ code: 'POSTGRES_NO_DATABASE' })
  expect(await caught(`postgres://guest@${at}/smartcar`, secret)).toMatchObject({ code: 'POSTGRES_DENIED' })
  expect(await caught(`postgres://guest@127.0.0.1:1/smartcar`, secret)).toMatchObject({
    code: 'POSTGRES_UNREACHABLE',
    exit: 'unreachable',
  })
  expect(await caught(`postgres://guest@${at}/smartcar?sslmode=require`, secret)).toMatchObject({
    code: 'POSTGRES_TLS',
  })
  expect(await caught(`postgres://guest:in-url-secret@${at}/smartcar`, secret)).toMatchObject({
    code: 'PASSWORD_IN_URL',
    exit: 'usage',
  })
  const file = path.join(context.layout.root, 'guest.password')
  await writeFile(file, 'guest-secret\n')
  await ask('GRANT CREATE ON DATABASE smartcar TO guest')
  const done = await run({ to: `postgres://guest@${at}/smartcar`, schema: 'of_guest' }, { environment: {}, file })
  expect(done).toMatchObject({ table: `of_guest.${symptomMart}`, target: `postgres://guest@${at}/smartcar` })
  expect(
    (
      await run(
        { to: `postgres://guest@${at}/smartcar`, schema: 'of_guest' },
        { environment: {}, stdin: () => Readable.from([Buffer.from('guest-secret\n')]) },
      )
    ).partitions,
  ).toMatchObject([{ status: 'unchanged' }])
  const url = `postgres://guest@${at}/smartcar`
  const named = (target: object, environment: PasswordSources['environment']) =>
    exportMart(
      { mart: symptomMart, to: 'dwh' },
      {
        site: { ...site, export: { target: 'embedded', targets: { dwh: { url, schema: 'of_guest', ...target } } } },
        passwords: { environment },
      },
      context,
    )
  expect(await named({ passwordFile: file }, {})).toMatchObject({ partitions: [{ status: 'unchanged' }] })
  expect(await named({ passwordEnv: 'DWH' }, { DWH: 'guest-secret' })).toMatchObject({
    partitions: [{ status: 'unchanged' }],
  })
  await expect(named({ passwordEnv: 'DWH' }, {})).rejects.toMatchObject({ code: 'PASSWORD_ENV_MISSING' })
  await expect(named({ passwordFile: `${file}.gone` }, {})).rejects.toMatchObject({ code: 'PASSWORD_FILE_MISSING' })
  await ask('DROP OWNED BY guest CASCADE')
  await ask('DROP ROLE guest')
})
