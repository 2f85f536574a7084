import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type ClusterEngine, clusterEngines } from '../../src/engines/hive/address.js'
import { connectHive } from '../../src/engines/hive/connection.js'
import { packageRoot } from '../../src/io/package-root.js'
import { batchAcceptance } from '../support/batch-acceptance.js'
import { runCli } from '../support/run-cli.js'
import { type StackWorld, stackWorld } from './clients.js'
import { buildPilotData } from './pilot-data.js'

interface Ports {
  readonly services: {
    readonly hive: { readonly hiveserver2: { readonly thrift: number; readonly http: number; readonly web: number } }
    readonly spark: { readonly 'spark-thriftserver': { readonly thrift: number; readonly web: number } }
  }
}

interface Compared {
  readonly equal: boolean
  readonly comparisons: readonly {
    readonly mart: string
    readonly partition: string
    readonly rightRows: number
    readonly differences: number
  }[]
  readonly queries: readonly {
    readonly query: string
    readonly rightRows: number
    readonly first: readonly unknown[]
  }[]
}

/** Rows of the answers to the saved questions on the shared data. */
const answers = {
  'average-speed-by-area': 40,
  'fastest-cars-by-area': 40,
  'low-battery': 3642,
  'owners-over-30-male': 909,
  partitions: 11,
  'speeding-by-car': 5,
  'symptom-scores': 5,
  'symptoms-of-day': 5,
  'top-items': 10,
}
const symptoms = 'managed_smartcar_symptom_info'
const emergencies = 'managed_smartcar_emergency_check_info'
/** Runs for minutes. */
const endless =
  'SELECT count(*) AS n FROM smartcar_master a CROSS JOIN smartcar_master b CROSS JOIN smartcar_master c WHERE a.age * b.age + c.age > 100000'

let on: StackWorld
let ports: Ports['services']
beforeAll(async () => {
  on = await stackWorld()
  ports = (parse(await readFile(on.stack.site, 'utf8')) as Ports).services
  await buildPilotData(on)
})
afterAll(() => on[Symbol.asyncDispose]())

const query = (engine: ClusterEngine, ...words: readonly string[]) => on.run(['query', '--engine', engine, ...words])
const session = (engine: ClusterEngine, database?: string) =>
  connectHive({
    host: '127.0.0.1',
    port: engine === 'hive' ? ports.hive.hiveserver2.thrift : ports.spark['spark-thriftserver'].thrift,
    user: 'test',
    ...(database === undefined ? {} : { database }),
  })

/** A query that is under way, and what it has said. */
function started(args: readonly string[]) {
  const child = execa(process.execPath, [path.join(packageRoot(), 'bin/run.js'), ...args, '--site', on.stack.site], {
    cwd: on.folder,
    reject: false,
  })
  let said = ''
  child.stderr?.on('data', (data: Buffer) => {
    said += data
  })
  return {
    child,
    said: () => said,
    async until(condition: () => boolean | Promise<boolean>) {
      for (let tries = 0; tries < 600; tries++) {
        if (await condition()) return
        await pause(200)
      }
      throw new Error(`it did not come to that: ${said}`)
    },
  }
}

const sparkJobs = async (): Promise<readonly { readonly status: string; readonly description?: string }[]> => {
  const root = `http://127.0.0.1:${ports.spark['spark-thriftserver'].web}/api/v1/applications`
  const [application] = (await (await fetch(root)).json()) as { id: string }[]
  return (await (await fetch(`${root}/${application?.id}/jobs`)).json()) as { status: string }[]
}

describe('marts and saved questions', () => {
  test.each(clusterEngines)('are the embedded ones on %s, row by row', async (engine) => {
    const compared = await on.json<Compared>(['mart', 'verify', '--right', engine])
    expect(compared.comparisons.filter(({ differences }) => differences > 0)).toEqual([])
    expect(
      Object.fromEntries(compared.comparisons.map((one) => [`${one.mart} ${one.partition}`, one.rightRows])),
    ).toEqual(batchAcceptance)
    expect(compared.queries.flatMap(({ query: name, first }) => first.map((one) => [name, one]))).toEqual([])
    expect(Object.fromEntries(compared.queries.map(({ query: name, rightRows }) => [name, rightRows]))).toEqual(answers)
    expect(compared.equal).toBe(true)
  })

  test('that differ end with code 5 and the first differences', async () => {
    await using spark = await session('spark', 'smartcar')
    await spark.execute(
      `INSERT OVERWRITE TABLE ${symptoms} PARTITION (biz_date = '20200322') SELECT 'U0024', 2.5D, 'normal', 0.25D, 'normal', 1L, 'normal'`,
    )
    const { code, stdout } = await on.run(['mart', 'verify', symptoms, '--right', 'spark', '--no-build'])
    expect(code).toBe(5)
    expect(stdout).toContain('E0022: only embedded has it')
    expect(stdout).toMatch(/U0024: speed_p_avg is 1\.54\d+ on embedded, 2\.5 on spark/)
    await on.json(['mart', 'build', symptoms, '--engine', 'spark', '--full'])
    expect((await on.run(['mart', 'verify', symptoms, '--right', 'spark', '--no-build'])).code).toBe(0)
  })

  test('in Parquet that each engine wrote are read by the others', async () => {
    const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
    const columns = 'car_number, round(speed_p_avg, 6) AS mean, steer_a_cnt'
    const local = async (glob: string) =>
      (await duckdb.runAndReadAll(`SELECT ${columns} FROM read_parquet('${glob}') ORDER BY 1`)).getRowsJson()
    const here = path.join(path.dirname(on.stack.site), 'smartcar-data', 'warehouse', symptoms, 'biz_date=20200322')
    const expected = await local(`${here}/*.parquet`)
    expect(expected).toHaveLength(5)
    const texts = expected.map((row) => (row as unknown[]).map(String))
    for (const [writer, reader] of [
      ['hive', 'spark'],
      ['spark', 'hive'],
    ] as const) {
      await on.json(['mart', 'build', symptoms, '--engine', writer, '--full'])
      const { stdout } = await query(reader, `SELECT ${columns} FROM ${symptoms} ORDER BY 1`, '--format', 'csv')
      const rows = stdout
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','))
      expect(rows.map(([car, mean, count]) => [car, String(Number(mean)), count])).toEqual(texts)
      const copy = `from-${writer}`
      await on.json(['hdfs', 'get', `/user/hive/warehouse/smartcar.db/${symptoms}/biz_date=20200322`, copy])
      expect(await local(`${path.join(on.folder, copy)}/**/*0*`)).toEqual(expected)
    }
    // What DuckDB wrote, as a table over its file.
    const folder = '/tmp/stack-duckdb'
    const file = (await on.json<{ files: unknown[] }>(['hdfs', 'put', here, folder])).files
    expect(file.length).toBeGreaterThan(0)
    for (const engine of clusterEngines) {
      await using connection = await session(engine, 'smartcar')
      await connection.execute('DROP TABLE IF EXISTS from_duckdb')
      await connection.execute(
        `CREATE EXTERNAL TABLE from_duckdb (car_number STRING, speed_p_avg DOUBLE, steer_a_cnt BIGINT) STORED AS PARQUET LOCATION '${folder}'`,
      )
      const rows = await connection.rows(`SELECT ${columns} FROM from_duckdb ORDER BY car_number`)
      expect(rows.map((row) => row.map(String))).toEqual(texts)
      await connection.execute('DROP TABLE from_duckdb')
    }
    await on.run(['hdfs', 'rm', '-r', folder, '--confirm', 'stack'])
  })
})

describe.each(clusterEngines)('query on %s', (engine) => {
  const sql =
    "SELECT car_number, age, 1.5D * age AS half, CAST(NULL AS STRING) AS nothing, '' AS empty FROM smartcar_master WHERE age > $age ORDER BY car_number"

  test('gives the rows in every format', async () => {
    const csv = await query(engine, sql, '--param', 'age=69', '--limit', '2', '--format', 'csv')
    expect(csv.stdout).toMatch(/^car_number,age,half,nothing,empty\n[A-Z]\d{4},70,105,,""\n[A-Z]\d{4},70,105,,""\n$/)
    const json = await query(engine, sql, '--param', 'age=69', '--limit', '1', '--format', 'json')
    expect(JSON.parse(json.stdout)).toEqual([
      { car_number: expect.any(String), age: 70, half: 105, nothing: null, empty: '' },
    ])
    await writeFile(path.join(on.folder, 'q.sql'), `-- @param age integer = 69 | older\n${sql};\n`)
    const file = await query(engine, '-f', 'q.sql', '-o', `${engine}.parquet`)
    expect(file.code).toBe(0)
    const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
    const read = await duckdb.runAndReadAll(
      `SELECT min(age), max(half), count(nothing), count(*) = count(DISTINCT car_number) FROM '${path.join(on.folder, `${engine}.parquet`)}'`,
    )
    expect(read.getRowsJson()).toEqual([[70, 105, '0', true]])
    const { code, stdout } = await on.run(
      ['query', '--engine', engine, '-', '--format', 'ndjson'],
      "SELECT '남' AS sex",
    )
    expect([code, stdout]).toEqual([0, '{"sex":"남"}\n'])
    const table = await query(engine, '--saved', 'top-items', '--param', 'top=1')
    expect(table.stdout).toMatch(/^item +purchases +avg_score +cars\n/)
  })

  test('says what is wrong in the text, and where', async () => {
    const wrong = await query(engine, 'SELECT car_number,\n  nope FROM smartcar_master')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('\n  line 2:   nope FROM smartcar_master\n            ^\n')
    const missing = await query(engine, 'SELECT * FROM smartcar_mastr')
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('did you mean "smartcar_master"?')])
    for (const text of ['DROP TABLE smartcar_master', 'WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a']) {
      expect((await query(engine, text)).stderr).toContain('a query only reads')
    }
    // Neither the environment of the server nor its files.
    const variable = ['$', '{env:HOME}'].join('')
    const texts = await query(engine, `SELECT '${variable}' AS home`, '--format', 'csv')
    expect(texts.stdout).toBe(`home\n${variable}\n`)
    expect((await query(engine, 'SELECT * FROM csv.`file:///etc/passwd`')).code).toBe(2)
  })

  test('cancels on the server at Ctrl-C, and after its time', async () => {
    const running = started(['query', '--engine', engine, endless])
    const isRunning = async () =>
      engine === 'hive'
        ? running.said().includes('Status: Running')
        : (await sparkJobs()).some(
            ({ status, description }) => status === 'RUNNING' && description?.includes('smartcar_master c'),
          )
    await running.until(isRunning)
    running.child.kill('SIGINT')
    expect(await running.child).toMatchObject({ exitCode: 130 })
    expect(running.said()).toContain('cancelling the statement')
    if (engine === 'hive') {
      const active = `http://127.0.0.1:${ports.hive.hiveserver2.web}/api/v1/queries/active`
      await running.until(async () => ((await (await fetch(active)).json()) as unknown[]).length === 0)
      const log = await on.run(['cluster', 'logs', 'hiveserver2', '--lines', '400'])
      expect(log.stdout).toContain('DAG_KILL')
    } else await running.until(async () => !(await isRunning()))
    const late = await query(engine, endless, '--timeout', '3s')
    expect([late.code, late.stderr]).toEqual([1, expect.stringContaining('took longer than 3 s')])
  })

  test('finds tables of another schema, and migrates without dropping a row', async () => {
    await using connection = await session(engine, 'smartcar')
    await connection.execute(`ALTER TABLE ${emergencies} RENAME TO emergencies_kept`)
    await connection.execute(
      `CREATE TABLE ${emergencies} (car_number STRING, tire_check INT) PARTITIONED BY (biz_date STRING) STORED AS PARQUET`,
    )
    await connection.execute(
      `INSERT OVERWRITE TABLE ${emergencies} PARTITION (biz_date = '20200101') SELECT 'A0001', 7`,
    )
    const refused = await on.run(['mart', 'build', emergencies, '--engine', engine])
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('- tire_check int; + tire_check string; + light_check string')
    expect(refused.stderr).toContain(`plan: ALTER TABLE \`${emergencies}\` RENAME TO \`${emergencies}_old_1\``)
    expect(await connection.rows(`SELECT car_number, tire_check FROM ${emergencies}`)).toEqual([['A0001', 7]])
    const migrated = await on.json<{ built: number }>(['mart', 'build', emergencies, '--engine', engine, '--migrate'])
    expect(migrated.built).toBeGreaterThan(0)
    expect(await connection.rows(`SELECT car_number, tire_check FROM ${emergencies}_old_1`)).toEqual([['A0001', 7]])
    expect((await on.run(['mart', 'verify', emergencies, '--right', engine, '--no-build'])).code).toBe(0)
    await connection.execute(`DROP TABLE ${emergencies}_old_1`)
    await connection.execute('DROP TABLE emergencies_kept')
  })
})

describe('sessions', () => {
  const otherSite = async (name: string, change: (text: string) => string) => {
    const file = path.join(on.folder, `${name}.yaml`)
    const data = `data: ${path.join(path.dirname(on.stack.site), 'smartcar-data')}\n`
    await writeFile(file, `${data}${change(await readFile(on.stack.site, 'utf8'))}`)
    return file
  }
  const ask = (site: string) =>
    runCli(['query', '--engine', 'hive', 'SELECT 7 AS n', '--format', 'csv', '--site', site], { cwd: on.folder })

  test('over http; on a wrong port; by another transport than the server’s', async () => {
    const hive = (site: string, text: string) => site.replace('    transport: all\n', text)
    const http = await ask(await otherSite('http', (site) => hive(site, '    transport: http\n')))
    expect([http.code, http.stdout]).toEqual([0, 'n\n7\n'])
    const { thrift, http: httpPort } = ports.hive.hiveserver2
    const wrong = await ask(await otherSite('port', (site) => site.replace(`thrift: ${thrift},`, 'thrift: 1,')))
    expect([wrong.code, wrong.stderr]).toEqual([4, expect.stringContaining('127.0.0.1:1 does not answer')])
    const crossed = await ask(
      await otherSite('crossed', (site) =>
        site.replace(`thrift: ${thrift},`, `thrift: ${httpPort},`).replace(`http: ${httpPort},`, `http: ${thrift},`),
      ),
    )
    expect([crossed.code, crossed.stderr]).toEqual([4, expect.stringContaining('is the server on http?')])
    const none = await ask(
      await otherSite('none', (site) => hive(site, '    transport: all\n    authentication: none\n')),
    )
    expect([none.code, none.stderr]).toEqual([4, expect.stringContaining('authentication: plain')])
  })

  test('pages of a long answer come at flat memory', async () => {
    const { child } = started([
      'query',
      '--engine',
      'hive',
      'SELECT a.*, b.car_number AS other FROM smartcar_master a CROSS JOIN smartcar_master b WHERE b.age = 20',
      '--format',
      'csv',
      '-o',
      'long.csv',
    ])
    let most = 0
    const watch = setInterval(async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
      most = Math.max(most, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0))
    }, 100)
    expect((await child).exitCode).toBe(0)
    clearInterval(watch)
    const rows = (await readFile(path.join(on.folder, 'long.csv'), 'utf8')).split('\n').length - 2
    expect(rows).toBeGreaterThan(80_000)
    // The page in hand and no more: all rows would take far over a gigabyte as values.
    expect(most).toBeLessThan(400_000)
  })

  test('a question outlives kill -9 of HiveServer2', async () => {
    const running = started([
      'query',
      '--engine',
      'hive',
      'SELECT count(*) AS n FROM smartcar_master a CROSS JOIN smartcar_master b WHERE a.age + b.age > 0 AND a.car_number < $car',
      '--param',
      'car=T',
      '--format',
      'csv',
    ])
    await running.until(() => running.said().includes('Status: Running'))
    const { roles } = await on.json<{ roles: { role: string; pid?: number }[] }>(['cluster', 'status', 'hive'])
    process.kill(roles.find(({ role }) => role === 'hiveserver2')?.pid as number, 'SIGKILL')
    const { exitCode, stdout } = await running.child
    expect([exitCode, stdout]).toEqual([0, `n\n${1900 * 2600}`])
    expect(running.said()).toMatch(/hive: the connection to 127.0.0.1:\d+ was lost: .*again/)
  })
})
